package daemon

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/monitor/prom"
	"github.com/autoscaled/autoscaled/internal/plan/load"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/policy/forecast"
	"github.com/autoscaled/autoscaled/internal/record"
	"github.com/autoscaled/autoscaled/internal/store/history"
)

// tokyo is the zone by whose clock the group's days go.
var tokyo = time.FixedZone("JST", 9*60*60)

// noonThere is when the stories of this file are told.
var noonThere = time.Date(2026, time.April, 1, 12, 0, 0, 0, tokyo)

const evaluated = 5 * time.Minute // from one evaluation to the next

// archive is a group whose days are on record: what it rested its decisions on, and where
// that is kept.
type archive struct {
	spec   policy.Spec
	live   *forecast.Forecaster // that saw it all when it happened
	past   *past
	logged *observer.ObservedLogs
}

// newArchive has the decisions of so many days before noonThere. Signal late shows nothing in
// the first half of them.
func newArchive(t *testing.T, days int) *archive {
	t.Helper()
	core, logged := observer.New(zap.DebugLevel)
	a := &archive{logged: logged, spec: policy.Spec{
		Min: 2, Max: 20, Interval: evaluated, Gap: time.Hour,
		Policies: []policy.Rule{forecasting("cpu", 80), forecasting("late", 500)},
	}}
	a.live = forecast.NewForecaster(&a.spec)
	a.past = &past{
		forecasts: []backfilled{{Forecast: a.spec.Policies[0].Forecast, name: "cpu"}, {Forecast: a.spec.Policies[1].Forecast, name: "late"}},
		signals:   []load.Quantity{{Name: "cpu", PerInstance: true, Ceiling: 100}, {Name: "late"}},
		now:       func() time.Time { return noonThere }, log: zap.New(core), outage: &outage{},
	}
	if days > 0 {
		a.record(t, time.Duration(days)*24*time.Hour)
	}
	return a
}

func forecasting(signal string, value float64) policy.Rule {
	return policy.Rule{Name: signal, Forecast: &policy.Forecast{
		Signal: signal, Value: value, Quorum: 0.5, Budget: 0.01, Fallback: 0.7 * value, TimeToServe: 10 * time.Minute, TimeToReturn: 3 * time.Minute,
	}}
}

// busy is what the group carries, in instances that are full.
func busy(at time.Time) float64 {
	return 5 + 3*math.Sin(2*math.Pi*float64(at.Unix()%86400)/86400) + float64(at.Unix()*7919%1000)/1000
}

func (a *archive) record(t *testing.T, span time.Duration) {
	t.Helper()
	directory := t.TempDir()
	kept, err := history.Open(history.Options{Directory: directory, Now: func() time.Time { return noonThere }})
	if err != nil {
		t.Fatal(err)
	}
	recorder, err := record.NewRecorder(&a.spec, func(at time.Time, kind byte, payload []byte) bool {
		return kept.Append("web", at, kind, payload)
	})
	if err != nil {
		t.Fatal(err)
	}
	var memory policy.Memory
	size := 10
	for at := noonThere.Add(-span); at.Before(noonThere); at = at.Add(evaluated) {
		cpu := policy.Signal{Name: "cpu", PerInstance: true, Ceiling: 100}
		for i := range size {
			cpu.Instances = append(cpu.Instances, policy.InstanceSample{Instance: fmt.Sprint(i), Sample: policy.ValueAt(min(100, 80*busy(at)/float64(size)), at)})
		}
		late := policy.Missing(policy.Failed, at)
		if at.After(noonThere.Add(-span / 2)) {
			late = policy.ValueAt(500*busy(at), at)
		}
		observed := policy.Observation{Size: policy.Size{Count: size}, Signals: []policy.Signal{cpu, {Name: "late", Group: late}}}
		inputs, before := observed.Inputs(), memory.Clone()
		a.live.Foresee(&inputs, at, forecast.Leads{})
		decision := policy.Decide(&a.spec, &inputs, at, &memory)
		recorder.Add(&inputs, &before, &memory, decision)
		size = decision.Desired.Count
	}
	if err := kept.Close(); err != nil {
		t.Fatal(err)
	}
	a.past.history = func(from, to time.Time) iter.Seq2[record.Item, error] {
		return load.Store{Directory: directory, Group: "web", From: from, To: to}.Decisions()
	}
}

// taught is what a forecaster knows that was taught the past; nil if there was no news in it.
func (a *archive) taught(t *testing.T, again time.Duration) []byte {
	t.Helper()
	f := forecast.NewForecaster(&a.spec)
	news, got := a.past.teach(t.Context(), f, forecast.Leads{})
	if got != again {
		t.Errorf("it is to be asked again after %s, want %s", got, again)
	}
	if !news {
		return nil
	}
	return f.Snapshot()
}

