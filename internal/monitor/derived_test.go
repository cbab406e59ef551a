package monitor

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/monitor/reading"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// once is what is made of one reading of each source: by signal one for each of two
// instances, or one of the group. NaN is a source that says that there is nothing.
func once(t *testing.T, group config.Group, readings map[string][]float64) ([]policy.Signal, *scripted) {
	t.Helper()
	watch := newScripted(t, group, 2)
	t.Cleanup(watch.Close)
	return watch.read(tick(0), func(name string, i int) reading.Reading {
		if value := readings[name][i]; !math.IsNaN(value) {
			return says(value, tick(0))
		}
		return reading.None(policy.Absent, tick(0), nil)
	}), watch
}

var nothing = math.NaN()

func firstOfThem(names ...string) config.Signal {
	return config.Signal{Name: "made", FirstOf: names}
}

func formulaOf(text string) config.Signal { return config.Signal{Name: "made", Formula: text} }

func TestAFormulaIsComputedInstanceByInstance(t *testing.T) {
	t.Parallel()
	readings := map[string][]float64{"busy": {30, 10}, "idle": {10, 30}, "all": {4}, "few": {0}}
	sources := []config.Signal{ofEach("busy"), ofEach("idle"), ofAll("all"), ofAll("few")}
	for text, want := range map[string][]float64{
		"busy / (busy + idle) * 100": {75, 25},
		"busy / all":                 {7.5, 2.5}, // the group's value is every instance's
		"max(busy, idle) - all":      {26, 26},
		"all * 2":                    {8},
		"all / few":                  nil,
		"busy * few":                 {0, 0},
	} {
		signals, watch := once(t, groupOf(0, append(sources, formulaOf(text))...), readings)
		made := named(signals, "made")
		if made.PerInstance != (len(want) == 2) {
			t.Errorf("%s: per instance is %v", text, made.PerInstance)
		}
		for i, value := range want {
			sample := made.Group
			if made.PerInstance {
				sample = made.Instances[i].Sample
			}
			if got, ok := sample.Value(); !ok || got != value || !sample.At().Equal(tick(0)) {
				t.Errorf("%s: instance %d shows %v (%s), want %v", text, i, got, sample.Why(), value)
			}
		}
		if want == nil && (made.Group.Why() != policy.NotFinite || len(watch.found("made")) != 1) {
			t.Errorf("%s: %+v with %v, want one that is not finite", text, made, watch.Faults())
		}
	}
}

func TestWhatAFormulaLacksItHasNoValueFor(t *testing.T) {
	t.Parallel()
	group := groupOf(0, formulaOf("0 * busy + all"), ofEach("busy"), ofAll("all")) // made before what it is made of is read
	signals, watch := once(t, group, map[string][]float64{"busy": {30, nothing}, "all": {4}})
	if value, ok := signals[0].Instances[0].Sample.Value(); !ok || value != 4 {
		t.Errorf("where all is known: %v", value)
	}
	lacking := signals[0].Instances[1].Sample
	if _, grows := lacking.ForGrowth(); grows || lacking.Why() != policy.Absent {
		t.Errorf("where busy is absent: %+v", lacking)
	}
	if faults := watch.found("made"); len(faults) != 1 || faults[0].Instance != "gc00000002" || !strings.Contains(faults[0].Err.Error(), "busy is absent") {
		t.Errorf("faults %v, want one of the second instance about busy", faults)
	}
}

func TestADoubtAboutAnOperandIsOneAboutTheFormula(t *testing.T) {
	t.Parallel()
	group := groupOf(0, counterOf(ofEach("busy"), time.Minute), formulaOf("busy + 5"))
	signals, _ := once(t, group, map[string][]float64{"busy": {3, 0}})
	made := named(signals, "made")
	if value, ok := made.Instances[0].Sample.Value(); !ok || value != 8 {
		t.Errorf("over a value that moves: %v", value)
	}
	resting := made.Instances[1].Sample
	if value, ok := resting.ForGrowth(); !ok || value != 5 || resting.Why() != policy.Frozen {
		t.Errorf("over one that rests: %v, %s", value, resting.Why())
	}
}

