package page

import (
	"net/http"
	"strings"
	"testing"

	"github.com/autoscaled/autoscaled/internal/events"
	"github.com/autoscaled/autoscaled/internal/httpd/access"
)

func TestAnEventIsToldInTheLanguageOfThePage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		event events.Event
		want  told
	}{
		"a decision":              {events.Event{Kind: events.KindDecision, From: ptr(2), To: ptr(4), Reason: "want", Text: "2 to 4"}, told{Own: "2 → 4 台：ポリシーの判断どおりです"}},
		"a decision of no size":   {events.Event{Kind: events.KindDecision, Reason: "want", Text: "2 to 4"}, told{Daemon: "2 to 4"}},
		"an instance that moves":  {events.Event{Kind: events.KindPhase, Instance: "gc1", Reason: "in_pool", Text: "x"}, told{Own: "gc1：プールに参加"}},
		"an instance that goes":   {events.Event{Kind: events.KindWent, Instance: "gc1", Reason: "gone", Text: "x"}, told{Own: "gc1 を記録から削除（直前：消失）"}},
		"a cap":                   {events.Event{Kind: events.KindCapped, Reason: "at_max", Text: "x"}, told{Own: "必要数に届きません：最大数に達しています"}},
		"the end of a cap":        {events.Event{Kind: events.KindCapped, Reason: "at_max", Over: true, Text: "x"}, told{Own: "必要数に届くようになりました"}},
		"a pause for a reason":    {events.Event{Kind: events.KindOverride, Reason: "pause", By: "alice", Text: "paused by alice: sale: until noon"}, told{"一時停止、指示者 alice：", "sale: until noon"}},
		"a size that is held":     {events.Event{Kind: events.KindOverride, Reason: "hold", By: "alice", To: ptr(4), Text: "held at 4 by alice"}, told{Own: "台数を固定（4 台）、指示者 alice"}},
		"an order that fails":     {events.Event{Kind: events.KindNoOrder, Text: "the last order failed: the quota is used up"}, told{"直近の発注に失敗しました：", "the quota is used up"}},
		"a cloud in doubt":        {events.Event{Kind: events.KindMode, Reason: "writes_failing", Text: "changes fail: denied"}, told{"変更操作が失敗：", "denied"}},
		"a drill that begins":     {events.Event{Kind: events.KindDrill, Text: "fire drill, by bob"}, told{"起動テストを開始しました：", "fire drill, by bob"}},
		"a drill that is over":    {events.Event{Kind: events.KindDrill, Reason: "ready", Over: true, Text: "ready after 3m"}, told{"起動テストに成功しました：", "ready after 3m"}},
		"what a person did":       {events.Event{Kind: events.KindAction, Text: "paused"}, told{Daemon: "paused"}},
		"a code of another day":   {events.Event{Kind: events.KindPhase, Instance: "gc1", Reason: "brand_new", Text: "x"}, told{Own: "gc1：brand_new"}},
		"a name that looks like ": {events.Event{Kind: events.KindSignal, About: "{reason}", Reason: "stale", Text: "x"}, told{Own: "シグナル {reason} を使用できません：データが古い"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := japanese.tell(c.event); got != c.want {
				t.Errorf("in Japanese it is %+v, want %+v", got, c.want)
			}
			if got := english.tell(c.event); got != (told{Daemon: c.event.Text}) {
				t.Errorf("in English it is %+v", got)
			}
		})
	}
}

func TestEveryKindOfEventSaysSomethingInJapanese(t *testing.T) {
	t.Parallel()
	daemons := map[events.Kind]bool{events.KindAction: true, events.KindReload: true, events.KindTest: true} // what a person did or wrote
	for _, kind := range events.Kinds() {
		words, known := eventWords[kind]
		switch {
		case known == daemons[kind]:
			t.Errorf("%s has words: %t", kind, known)
		case !known:
		case words.begins == "", kind.Lasts() && kind != events.KindDrill && words.over == "", !kind.Lasts() && words.over != "":
			t.Errorf("%s says %q, and when it is over %q", kind, words.begins, words.over)
		}
		for _, text := range []string{words.begins, words.over} {
			filled := japanese.filled(text, words.list, &events.Event{From: ptr(1), To: ptr(2)})
			if strings.ContainsAny(filled, "{}") {
				t.Errorf("%s leaves %q", kind, filled)
			}
		}
	}
}

func TestAPageInJapaneseTellsItsEventsInJapanese(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.watcher.Tell(events.Event{Kind: events.KindQuarantine, Group: "web", Instance: "gc1", Text: "gc1 is quarantined: <b>stuck</b>"})
	text := s.get(access.Read, "/groups/web?lang=ja").Body.String()
	wants(t, text, `<span class="text">gc1 を隔離しました：<span lang="en">&lt;b&gt;stuck&lt;/b&gt;</span></span>`)
	if answer := s.get(access.Read, "/groups/web?lang=en"); answer.Code != http.StatusOK || !strings.Contains(answer.Body.String(), `lang="en">gc1 is quarantined: `) {
		t.Errorf("the page in English answers %d", answer.Code)
	}
}
