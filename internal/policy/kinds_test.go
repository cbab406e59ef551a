package policy_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/policy/schedule"
)

// The rules drawn here look at four signals: cpu of the instances, rate of the group, size
// and push. Their bounds lie so that what the signals show is often right at them.

// drawRule is a rule of any kind. One that is like load never makes the group smaller for
// showing more.
func drawRule(t *rapid.T, i int, likeLoad bool) policy.Rule {
	kinds := []func(*rapid.T, bool) policy.Rule{drawTargetRule, drawStepRule, drawThresholdRule, drawSizeRule, drawWebhookRule, drawScheduleRule, drawForecastRule}
	rule := rapid.SampledFrom(kinds).Draw(t, "kind")(t, likeLoad)
	if rule.Schedule == nil && rule.Only == policy.BothWays {
		rule.Only = rapid.SampledFrom([]policy.Way{policy.BothWays, policy.BothWays, policy.BothWays, policy.OnlyOut, policy.OnlyIn}).Draw(t, "only")
	}
	rule.Name = fmt.Sprintf("rule/%d", i)
	return rule
}

func drawQuorum(t *rapid.T) float64 {
	return rapid.SampledFrom([]float64{1, 1, 0.8, 0.3}).Draw(t, "quorum")
}

// drawUnit is the signal that a rule looks at, and what a value of it is at full load.
func drawUnit(t *rapid.T) (signal string, unit float64) {
	if rapid.Bool().Draw(t, "of the instances") {
		return "cpu", 1
	}
	return "rate", 10
}

func drawTargetRule(t *rapid.T, _ bool) policy.Rule {
	signal, _ := drawUnit(t)
	value := rapid.SampledFrom([]float64{0.5, 0.6}).Draw(t, "value")
	if signal == "rate" {
		value = 1
	}
	return policy.Rule{Target: &policy.Target{
		Signal: signal, Value: value, Quorum: drawQuorum(t), Each: rapid.IntRange(0, 9).Draw(t, "each") == 0,
		ToleranceOut: rapid.SampledFrom([]float64{0, 0.1}).Draw(t, "tolerance out"), ToleranceIn: rapid.SampledFrom([]float64{0, 0.1}).Draw(t, "tolerance in"),
	}}
}

func drawForecastRule(t *rapid.T, _ bool) policy.Rule {
	signal, value := "cpu", 0.9
	if rapid.Bool().Draw(t, "of the group") {
		signal, value = "rate", 1.5
	}
	return policy.Rule{Forecast: &policy.Forecast{
		Signal: signal, Value: value, Quorum: drawQuorum(t), Budget: 0.01, Fallback: rapid.SampledFrom([]float64{0, 0.7 * value}).Draw(t, "fallback"),
	}}
}

// drawOutlook is what the rules that forecast share; nil: nobody foresees anything.
func drawOutlook(t *rapid.T) *policy.Outlook {
	outlook := &policy.Outlook{Count: rapid.IntRange(1, 25).Draw(t, "outlook"), Within: time.Duration(rapid.IntRange(1, 30).Draw(t, "within")) * time.Minute}
	switch rapid.IntRange(0, 5).Draw(t, "kind of outlook") {
	case 0:
		return nil
	case 1:
		outlook.Abstains = rapid.SampledFrom(policy.Silences()).Draw(t, "silence")
	case 2:
		outlook.Soon, outlook.Back = rapid.IntRange(1, outlook.Count).Draw(t, "soon"), outlook.Within/3
	}
	return outlook
}

// foresee gives the rules that forecast their outlook.
func foresee(spec *policy.Spec, in *policy.Inputs, outlook *policy.Outlook) {
	for _, rule := range spec.Policies {
		if rule.Forecast != nil && outlook != nil {
			own := *outlook
			own.Policy = rule.Name
			in.Outlooks = append(in.Outlooks, own)
		}
	}
}

// drawChange is by so much or more, out or in.
func drawChange(t *rapid.T, least int, sign int) policy.Change {
	n := least + rapid.IntRange(0, 2).Draw(t, "change")
	if rapid.Bool().Draw(t, "share") {
		return policy.Change{Share: float64(sign*n) / 10, AtLeast: n}
	}
	return policy.Change{Count: sign * n}
}

