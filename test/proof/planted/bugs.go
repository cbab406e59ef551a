package main

const (
	crew     = "internal/actions/crew.go"
	goals    = "internal/actions/goals.go"
	launch   = "internal/actions/launch.go"
	move     = "internal/actions/move.go"
	observe  = "internal/actions/observe.go"
	order    = "internal/actions/order.go"
	phase    = "internal/actions/phase.go"
	refresh  = "internal/actions/refresh.go"
	retire   = "internal/actions/retire.go"
	settle   = "internal/actions/settle.go"
	step     = "internal/actions/step.go"
	group    = "internal/fleet/group.go"
	observer = "internal/fleet/observer.go"
	choose   = "internal/policy/choose.go"
	memory   = "internal/store/memory.go"
	bolt     = "internal/store/bbolt.go"
)

// bugs are those that the proof must find.
var bugs = []bug{
	// orders
	{"no intent before an order", []change{
		{order, "	if err := a.Journal.Write(intent); err != nil {", "	if [bug] {\n	} else if err := a.Journal.Write(intent); err != nil {"},
	}},
	{"intent after the order", []change{
		{order, "	intent, err := a.intend(p, template, machines)\n", `	if [bug] {
		codes, orderErr := c.Machines.Order(ctx, template, count)
		intent, err := a.intend(p, template, machines)
		if err != nil {
			return err
		}
		return a.answered(c, intent, codes, orderErr)
	}
[old]`},
	}},
	{"retry on unknown outcome", []change{
		{order, "	return a.answered(c, intent, codes, err)", `	if [bug] && cloud.ClassOf(err) == cloud.ClassUnknownOutcome {
		codes, err = c.Machines.Order(ctx, template, count)
	}
[old]`},
	}},
	{"settle window ignored", []change{
		{settle, "age >= a.SettleWindow", "([bug] || [old])"},
	}},
	{"surge unlimited", []change{
		{crew, "	if err := options.validate(); err != nil {", "	if [bug] {\n		options.Surge = 1000\n	}\n[old]"},
		{choose, "c.spec.Max + c.spec.Surge", "([old] + map[bool]int{true: 1000}[[bug]])"},
	}},
	{"standby forgotten in the count", []change{
		{choose, "back < need && len(c.stopped) > 0", "![bug] && [old]"},
	}},

	// whose a machine is
	{"ownership by label prefix", []change{
		{observe, "m.Label == Mark(c.Installation, c.Group, m.Code)", "([bug] && plantedPrefix(m.Label, Mark(c.Installation, c.Group, \"\")) || [old])"},
		{phase, "v.machine.Label != c.mark", "(![bug] && [old])"},
		{retire, "!= in.mark {", "!= in.mark && !([bug] && plantedPrefix(label, Mark(c.Installation, c.Group, \"\"))) {"},
	}},
	{"ownership not read again", []change{
		{retire, "	if label ", "	if ![bug] && label "},
	}},
	{"release of an inferred code", []change{
		{settle, "Since: before.At}}", "Since: before.At, Labelled: map[bool]time.Time{true: before.At}[[bug] && proof == ProofInferred]}}"},
		{phase, "v.labelAt.After(f.Labelled.Add(c.staleRead))", "[old] && !([bug] && f.Proof == ProofInferred)"},
		{retire, "label, lastDay, err := c.Machines.Label(ctx, in.code)\n	if err != nil {\n		return false, lastDay, err\n	}\n", `[old]	if [bug] && record.Value.Proof == ProofInferred {
		label = Mark(c.Installation, c.Group, in.code)
	}
`},
	}},

	// steps
	{"no look before AddLbNode", []change{
		{launch, "	missing, _, err := c.poolsWhere(ctx, in, false)\n", `	missing, err := c.Balancers, error(nil)
	if ![bug] {
		missing, _, err = c.poolsWhere(ctx, in, false)
	}
`},
	}},
	{"import repeated without its fact", []change{
		{launch, "	return attempt, ours, c.note(in, func(f *Facts) { f.Attempt = &attempt })", "	if [bug] {\n		return attempt, true, nil\n	}\n[old]"},
	}},
	{"stop before out of the pool", []change{
		{step, "{ return table[goal][phase] }", `{
	if [bug] && phase == InPool && goal != policy.InService {
		return StepStop
	}
	return table[goal][phase]
}`},
	}},
	{"drain skipped", []change{
		{phase, "c.now.Before(f.Left.Add(c.drain))", "![bug] && [old]"},
	}},
	{"< for <= at min", []change{
		{retire, "others < c.Min &&", "(others < c.Min-1 || ![bug] && others < c.Min) &&"},
	}},
	{"goal kept after reversal", []change{
		{goals, "a.Goal == in.goal.Value.Goal ||", "[old] [bug] && a.Goal == policy.InService && !in.facts.Value.Left.IsZero() ||"},
	}},

	// what is believed
	{"absence believed at once", []change{
		{phase, "v.absences >= 2 && c.now.Sub(v.absentSince) >= c.absenceAfter", "([bug] && v.absences > 0 || [old])"},
	}},
	{"partial page believed", []change{
		{observe, "	if !p.read {", "	if !p.read && ![bug] {"},
		{observe, "	return c.lacked.IsZero() ||", "	return [bug] || c.lacked.IsZero() ||"},
		{observer, "	machines, err := o.Machines.List(ctx)\n	if err != nil {", "	machines, err := o.Machines.List(ctx)\n	if err != nil && !([bug] && len(machines) > 0) {"},
	}},

	// time and the store
	{"cooldown in memory", []change{
		{group, "	g := &Group{\n", `	if [bug] {
		document.Value.Memory.LastOut, document.Value.Memory.LastIn, document.Value.Memory.LastServing = time.Time{}, time.Time{}, time.Time{}
	}
[old]`},
	}},
	{"deadline by wall clock", []change{
		{crew, "	c := &Crew{CrewOptions: options,", `	if [bug] {
		now := options.Now
		options.Now = func() time.Time { return now().Round(0) }
	}
[old]`},
	}},
	{"epoch ignored", []change{
		{memory, "epoch == 0 || epoch != m.epoch", "![bug] && ([old])"},
		{bolt, "epoch == 0 || epoch != account.epoch", "![bug] && ([old])"},
	}},
}

