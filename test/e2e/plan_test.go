package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/record"
)

// planDocument is what of `autoscaled plan -o json` these tests look at.
type planDocument struct {
	Runs []struct {
		Name    string
		Figures struct {
			InstanceHours   float64 `json:"instance_hours"`
			OverloadMinutes float64 `json:"overload_minutes"`
		}
		Forecasts []struct {
			Policy         string
			BudgetShare    float64 `json:"budget_share"`
			ShortShare     float64 `json:"short_share"`
			AbstainedShare float64 `json:"abstained_share"`
		}
		RecordedSteps int `json:"recorded_steps"`
		Decisions     []struct {
			At       time.Time
			From, To int
			Reason   string
			Recorded bool
		}
	}
	History struct{ Steps int }
}

// planJSON plans with the real program, without secrets and environment.
func planJSON(t *testing.T, arguments ...string) (d planDocument) {
	t.Helper()
	command := exec.Command(autoscaled, append([]string{"plan", "-o", "json"}, arguments...)...)
	command.Env = []string{}
	var errs strings.Builder
	command.Stderr = &errs
	out, err := command.Output()
	if err != nil {
		t.Fatalf("plan %v: %v\n%s", arguments, err, errs.String())
	}
	if err := json.Unmarshal(out, &d); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return d
}

func TestADaemonsOwnRecordIsPlannedWhileItRuns(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	sim := s.simulate()
	load := s.servePage()
	d := s.run(s.configuration(sim.endpoint(), load.signal(), loadPolicy))
	d.restsAt(least)
	load.demand(most)
	d.restsAt(most)
	load.demand(least)
	d.restsAt(least)
	load.demand(most - 1)
	d.restsAt(most - 1)
	d.decides(25) // five seconds more: a plan wants ten

	made := d.changes()
	if len(made) < 3 {
		t.Fatalf("the daemon changed the size %d times", len(made))
	}
	for _, secret := range []string{"access-key", "secret-key", "id.pub"} {
		if err := os.Remove(s.path(secret)); err != nil {
			t.Fatal(err)
		}
	}
	planned := planJSON(t, s.path("autoscaled.yaml"), "--capacity", fmt.Sprint(perInstance), "--step", "1s")
	decisions := planned.Runs[0].Decisions
	if len(decisions) < len(made) || planned.Runs[0].RecordedSteps < planned.History.Steps-1 {
		t.Fatalf("of %d changes the plan has %d; the record answers for %d of %d steps", len(made), len(decisions), planned.Runs[0].RecordedSteps, planned.History.Steps)
	}
	for i, moment := range made {
		if decision := decisions[i]; !decision.Recorded || !decision.At.Equal(moment.At) || decision.From != moment.Decision.Current.Count ||
			decision.To != moment.Decision.Desired.Count || decision.Reason != string(moment.Decision.Reason) {
			t.Errorf("change %d was %+v, and is planned as %+v", i, moment.Decision, decision)
		}
	}

	// Under other rules the same record gives other decisions.
	other := s.write("other.yaml", with(t, s.configuration(sim.endpoint(), load.signal(), loadPolicy), "per_instance: 10", "per_instance: 30"))
	planned = planJSON(t, other, "--capacity", fmt.Sprint(perInstance), "--step", "1s", "--store", s.path("state"))
	if planned.Runs[0].RecordedSteps >= planned.History.Steps {
		t.Error("a configuration that decides otherwise is said to decide alike")
	}
}

// changes are the decisions that changed the group's size, as the daemon tells them.
func (d *daemon) changes() (changes []record.Moment) {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), soon)
	defer cancel()
	now := time.Now()
	moments, err := d.control.Decisions(ctx, "web", now.Add(-time.Hour), now.Add(time.Hour), true)
	if err != nil {
		d.t.Fatal(err)
	}
	for _, moment := range moments.Moments {
		if moment.Decision != nil && moment.Decision.Change() != 0 {
			changes = append(changes, moment)
		}
	}
	return changes
}

func TestAPlanIsAGateForAChangeOfTheConfiguration(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	var table strings.Builder
	table.WriteString("timestamp,load\n")
	for minute := range 24 * 60 {
		fmt.Fprintf(&table, "%s,%d\n", time.Date(2026, 4, 1, 0, minute, 0, 0, time.UTC).Format(time.RFC3339), 12+30*(minute/120%2))
	}
	history := s.write("history.csv", table.String())
	inForce := s.configuration("http://127.0.0.1:9/json", "load: {push: {token: env:TOKEN}}", loadPolicy)
	old := s.write("old.yaml", inForce)
	tight := s.write("tight.yaml", with(t, inForce, "per_instance: 10", "per_instance: 20"))
	plan := func(arguments ...string) (status int, said string) {
		return run(t, append([]string{"plan", "--history", history, "--capacity", "10"}, arguments...)...)
	}

	for name, c := range map[string]struct {
		arguments []string
		status    int
		says      string
	}{
		"the same":       {[]string{old, "--against", old, "--max-cost", "+0%", "--max-overload", "+0m", "--max-lost", "+0%"}, 0, "as many overload minutes\n"},
		"cheaper":        {[]string{tight, "--against", old, "--max-cost", "+0%"}, 0, " more overload minutes"},
		"too small":      {[]string{tight, "--against", old, "--max-cost", "+0%", "--max-overload", "+10m"}, 4, "exceeded: --max-overload +10m allows "},
		"dearer":         {[]string{old, "--against", tight, "--max-cost", "+1%"}, 4, "exceeded: --max-cost +1% allows "},
		"no such file":   {[]string{s.path("none.yaml"), "--against", old}, 1, "open the configuration: "},
		"no such signal": {[]string{old, "--capacity", "cpu=1"}, 1, "no signal is named `cpu`"},
	} {
		if status, said := plan(c.arguments...); status != c.status || !strings.Contains(said, c.says) {
			t.Errorf("%s: status %d, want %d, and %q in:\n%s", name, status, c.status, c.says, said)
		}
	}
}

func TestTheExampleIsPlannedAndItsReportOpens(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	report := s.path("plan.html")
	if status, said := run(t, "plan", "--example", "--html", report); status != 0 || !strings.Contains(said, "clairvoyant, cheapest found") {
		t.Fatalf("status %d:\n%s", status, said)
	}
	b := openBrowser(t)
	b.open("file://" + report)
	b.becomes(`String(document.querySelectorAll("#policies tbody tr").length)`, "9")
	b.becomes(`String([...document.querySelectorAll(".chart canvas")].length)`, "3")
	b.expectNoComplaint()
}