func drawStepRule(t *rapid.T, likeLoad bool) policy.Rule {
	signal, unit := drawUnit(t)
	step := &policy.Step{Signal: signal, Quorum: drawQuorum(t)}
	for i := range rapid.IntRange(0, 2).Draw(t, "bands above") {
		change := drawChange(t, 1, 1)
		if likeLoad {
			change = policy.Change{Count: 2 * (i + 1)}
		}
		step.Above = append(step.Above, policy.Band{Bound: unit * (0.7 + 0.2*float64(i)), Change: change})
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "bands below") {
		change := drawChange(t, 1, -1)
		if likeLoad {
			change = policy.Change{Count: -2 * (i + 1)}
		}
		step.Below = append(step.Below, policy.Band{Bound: unit * (0.3 - 0.2*float64(i)), Change: change})
	}
	return policy.Rule{Step: step}
}

func drawThresholdRule(t *rapid.T, likeLoad bool) policy.Rule {
	grows := rapid.Bool().Draw(t, "grows")
	rule := policy.Rule{Threshold: &policy.Threshold{Hits: 1, Of: 1}}
	for range rapid.IntRange(1, 2).Draw(t, "conditions") {
		signal, unit := drawUnit(t)
		high := grows
		if !likeLoad {
			high = rapid.Bool().Draw(t, "above")
		}
		condition := policy.Condition{Signal: signal, Quorum: drawQuorum(t)}
		if bound := unit * 0.8; high {
			condition.Above = &bound
		} else {
			bound = unit * 0.2
			condition.Below = &bound
		}
		rule.Threshold.When = append(rule.Threshold.When, condition)
	}
	if !likeLoad {
		rule.Threshold.Of = rapid.IntRange(1, 5).Draw(t, "of")
		rule.Threshold.Hits = rapid.IntRange(1, rule.Threshold.Of).Draw(t, "hits")
	}
	switch {
	case (grows || !likeLoad) && rapid.IntRange(0, 3).Draw(t, "exactly") == 0:
		size := rapid.IntRange(0, 15).Draw(t, "size")
		rule.Threshold.Size = &size
		if likeLoad {
			rule.Only = policy.OnlyOut
		}
	case grows:
		rule.Threshold.Change = drawChange(t, 1, 1)
	default:
		rule.Threshold.Change = drawChange(t, 1, -1)
	}
	return rule
}

func drawSizeRule(*rapid.T, bool) policy.Rule {
	return policy.Rule{Size: &policy.SizeOf{Signal: "size"}}
}
func drawWebhookRule(*rapid.T, bool) policy.Rule {
	return policy.Rule{Webhook: &policy.Webhook{Signal: "push"}}
}

// scheduleBounds are schedules whose windows begin and end every few minutes.
var scheduleBounds = func() (all []*policy.Schedule) {
	for _, bounds := range [][2]int{{6, 0}, {0, 8}, {5, 5}, {9, 7}, {30, 0}} {
		for _, when := range []schedule.Spec{
			{Cron: "*/10 * * * *", Zone: "Asia/Tokyo", For: 4 * time.Minute},
			{Cron: "5 * * * *", Zone: "Europe/London", For: 20 * time.Minute}, always,
		} {
			bounds, err := policy.NewSchedule(when, bounds[0], bounds[1])
			if err != nil {
				panic(err)
			}
			all = append(all, bounds)
		}
	}
	return all
}()

func drawScheduleRule(t *rapid.T, _ bool) policy.Rule {
	return policy.Rule{Schedule: rapid.SampledFrom(scheduleBounds).Draw(t, "bounds")}
}

func drawRates(t *rapid.T) (rates []policy.Rate) {
	for range rapid.IntRange(0, 2).Draw(t, "rates") {
		rate := policy.Rate{Count: rapid.IntRange(1, 4).Draw(t, "rate"), Period: time.Duration(rapid.IntRange(10, 900).Draw(t, "period")) * time.Second}
		if rapid.Bool().Draw(t, "share") {
			rate.Count, rate.Share = 0, float64(rate.Count)/10
		}
		rates = append(rates, rate)
	}
	return rates
}

// drawKinds is a spec without guards, of up to four rules.
func drawKinds(t *rapid.T, likeLoad bool) policy.Spec {
	spec := unlimited()
	spec.Min = rapid.IntRange(0, 4).Draw(t, "min")
	spec.Max, spec.Policies = spec.Min+rapid.IntRange(1, 16).Draw(t, "room"), nil
	for i := range rapid.IntRange(1, 4).Draw(t, "rules") {
		spec.Policies = append(spec.Policies, drawRule(t, i, likeLoad))
	}
	return spec
}