// slips are against finer rules. The tests of the rooms may find them as well.
var slips = []bug{
	{"foreign label on an inferred code overwritten", []change{
		{launch, "	if !inferred {", "	if !inferred || [bug] {"},
	}},
	{"step not asked again before its call", []change{
		{move, "	return Next(in.goal.Value.Goal, c.phase(in)) == step", "	return [bug] || Next(in.goal.Value.Goal, c.phase(in)) == step"},
	}},
	{"doubt about the cloud ignored", []change{
		{choose, "	case !s.Doubtful:", "	case [bug] || !s.Doubtful:"},
	}},
	{"brake ignored", []change{
		{choose, "	if c.braked() {", "	if ![bug] && c.braked() {"},
	}},
	{"healing budget ignored", []change{
		{choose, "max(1, budget)", "max(1, budget, map[bool]int{true: 1000}[[bug]])"},
	}},
	{"launches that fail not counted", []change{
		{choose, "	if c.launchesFail() {", "	if ![bug] && c.launchesFail() {"},
	}},
	{"successors not baked", []change{
		{choose, "in.Cause == Outdated && baked <= 0", "![bug] && [old]"},
	}},
	{"protected removed", []change{
		{choose, "		switch {\n		case in.Stage == Ending:", "		in.Protected = in.Protected && ![bug]\n[old]"},
	}},
	{"overwritten without reading the mark", []change{
		{refresh, "	if ours, _, err := c.confirmOurs(", "	if [bug] {\n	} else if ours, _, err := c.confirmOurs("},
	}},
	{"key not imported again after overwriting", []change{
		{refresh, "			if p.OnDisk {", "			if ![bug] && p.OnDisk {"},
	}},
}
