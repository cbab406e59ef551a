package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/autoscaled/autoscaled/internal/fleet"
)

// readyDrill is a drill of a machine that stood by.
func readyDrill() fleet.Drill {
	return fleet.Drill{
		ID: "7", Began: now, By: "sato", Instance: "gc00000005", Outcome: fleet.DrillReady, Took: 47*time.Second + 300*time.Millisecond,
		Steps: []fleet.DrillStep{
			{Name: "started", Took: 1300 * time.Millisecond}, {Name: "running", Took: 38 * time.Second},
			{Name: "described", Took: 400 * time.Millisecond}, {Name: "probed", Took: 7600 * time.Millisecond},
		},
	}
}

func failedDrill() fleet.Drill {
	d := readyDrill()
	d.Outcome, d.Took, d.Restarts = fleet.DrillFailed, time.Hour, 1
	d.Steps, d.Step = d.Steps[:3], "probed"
	d.Reason = "did not become ready within 1h0m0s, and is described: probe: connection refused"
	return d
}

func takenDrill() fleet.Drill {
	d := readyDrill()
	d.Outcome, d.Took, d.Reason = fleet.DrillTaken, 20*time.Second, "the group grows"
	d.Steps, d.Step = d.Steps[:1], "running"
	return d
}

func TestADrillSaysBeforehandWhatItDoesAndCosts(t *testing.T) {
	t.Parallel()
	standby := fleet.DrillPlan{
		Group: "web", Instance: "gc00000005", Template: "gc00000001", Type: "V40", PaidUntil: now, Standing: 1, Kept: 2, LaunchTimeout: time.Hour,
	}
	unfit, surplus, order := standby, standby, standby
	unfit.Overwrites = true
	surplus.Standing, surplus.TimeToServe = 3, 7*time.Minute
	order.Instance = ""
	until := now.Local().Format("2006-01-02 15:04 MST")
	for name, c := range map[string]struct {
		plan fleet.DrillPlan
		says []string
	}{
		"what stands by":        {standby, []string{"gc00000005, which stands by, is started and probed; it joins no pool", "nothing is ordered", until, "it is kept (1 of 2)", "given up after 1h0m"}},
		"what is to be made":    {unfit, []string{"is overwritten from the template, started and probed"}},
		"what is not kept":      {surplus, []string{"3 do then, 2 are kept, and the others are released at the end of the paid period", "served within 7m0s"}},
		"what is to be ordered": {order, []string{"one machine is ordered (V40 from gc00000001)", "a new contract, whose first paid period runs until " + until}},
	} {
		text := planText(c.plan)
		for _, want := range c.says {
			if !strings.Contains(text, want) {
				t.Errorf("%s: %q is missing:\n%s", name, want, text)
			}
		}
	}
}

func TestADrillsExitStatusSaysWhetherTheInstanceBecameReady(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		drill  fleet.Drill
		status int
	}{"drill_ready.txt": {readyDrill(), 0}, "drill_failed.txt": {failedDrill(), 3}, "drill_taken.txt": {takenDrill(), 3}} {
		f := &fakeFleet{drill: c.drill, plan: fleet.DrillPlan{Group: "web", Instance: "gc00000005", PaidUntil: now.Local()}}
		f.state.Groups = []fleet.GroupStatus{{Name: "api"}, {Name: "web", Drill: &c.drill}}
		socket := serve(t, f)
		out, errs, err := execute(t, "drill", "web", "--yes", "--by", "sato", "--why", "why", "--socket", socket)
		if _, after, found := strings.Cut(out, "is given up after 0s\n"); found {
			golden(t, name, after)
		} else {
			t.Errorf("it is not said beforehand:\n%s", out)
		}
		if status := 0; err != nil && statusOf(err) != c.status || err == nil && status != c.status || errs != "" {
			t.Errorf("%s: error is %v, said %q", name, err, errs)
		}
		if want := []any{[]any{"drill", "web", fleet.DrillRequest{Instance: "gc00000005", By: "sato (unix:" + userName() + ")", Why: "why"}}}; !reflect.DeepEqual(f.asked, want) {
			t.Errorf("asked %+v, want %+v", f.asked, want)
		}
		out, errs, _ = execute(t, "drill", "web", "--yes", "-o", "json", "--socket", socket)
		var got fleet.Drill
		if err := json.Unmarshal([]byte(out), &got); err != nil || !reflect.DeepEqual(got, c.drill) || !strings.Contains(errs, "fire drill of group web") {
			t.Errorf("%v: as JSON\n%s\nand\n%s", err, out, errs)
		}
	}
}