// guard draws guards of every kind.
func guard(t *rapid.T, spec policy.Spec) policy.Spec {
	spec.Out, spec.In = drawDirection(t, "out"), drawDirection(t, "in")
	spec.Out.Rates, spec.In.Rates = drawRates(t), drawRates(t)
	spec.Out.RateLeast, spec.In.RateLeast = rapid.Bool().Draw(t, "least out"), rapid.Bool().Draw(t, "least in")
	spec.OutOnly = rapid.IntRange(0, 9).Draw(t, "out only") == 0
	if rapid.Bool().Draw(t, "load loss") {
		spec.LoadLoss = policy.LoadLoss{Fall: 0.5, Release: time.Duration(rapid.IntRange(1, 10).Draw(t, "release")) * time.Minute}
	}
	return spec
}

// levels are shares of full load at which something is often about to happen.
var levels = []float64{0, 0.1, 0.2, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.5}

func drawLevel(t *rapid.T) float64 {
	return rapid.OneOf(rapid.SampledFrom(levels), rapid.Float64Range(0, 1.5)).Draw(t, "level")
}

// drawReading is a sample at a level, or now and then anything else.
func drawReading(t *rapid.T, unit float64) policy.Sample {
	switch rapid.IntRange(0, 14).Draw(t, "reading") {
	case 0:
		return drawAbsent(t)
	case 1:
		return policy.Doubted(unit*drawLevel(t), policy.Disagrees, noon)
	}
	return policy.ValueAt(unit*drawLevel(t), noon)
}

// scene is what the four signals show.
type scene struct {
	level      float64 // of cpu; each instance a little beside it
	statistic  policy.Statistic
	odd        []policy.Sample // of the first instances, in place of the level
	rate, size policy.Sample
	push       policy.Sample
	outlook    *policy.Outlook
}

func drawScene(t *rapid.T, statistic policy.Statistic, sent time.Time) scene {
	s := scene{level: drawLevel(t), statistic: statistic, rate: drawReading(t, 10), size: drawReading(t, 10), outlook: drawOutlook(t)}
	for range rapid.IntRange(0, 3).Draw(t, "odd ones") {
		s.odd = append(s.odd, drawReading(t, 1))
	}
	s.push = policy.Missing(policy.Stale, noon)
	if rapid.Bool().Draw(t, "pushed") {
		s.push = policy.ValueAt(float64(rapid.IntRange(-3, 3).Draw(t, "push")), sent)
	}
	return s
}

func (s scene) signals(size int) []policy.Signal {
	samples := readings(size, s.level)
	copy(samples, s.odd)
	cpu := ofInstances(samples)
	cpu.Statistic, cpu.Ceiling = s.statistic, 1
	return []policy.Signal{cpu, ofGroup("rate", s.rate), ofGroup("size", s.size), ofGroup("push", s.push)}
}

// dark is a scene in which nothing can be read.
func dark(size int) []policy.Signal {
	cpu := ofInstances(missing(size, policy.Failed))
	gone := policy.Missing(policy.Failed, noon)
	return []policy.Signal{cpu, ofGroup("rate", gone), ofGroup("size", gone), ofGroup("push", gone)}
}

// moment is one evaluation of a drawn life.
type moment struct {
	after    time.Duration // since the one before
	scene    scene
	becoming int
	leaving  int
	standby  int
	doubtful bool
	served   bool
	order    *policy.Override // an operator gives it just before
	lifts    bool             // an operator lifts what is in force
	jump     time.Duration    // of wall time, just before
}

func drawMoment(t *rapid.T, statistic policy.Statistic) moment {
	m := moment{
		after:    time.Duration(rapid.IntRange(1, 90).Draw(t, "seconds")) * time.Second,
		scene:    drawScene(t, statistic, noon.Add(time.Duration(rapid.IntRange(0, 3).Draw(t, "sent"))*time.Second)),
		leaving:  rapid.IntRange(0, 2).Draw(t, "leaving"),
		standby:  rapid.IntRange(0, 2).Draw(t, "standby"),
		doubtful: rapid.IntRange(0, 19).Draw(t, "doubtful") == 0,
		served:   rapid.IntRange(0, 9).Draw(t, "served") == 0,
		lifts:    rapid.IntRange(0, 9).Draw(t, "lifts") == 0,
	}
	if rapid.IntRange(0, 4).Draw(t, "has becoming") == 0 {
		m.becoming = rapid.IntRange(1, 3).Draw(t, "becoming")
	}
	if rapid.IntRange(0, 9).Draw(t, "ordered") == 0 {
		m.order = &policy.Override{
			Kind: rapid.SampledFrom(policy.OverrideKinds()).Draw(t, "order"), Count: rapid.IntRange(0, 25).Draw(t, "count"), By: "kim",
		}
	}
	if rapid.IntRange(0, 19).Draw(t, "jumps") == 0 {
		m.jump = time.Duration(rapid.IntRange(-7200, 7200).Draw(t, "jump")) * time.Second
	}
	return m
}