func TestAFormulaIsAsOldAsItsOldestOperand(t *testing.T) {
	t.Parallel()
	watch := newScripted(t, groupOf(0, ofAll("new"), ofAll("old"), formulaOf("new + old")), 0)
	defer watch.Close()
	signals := watch.read(tick(2), func(name string, _ int) reading.Reading {
		if name == "old" {
			return says(1, tick(0))
		}
		return says(1, tick(2))
	})
	if at := named(signals, "made").Group.At(); !at.Equal(tick(0)) {
		t.Errorf("it is of %s", at.Sub(epoch))
	}
}

func TestTheFirstAlternativeThatHasAValueCounts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		a, b      []float64
		want      []float64
		explained string
	}{
		"the first":             {[]float64{1, 2}, []float64{3, 4}, []float64{1, 2}, ""},
		"instance by instance":  {[]float64{1, nothing}, []float64{3, 4}, []float64{1, 4}, "b stands in for a, which is absent"},
		"the second everywhere": {[]float64{nothing, nothing}, []float64{3, 4}, []float64{3, 4}, "all 2 instances have something; the first: b stands in for a"},
		"none":                  {[]float64{1, nothing}, []float64{3, nothing}, []float64{1, nothing}, "a, and what should stand in for it, has no value"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			signals, watch := once(t, groupOf(0, ofEach("a"), ofEach("b"), firstOfThem("a", "b")), map[string][]float64{"a": c.a, "b": c.b})
			for i, want := range c.want {
				sample := named(signals, "made").Instances[i].Sample
				got, ok := sample.Value()
				if ok == math.IsNaN(want) || ok && got != want {
					t.Errorf("instance %d shows %v (%s), want %v", i, got, sample.Why(), want)
				}
			}
			faults := watch.found("made")
			if c.explained == "" && len(faults) > 0 || c.explained != "" && (len(faults) != 1 || !strings.Contains(faults[0].Err.Error(), c.explained)) {
				t.Errorf("faults %v, want %q", faults, c.explained)
			}
		})
	}
}

func TestADoubtedAlternativeIsTheLastResort(t *testing.T) {
	t.Parallel()
	group := groupOf(0, counterOf(ofEach("a"), time.Minute), ofEach("b"), firstOfThem("a", "b"))
	signals, _ := once(t, group, map[string][]float64{"a": {0, 0}, "b": {7, nothing}})
	made := named(signals, "made")
	if value, ok := made.Instances[0].Sample.Value(); !ok || value != 7 {
		t.Errorf("beside one that is sure: %v", value)
	}
	if sample := made.Instances[1].Sample; sample.Why() != policy.Frozen {
		t.Errorf("beside none: %s", sample.Why())
	}
}

func TestAWarmingInstanceWarmsInEverySignal(t *testing.T) {
	t.Parallel()
	watch := newScripted(t, groupOf(0, ofEach("a"), ofEach("b"), firstOfThem("a", "b"), config.Signal{Name: "sum", Formula: "a + b"}), 1)
	defer watch.Close()
	watch.targets[0].Warming = true
	for _, signal := range watch.read(tick(0), func(string, int) reading.Reading { return says(1, tick(0)) }) {
		if why := signal.Instances[0].Sample.Why(); why != policy.Warming {
			t.Errorf("%s is %s", signal.Name, why)
		}
	}
	if faults := watch.Faults(); len(faults) != 0 {
		t.Errorf("faults %v", faults)
	}
}

func TestAFormulaAboveItsCeilingIsOutOfRange(t *testing.T) {
	t.Parallel()
	share := formulaOf("all * 2")
	share.Ceiling = 100
	signals, _ := once(t, groupOf(0, ofAll("all"), share), map[string][]float64{"all": {60}})
	if made := named(signals, "made"); made.Group.Why() != policy.OutOfRange || made.Ceiling != 100 {
		t.Errorf("got %+v", made)
	}
}

