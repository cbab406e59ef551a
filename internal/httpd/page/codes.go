package page

import (
	"fmt"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/events"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// The codes of the fixed lists, in words.
func init() {
	goals := []policy.Goal{policy.InService, policy.Standby, policy.Released, policy.Ready}
	for list, codes := range map[string]map[string]phrase{
		"reason": worded(policy.Reasons(), policy.Reason.Text, reasonWords), "hold": worded(policy.Holds(), policy.Hold.Text, holdWords),
		"goal": worded(goals, policy.Goal.Text, goalWords), "silence": worded(policy.Silences(), policy.Silence.Text, silenceWords),
		"quality": worded(policy.Absences(), policy.Absence.Text, qualityWords), "phase": worded(actions.Phases(), actions.Phase.Text, phaseWords),
		"doubt": worded(actions.Doubts(), actions.Doubt.Text, doubtWords), "drift": worded(actions.DriftKinds(), actions.DriftKind.Text, driftWords),
		"kind": worded(events.Kinds(), events.Kind.Name, kindWords), "step": stepWords, "overkind": overrideWords, "mode": modeWords,
		"severity": severityWords, "order": orderWords, "role": roleWords, "rollout": rolloutWords, "drill": drillWords,
	} {
		for code, words := range codes {
			catalogue[list+"."+code] = words
		}
	}
}

// worded are codes in words, of which the English ones are those of the log and the command line.
func worded[Code any](codes []Code, text func(Code) string, japanese map[string]string) map[string]phrase {
	all := map[string]phrase{}
	for _, code := range codes {
		all[fmt.Sprint(code)] = phrase{text(code), japanese[fmt.Sprint(code)]}
	}
	return all
}

var reasonWords = map[string]string{
	"want":            "ポリシーの判断どおりです",
	"steady":          "ポリシーは現在の台数を適切と判断しています",
	"at_max":          "最大数に達しています",
	"at_min":          "最小数を下回れません",
	"at_ceiling":      "スケジュールの上限に達しています",
	"at_floor":        "スケジュールまたは手動の指示による下限です",
	"unknown":         "データが足りないため縮小しません",
	"abstained":       "現在判断できるポリシーがありません",
	"stabilizing_out": "必要数の増加が安定化期間を通して続いていないため、まだ増設しません",
	"stabilizing_in":  "安定化期間内により多くの台数が必要とされたため、まだ縮小しません",
	"flapping":        "増減を繰り返したため、縮小までの待ち時間を延ばしています",
	"cooldown_out":    "前回の増設から間もないためです",
	"cooldown_in":     "前回の変更から間もないためです",
	"rate_out":        "増設速度の上限に達しています",
	"rate_in":         "縮小速度の上限に達しています",
	"projected":       "減らすと再び増設が必要になります",
	"load_lost":       "負荷がこれまでにない下がり方をしました。障害の可能性があるため、しばらく縮小しません",
	"warming":         "準備中のインスタンスがあるため縮小しません",
	"out_only":        "増設のみのモードのため縮小しません",
	"paused":          "手動で一時停止されています",
	"held":            "手動でこの台数に固定されています",
	"put_back":        "離脱中のインスタンスをすぐに戻します",
	"cloud_in_doubt":  "クラウドの情報が信頼できないため縮小しません",
	"clock_jumped":    "システム時刻が急に変わったため、変更を一時見合わせています",
}

var phaseWords = map[string]string{
	"ordered":     "発注済み",
	"preparing":   "作成中",
	"unlabelled":  "ラベル未設定",
	"disputed":    "ラベル不一致",
	"unfit":       "再作成待ち",
	"unprepared":  "準備未完了",
	"busy":        "クラウド処理中",
	"stopped":     "停止",
	"starting":    "起動中",
	"running":     "起動済み",
	"unfinished":  "フックで仕上げ中",
	"described":   "応答待ち",
	"ready":       "準備完了",
	"part_pooled": "一部のプールに参加",
	"in_pool":     "プールに参加",
	"stray":       "プールに残存",
	"draining":    "切り離し中",
	"parting":     "フックで終了処理中",
	"drained":     "切り離し済み",
	"stopping":    "停止中",
	"ending":      "契約終了予定",
	"gone":        "消失",
}

var stepWords = map[string]phrase{
	"order":    {"order", "発注"},
	"label":    {"label", "ラベル設定"},
	"prepare":  {"prepare", "準備"},
	"start":    {"start", "起動"},
	"describe": {"read the address", "アドレス取得"},
	"probe":    {"probe", "応答確認"},
	"join":     {"join the pool", "プールに参加"},
	"leave":    {"leave the pool", "プールから離脱"},
	"stop":     {"stop", "停止"},
	"refresh":  {"overwrite", "再作成"},
	"release":  {"release", "解約"},
	"hook":     {"ask a hook", "フックの確認"},
}

var goalWords = map[string]string{
	"in_service": "稼働",
	"standby":    "待機",
	"released":   "解約",
	"ready":      "起動テスト",
}

var holdWords = map[string]string{
	"failing_together": "同時に多数が応答しないため置き換えません",
	"launches_failing": "起動が続けて失敗したため発注しません",
	"no_room":          "不足分が最大数に収まりません",
	"cloud_in_doubt":   "アカウントが信頼できないため減らしません",
	"baking":           "新しいテンプレートの様子を見ています",
	"young":            "減らせるインスタンスはまだ稼働し始めたばかりです",
}

var doubtWords = map[string]string{
	"normal":         "正常",
	"blind":          "読み取り不可",
	"writes_failing": "変更操作が失敗",
	"truncated":      "一覧に欠落あり",
	"lagging":        "状態の反映遅れ",
}

var overrideWords = map[string]phrase{
	"pause":     {"Paused", "一時停止"},
	"pause_out": {"Growing is paused", "増設を停止"},
	"pause_in":  {"Shrinking is paused", "縮小を停止"},
	"hold":      {"Held at a size", "台数を固定"},
	"at_least":  {"At least", "最低台数"},
}

var driftWords = map[string]string{
	"stopped":    "外部で停止",
	"ended":      "外部で契約終了を設定",
	"relabelled": "外部でラベルを変更",
	"removed":    "外部でプールから除外",
	"added":      "外部でプールに追加",
	"started":    "外部で起動",
}

var modeWords = map[string]phrase{
	"act":       {"acts", "自動実行"},
	"out_only":  {"only grows", "増設のみ"},
	"recommend": {"recommends only", "推奨のみ"},
}

var kindWords = map[string]string{
	"trouble":       "処理停止",
	"capped":        "上限到達",
	"held":          "保留",
	"override":      "手動の指示",
	"signal":        "シグナル",
	"forecast":      "予測",
	"rollout":       "展開",
	"shadow":        "シャドウ",
	"drill":         "起動テスト",
	"failing":       "応答なし",
	"quarantine":    "隔離",
	"drift":         "外部からの変更",
	"account_mode":  "アカウント要確認",
	"account_look":  "確認失敗",
	"order":         "発注",
	"order_failed":  "発注失敗",
	"decision":      "判断",
	"phase":         "インスタンス",
	"instance_came": "インスタンス追加",
	"instance_went": "インスタンス除外",
	"group_added":   "グループ追加",
	"group_removed": "グループ削除",
	"action":        "操作",
	"reload":        "設定の再読み込み",
	"test":          "テスト",
}

var severityWords = map[string]phrase{
	"info":     {"info", "情報"},
	"warning":  {"warning", "警告"},
	"critical": {"critical", "重大"},
	"note":     {"note", "参考"},
}

var qualityWords = map[string]string{
	"present":      "良好",
	"absent":       "値なし",
	"stale":        "データが古い",
	"failed":       "読み取り失敗",
	"not_finite":   "数値以外",
	"out_of_range": "範囲外",
	"warming":      "準備中",
	"frozen":       "変化なし",
	"unit_changed": "単位が変化",
	"disagrees":    "不一致",
	"skewed":       "時計のずれ",
	"filling":      "測定期間不足",
	"censored":     "飽和",
	"overloaded":   "過負荷で未読",
}

var silenceWords = map[string]string{
	"young":      "まだデータが足りません",
	"no_data":    "長い間データがありません",
	"bad_record": "最近は予測を使わない方が良い結果でした",
}

var orderWords = map[string]phrase{
	"open":    {"its answer is awaited", "応答待ち"},
	"unknown": {"its answer is lost; the account is searched for what it bought", "応答が得られず、発注の結果を調査中"},
	"asking":  {"a person has to settle it", "担当者による確定が必要"},
	"settled": {"settled", "確定済み"},
	"void":    {"bought nothing", "購入なし"},
}

var rolloutWords = map[string]phrase{
	"under_way": {"a changed template is rolled out", "テンプレートを展開中"},
	"given_up":  {"the rollout was given up", "テンプレートの展開を中止しました"},
}

// drillWords are of how a fire drill stands; that which is under way has no outcome.
var drillWords = map[string]phrase{
	"":       {"under way", "起動テストを開始しました"},
	"ready":  {"ready", "起動テストに成功しました"},
	"taken":  {"ended, since the group grows", "増設のため起動テストを終了しました"},
	"failed": {"not ready", "起動テストに失敗しました"},
}

var roleWords = map[string]phrase{
	"read":    {"read", "閲覧"},
	"operate": {"operate", "運用"},
	"admin":   {"admin", "管理"},
}