func drawMoments(t *rapid.T) []moment {
	statistic := drawStatistic(t)
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) moment { return drawMoment(t, statistic) }), 1, 40).Draw(t, "life")
}

// life is a group of any rules and guards that goes through moments.
type life struct {
	spec     policy.Spec
	memory   policy.Memory
	observed policy.Observation
	now      time.Time
}

func drawLife(t *rapid.T) life {
	spec := guard(t, drawKinds(t, false))
	size := policy.Size{Count: rapid.IntRange(0, 22).Draw(t, "size"), Type: spec.Type}
	return life{spec: spec, observed: policy.Observation{Size: size}, now: noon}
}

// pass lets the time of a moment go by, and what happens to the group whether it is
// evaluated or not.
func (l *life) pass(m moment) {
	l.now = l.now.Add(m.after)
	if m.jump != 0 {
		l.now = l.now.Add(m.jump)
		l.memory.Jump(l.now, m.jump)
	}
	if m.served {
		l.observed.LastServing = l.now
	}
}

// order has the operator give or lift an order.
func (l *life) order(m moment) {
	if m.lifts {
		l.memory.Override = nil
	}
	if m.order != nil {
		order := *m.order
		order.Since, order.Until = l.now, l.now.Add(5*time.Minute)
		l.memory.Override = &order
	}
}

// show is what is observed at the moment.
func (l *life) show(m moment, signals []policy.Signal) policy.Inputs {
	l.observed.Becoming, l.observed.Leaving, l.observed.Doubtful, l.observed.Signals = m.becoming, m.leaving, m.doubtful, signals
	l.observed.Standby = m.standby
	in := l.observed.Inputs()
	foresee(&l.spec, &in, m.scene.outlook)
	return in
}

func (l *life) evaluate(m moment, signals []policy.Signal) policy.Decision {
	in := l.show(m, signals)
	decision := policy.Decide(&l.spec, &in, l.now, &l.memory)
	l.observed.Size = decision.Desired
	return decision
}

func (l *life) restart(t *rapid.T) {
	written, err := json.Marshal(l.memory)
	if err != nil {
		t.Fatalf("write memory: %v", err)
	}
	l.memory = policy.Memory{}
	if err := json.Unmarshal(written, &l.memory); err != nil {
		t.Fatalf("read memory %s: %v", written, err)
	}
}

// bounds are the floor and the ceiling that schedules and an operator make.
func (l *life) bounds() (floor, ceiling int) {
	floor, ceiling = l.spec.Min, l.spec.Max
	for _, rule := range l.spec.Policies {
		if rule.Schedule == nil {
			continue
		}
		windows, err := schedule.Parse(rule.Schedule.When)
		if err != nil {
			panic(err)
		}
		if _, holds := windows.At(l.now); holds {
			floor = max(floor, min(rule.Schedule.Min, l.spec.Max))
			if rule.Schedule.Max > 0 {
				ceiling = min(ceiling, rule.Schedule.Max)
			}
		}
	}
	if order := l.memory.Override; order != nil && order.Kind == policy.AtLeast {
		floor = max(floor, min(order.Count, l.spec.Max))
	}
	return floor, max(floor, ceiling)
}

// misplaced says what is wrong with the size that was decided, if something is.
func (l *life) misplaced(d policy.Decision) string {
	floor, ceiling := l.bounds()
	current, desired := d.Current.Count, d.Desired.Count
	kind := policy.OverrideKind("")
	if l.memory.Override != nil {
		kind = l.memory.Override.Kind
	}
	switch {
	case kind == policy.PauseAll && desired != current:
		return "a paused group changes"
	case kind == policy.PauseOut && desired > current:
		return "it grows during a pause"
	case kind == policy.PauseIn && desired < current:
		return "it shrinks during a pause"
	case kind == policy.HoldAt && (desired < l.spec.Min || desired > max(l.spec.Max, current)):
		return "it is held outside min and max"
	case kind == policy.HoldAt || kind == policy.PauseAll:
	case desired < min(floor, current), desired < floor && kind != policy.PauseOut:
		return fmt.Sprintf("below the floor of %d", floor)
	case desired > max(ceiling, current):
		return fmt.Sprintf("above the ceiling of %d", ceiling)
	case l.spec.OutOnly && desired < current:
		return "it shrinks, and is only to grow"
	}
	return ""
}