func TestTwoSourcesThatDisagreeCannotShrinkTheGroup(t *testing.T) {
	t.Parallel()
	checked := func(of func(string) config.Signal, least float64) config.Signal {
		return with(of("mine"), func(s *config.Signal) { s.Check = &config.CrossCheck{Signal: "theirs", Within: 0.2, Least: least} })
	}
	for name, c := range map[string]struct {
		signals      []config.Signal
		mine, theirs []float64
		doubted      []bool
		explained    string
	}{
		"both agree":                      {[]config.Signal{checked(ofEach, 0), ofEach("theirs")}, []float64{80, 50}, []float64{100, 50}, []bool{false, false}, ""},
		"one instance is off":             {[]config.Signal{checked(ofEach, 0), ofEach("theirs")}, []float64{79, 50}, []float64{100, 50}, []bool{true, false}, "it showed 79 while theirs showed 100, more than 20% apart"},
		"as far off the other way":        {[]config.Signal{checked(ofEach, 0), ofEach("theirs")}, []float64{100, 50}, []float64{79, 50}, []bool{true, false}, "it showed 100 while theirs showed 79"},
		"a difference too small to count": {[]config.Signal{checked(ofEach, 2), ofEach("theirs")}, []float64{1, 50}, []float64{3, 50}, []bool{false, false}, ""},
		"two zeros":                       {[]config.Signal{checked(ofEach, 0), ofEach("theirs")}, []float64{0, 50}, []float64{0, 50}, []bool{false, false}, ""},
		"the other is silent":             {[]config.Signal{checked(ofEach, 0), ofEach("theirs")}, []float64{80, 50}, []float64{80, nothing}, []bool{false, true}, "it cannot be checked, since theirs is absent"},
		"of the group":                    {[]config.Signal{checked(ofAll, 0), ofAll("theirs")}, []float64{10}, []float64{100}, []bool{true}, "more than 20% apart"},
		"instances against the group":     {[]config.Signal{checked(ofEach, 0), ofAll("theirs")}, []float64{10, 30}, []float64{100}, []bool{true, true}, "it showed 20 while theirs showed 100"},
		"instances that agree with it":    {[]config.Signal{checked(ofEach, 0), ofAll("theirs")}, []float64{10, 190}, []float64{100}, []bool{false, false}, ""},
		"the group against instances":     {[]config.Signal{checked(ofAll, 0), ofEach("theirs")}, []float64{20}, []float64{100, 120}, []bool{true}, "it showed 20 while theirs showed 110"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			signals, watch := once(t, groupOf(0, c.signals...), map[string][]float64{"mine": c.mine, "theirs": c.theirs})
			for i, want := range c.doubted {
				sample := signals[0].Group
				if signals[0].PerInstance {
					sample = signals[0].Instances[i].Sample
				}
				value, ok := sample.ForGrowth()
				if _, trusted := sample.Value(); trusted == want || !ok || value != c.mine[i] || want && sample.Why() != policy.Disagrees {
					t.Errorf("instance %d: %v, %s; want doubted: %v", i, value, sample.Why(), want)
				}
			}
			faults := watch.found("mine")
			if c.explained == "" && len(faults) > 0 || c.explained != "" && (len(faults) != 1 || !strings.Contains(faults[0].Err.Error(), c.explained)) {
				t.Errorf("faults %v, want %q", faults, c.explained)
			}
		})
	}
}

func TestADisagreementIsToldInTheWordsOfItsBeginning(t *testing.T) {
	t.Parallel()
	group := groupOf(0, with(ofAll("mine"), func(s *config.Signal) { s.Check = &config.CrossCheck{Signal: "theirs", Within: 0.2} }), ofAll("theirs"))
	watch := newScripted(t, group, 0)
	defer watch.Close()
	var told []string
	for n, mine := range []float64{10, 20, 95, 30} {
		watch.read(tick(n), func(name string, _ int) reading.Reading {
			if name == "mine" {
				return says(mine, tick(n))
			}
			return says(100, tick(n))
		})
		for _, fault := range watch.Faults() {
			told = append(told, fault.Err.Error())
		}
	}
	if len(told) != 3 || told[0] != told[1] || !strings.Contains(told[0], "showed 10 ") || !strings.Contains(told[2], "showed 30 ") {
		t.Errorf("told %q", told)
	}
}

