package page

import (
	"fmt"
	"strings"

	"github.com/autoscaled/autoscaled/internal/events"
)

// told is what an event says on a page: in the page's language, and what there is besides in
// the daemon's own words. One of the two may be empty.
type told struct{ Own, Daemon string }

// tell puts an event into the page's language. The daemon's words are English; in Japanese it is made of
// what else the event tells.
func (l lang) tell(e events.Event) told {
	words, known := eventWords[e.Kind]
	if l == english || !known || e.Kind == events.KindDecision && (e.From == nil || e.To == nil) {
		return told{Daemon: e.Text}
	}
	if e.Over && e.Kind != events.KindDrill {
		return told{Own: l.filled(words.over, words.list, &e)}
	}
	t := told{Own: l.filled(words.begins, words.list, &e)}
	switch words.rest {
	case restAll:
		t.Daemon = e.Text
	case restWhy:
		_, t.Daemon, _ = strings.Cut(e.Text, ": ")
	}
	if t.Daemon != "" {
		t.Own += l.say("colon")
	}
	return t
}

// filled puts what an event tells into a text.
func (l lang) filled(text, list string, e *events.Event) string {
	size := func(format string, count *int) string {
		if count == nil {
			return ""
		}
		return fmt.Sprintf(format, *count)
	}
	return strings.NewReplacer("{instance}", e.Instance, "{about}", e.About, "{by}", e.By, "{reason}", l.code(list, e.Reason),
		"{from}", size("%d", e.From), "{to}", size("%d 台", e.To), "{at}", size("（%d 台）", e.To)).Replace(text)
}

// rest is what of an event's own text is shown behind the page's words.
type rest int

const (
	restNone rest = iota
	restWhy       // what follows the first colon: what the cloud or a person said
	restAll
)

// eventWords are events in Japanese: how one begins or happens, and how it is over; what
// people and the cloud said is not translated. Kinds that are not here say nothing else.
var eventWords = map[events.Kind]struct {
	list         string // of which the reason is a code
	begins, over string
	rest         rest
}{
	events.KindTrouble:    {"", "次が成功するまで何も行いません", "書き込みが再び成功しました", restWhy},
	events.KindCapped:     {"reason", "必要数に届きません：{reason}", "必要数に届くようになりました", restNone},
	events.KindHeld:       {"hold", "{reason}", "解消：{reason}", restNone},
	events.KindOverride:   {"overkind", "{reason}{at}、指示者 {by}", "手動の指示は終わりました：{reason}", restWhy},
	events.KindSignal:     {"quality", "シグナル {about} を使用できません：{reason}", "シグナル {about} の値が戻りました", restNone},
	events.KindForecast:   {"silence", "{about} は判断を保留：{reason}", "{about} は予測を再開しました", restNone},
	events.KindRollout:    {"rollout", "{reason}", "テンプレートの展開が終わりました", restAll},
	events.KindShadow:     {"", "シャドウのルールを適用しました", "ファイルのルールに戻りました", restNone},
	events.KindDrill:      {"drill", "{reason}", "", restAll},
	events.KindFailing:    {"", "{instance} が応答しません", "{instance} の応答なしは解消しました", restNone},
	events.KindQuarantine: {"", "{instance} を隔離しました", "{instance} の隔離を解除しました", restWhy},
	events.KindDrift:      {"drift", "{instance}：{reason}", "{instance}：外部からの変更は解消しました", restNone},
	events.KindMode:       {"doubt", "{reason}", "アカウントを再び信頼できます", restWhy},
	events.KindLook:       {"", "アカウントを確認できません", "アカウントを再び確認できました", restAll},
	events.KindOrder:      {"order", "発注 {about}：{reason}", "発注 {about} が確定しました", restNone},
	events.KindNoOrder:    {"", "直近の発注に失敗しました", "発注の失敗は解消しました", restWhy},
	events.KindDecision:   {"reason", "{from} → {to}：{reason}", "", restNone},
	events.KindPhase:      {"phase", "{instance}：{reason}", "", restNone},
	events.KindCame:       {"phase", "{instance} を記録に追加：{reason}", "", restNone},
	events.KindWent:       {"phase", "{instance} を記録から削除（直前：{reason}）", "", restNone},
	events.KindAdded:      {"", "グループが設定に追加されました", "", restNone},
	events.KindRemoved:    {"", "グループが設定から削除されました", "", restNone},
}