func TestDecisionsKeepToTheirBoundsWhateverTheRules(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		group := drawLife(t)
		for i, m := range drawMoments(t) {
			group.pass(m)
			group.order(m)
			decision := group.evaluate(m, m.scene.signals(group.observed.Size.Count))
			if slices.ContainsFunc(decision.Recommendations, func(r policy.Recommendation) bool { return r.Count < 0 }) {
				t.Fatalf("evaluation %d: less than nothing is recommended: %v", i, decision.Recommendations)
			}
			if wrong := group.misplaced(decision); wrong != "" {
				t.Fatalf("evaluation %d, from %d to %d (%s): %s", i, decision.Current.Count, decision.Desired.Count, decision.Reason, wrong)
			}
		}
	})
}

func TestEffectsTellTheWholeWayFromWhatIsWantedToWhatIsDecided(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		group := drawLife(t)
		for i, m := range drawMoments(t) {
			group.pass(m)
			group.order(m)
			d := group.evaluate(m, m.scene.signals(group.observed.Size.Count))
			at := d.Wanted
			for _, effect := range d.Effects {
				if effect.From != at || effect.To == at || !slices.Contains(policy.Reasons(), effect.Reason) {
					t.Fatalf("evaluation %d: %+v does not go on from %d", i, d.Effects, at)
				}
				at = effect.To
			}
			if at != d.Desired.Count {
				t.Fatalf("evaluation %d: %+v end at %d, and %d is decided", i, d.Effects, at, d.Desired.Count)
			}
			if len(d.Effects) == 0 && d.Desired.Count != d.Wanted {
				t.Fatalf("evaluation %d: %d is wanted, %d decided, and nobody says why", i, d.Wanted, d.Desired.Count)
			}
		}
	})
}

func TestRestartBetweenEvaluationsChangesNothingWhateverTheRules(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		steady := drawLife(t)
		killed := steady
		for i, m := range drawMoments(t) {
			killed.restart(t)
			for _, group := range []*life{&steady, &killed} {
				group.pass(m)
				group.order(m)
			}
			signals := m.scene.signals(steady.observed.Size.Count)
			if want, got := steady.evaluate(m, signals), killed.evaluate(m, signals); !reflect.DeepEqual(want, got) {
				t.Fatalf("evaluation %d after a restart: got %+v, want %+v", i, got, want)
			}
			if !steady.memory.Equal(&killed.memory) {
				t.Fatalf("evaluation %d after a restart: remembers %+v, want %+v", i, killed.memory, steady.memory)
			}
		}
	})
}

// What is decided without data at a time at which nobody is there to decide it (a window
// begins) differs by its nature, so the group is not down then. Nor has it schedules alone:
// they need no data, and neither does an outlook.
func TestEvaluationsMissedWhileDownEqualThoseWithoutDataWhateverTheRules(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		steady := drawLife(t)
		if !slices.ContainsFunc(steady.spec.Policies, func(r policy.Rule) bool { return r.Schedule == nil }) {
			steady.spec.Policies = append(steady.spec.Policies, drawTargetRule(t, false))
		}
		killed := steady
		down := false
		for i, m := range drawMoments(t) {
			m.jump = 0
			if rapid.IntRange(0, 4).Draw(t, "down or up again") == 0 {
				down = !down
			}
			steady.pass(m)
			killed.pass(m)
			signals := m.scene.signals(steady.observed.Size.Count)
			if down {
				signals, m.scene.outlook = dark(steady.observed.Size.Count), nil
				missed := steady
				missed.memory = steady.memory.Clone()
				if missed.evaluate(m, signals).Change() == 0 {
					steady = missed
					continue
				}
			} else {
				steady.order(m)
				killed.order(m)
			}
			killed.restart(t)
			if want, got := steady.evaluate(m, signals), killed.evaluate(m, signals); !reflect.DeepEqual(want, got) {
				t.Fatalf("evaluation %d after being down: got %+v, want %+v\n%+v\n%+v", i, got, want, killed.memory, steady.memory)
			}
		}
	})
}

