package report_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/plan/report"
)

// drawn are the lines of a page's run as its script unfolds them, by the step.
func drawn(t *testing.T, page *report.Page, run int) (steps []int, load map[int]float64, stairs map[string]map[int]int) {
	t.Helper()
	all := data(t, written(t, page))
	found := all["runs"].([]any)[run].(map[string]any)
	if index, thinned := found["instants"].(float64); thinned {
		step := 0
		for _, distance := range all["instants"].([]any)[int(index)].([]any) {
			step += int(distance.(float64))
			steps = append(steps, step)
		}
	} else {
		for step := range int(all["steps"].(float64)) {
			steps = append(steps, step)
		}
	}
	load = map[int]float64{}
	for i, value := range all["curves"].([]any)[int(found["load"].(float64))].([]any) {
		if value, known := value.(float64); known {
			load[steps[i]] = value
		}
	}
	stairs = map[string]map[int]int{}
	for _, name := range []string{"need", "serving", "paid", "desired"} {
		index, known := found[name].(float64)
		if !known {
			continue
		}
		stairs[name] = map[int]int{}
		next, values := 0, all["stairs"].([]any)[int(index)].([]any)
		for i := 0; i < len(values); i += 2 {
			for range int(values[i+1].(float64)) {
				stairs[name][steps[next]] = int(values[i].(float64))
				next++
			}
		}
		if next != len(steps) {
			t.Fatalf("%s has %d instants, expected %d", name, next, len(steps))
		}
	}
	return steps, load, stairs
}

func TestAMonthOfMinutesIsDrawnWhole(t *testing.T) {
	t.Parallel()
	page := weeks(30, seed)
	page.Runs = page.Runs[:1]
	run := &page.Runs[0]
	steps, load, stairs := drawn(t, page, 0)
	if len(steps) != len(run.Load) {
		t.Fatalf("%d of %d steps are drawn", len(steps), len(run.Load))
	}
	for i := range run.Load {
		if math.Abs(load[i]-run.Load[i]) > run.Load[i]/1000 {
			t.Fatalf("the load of step %d is drawn as %v, it is %v", i, load[i], run.Load[i])
		}
		if stairs["need"][i] != run.Need[i] || stairs["serving"][i] != run.Serving[i] || stairs["paid"][i] != run.Paid[i] || stairs["desired"][i] != run.Desired[i] {
			t.Fatalf("step %d is drawn wrongly", i)
		}
	}
}

func TestAThinnedLoadKeepsItsPeaksAndDrawsWhatWasTrueAtOnce(t *testing.T) {
	t.Parallel()
	const steps = 200_000
	chance := rand.New(rand.NewPCG(seed, 1))
	t.Logf("seed %d", seed)
	page := &report.Page{Start: time.Unix(0, 0), Step: time.Minute, Runs: []report.Run{constantRun(steps)}}
	run := &page.Runs[0]
	peaks := map[int]bool{}
	for i := range steps {
		run.Load[i] = 2 + chance.Float64()
		run.Need[i] = int(math.Ceil(run.Load[i]))
		run.Serving[i] = 3 + chance.IntN(2)
	}
	for range 40 { // moments of one step, far apart in height from the rest
		at := chance.IntN(steps/1000) * 1000
		peaks[at] = true
		run.Load[at], run.Need[at] = 50, 50
		run.Serving[at+500] = 1 + chance.IntN(2)
		peaks[at+500] = true
		run.Load[at+750], run.Need[at+750], run.Serving[at+750] = 40, 40, 60 // a peak that is served
		peaks[at+750] = true
	}

	drawnSteps, load, stairs := drawn(t, page, 0)
	if len(drawnSteps) > 45_000 || len(drawnSteps) < 15_000 {
		t.Errorf("%d steps are drawn", len(drawnSteps))
	}
	if !slices.IsSorted(drawnSteps) || drawnSteps[0] != 0 || drawnSteps[len(drawnSteps)-1] != steps-1 {
		t.Error("the steps drawn are not in order from the first to the last")
	}
	for at := range peaks {
		if _, kept := load[at]; !kept {
			t.Errorf("the peak or trough at step %d is not drawn", at)
		}
	}
	for _, at := range drawnSteps {
		if math.Abs(load[at]-run.Load[at]) > 0.05 || stairs["need"][at] != run.Need[at] || stairs["serving"][at] != run.Serving[at] {
			t.Fatalf("step %d is drawn as %v, %d, %d; it was %v, %d, %d", at,
				load[at], stairs["need"][at], stairs["serving"][at], run.Load[at], run.Need[at], run.Serving[at])
		}
	}
}