func TestADrillIsBegunOnlyWhenAPersonSaysYes(t *testing.T) {
	t.Parallel()
	for answer, begun := range map[string]bool{"y\n": true, " Yes \n": true, "yes": true, "\n": false, "n\n": false, "": false} {
		d := readyDrill()
		f := &fakeFleet{drill: d}
		f.state.Groups = []fleet.GroupStatus{{Name: "web", Drill: &d}}
		var out bytes.Buffer
		command := root()
		command.SetArgs([]string{"drill", "web", "--socket", serve(t, f)})
		command.SetIn(strings.NewReader(answer))
		command.SetOut(&out)
		err := command.ExecuteContext(t.Context())
		if (err == nil) != begun || (len(f.asked) == 1) != begun {
			t.Errorf("%q: error is %v, and asked was %v", answer, err, f.asked)
		}
		if err != nil && strings.Contains(err.Error(), "--yes") != (answer == "") {
			t.Errorf("%q: error is %v", answer, err)
		}
	}
	if _, _, err := execute(t, "drill", "web", "-o", "yaml", "--socket", "none"); err == nil || !strings.Contains(err.Error(), "write text or json") {
		t.Errorf("error is %v", err)
	}
}

// daemonOf answers with the drill as it is after so many questions: nil for no answer.
type daemonOf []*fleet.Drill

func (d *daemonOf) ask(context.Context) (fleet.Status, error) {
	now := (*d)[0]
	if len(*d) > 1 {
		*d = (*d)[1:]
	}
	if now == nil {
		return fleet.Status{}, errors.New("connection refused")
	}
	return fleet.Status{Groups: []fleet.GroupStatus{{Name: "web", Drill: now}}}, nil
}

func TestEachStepOfADrillIsShownOnceWhenItIsOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		over := readyDrill()
		begun := over
		begun.Outcome, begun.Steps, begun.Step, begun.StepAt = "", nil, "started", time.Now()
		half := begun
		half.Steps, half.Step = over.Steps[:1], "running"
		daemon := daemonOf{&begun, &begun, nil, nil, &half, &half, &over}
		var out strings.Builder
		got, err := follower{talk: &out, live: true, ask: daemon.ask}.follow(t.Context(), "web", begun)
		if err != nil || got.Outcome != fleet.DrillReady {
			t.Errorf("it ended as %+v, %v", got, err)
		}
		var lines []string
		for _, line := range strings.Split(strings.ReplaceAll(out.String(), "\r\x1b[K", "\n"), "\n") {
			if line != "" && !strings.Contains(line, "…") {
				lines = append(lines, strings.Join(strings.Fields(line), " "))
			}
		}
		if want := []string{"started 1.3s", "running 38s", "described 400ms", "probed 7.6s"}; !reflect.DeepEqual(lines, want) {
			t.Errorf("it showed %q, want %q", lines, want)
		}
		if !strings.Contains(out.String(), "running      … 5s") {
			t.Errorf("the step under way is not shown: %q", out.String())
		}
	})
}

func TestWhoWatchesADrillIsToldWhenThereIsNothingMoreToSee(t *testing.T) {
	t.Parallel()
	begun := readyDrill()
	begun.Outcome = ""
	another := begun
	another.ID = "8"
	for want, daemon := range map[string]daemonOf{
		"has not answered for 3m":            {nil},
		"is not the group's newest any more": {&begun, &another},
		"without being watched":              {&begun},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
			defer cancel()
			if _, err := (follower{talk: &strings.Builder{}, ask: daemon.ask}).follow(ctx, "web", begun); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error is %v, want %q", err, want)
			}
		})
	}
}

func TestStatusShowsADrillThatIsUnderWay(t *testing.T) {
	t.Parallel()
	d := takenDrill()
	d.Outcome, d.Began, d.Why = "", before(20*time.Second), "a rehearsal"
	group := fleet.GroupStatus{Name: "web", Mode: "act", Drill: &d}
	if text := printed(t, fleet.Status{Groups: []fleet.GroupStatus{group}}); !strings.Contains(text, "\n  fire drill with gc00000005, by sato: a rehearsal, for 20s: running comes next\n") {
		t.Error(text)
	}
	over := readyDrill()
	group.Drill = &over
	if text := printed(t, fleet.Status{Groups: []fleet.GroupStatus{group}}); strings.Contains(text, "drill") {
		t.Error(text)
	}
}