func TestDecidingOnInputsThatWereKeptEqualsEvaluating(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		live := drawLife(t)
		replayed := live
		for i, m := range drawMoments(t) {
			live.pass(m)
			replayed.pass(m)
			live.order(m)
			replayed.order(m)
			in := replayed.show(m, m.scene.signals(replayed.observed.Size.Count))
			written, err := json.Marshal(in)
			var read policy.Inputs
			if err != nil || json.Unmarshal(written, &read) != nil {
				t.Fatalf("wrote %s (%v)", written, err)
			}
			want := live.evaluate(m, m.scene.signals(live.observed.Size.Count))
			got := policy.Decide(&replayed.spec, &read, replayed.now, &replayed.memory)
			replayed.observed.Size = got.Desired
			if !reflect.DeepEqual(want, got) {
				t.Fatalf("evaluation %d: got %+v, want %+v", i, got, want)
			}
		}
	})
}

// uses are the signals that the rule looks at and cannot do without.
func uses(rule policy.Rule) (signals []string) {
	switch {
	case rule.Target != nil:
		return []string{rule.Target.Signal}
	case rule.Step != nil:
		return []string{rule.Step.Signal}
	case rule.Size != nil:
		return []string{rule.Size.Signal}
	case rule.Forecast != nil && rule.Forecast.Fallback > 0: // without, it abstains as long as its outlook does
		return []string{rule.Forecast.Signal}
	case rule.Threshold != nil:
		for _, condition := range rule.Threshold.When {
			signals = append(signals, condition.Signal)
		}
	}
	return signals
}

// drawGap is a sample that counts as missing.
func drawGap(t *rapid.T, unit float64) policy.Sample {
	if rapid.Bool().Draw(t, "doubted") {
		return policy.Doubted(unit*drawLevel(t), policy.Frozen, noon)
	}
	return drawAbsent(t)
}

func TestMissingDataNeverShrinksAGroupWhateverTheRules(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		group := drawLife(t)
		for i := range group.spec.Policies { // any instance that is missing counts
			switch rule := &group.spec.Policies[i]; {
			case rule.Target != nil:
				rule.Target.Quorum = 1
			case rule.Step != nil:
				rule.Step.Quorum = 1
			case rule.Forecast != nil:
				rule.Forecast.Quorum = 1
			case rule.Threshold != nil:
				for j := range rule.Threshold.When {
					rule.Threshold.When[j].Quorum = 1
				}
			}
		}
		blocks := func(r policy.Rule) bool { // a threshold that is only to shrink, and grows, does nothing
			return len(uses(r)) > 0 && r.Only != policy.OnlyOut && (r.Threshold == nil || r.Only != policy.OnlyIn)
		}
		if !slices.ContainsFunc(group.spec.Policies, blocks) {
			rule := drawTargetRule(t, false)
			rule.Target.Quorum = 1
			group.spec.Policies = append(group.spec.Policies, rule)
		}
		blind := uses(group.spec.Policies[slices.IndexFunc(group.spec.Policies, blocks)])
		for i, m := range drawMoments(t) {
			group.pass(m)
			size := group.observed.Size.Count
			signals := m.scene.signals(size)
			for j := range signals {
				switch signal := &signals[j]; {
				case !slices.Contains(blind, signal.Name):
				case signal.PerInstance && size > 0:
					signal.Instances[rapid.IntRange(0, size-1).Draw(t, "which")].Sample = drawGap(t, 1)
				default:
					signal.Group = drawGap(t, 10)
				}
			}
			d := group.evaluate(m, signals)
			if _, ceiling := group.bounds(); d.Desired.Count < min(d.Current.Count, ceiling) {
				t.Fatalf("evaluation %d: shrinks from %d to %d (%s), and %v cannot be told: %+v", i, d.Current.Count, d.Desired.Count, d.Reason, blind, d.Recommendations)
			}
		}
	})
}

// first is the size that the first evaluation decides.
func first(spec policy.Spec, size int, signals []policy.Signal, outlook *policy.Outlook) int {
	in := policy.Observation{Size: policy.Size{Count: size}, Signals: signals}.Inputs()
	foresee(&spec, &in, outlook)
	return policy.Decide(&spec, &in, noon, &policy.Memory{}).Desired.Count
}

// raised is the sample with a higher value; a missing one stays.
func raised(t *rapid.T, sample policy.Sample, unit float64) policy.Sample {
	value, ok := sample.ForGrowth()
	value += unit * rapid.Float64Range(0, 1).Draw(t, "raise")
	switch {
	case !ok:
		return sample
	case sample.Why() != policy.Present:
		return policy.Doubted(value, sample.Why(), noon)
	}
	return policy.ValueAt(value, noon)
}

