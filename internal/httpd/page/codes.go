package page

// The codes of the fixed lists, in words.
func init() {
	for list, codes := range map[string]map[string]phrase{
		"reason": reasonWords, "phase": phaseWords, "step": stepWords, "goal": goalWords, "hold": holdWords, "doubt": doubtWords,
		"overkind": overrideWords, "drift": driftWords, "mode": modeWords, "kind": kindWords, "severity": severityWords,
		"quality": qualityWords, "silence": silenceWords, "order": orderWords, "role": roleWords,
	} {
		for code, words := range codes {
			catalogue[list+"."+code] = words
		}
	}
}

var reasonWords = map[string]phrase{
	"want":            {"the policies want exactly this", "ポリシーの判断どおりです"},
	"steady":          {"the policies want the present size", "ポリシーは現在の台数を適切と判断しています"},
	"at_max":          {"max allows no more", "最大数に達しています"},
	"at_min":          {"min demands as much", "最小数を下回れません"},
	"at_ceiling":      {"a schedule allows no more just now", "スケジュールの上限に達しています"},
	"at_floor":        {"a schedule, or an operator, demands as much", "スケジュールまたは手動の指示による下限です"},
	"unknown":         {"data is missing, so the group does not shrink", "データが足りないため縮小しません"},
	"abstained":       {"no policy has a say just now", "現在判断できるポリシーがありません"},
	"stabilizing_out": {"not as much was wanted for long enough to grow so far", "増設の安定化期間を通しては必要とされていません"},
	"stabilizing_in":  {"more was wanted a while ago, and it waits that out before it shrinks", "縮小の安定化期間内に、より多くが必要とされました"},
	"flapping":        {"the group went to and fro, so it waits longer before it shrinks", "増減を繰り返したため、縮小までの待ち時間を延ばしています"},
	"cooldown_out":    {"the last growth is too recent", "前回の増設から間もないためです"},
	"cooldown_in":     {"the last change is too recent", "前回の変更から間もないためです"},
	"rate_out":        {"it grew as fast as its rates allow", "増設速度の上限に達しています"},
	"rate_in":         {"it shrank as fast as its rates allow", "縮小速度の上限に達しています"},
	"projected":       {"with fewer a policy would make the group grow again", "減らすと再び増設が必要になります"},
	"load_lost":       {"the load fell as it never did before, which looks like an outage: no shrinking for a while", "負荷が前例のない下がり方をしました。障害の可能性があるため、しばらく縮小しません"},
	"warming":         {"an instance is still on its way or warms up, so the group does not shrink", "準備中のインスタンスがあるため縮小しません"},
	"out_only":        {"the group's mode lets it only grow", "増設のみのモードです"},
	"paused":          {"an operator paused the group, or this direction", "手動で一時停止されています"},
	"held":            {"an operator holds the group at this size", "手動でこの台数に固定されています"},
	"put_back":        {"instances that are leaving come back at once", "離脱中のインスタンスをすぐに戻します"},
	"cloud_in_doubt":  {"the cloud cannot be trusted just now, so the group does not shrink", "クラウドの情報が信頼できないため縮小しません"},
	"clock_jumped":    {"wall time jumped, so changes wait for one span", "時計が飛んだため、変更を一時見合わせています"},
}