func TestEachOfSeveralDisagreementsIsToldOfOnce(t *testing.T) {
	t.Parallel()
	checked := func(s *config.Signal) { s.Check = &config.CrossCheck{Signal: "theirs", Within: 0.2} }
	watch := newScripted(t, groupOf(0, with(ofAll("one"), checked), with(ofAll("other"), checked), ofAll("theirs")), 0)
	defer watch.Close()
	read := func(n int) []Fault {
		watch.read(tick(n), func(name string, _ int) reading.Reading {
			if name == "theirs" {
				return says(100, tick(n))
			}
			return says(float64(10+n), tick(n))
		})
		return watch.Faults()
	}
	first, second := read(0), read(1)
	if len(first) != 2 || len(second) != 2 {
		t.Fatalf("first %v, then %v, want two each time", first, second)
	}
	for i := range first {
		if first[i].String() != second[i].String() {
			t.Errorf("told anew: %v, then %v", first[i], second[i])
		}
	}
}

func TestADoubtReachesWhatIsMadeOfTheSignal(t *testing.T) {
	t.Parallel()
	group := groupOf(0, formulaOf("mine * 2"), with(ofAll("mine"), func(s *config.Signal) { s.Check = &config.CrossCheck{Signal: "theirs", Within: 0.2} }), ofAll("theirs"))
	signals, _ := once(t, group, map[string][]float64{"mine": {10}, "theirs": {100}})
	if made := signals[0].Group; made.Why() != policy.Disagrees {
		t.Errorf("it is %s", made.Why())
	}
}

func TestAGroupOfWhichAllAreSilentHasOneFault(t *testing.T) {
	t.Parallel()
	watch := newScripted(t, groupOf(0, ofEach("load")), 4)
	defer watch.Close()
	watch.targets[3].Warming = true
	read := func(n int, answering ...int) []Fault {
		watch.read(tick(n), func(_ string, i int) reading.Reading {
			for _, one := range answering {
				if one == i {
					return says(1, tick(n))
				}
			}
			return silent(tick(n))
		})
		return watch.Faults()
	}
	faults := read(0)
	if len(faults) != 1 || faults[0].Instance != "" || faults[0].Why != policy.Failed || !strings.Contains(faults[0].String(), "none of the 3 instances answers") {
		t.Errorf("all silent: %v", faults)
	}
	if faults := read(1, 1); len(faults) != 2 || faults[0].Instance != "gc00000001" {
		t.Errorf("all but one: %v", faults)
	}
	if faults := read(2, 0, 1, 2); len(faults) != 0 {
		t.Errorf("none: %v", faults)
	}
	if faults := read(3); len(faults) != 1 || faults[0].Why != policy.Present {
		t.Errorf("all silent, and earlier values stand in: %v", faults)
	}
}

func TestNewRefusesWhatCannotBeMade(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		signals []config.Signal
		says    string
	}{
		"an unknown operand":         {[]config.Signal{formulaOf("a + 1")}, "signal made: it uses a, which is none"},
		"a circle":                   {[]config.Signal{firstOfThem("b", "c"), {Name: "b", Formula: "made"}, ofEach("c")}, "made → b → made"},
		"no formula":                 {[]config.Signal{formulaOf("1 +")}, "signal made: at character 4"},
		"instances beside the group": {[]config.Signal{ofEach("a"), ofAll("b"), firstOfThem("a", "b")}, "one cannot stand in for the other"},
		"an unknown check":           {[]config.Signal{with(ofEach("a"), func(s *config.Signal) { s.Check = &config.CrossCheck{Signal: "b"} })}, "it uses b"},
		"an unknown over":            {[]config.Signal{with(ofEach("a"), func(s *config.Signal) { s.Over = "sum" })}, "over \"sum\" is unknown"},
	} {
		if _, err := New(Options{Group: groupOf(0, c.signals...)}); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
}