// A group above a ceiling is left out: it comes down to that, also when more is wanted, and
// stays when nobody can tell.
func TestMoreOfAnySignalNeverMeansFewerInstancesWhateverTheRules(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		spec := drawKinds(t, true)
		ceiling := spec.Max
		for _, rule := range spec.Policies {
			if rule.Schedule != nil && rule.Schedule.Max > 0 {
				ceiling = min(ceiling, rule.Schedule.Max)
			}
		}
		size := rapid.IntRange(1, ceiling).Draw(t, "size")
		s := drawScene(t, drawStatistic(t), noon)
		before, after := s.signals(size), s.signals(size)
		switch i := rapid.IntRange(0, 3).Draw(t, "which signal"); {
		case after[i].PerInstance:
			sample := &after[i].Instances[rapid.IntRange(0, size-1).Draw(t, "which instance")].Sample
			*sample = raised(t, *sample, 1)
		default:
			after[i].Group = raised(t, after[i].Group, 10)
		}
		if low, high := first(spec, size, before, s.outlook), first(spec, size, after, s.outlook); high < low {
			t.Fatalf("%d instances of %d, and %d after a value rose", low, size, high)
		}
	})
}

func TestGroupGrowsOnlyOnHighAndShrinksOnlyOnLowSignalsWhateverTheRules(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		spec, size := drawKinds(t, true), rapid.IntRange(1, 20).Draw(t, "size")
		spec.Min, spec.Max = 0, 1000
		spec.Policies = slices.DeleteFunc(spec.Policies, func(r policy.Rule) bool { return r.Schedule != nil || r.Webhook != nil })
		high := rapid.Bool().Draw(t, "high")
		draw := func(least, most float64) float64 { return rapid.Float64Range(least, most).Draw(t, "value") }
		cpu, rate := draw(0, 0.5), draw(0, min(float64(size), 6.9))
		sized := draw(0, float64(size))
		if high {
			cpu, rate, sized = draw(0.6, 2), draw(max(float64(size), 3.1), 100), draw(float64(size), 100)
		}
		for i := range spec.Policies { // a mean of the group is of another kind than its rate
			if target := spec.Policies[i].Target; target != nil {
				target.Each = false
			}
		}
		signals := scene{level: cpu, rate: policy.ValueAt(rate, noon), size: policy.ValueAt(sized, noon)}.signals(size)
		switch got := first(spec, size, signals, nil); {
		case high && got < size:
			t.Fatalf("shrinks from %d to %d on high signals", size, got)
		case !high && got > size:
			t.Fatalf("grows from %d to %d on low signals", size, got)
		}
	})
}

func TestRuleOfOneWayNeverGoesTheOther(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rule := drawRule(t, 0, false)
		if rule.Schedule != nil {
			return
		}
		spec, size := unlimited(), rapid.IntRange(1, 20).Draw(t, "size")
		spec.Max = 40
		s := drawScene(t, drawStatistic(t), noon)
		signals := s.signals(size)
		alone := func(only policy.Way) int {
			rule.Only = only
			spec.Policies = []policy.Rule{rule}
			return first(spec, size, signals, s.outlook)
		}
		both, out, in := alone(policy.BothWays), alone(policy.OnlyOut), alone(policy.OnlyIn)
		if out != max(size, both) || in > min(size, both) { // one that never grows again may shrink further
			t.Fatalf("from %d to %d, only out to %d, only in to %d", size, both, out, in)
		}
		// Beside another that shrinks, one that only grows keeps it from nothing, save from
		// what it would undo, and while it cannot tell; one that only shrinks has to agree.
		rule.Only = policy.OnlyOut
		spec.Policies = append([]policy.Rule{rule}, policy.Targets(followLoad())...)
		beside := policy.Observation{Size: policy.Size{Count: size}, Signals: append(signals, load(0))}.Inputs()
		foresee(&spec, &beside, s.outlook)
		if got := policy.Decide(&spec, &beside, noon, &policy.Memory{}); both <= size && got.Desired.Count > 0 && !slices.Contains([]policy.Reason{policy.ReasonProjected, policy.ReasonWarming, policy.ReasonUnknown}, got.Reason) {
			t.Fatalf("from %d to %d (%s) beside a rule that only grows", size, got.Desired.Count, got.Reason)
		}
	})
}

// conserved are the signals of a group of the size that carries so much.
func conserved(load, rate float64, size int, statistic policy.Statistic) []policy.Signal {
	return scene{level: load / float64(max(1, size)), statistic: statistic, rate: policy.ValueAt(rate, noon), size: policy.ValueAt(rate, noon)}.signals(size)
}

