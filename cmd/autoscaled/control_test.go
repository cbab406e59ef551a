package main

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/events"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/httpd"
	"github.com/autoscaled/autoscaled/internal/httpd/access"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/record"
)

// fakeFleet shows what it is given, and remembers what was asked of it.
type fakeFleet struct {
	state     fleet.Status
	signals   fleet.GroupSignals
	preflight fleet.Preflight
	plan      fleet.DrillPlan
	drill     fleet.Drill // that begins
	asked     []any       // each command, in its own words
	past      []record.Item
	refusal   error // of every command
	watcher   *events.Watcher
	config    httpd.ConfigInForce
	reload    httpd.ReloadReport
}

// handler serves f to somebody who may do everything, and whom the socket names as the user of the tests.
func (f *fakeFleet) handler() http.Handler {
	o := httpd.Options{Fleet: f, Past: f, Configuration: f, Notifiers: f.TestNotifier}
	if f.watcher != nil {
		o.Watcher = f.watcher
	}
	all := httpd.Handler(o)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		me := access.Principal{Name: "unix:" + userName(), Role: access.Admin}
		all.ServeHTTP(w, r.WithContext(access.With(r.Context(), me)))
	})
}

func (f *fakeFleet) Group(name string) (fleet.GroupStatus, error) {
	for _, g := range f.state.Groups {
		if g.Name == name {
			return g, f.refusal
		}
	}
	return fleet.GroupStatus{}, fleet.UnknownGroupError{Name: name}
}

func (f *fakeFleet) Instance(code string) (string, actions.InstanceStatus, error) {
	return "web", actions.InstanceStatus{Code: code}, f.refusal
}

func (f *fakeFleet) Scale(_ context.Context, group string, count int, by, why string) error {
	return f.take([]any{"scale", group, count, by, why})
}

func (f *fakeFleet) Retry(_ context.Context, code, by, why string) error {
	return f.take([]string{"retry", code, by, why})
}

func (f *fakeFleet) Release(_ context.Context, code, by, why string) error {
	return f.take([]string{"release", code, by, why})
}

func (f *fakeFleet) Config() (httpd.ConfigInForce, error) { return f.config, f.refusal }

func (f *fakeFleet) Reload(_ context.Context, dryRun bool, by string) (httpd.ReloadReport, error) {
	report := f.reload
	report.Applied = !dryRun
	return report, f.take([]any{"reload", dryRun, by})
}

func (f *fakeFleet) Status() fleet.Status { return f.state }

func (f *fakeFleet) Signals(string) (fleet.GroupSignals, error) { return f.signals, f.refusal }

func (f *fakeFleet) Decisions(string, time.Time, time.Time) (iter.Seq2[record.Item, error], error) {
	return func(yield func(record.Item, error) bool) {
		for _, item := range f.past {
			if !yield(item, nil) {
				return
			}
		}
	}, f.refusal
}

func (f *fakeFleet) Override(_ context.Context, group string, override policy.Override) error {
	if !override.Until.IsZero() {
		override.Until = now // tests ask for an hour
	}
	return f.take([]any{"override", group, override})
}

func (f *fakeFleet) Promote(_ context.Context, group string, promoted bool, by, why string) error {
	return f.take([]any{"promote", group, promoted, by, why})
}

func (f *fakeFleet) Resume(_ context.Context, group, by, why string) error {
	return f.take([]string{"resume", group, by, why})
}

func (f *fakeFleet) Adopt(_ context.Context, adoption fleet.Adoption) error { return f.take(adoption) }

func (f *fakeFleet) Disown(_ context.Context, code string, by, why string) error {
	return f.take([]string{"disown", code, by, why})
}

func (f *fakeFleet) Protect(_ context.Context, code string, protection actions.Protection) error {
	return f.take([]any{"protect", code, protection})
}

func (f *fakeFleet) Unprotect(_ context.Context, code, by, why string) error {
	return f.take([]string{"unprotect", code, by, why})
}

