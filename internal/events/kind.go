package events

// Kind says what an event is about. The list is fixed: see Kinds.
type Kind string

// The kinds of what lasts: an event begins it, others may change it, one ends it.
const (
	KindTrouble    Kind = "trouble"
	KindCapped     Kind = "capped"
	KindHeld       Kind = "held"
	KindOverride   Kind = "override"
	KindSignal     Kind = "signal"
	KindForecast   Kind = "forecast"
	KindRollout    Kind = "rollout"
	KindShadow     Kind = "shadow"
	KindDrill      Kind = "drill"
	KindFailing    Kind = "failing"
	KindQuarantine Kind = "quarantine"
	KindDrift      Kind = "drift"
	KindMode       Kind = "account_mode"
	KindLook       Kind = "account_look"
	KindOrder      Kind = "order"
	KindNoOrder    Kind = "order_failed"
)

// The kinds of what happens once.
const (
	KindDecision Kind = "decision"
	KindPhase    Kind = "phase"
	KindCame     Kind = "instance_came"
	KindWent     Kind = "instance_went"
	KindAdded    Kind = "group_added"
	KindRemoved  Kind = "group_removed"
	KindAction   Kind = "action"
	KindReload   Kind = "reload"
	KindTest     Kind = "test"
)

// Kinds lists every kind: first those of what lasts.
func Kinds() []Kind {
	return []Kind{
		KindTrouble, KindCapped, KindHeld, KindOverride, KindSignal, KindForecast, KindRollout, KindShadow, KindDrill, KindFailing,
		KindQuarantine, KindDrift, KindMode, KindLook, KindOrder, KindNoOrder,
		KindDecision, KindPhase, KindCame, KindWent, KindAdded, KindRemoved, KindAction, KindReload, KindTest,
	}
}

// Lasts says that events of the kind begin and end something.
func (k Kind) Lasts() bool { return kinds[k].lasts }

// Severity is the ordinary one of the kind's events. Those of a group that only recommends are
// one less severe, and some reasons have their own.
func (k Kind) Severity() Severity { return kinds[k].severity }

// Name is the kind in a few words, for headlines.
func (k Kind) Name() string { return kinds[k].name }

// Text is the kind's meaning, in words.
func (k Kind) Text() string { return kinds[k].text }

var kinds = map[Kind]struct {
	lasts    bool
	severity Severity
	name     string
	text     string
}{
	KindTrouble:    {true, Critical, "stuck", "nothing can be written down, so nothing is done about the group"},
	KindCapped:     {true, Critical, "capped", "more instances are wanted than max or a schedule allows"},
	KindHeld:       {true, Warning, "held", "less is done about the group than there is to do, for the reason; critical when many fail together or launches fail"},
	KindOverride:   {true, Info, "operator's order", "an operator's order is in force; a warning when the group is paused altogether"},
	KindSignal:     {true, Warning, "signal", "a signal had no value at three decisions in a row, or has one again"},
	KindForecast:   {true, Info, "forecast", "a policy that forecasts abstains"},
	KindRollout:    {true, Info, "rollout", "a changed template is rolled out; a warning when it was given up"},
	KindShadow:     {true, Info, "shadow", "the shadow's rules are in force in place of the file's"},
	KindDrill:      {true, Info, "fire drill", "a fire drill is under way, or ended; a warning when it failed"},
	KindFailing:    {true, Warning, "not answering", "an instance that is to serve does not answer its probe"},
	KindQuarantine: {true, Warning, "quarantine", "an instance is set aside because it is stuck"},
	KindDrift:      {true, Warning, "changed by others", "somebody else changed an instance"},
	KindMode:       {true, Warning, "account in doubt", "the account's cloud cannot be trusted just now"},
	KindLook:       {true, Warning, "look failed", "looks at the account have failed for a minute or so; critical when groups that act have not seen it since they were started"},
	KindOrder:      {true, Warning, "order", "an order's answer was lost; critical when a person has to settle it"},
	KindNoOrder:    {true, Warning, "order failed", "the newest order of the account failed, and instances are missing"},

	KindDecision: {false, Info, "decision", "a size was decided that is not the one before"},
	KindPhase:    {false, Info, "instance", "an instance came into another phase"},
	KindCame:     {false, Info, "new instance", "an instance is on record that was not"},
	KindWent:     {false, Info, "instance gone", "an instance is on record no more"},
	KindAdded:    {false, Info, "group added", "a group is configured that was not"},
	KindRemoved:  {false, Info, "group removed", "a group is configured no more"},
	KindAction:   {false, Info, "person", "a person changed something"},
	KindReload:   {false, Info, "configuration", "the configuration was read again; a warning when it was refused"},
	KindTest:     {false, Info, "test", "somebody tried whether notifications arrive"},
}