func TestTargetsAreContentWithWhatTheyWanted(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		spec := unlimited()
		spec.Min, spec.Policies = 1, nil
		for range rapid.IntRange(1, 3).Draw(t, "targets") {
			rule := drawTargetRule(t, true)
			rule.Target.Each = false
			spec.Policies = append(spec.Policies, rule)
		}
		if rapid.Bool().Draw(t, "scheduled") {
			spec.Policies = append(spec.Policies, drawScheduleRule(t, true))
		}
		size, statistic := rapid.IntRange(1, 40).Draw(t, "size"), drawStatistic(t)
		carried, rate := rapid.Float64Range(0, 30).Draw(t, "load"), rapid.Float64Range(0, 40).Draw(t, "rate")
		once := first(spec, size, conserved(carried, rate, size, statistic), nil)
		if twice := first(spec, once, conserved(carried, rate, once, statistic), nil); twice != once {
			t.Fatalf("from %d to %d, and then, under the same load, to %d", size, once, twice)
		}
	})
}

// A step that is larger than needed may be taken back. What was taken back is not taken
// again: a group that shrank under some load does not grow under it.
func TestGroupUnderTheSameLoadTurnsRoundOnceAtMost(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		spec := drawKinds(t, true)
		spec.Min = 1
		for i := range spec.Policies {
			if target := spec.Policies[i].Target; target != nil {
				target.Each = false
			}
		}
		size, statistic, outlook := rapid.IntRange(1, 20).Draw(t, "size"), drawStatistic(t), drawOutlook(t)
		carried, rate := rapid.Float64Range(0, 15).Draw(t, "load"), rapid.Float64Range(0, 20).Draw(t, "rate")
		shrank := false
		sizes := []int{size}
		for range 60 {
			next := first(spec, size, conserved(carried, rate, size, statistic), outlook)
			shrank = shrank || next < size
			if sizes = append(sizes, next); shrank && next > size {
				t.Fatalf("under the same load it shrinks and grows again: %v", sizes)
			}
			size = next
		}
		if before := sizes[len(sizes)-2]; size != before {
			t.Fatalf("under the same load it does not come to rest: %v", sizes)
		}
	})
}

func TestMemoryStaysSmall(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	spec := unlimited()
	hot, cold := threshold(2, above("cpu", 0.8)), threshold(-1, below("cpu", 0.2))
	hot.Hits, hot.Of = 3, 60
	spec.Min, spec.Max = 1, 40
	spec.Policies = append(spec.Policies, policy.Rule{Name: "hot", Threshold: &hot}, policy.Rule{Name: "cold", Threshold: &cold},
		policy.Rule{Name: "size", Size: &policy.SizeOf{Signal: "size"}}, hooked().Policies[0])
	spec.In = policy.Direction{Stabilization: 10 * time.Minute, Rates: []policy.Rate{{Count: 9, Period: 24 * time.Hour}, {Share: 0.5, Period: time.Minute}}}
	spec.Out = policy.Direction{Stabilization: 5 * time.Minute, Rates: []policy.Rate{{Share: 1, Period: time.Hour}}}
	spec.LoadLoss = policy.LoadLoss{Fall: 0.6, Release: 10 * time.Minute}
	group, largest := begin(t, spec, 10), 0
	for i := range 10_000 {
		level := random.Float64()
		wanted := float64(random.IntN(40))
		if i%1000 < 500 { // a long decline leaves the most behind
			wanted = 2000 - 4*float64(i%1000)
		}
		group.memory.Override = &policy.Override{Kind: policy.PauseIn, Since: noon, By: "kim", Why: "test"}
		if i%3 > 0 {
			group.memory.Override = nil
		}
		group.evaluate(load(random.IntN(60)), ofInstances(readings(group.Size.Count, level)),
			ofGroup("size", policy.ValueAt(wanted, noon)), pushed(float64(random.IntN(5)-2), time.Duration(i)))
		group.wait(10 * time.Second)
		written, err := json.Marshal(group.memory)
		if err != nil {
			t.Fatal(err)
		}
		largest = max(largest, len(written))
	}
	if len(group.memory.Turns) > 5 {
		t.Errorf("seed %d: %d turns are kept", seed, len(group.memory.Turns))
	}
	if largest > 8<<10 {
		t.Errorf("seed %d: the memory takes up to %d bytes", seed, largest)
	}
	t.Logf("seed %d: %d bytes at most", seed, largest)
}