func (f *fakeFleet) Preflight(_ context.Context, _ string) (fleet.Preflight, error) {
	return f.preflight, f.refusal
}

func (f *fakeFleet) PlanDrill(_ context.Context, _ string) (fleet.DrillPlan, error) {
	return f.plan, f.refusal
}

func (f *fakeFleet) Drill(_ context.Context, group string, request fleet.DrillRequest) (fleet.Drill, error) {
	return f.drill, f.take([]any{"drill", group, request})
}

func (f *fakeFleet) take(command any) error {
	if f.refusal == nil {
		f.asked = append(f.asked, command)
	}
	return f.refusal
}

// serve makes f answer at a socket until the test ends, and returns the socket's path.
func serve(t *testing.T, f *fakeFleet) string {
	t.Helper()
	directory, err := os.MkdirTemp("", "cli-") // those of long test names do not fit into a socket's address
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(directory, "control.sock")
	listener, err := httpd.ListenSocket(path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- httpd.Serve(ctx, listener, f.handler()) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		_ = os.RemoveAll(directory)
	})
	return path
}

func TestACommandReachesTheFleetAndSaysWhatFollows(t *testing.T) {
	t.Parallel()
	const why = "the invoice names them"
	by := userName()
	sato := "sato (unix:" + by + ")" // who says so is told, too
	for line, c := range map[string]struct {
		asked any
		says  string
	}{
		"pause web --by sato": {
			[]any{"override", "web", policy.Override{Kind: policy.PauseAll, By: sato}},
			"web is paused; `autoscaled resume web` ends it",
		},
		"pause web --in --for 1h --by sato": {
			[]any{"override", "web", policy.Override{Kind: policy.PauseIn, Until: now, By: sato}},
			"web is paused in shrinking: it does not shrink for 1h; `autoscaled resume web` ends it",
		},
		"pause web --out --by sato": {
			[]any{"override", "web", policy.Override{Kind: policy.PauseOut, By: sato}},
			"web is paused in growing: it does not grow; `autoscaled resume web` ends it",
		},
		"promote web --by sato --why": {
			[]any{"promote", "web", true, sato, why},
			"the shadow's policies of web are in force; `autoscaled rollback web` ends that",
		},
		"rollback web": {
			[]any{"promote", "web", false, by, ""},
			"the file's policies of web are in force again",
		},
		"hold web 8": {
			[]any{"override", "web", policy.Override{Kind: policy.HoldAt, Count: 8, By: by}},
			"web is held at 8; `autoscaled resume web` ends it",
		},
		"hold web 6 --at-least --for 1h --by sato --why": {
			[]any{"override", "web", policy.Override{Kind: policy.AtLeast, Count: 6, Until: now, By: sato, Why: why}},
			"web is kept at 6 at least for 1h; `autoscaled resume web` ends it",
		},
		"resume web --why": {
			[]string{"resume", "web", by, why},
			"web runs again",
		},
		"adopt gc00000007 --order 7": {
			fleet.Adoption{Order: "7", Codes: []string{"gc00000007"}, By: by},
			"order 7 is settled: gc00000007 is taken on record as what it bought",
		},
		"adopt gc00000007 gc00000008 --order 7 --by sato --why": {
			fleet.Adoption{Order: "7", Codes: []string{"gc00000007", "gc00000008"}, By: sato, Why: why},
			"order 7 is settled: gc00000007, gc00000008 are taken on record as what it bought",
		},
		"adopt --order 7 --none": {
			fleet.Adoption{Order: "7", By: by},
			"order 7 is settled: it bought nothing",
		},
		"adopt gc00000009 --group web": {
			fleet.Adoption{Group: "web", Codes: []string{"gc00000009"}, By: by},
			"gc00000009 is taken on record for group web",
		},
		"disown gc00000007 --by sato --why": {
			[]string{"disown", "gc00000007", sato, why},
			"gc00000007 is not ours any more: it is left as it is, and goes on costing money until you end its contract",
		},
		"protect gc00000007 --by sato --why": {
			[]any{"protect", "gc00000007", actions.Protection{By: sato, Why: why}},
			"gc00000007 is protected: neither scaling in nor replacing removes it; `autoscaled unprotect gc00000007` ends that",
		},
		"scale web 8 --by sato --why": {
			[]any{"scale", "web", 8, sato, why},
			"web is to have 8; its policies go on from there, and `autoscaled hold web 8` keeps it so",
		},
		"retry gc00000007 --why": {
			[]string{"retry", "gc00000007", by, why},
			"gc00000007 moves again",
		},
		"release gc00000007 --why": {
			[]string{"release", "gc00000007", by, why},
			"gc00000007 is on its way out: `autoscaled status` shows how far it is, and its contract is ended last",
		},
		"unprotect gc00000007 --why": {
			[]string{"unprotect", "gc00000007", by, why},
			"gc00000007 is not protected any more",
		},
	} {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			f := &fakeFleet{}
			args := strings.Fields(line)
			if strings.HasSuffix(line, "--why") {
				args = append(args, why)
			}
			out, _, err := execute(t, append(args, "--socket", serve(t, f))...)
			if err != nil || out != c.says+"\n" {
				t.Errorf("said %q, error is %v; want %q", out, err, c.says)
			}
			if want := []any{c.asked}; !reflect.DeepEqual(f.asked, want) {
				t.Errorf("asked %+v, want %+v", f.asked, want)
			}
		})
	}
}