// learned is what a forecaster knows that is taught so much by hand.
func (a *archive) learned(how func(f *forecast.Forecaster)) []byte {
	f := forecast.NewForecaster(&a.spec)
	how(f)
	return f.Snapshot()
}

// minutes teaches the load of the named policy from one time until another.
func minutes(f *forecast.Forecaster, of string, each float64, from, to time.Time) {
	for at := from; at.Before(to); at = at.Add(time.Minute) {
		f.Learn(of, at, each*busy(at))
	}
}

// replayed shows the forecaster what the history holds.
func (a *archive) replayed(f *forecast.Forecaster) {
	for item := range a.past.history(noonThere.Add(-pastMost), noonThere) {
		f.Foresee(&item.Inputs, item.At.In(tokyo), forecast.Leads{})
	}
}

// table is a file with the load of a signal.
func table(t *testing.T, name string, each float64, from, to time.Time) string {
	t.Helper()
	var text strings.Builder
	fmt.Fprintf(&text, "timestamp,%s\n", name)
	for at := from; at.Before(to); at = at.Add(time.Minute) {
		fmt.Fprintf(&text, "%d,%v\n", at.Unix(), each*busy(at))
	}
	path := filepath.Join(t.TempDir(), "load.csv")
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestWhatAForecasterLearnsFromTheHistoryIsWhatItSawWhenThatHappened(t *testing.T) {
	t.Parallel()
	a := newArchive(t, 4)
	if !bytes.Equal(a.taught(t, 0), a.live.Snapshot()) {
		t.Error("what was taught differs from what was seen")
	}
	if a.logged.Len() > 0 {
		t.Errorf("it says %v", a.logged.All())
	}
}

func TestABackfillIsLearnedForTheTimeBeforeTheHistoryKnowsTheSignal(t *testing.T) {
	t.Parallel()
	a := newArchive(t, 4)
	csv := table(t, "late", 500, noonThere.Add(-10*24*time.Hour), noonThere)
	a.past.forecasts[1].from = config.Backfill{CSV: csv}
	want := a.learned(func(f *forecast.Forecaster) {
		minutes(f, "late", 500, noonThere.Add(-10*24*time.Hour), noonThere.Add(-2*24*time.Hour+evaluated))
		a.replayed(f)
	})
	if !bytes.Equal(a.taught(t, 0), want) {
		t.Errorf("something else was taught: %v", a.logged.All())
	}
}

func TestABackfillIsLearnedAsFarBackAsCountsAndUntilNowWithoutAHistory(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"late", "value"} {
		a := newArchive(t, 0)
		a.past.forecasts[1].from = config.Backfill{CSV: table(t, name, 500, noonThere.Add(-40*24*time.Hour), noonThere)}
		want := a.learned(func(f *forecast.Forecaster) { minutes(f, "late", 500, noonThere.Add(-pastMost), noonThere) })
		if !bytes.Equal(a.taught(t, 0), want) {
			t.Errorf("something else was taught: %v", a.logged.All())
		}
	}
}

func TestABackfillThatCannotBeReadIsToldAndTheHistoryIsLearnedAllTheSame(t *testing.T) {
	t.Parallel()
	of := func(path string) config.Backfill { return config.Backfill{CSV: path} }
	for what, c := range map[string]struct {
		from config.Backfill
		want string
	}{
		"a file that is not there":   {of(filepath.Join(t.TempDir(), "none.csv")), "give the path of a CSV file"},
		"a pipe that nobody writes":  {of(pipe(t)), "is no regular file"},
		"a mean of unknown number":   {of(table(t, "cpu", 80, noonThere.Add(-5*24*time.Hour), noonThere)), "add a column serving"},
		"a table of something else":  {of(table(t, "late", 1, noonThere.Add(-5*24*time.Hour), noonThere)), "column `late` is no signal"},
		"a table of another century": {of(table(t, "cpu,serving", 0, noonThere.AddDate(-20, 0, 0), noonThere.AddDate(-20, 0, 0))), "load.csv"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			a := newArchive(t, 2)
			a.past.forecasts[0].from = c.from
			if !bytes.Equal(a.taught(t, 0), a.live.Snapshot()) {
				t.Error("the history was not learned")
			}
			warnings := a.logged.FilterLevelExact(zapcore.WarnLevel).All()
			if len(warnings) != 1 || !strings.Contains(fmt.Sprint(warnings[0].ContextMap()["error"]), c.want) {
				t.Errorf("it says %v", a.logged.All())
			}
			if shown := a.past.trouble(); !strings.HasPrefix(shown, "cpu: ") || !strings.Contains(shown, c.want) {
				t.Errorf("it shows %q", shown)
			}
			a.past.forecasts[0].from = config.Backfill{}
			if a.taught(t, 0); a.past.trouble() != "" {
				t.Errorf("without a backfill it shows %q", a.past.trouble())
			}
		})
	}
}

