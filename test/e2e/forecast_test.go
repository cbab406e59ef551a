package e2e

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/record"
)

// job runs in each hour for half of it, and while it runs the group needs more instances.
type job struct {
	begins time.Time // one of the runs
	burst  time.Time // when it once needed all instances for half an hour; zero: never
}

const (
	jobRuns  = 4     // instances needed while it runs
	jobRests = least // and while it does not
)

// load is app_load in the minute, which is a little different in each.
func (j job) load(at time.Time) float64 {
	minute := at.Truncate(time.Minute)
	chance := rand.New(rand.NewPCG(uint64(minute.Unix()), 0)).Float64()
	since := minute.Sub(j.begins) % time.Hour
	switch {
	case !minute.Before(j.burst) && minute.Before(j.burst.Add(time.Hour/2)):
		return perInstance * (most - 0.3)
	case since >= 0 && since < time.Hour/2 || since < -time.Hour/2:
		return perInstance * (jobRuns - 0.7 + 0.1*chance)
	default:
		return perInstance * (jobRests - 0.8 + 0.1*chance)
	}
}

// each lists the minutes of so many days before the time, oldest first.
func (j job) each(days int, until time.Time, line func(at time.Time, load float64)) {
	for at := until.AddDate(0, 0, -days).Truncate(time.Minute); at.Before(until); at = at.Add(time.Minute) {
		line(at, j.load(at))
	}
}

// table is two weeks of the job in CSV.
func (j job) table(until time.Time) string {
	var b strings.Builder
	b.WriteString("timestamp,load\n")
	j.each(14, until, func(at time.Time, load float64) { fmt.Fprintf(&b, "%d,%g\n", at.Unix(), load) })
	return b.String()
}

// page is four days of it in OpenMetrics, of two machines.
func (j job) page(until time.Time) string {
	var b strings.Builder
	b.WriteString("# TYPE app_load gauge\n")
	for instance, share := range []float64{0.25, 0.75} {
		j.each(4, until, func(at time.Time, load float64) {
			fmt.Fprintf(&b, "app_load{instance=\"%d\"} %g %d\n", instance, load*share, at.Unix())
		})
	}
	b.WriteString("# EOF\n")
	return b.String()
}

// forecastPolicy has instances full at perInstance.
const forecastPolicy = "forecast: {signal: load, per_instance: 10, budget: 1%}"

func TestAGroupGrowsBeforeTheLoadThatItsPastForetells(t *testing.T) {
	t.Parallel()
	// Each is the backfill, the configuration beside it, and what makes it vanish.
	for name, given := range map[string]func(s *scene, past job) (backfill, beside string, lose func()){
		"by a table": func(s *scene, past job) (string, string, func()) {
			file := s.write("past.csv", past.table(time.Now()))
			return "csv: " + file, "", func() { _ = os.Remove(file) }
		},
		"by Prometheus": func(s *scene, past job) (string, string, func()) {
			server, url := s.prometheusWith(past.page(time.Now()))
			return "promql: sum(app_load)", fmt.Sprintf("prometheus: {url: %q}\n", url), server.kill
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			sim := s.simulate()
			next := job{begins: time.Now().Truncate(time.Minute).Add(4 * time.Minute)}
			backfill, beside, lose := given(s, next)
			url := s.serveLoad(func() float64 { return next.load(time.Now()) })
			configuration := s.configuration(sim.endpoint(), scraped(url), with(t, forecastPolicy, "}", ", backfill: {"+backfill+"}}"))
			metrics := s.freeAddress()
			configuration = with(t, configuration, "listen: "+s.host+":0\n", "listen: "+metrics+"\n"+beside)
			d := s.run(configuration)
			d.until(soon, "forecast that speaks", speaks)
			d.until(late, "growth", func(g fleet.GroupStatus) error {
				if g.Serving < jobRuns {
					return fmt.Errorf("%d serve of %d (%v)", g.Serving, g.Desired, g.Decision.Policies)
				}
				return nil
			})
			d.once("a backfill was learned")
			change := d.changes()[0]
			checkForesight(t, next, change)
			checkForesightExplained(t, s, change)
			d.showsForecast(metrics)
			checkBooks(t, sim.books(), most)

			lose()
			checkForesightKept(t, d, func() *daemon { return s.run(configuration) })
		})
	}
}

// speaks returns nil once the group's forecast does.
func speaks(g fleet.GroupStatus) error {
	if len(g.Foreseen) != 1 {
		return fmt.Errorf("there are %d forecasts", len(g.Foreseen))
	}
	if silence := g.Foreseen[0].Abstains; silence != "" {
		return errors.New(silence.Text())
	}
	return nil
}

// checkForesight expects a change to be due to the job, and to come before it.
func checkForesight(t *testing.T, next job, change record.Moment) {
	t.Helper()
	of, r := change.Decision, change.Decision.Recommendations[0]
	if change.State != record.Verified || of.Current.Count != least || of.Desired.Count < jobRuns || of.Reason != policy.ReasonWant {
		t.Errorf("the first change is %s, and from %d to %d (%s)", change.State, of.Current.Count, of.Desired.Count, of.Reason)
	}
	if f := r.Foreseen; !change.At.Before(next.begins) || r.Load > jobRests || f.Reaction != jobRests || f.Planned < jobRuns || f.Expected < jobRuns-1 {
		t.Errorf("at %s, %s before the load, a load of %v made it want %d: %s", change.At, next.begins.Sub(change.At), r.Load, f.Planned, f)
	}
}