func TestWhatWasDoneIsToldToProgramsToo(t *testing.T) {
	t.Parallel()
	socket := serve(t, &fakeFleet{})
	for _, line := range []string{"pause web", "hold web 3", "scale web 3", "resume web", "promote web", "rollback web", "protect gc1", "unprotect gc1", "retry gc1", "release gc1", "disown gc1", "adopt gc1 --group web"} {
		out, _, err := execute(t, append(strings.Fields(line), "-o", "json", "--socket", socket)...)
		var got told
		words := strings.Fields(line)
		if err != nil || json.Unmarshal([]byte(out), &got) != nil || got.Command != words[0] || len(got.Of) == 0 || got.Of[0] != words[1] || got.Text == "" {
			t.Errorf("%s: error is %v, as JSON\n%s", line, err, out)
		}
	}
}

func TestAPauseThatTakesThePlaceOfAnotherSaysSo(t *testing.T) {
	t.Parallel()
	earlier := &policy.Override{Kind: policy.PauseAll, Since: now, By: "suzuki", Why: "moving the racks"}
	socket := serve(t, &fakeFleet{state: fleet.Status{Groups: []fleet.GroupStatus{{Name: "api"}, {Name: "web", Override: earlier}}}})
	out, _, err := execute(t, "pause", "web", "--socket", socket)
	if err != nil || !strings.Contains(out, "\nthis took the place of: paused by suzuki ") || !strings.HasSuffix(out, ": moving the racks\n") {
		t.Errorf("said %q, error is %v", out, err)
	}
}

func TestARefusalIsTheCommandsErrorAndNothingElse(t *testing.T) {
	t.Parallel()
	const why = "order 7 was settled 3m ago, as void"
	socket := serve(t, &fakeFleet{refusal: fleet.RefusedError{Why: why}})
	for _, line := range []string{
		"pause web", "hold web 3", "resume web", "adopt gc00000007 --order 7", "disown gc00000007", "protect gc00000007", "unprotect gc00000007", "preflight web", "drill web --yes",
		"scale web 3", "retry gc00000007", "release gc00000007", "config show", "config diff", "config reload", "pause web -o json",
	} {
		out, _, err := execute(t, append(strings.Fields(line), "--socket", socket)...)
		if err == nil || err.Error() != why || out != "" {
			t.Errorf("%s said %q, and its error is %v", line, out, err)
		}
	}
}