func pipe(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// mute is a Prometheus server that says nothing until it is asked a second time.
type mute struct{ asked int }

func (m *mute) Name() string { return "http://prometheus.test" }

func (m *mute) Curve(_ context.Context, of prom.Stretch) (prom.Curve, error) {
	if m.asked++; m.asked < 3 {
		return prom.Curve{}, errors.New("it starts")
	}
	curve := prom.Curve{Series: "{}"}
	for at := of.From; !at.After(of.To); at = at.Add(of.Step) {
		curve.Points = append(curve.Points, prom.Point{At: at, Value: 80 * busy(at)})
	}
	return curve, nil
}

func TestAServerThatCannotTellIsAskedAgainAndToldOfOnce(t *testing.T) {
	t.Parallel()
	a := newArchive(t, 2)
	a.past.server = &mute{}
	a.past.forecasts[0].from = config.Backfill{PromQL: "sum(cpu)"}
	if !bytes.Equal(a.taught(t, askAgain), a.live.Snapshot()) {
		t.Error("the history was not learned")
	}
	if a.taught(t, askAgain) != nil {
		t.Error("the second time there was something new")
	}
	want := a.learned(func(f *forecast.Forecaster) {
		minutes(f, "cpu", 80, noonThere.Add(-pastMost), noonThere.Add(-2*24*time.Hour))
		a.replayed(f)
	})
	if !bytes.Equal(a.taught(t, 0), want) {
		t.Error("something else was taught")
	}
	if lines := a.logged.All(); len(lines) != 2 || lines[0].Level != zapcore.WarnLevel || lines[1].Message != "a backfill was learned" {
		t.Errorf("it says %v", lines)
	}
}

// counted is a server, and how often it was asked.
type counted struct {
	load.Server
	asked int
}

func (c *counted) Curve(ctx context.Context, of prom.Stretch) (prom.Curve, error) {
	c.asked++
	return c.Server.Curve(ctx, of)
}

func TestAServerThatDidNotAnswerIsNotAskedForEveryGroupInTurn(t *testing.T) {
	t.Parallel()
	nobody, err := prom.NewServer(config.Prometheus{URL: "http://127.0.0.1:1", Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nobody.Close)
	first, second := newArchive(t, 2), newArchive(t, 2)
	server, now := &counted{Server: nobody}, noonThere
	for _, a := range []*archive{first, second} {
		a.past.server, a.past.outage, a.past.now = server, first.past.outage, func() time.Time { return now }
		a.past.forecasts[0].from = config.Backfill{PromQL: "sum(cpu)"}
	}
	synctest.Test(t, func(t *testing.T) { // it pauses between its questions
		for _, a := range []*archive{first, second} {
			if !bytes.Equal(a.taught(t, askAgain), a.live.Snapshot()) {
				t.Error("the history was not learned")
			}
		}
		asked := server.asked
		now = now.Add(askAgain)
		second.taught(t, askAgain)
		if asked == 0 || server.asked != 2*asked {
			t.Errorf("it was asked %d times for two groups, and %d times in all a while later", asked, server.asked)
		}
	})
}

func TestLearningThePastEndsWithTheDaemon(t *testing.T) {
	t.Parallel()
	a := newArchive(t, 2)
	a.past.forecasts[0].from = config.Backfill{CSV: table(t, "late", 1, noonThere.Add(-time.Hour), noonThere)}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	f := forecast.NewForecaster(&a.spec)
	if news, again := a.past.teach(ctx, f, forecast.Leads{}); news || again != 0 {
		t.Errorf("there is news (%t), and it is to be asked again after %s", news, again)
	}
	if !bytes.Equal(f.Snapshot(), a.learned(func(*forecast.Forecaster) {})) {
		t.Error("it learned something")
	}
}

func TestAColumnIsKnownByItsWholeName(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]bool{
		"timestamp,cpu":                    true,
		"\ufefftimestamp, \"cpu\" \r":      true,
		"cpu,timestamp\n1,2":               true,
		"timestamp,cpu_busy,value":         false,
		"timestamp,value\n2026-01-01,cpu,": false,
	} {
		if got := hasColumn(header, "cpu"); got != want {
			t.Errorf("%q: %v", header, got)
		}
	}
}