func TestEveryShortageIsKnownToTheScriptHoweverLongTheLoad(t *testing.T) {
	t.Parallel()
	page := &report.Page{Start: time.Unix(0, 0), Step: time.Minute, Scored: 10, Runs: []report.Run{constantRun(100_000)}}
	need := page.Runs[0].Need
	need[9], need[10], need[11], need[70_000] = 5, 3, 4, 2
	found := data(t, written(t, page))["runs"].([]any)[0].(map[string]any)["shortages"].([]any)
	expected := [][]float64{{10, 2, 3, 5}, {70_000, 1, 1, 1}} // the step before is not scored
	if len(found) != len(expected) {
		t.Fatalf("shortages %v, expected %v", found, expected)
	}
	for i := range expected {
		for j, value := range found[i].([]any) {
			if value.(float64) != expected[i][j] {
				t.Errorf("shortages %v, expected %v", found, expected)
			}
		}
	}
}

func TestALoadThatIsNotKnownIsAGap(t *testing.T) {
	t.Parallel()
	_, load, _ := drawn(t, small(), 0)
	if _, known := load[5]; known || len(load) != 5 {
		t.Errorf("the load is drawn as %v, expected no value at step 5", load)
	}
}

func TestRunsOnTheSameLoadShareItsLine(t *testing.T) {
	t.Parallel()
	all := data(t, written(t, weeks(2, seed)))
	if curves := len(all["curves"].([]any)); curves != 1 {
		t.Errorf("6 runs on one load have %d curves", curves)
	}
}

func TestDecisionsAreInOrderAndTheLargestAreExplained(t *testing.T) {
	t.Parallel()
	const decisions = 9000
	page := &report.Page{Start: time.Unix(0, 0), Step: time.Minute, Runs: []report.Run{constantRun(decisions)}}
	for i := range decisions {
		d := report.Decision{At: page.Start.Add(time.Duration(decisions-1-i) * time.Minute), From: 1, To: 2, Reason: "target", Words: []string{"because"}}
		if i == 0 {
			d.To = 9 // the last in time
		}
		page.Runs[0].Decisions = append(page.Runs[0].Decisions, d)
	}
	found := data(t, written(t, page))["runs"].([]any)[0].(map[string]any)["decisions"].([]any)
	explained := 0
	for i, d := range found {
		if at := d.(map[string]any)["at"].(float64); at != float64(i*60) {
			t.Fatalf("decision %d is at %v s", i, at)
		}
		if d.(map[string]any)["words"] != nil {
			explained++
		}
	}
	if len(found) != decisions || explained != 8000 {
		t.Errorf("%d decisions, of which %d are explained", len(found), explained)
	}
	if found[decisions-1].(map[string]any)["words"] == nil {
		t.Error("the largest change is not explained")
	}
}

func TestAHundredRunsShareTheBoundOfAPage(t *testing.T) {
	t.Parallel()
	page := &report.Page{Start: time.Unix(0, 0), Step: time.Minute}
	for range 100 {
		page.Runs = append(page.Runs, constantRun(10_000))
	}
	all := data(t, written(t, page))
	if runs, lines := all["runs"].([]any), all["instants"].([]any); len(runs) != 100 || len(lines) != 1 || len(lines[0].([]any)) > 4000 {
		t.Errorf("%d runs have %d lists of instants, the first of %d", len(runs), len(lines), len(lines[0].([]any)))
	}
}