func TestAnAdoptionThatSaysTwoThingsIsRefusedBeforeAnybodyIsAsked(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(t.TempDir(), "none.sock")
	for line, want := range map[string]string{
		"adopt gc00000007":                        "either --order ID (see `autoscaled orders`) or --group GROUP",
		"adopt gc00000007 --order 7 --group web":  "either --order ID",
		"adopt --order 7":                         "name the machines' codes; if the order bought nothing, write --none",
		"adopt --group web":                       "name the machines' codes",
		"adopt --group web --none":                "write it with --order ID",
		"adopt gc00000007 --order 7 --none":       "and gc00000007 is named: leave one of the two out",
		"adopt gc00000007 --group web --none":     "write it with --order ID",
		"adopt gc1 gc2 --order 7 --none":          "and gc1, gc2 are named",
		"adopt gc00000007 gc00000007 --group web": "gc00000007 is named twice: name each machine once",
		"adopt gc00000007 gc00000007 --order 7":   "gc00000007 is named twice",
		"adopt --order= gc00000007":               "either --order ID",
	} {
		_, _, err := execute(t, append(strings.Fields(line), "--socket", socket)...)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), socket) {
			t.Errorf("%s: error is %v, want %q", line, err, want)
		}
	}
}

func TestOrdersAreShownWithTheCommandsThatSettleThem(t *testing.T) {
	t.Parallel()
	socket := serve(t, &fakeFleet{state: fleet.Status{Accounts: []fleet.AccountStatus{{Name: "gio", Orders: []actions.OrderStatus{
		{ID: "7", Group: "web", Count: 1, State: actions.IntentAsking, At: now, Candidates: []string{"gc00000007"}},
	}}}}})
	out, _, err := execute(t, "orders", "--socket", socket)
	for _, want := range []string{"autoscaled adopt gc00000007 --order 7 --socket " + socket, "autoscaled adopt --order 7 --none --socket " + socket} {
		if err != nil || !strings.Contains(out, want+"\n") {
			t.Errorf("%q is missing, error is %v:\n%s", want, err, out)
		}
	}
	out, _, err = execute(t, "orders", "--json", "--socket", socket)
	var orders []map[string]any
	if err != nil || json.Unmarshal([]byte(out), &orders) != nil || len(orders) != 1 || orders[0]["account"] != "gio" || orders[0]["id"] != "7" {
		t.Errorf("error is %v, as JSON\n%s", err, out)
	}
}

func TestWithoutAnUnsettledOrderThatIsSaid(t *testing.T) {
	t.Parallel()
	socket := serve(t, &fakeFleet{})
	for line, want := range map[string]string{"orders": "every order is settled\n", "orders --json": "[]\n"} {
		if out, _, err := execute(t, append(strings.Fields(line), "--socket", socket)...); err != nil || out != want {
			t.Errorf("%s said %q, error is %v", line, out, err)
		}
	}
}

func TestPreflightsExitStatusSaysWhetherMaxCanBeReached(t *testing.T) {
	t.Parallel()
	for _, flags := range [][]string{nil, {"--json"}} {
		for reachable, reached := range map[int]bool{4: false, 5: true, 6: true} {
			socket := serve(t, &fakeFleet{preflight: fleet.Preflight{Group: "web", Max: 5, Reachable: reachable}})
			out, errs, err := execute(t, append([]string{"preflight", "web", "--socket", socket}, flags...)...)
			if (err == nil) != reached || err != nil && err.Error() != "" || errs != "" || out == "" {
				t.Errorf("%v %d: error is %v, said %q and %q", flags, reachable, err, out, errs)
			}
		}
	}
}

func TestPreflightAsJSONIsTheFleetsOwn(t *testing.T) {
	t.Parallel()
	want := fleet.Preflight{Group: "web", Active: 2, Max: 5, Reachable: 5, Checks: []actions.Check{{Name: "access", State: actions.CheckOK, Room: -1}}}
	out, _, err := execute(t, "preflight", "web", "--json", "--socket", serve(t, &fakeFleet{preflight: want}))
	var got fleet.Preflight
	if err != nil || json.Unmarshal([]byte(out), &got) != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("error is %v, as JSON\n%s", err, out)
	}
}