var phaseWords = map[string]phrase{
	"ordered":     {"ordered", "発注済み"},
	"preparing":   {"being made", "作成中"},
	"unlabelled":  {"not labelled", "ラベル未設定"},
	"disputed":    {"another's label", "別のラベル"},
	"unfit":       {"to be overwritten", "再作成待ち"},
	"unprepared":  {"not prepared", "準備未了"},
	"busy":        {"cloud is busy with it", "クラウド処理中"},
	"stopped":     {"stopped", "停止"},
	"starting":    {"starting", "起動中"},
	"running":     {"running", "起動済み"},
	"unfinished":  {"a hook finishes it", "フックで仕上げ中"},
	"described":   {"not answering yet", "応答待ち"},
	"ready":       {"ready", "準備完了"},
	"part_pooled": {"in some pools", "一部のプールに参加"},
	"in_pool":     {"in the pool", "プールに参加"},
	"stray":       {"stray in a pool", "プールに残存"},
	"draining":    {"draining", "切り離し中"},
	"parting":     {"a hook closes it", "フックで終了処理中"},
	"drained":     {"drained", "切り離し済み"},
	"stopping":    {"stopping", "停止中"},
	"ending":      {"contract ends", "契約終了予定"},
	"gone":        {"gone", "消失"},
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

var goalWords = map[string]phrase{
	"in_service": {"to serve", "稼働"},
	"standby":    {"to stand by", "待機"},
	"released":   {"to be released", "解約"},
	"ready":      {"to be ready (drill)", "起動訓練"},
}

var holdWords = map[string]phrase{
	"failing_together": {"too many fail at once, so none is replaced", "同時に多数が応答しないため置き換えません"},
	"launches_failing": {"launch after launch never served, so nothing is ordered", "起動が続けて失敗したため発注しません"},
	"no_room":          {"more is missing than max leaves room for", "不足分が最大数に収まりません"},
	"cloud_in_doubt":   {"the account cannot be trusted, so none is sent away", "アカウントが信頼できないため減らしません"},
	"baking":           {"those of the changed template must serve for a while first", "新しいテンプレートの様子を見ています"},
	"young":            {"those that could go have not served for long enough", "減らせるものはまだ稼働直後です"},
}

var doubtWords = map[string]phrase{
	"normal":         {"normal", "正常"},
	"blind":          {"cannot be read", "読み取り不可"},
	"writes_failing": {"changes fail", "変更が失敗"},
	"truncated":      {"listings lack machines", "一覧に欠落"},
	"lagging":        {"its status lags", "状態の反映遅れ"},
}

var overrideWords = map[string]phrase{
	"pause":     {"Paused", "一時停止"},
	"pause_out": {"Growing is paused", "増設を停止"},
	"pause_in":  {"Shrinking is paused", "縮小を停止"},
	"hold":      {"Held at a size", "台数を固定"},
	"at_least":  {"At least", "最低台数"},
}

var driftWords = map[string]phrase{
	"stopped":    {"turned off by somebody else", "他者が停止"},
	"ended":      {"given an end by somebody else", "他者が契約終了を設定"},
	"relabelled": {"relabelled by somebody else", "他者がラベルを変更"},
	"removed":    {"taken out of the pool by somebody else", "他者がプールから除外"},
	"added":      {"put into the pool by somebody else", "他者がプールに追加"},
	"started":    {"turned on by somebody else", "他者が起動"},
}

var modeWords = map[string]phrase{
	"act":       {"acts", "実行"},
	"out_only":  {"only grows", "増設のみ"},
	"recommend": {"recommends only", "推奨のみ"},
}

var kindWords = map[string]phrase{
	"trouble":       {"stuck", "停止状態"},
	"capped":        {"capped", "上限到達"},
	"held":          {"held", "保留"},
	"override":      {"operator's order", "手動の指示"},
	"signal":        {"signal", "シグナル"},
	"forecast":      {"forecast", "予測"},
	"rollout":       {"rollout", "展開"},
	"shadow":        {"shadow", "シャドウ"},
	"drill":         {"fire drill", "起動訓練"},
	"failing":       {"not answering", "応答なし"},
	"quarantine":    {"quarantine", "隔離"},
	"drift":         {"changed by others", "他者の変更"},
	"account_mode":  {"account in doubt", "アカウント要確認"},
	"account_look":  {"look failed", "確認失敗"},
	"order":         {"order", "発注"},
	"order_failed":  {"order failed", "発注失敗"},
	"decision":      {"decision", "判断"},
	"phase":         {"instance", "インスタンス"},
	"instance_came": {"new instance", "追加"},
	"instance_went": {"instance gone", "消滅"},
	"group_added":   {"group added", "グループ追加"},
	"group_removed": {"group removed", "グループ削除"},
	"action":        {"person", "操作"},
	"reload":        {"configuration", "設定"},
	"test":          {"test", "試験"},
}

var severityWords = map[string]phrase{
	"info":     {"info", "情報"},
	"warning":  {"warning", "警告"},
	"critical": {"critical", "重大"},
	"note":     {"note", "参考"},
}

var qualityWords = map[string]phrase{
	"present":      {"good", "良好"},
	"absent":       {"empty answer", "応答が空"},
	"stale":        {"too old", "古い"},
	"failed":       {"not readable", "読み取り失敗"},
	"not_finite":   {"not a number", "数値でない"},
	"out_of_range": {"impossible value", "範囲外"},
	"warming":      {"warming up", "準備中"},
	"frozen":       {"stands still", "変化なし"},
	"unit_changed": {"unit changed", "単位が変化"},
	"disagrees":    {"others disagree", "不一致"},
	"skewed":       {"clock is off", "時計のずれ"},
	"filling":      {"not watched for long enough", "測定期間不足"},
	"censored":     {"saturated", "飽和"},
}

var silenceWords = map[string]phrase{
	"young":      {"too little was seen as yet", "まだ観測が足りません"},
	"no_data":    {"nothing has been read for long", "長い間データがありません"},
	"bad_record": {"reaction alone would have served better of late", "最近は予測なしの方が良い結果でした"},
}

var orderWords = map[string]phrase{
	"open":    {"its answer is awaited", "応答待ち"},
	"unknown": {"its answer is lost; the account is searched for what it bought", "応答を喪失、購入されたものを調査中"},
	"asking":  {"a person has to settle it", "人による確定が必要"},
	"settled": {"settled", "確定済み"},
	"void":    {"bought nothing", "購入なし"},
}

var roleWords = map[string]phrase{
	"read":    {"read", "閲覧"},
	"operate": {"operate", "運用"},
	"admin":   {"admin", "管理"},
}