var explainedForecast = regexp.MustCompile(`(?m)^policy forecast/load wants \d: 1\.\d+ instances' worth now, 3\.\d \(\S+ to \S+\) expected in 10m by [a-z ]+, error \d\S*% of late; reaction alone would have 2
  short 0% of the time of late, within its budget of 1%
  what budgets cost here: at most 5%.* 0\.5% short needs \d\S* × the ideal$`)

// checkForesightExplained has the program explain the change.
func checkForesightExplained(t *testing.T, s *scene, change record.Moment) {
	t.Helper()
	status, said := run(t, "explain", "web", "--at", change.At.Format(time.RFC3339Nano), "--socket", s.socket())
	if status != 0 || !explainedForecast.MatchString(said) {
		t.Errorf("explain ended with status %d and said\n%s", status, said)
	}
}

// showsForecast waits until the metrics at the address are those of the newest decision.
func (d *daemon) showsForecast(address string) {
	d.t.Helper()
	d.until(soon, "metrics of the forecast", func(g fleet.GroupStatus) error {
		response, err := client.Get("http://" + address + "/metrics")
		if err != nil {
			return err
		}
		defer response.Body.Close()
		page, err := io.ReadAll(response.Body)
		if err != nil || response.StatusCode != http.StatusOK {
			return fmt.Errorf("%s: %w", response.Status, err)
		}
		f := g.Foreseen[0]
		for name, value := range map[string]float64{
			"expected_instances": f.Expected, "low_instances": f.Low, "high_instances": f.High, "error_ratio": f.Error, "planned_instances": float64(f.Planned),
			"short_ratio": f.Short, "budget_ratio": 0.01, "time_to_serve_seconds": f.Within.Seconds(),
		} {
			line := fmt.Sprintf("autoscaled_forecast_%s{group=\"web\",policy=\"forecast/load\"} %v\n", name, value)
			if !strings.Contains(string(page), line) {
				return fmt.Errorf("there is no %s", line)
			}
		}
		for _, silence := range policy.Silences() {
			if line := fmt.Sprintf("autoscaled_forecast_abstains{group=\"web\",policy=\"forecast/load\",reason=%q} 0\n", silence); !strings.Contains(string(page), line) {
				return fmt.Errorf("there is no %s", line)
			}
		}
		return nil
	})
}

// checkForesightKept kills the daemon and starts others, until one of them decides in the
// same minute as the one before: within it, they say the same.
func checkForesightKept(t *testing.T, d *daemon, start func() *daemon) {
	t.Helper()
	for range 5 {
		before := d.decided()
		d.kill()
		d = start()
		after := d.decided()
		if silent, learned := d.lines("abstains"), d.lines("backfill"); len(silent)+len(learned) > 0 {
			t.Fatalf("after its end the forecast began anew: %q", append(silent, learned...))
		}
		if !after.Decision.At.Truncate(time.Minute).Equal(before.Decision.At.Truncate(time.Minute)) {
			continue
		}
		was, is := before.Foreseen[0].Outlook, after.Foreseen[0].Outlook
		was.Load, is.Load = 0, 0 // it is the present reading's
		if !reflect.DeepEqual(was, is) {
			t.Errorf("before its end the forecast said\n%+v\nand then\n%+v", was, is)
		}
		return
	}
	t.Error("no restart was over within a minute")
}

// decided waits for a decision of this life, and returns the group as it then is.
func (d *daemon) decided() (group fleet.GroupStatus) {
	d.t.Helper()
	d.until(soon, "decision with a forecast", func(g fleet.GroupStatus) error {
		group = g
		return speaks(g)
	})
	return group
}

func TestAPlanSaysHowAForecastKeepsItsBudget(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	end := time.Date(2026, 4, 15, 0, 0, 0, 0, time.UTC)
	past := job{begins: end.Add(-10 * time.Minute), burst: end.Add(-36 * time.Hour)}
	history := s.write("past.csv", past.table(end))
	planOf := func(policies string) []string {
		file := s.write("autoscaled.yaml", s.configuration("http://127.0.0.1:9/json", scraped("http://127.0.0.1:9/metrics"), policies))
		return []string{file, "--history", history, "--capacity", "load=10", "--score-after", "8d"}
	}

	foreseeing := planOf(forecastPolicy)
	figures := planJSON(t, foreseeing...).Runs[0]
	if len(figures.Forecasts) != 1 {
		t.Fatalf("the plan tells of %d forecasts", len(figures.Forecasts))
	}
	f := figures.Forecasts[0]
	if f.Policy != "forecast/load" || f.BudgetShare != 0.01 || f.ShortShare == 0 || f.ShortShare > f.BudgetShare || f.AbstainedShare > 0 {
		t.Errorf("the plan says %+v", f)
	}
	status, said := run(t, append([]string{"plan"}, foreseeing...)...)
	want := fmt.Sprintf("web, forecast/load: short for %s %% of the time, with a budget of 1 %%", strconv.FormatFloat(100*f.ShortShare, 'g', 3, 64))
	if status != 0 || !strings.Contains(said, want) {
		t.Errorf("plan ended with status %d and lacks %q:\n%s", status, want, said)
	}

	reacting := planJSON(t, planOf("target: {signal: load, per_instance: 7}")...).Runs[0]
	if reacting.Figures.OverloadMinutes < 10*figures.Figures.OverloadMinutes || len(reacting.Forecasts) > 0 {
		t.Errorf("by what it saw the group would be short for %v minutes, and with the forecast it is for %v",
			reacting.Figures.OverloadMinutes, figures.Figures.OverloadMinutes)
	}
}
