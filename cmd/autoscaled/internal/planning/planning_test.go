package planning

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/plan"
	"github.com/autoscaled/autoscaled/internal/plan/billing"
	"github.com/autoscaled/autoscaled/internal/plan/report"
)

// waves is a history of so many days whose load goes from 1 to 9 instances and back every
// day, and what it is planned with.
func waves(t *testing.T, days int) Options {
	t.Helper()
	return wavesOf(t, days, time.Minute, "100", "300", "600", "900", "500", "200")
}

// coarse are waves of steps that are long enough to look a year ahead in no time.
func coarse(t *testing.T, days int) Options {
	t.Helper()
	return wavesOf(t, days, 20*time.Minute, "100", "300", "600", "900", "500", "200")
}

// wavesOf is a load that is as given for four hours each, day by day.
func wavesOf(t *testing.T, days int, step time.Duration, loads ...string) Options {
	t.Helper()
	s := onRequests(t)
	h := read(t, Source{Step: step}, table("requests", days*24*60, func(minute int) string { return loads[minute/60%24/4] }), s)
	prices, err := billing.Load("gp-gio")
	if err != nil {
		t.Fatal(err)
	}
	return Options{Subjects: []Subject{s}, History: h, Capacities: Capacities{"requests": 100}, Prices: prices, Zone: prices.Zone}
}

func TestAPlanIsComparedWithScalersThatPeopleKnowAndWithTheLimit(t *testing.T) {
	t.Parallel()
	o := waves(t, 2)
	o.Classics, o.Series = true, true
	s := made(t, o)
	var names []string
	for _, run := range s.Runs {
		names = append(names, run.Name+" ("+string(run.Role)+")")
		if !slices.Equal(run.Need, s.Runs[0].Need) {
			t.Errorf("%s carries another load", run.Name)
		}
	}
	want := []string{
		"web (proposed)", "HPA load 70% (classic)", "AWS target tracking 70% (classic)", "nomad target-value 70% (classic)", "±1 at 70%/35%, cooldown 10m (classic)",
		"React 70% (classic)", "static peak 9 (classic)", "static mean 5 (classic)", "clairvoyant, cheapest found (limit)",
	}
	if !slices.Equal(names, want) {
		t.Errorf("the runs are %q", names)
	}
	peak, mean, limit := s.Runs[6], s.Runs[7], s.Runs[8]
	if peak.Metrics.OverloadMinutes != 0 || peak.Metrics.InstanceHours != 9*48 || mean.Metrics.OverloadMinutes != 2*8*60 || mean.Metrics.Scalings != 0 {
		t.Errorf("a fixed size of the peak has %+v, of the mean %+v", peak.Metrics, mean.Metrics)
	}
	for _, run := range s.Runs[:8] {
		if run.Metrics.OverloadMinutes == 0 && run.Bill.Total < limit.Bill.Total {
			t.Errorf("%s is never short and costs %d, less than the limit's %d", run.Name, run.Bill.Total, limit.Bill.Total)
		}
	}
}

func TestClassicScalersAimAtWhatTheSubjectAimsAt(t *testing.T) {
	t.Parallel()
	s := onCPU(t)
	o := Options{Subjects: []Subject{s}, History: read(t, Source{}, steady("serving,cpu", "4,0.5", 60), s), Classics: true}
	if study := made(t, o); study.Runs[1].Name != "HPA cpu 60%" {
		t.Errorf("got %s", study.Runs[1].Name)
	}
	stepwise := subject(t, groupOf(t, "cpu: {snmp: {profile: cpu_busy}}", "policies: [{step: {signal: cpu, steps: [{above: 80%, add: 1}]}}]"), "")
	o.Subjects = []Subject{stepwise}
	if study := made(t, o); study.Runs[1].Name != "HPA cpu 70%" {
		t.Errorf("without a target: got %s", study.Runs[1].Name)
	}
}

// By hand: of 2 days with two peaks of 9, machines that are paid by the day: 9 that stay for
// both (8 from the first peak to the last), at 10,000 for a month of 30 days, each machine's sum rounded down, and 10 % tax.
func TestTheLimitPaysTheLeastThatIsNeverShort(t *testing.T) {
	t.Parallel()
	twice := []string{"100", "900", "100", "900", "100", "100"}
	s := made(t, wavesOf(t, 2, time.Minute, twice...))
	limit := s.Runs[len(s.Runs)-1]
	if want := billing.Money(9 * 666 * 110 / 100); limit.Bill.Total != want {
		t.Errorf("by the day it costs %d, want %d", limit.Bill.Total, want)
	}
	if limit.Metrics.TauU != 0 || limit.Metrics.TauO != 0 || limit.Metrics.InstanceHours != 48+8*36 {
		t.Errorf("by the day: %+v", limit.Metrics)
	}
	o := wavesOf(t, 2, time.Minute, twice...)
	var err error
	if o.Prices, err = billing.Load("per-second"); err != nil {
		t.Fatal(err)
	}
	s = made(t, o)
	limit = s.Runs[len(s.Runs)-1]
	hours := 2 * 4 * (1 + 9 + 1 + 9 + 1 + 1) // of instances
	if limit.Name != optimumName {
		t.Errorf("by the second nobody can pay less, and it is called %s", limit.Name)
	}
	if want := billing.Money(hours * 10); limit.Bill.Total != want || limit.Metrics.InstanceHours != float64(hours) {
		t.Errorf("by the second it costs %d for %v hours, want %d", limit.Bill.Total, limit.Metrics.InstanceHours, want)
	}
}

func TestWhatIsNotScoredCountsNowhere(t *testing.T) {
	t.Parallel()
	whole, o := made(t, waves(t, 3)), waves(t, 3)
	o.ScoreAfter = day
	s := made(t, o)
	if s.From != 24*60 || s.Runs[0].Metrics.Duration != 2*day || s.Runs[0].Metrics.OverloadMinutes >= whole.Runs[0].Metrics.OverloadMinutes {
		t.Errorf("scored are %v with %v overload minutes; of all %v", s.Runs[0].Metrics.Duration, s.Runs[0].Metrics.OverloadMinutes, whole.Runs[0].Metrics.OverloadMinutes)
	}
	o.ScoreAfter = 3 * day
	_, err := Make(t.Context(), o)
	expectError(t, err, "the history is too short: it has 3d")
}

func TestTheShadowIsComparedWithTheGroup(t *testing.T) {
	t.Parallel()
	c := groupOf(t, "requests: {promql: r}", "policies: [{target: {signal: requests, per_instance: 70}}]\nshadow: {policies: [{target: {signal: requests, per_instance: 40}}]}")
	s := subject(t, c, report.Proposed)
	shadow, there, err := s.Shadow()
	if err != nil || !there || shadow.Name != "web/shadow" || shadow.Role != report.Other {
		t.Fatalf("got %+v, %v (%v)", shadow, there, err)
	}
	o := waves(t, 1)
	o.Subjects = []Subject{s, shadow}
	study := made(t, o)
	if a, b := study.Runs[0].Metrics.InstanceHours, study.Runs[1].Metrics.InstanceHours; b < 1.3*a {
		t.Errorf("with a target of 40 there are %v instance-hours, with 70 %v", b, a)
	}
	plain := onRequests(t)
	if _, there, err := plain.Shadow(); there || err != nil {
		t.Errorf("a group without a shadow has one (%v)", err)
	}
}

func TestAGroupIsTakenByItsName(t *testing.T) {
	t.Parallel()
	c := groupOf(t, "requests: {promql: r}", "policies: [{target: {signal: requests, per_instance: 70}}]")
	if s, err := NewSubject(c, "", ""); err != nil || s.Group.Name != "web" {
		t.Errorf("the only one: %v", err)
	}
	_, err := NewSubject(c, "wob", "")
	expectError(t, err, "web.yaml has no group `wob`: did you mean `web`?")
	c.Groups["db"] = c.Groups["web"]
	_, err = NewSubject(c, "", "")
	expectError(t, err, "web.yaml has 2 groups: say which with --group db or web")

	subjects := []Subject{{Config: groupOf(t, "r: {promql: r}", "policies: [{target: {signal: r, per_instance: 7}}]")}, {Config: groupOf(t, "r: {promql: r}", "policies: [{target: {signal: r, per_instance: 7}}]")}, {Config: groupOf(t, "r: {promql: r}", "policies: [{target: {signal: r, per_instance: 7}}]")}}
	subjects[0].Config.File, subjects[1].Config.File, subjects[2].Config.File = "/a/web.yaml", "/b/web.yaml", "/b/new.yaml"
	NameByFile(subjects)
	if subjects[0].Name != "/a/web.yaml" || subjects[1].Name != "/b/web.yaml" || subjects[2].Name != "new.yaml" {
		t.Errorf("they are named %s, %s, %s", subjects[0].Name, subjects[1].Name, subjects[2].Name)
	}
}

func TestGrowthSaysWhenABoundIsMet(t *testing.T) {
	t.Parallel()
	o := coarse(t, 7)
	o.Monthly, o.Surroundings.Quota = 1.1, 18
	s := made(t, o)
	lines := strings.Join(s.GrowthWords(), "\n")
	// Of 9 instances' worth at a target of 70 %, 20 are wanted at 14: 1.1^m = 14/9, m = 4.6.
	month := time.Duration(365.25 / 12 * 24 * float64(time.Hour))
	if after := s.Growth.Max.Sub(s.Load.End()); after < 4*month || after > 5*month {
		t.Errorf("max is met after %v", after)
	}
	if !s.Growth.Quota.Before(s.Growth.Max) || s.Growth.Quota.IsZero() {
		t.Errorf("the quota is met at %v, max at %v", s.Growth.Quota, s.Growth.Max)
	}
	for _, says := range []string{"If the load grows by 10 % a month from 8 Apr 2026 on: max is met first on ", "; the quota is met first on ", "In the whole year ahead, until 8 Apr 2027: ", "with their tolerances that is later"} {
		if !strings.Contains(lines, says) {
			t.Errorf("it lacks %q:\n%s", says, lines)
		}
	}
	short := coarse(t, 6)
	short.Monthly = 1.05
	if said := strings.Join(made(t, short).Warnings, "\n"); !strings.Contains(said, "the history is shorter than a week, so the growth knows no weekends") {
		t.Errorf("of six days it says %s", said)
	}
	if strings.Contains(strings.Join(s.Warnings, "\n"), "shorter than a week") {
		t.Error("a week is said to be shorter than one")
	}
	o.Monthly, o.Surroundings.Quota = 1.001, 0
	if lines = strings.Join(made(t, o).GrowthWords(), "\n"); !strings.Contains(lines, "max is not met until 8 Apr 2027.") {
		t.Errorf("it says\n%s", lines)
	}
}

func TestWhatIsDoubtfulIsSaid(t *testing.T) {
	t.Parallel()
	s := onCPU(t)
	provider := s.Config.Providers["gio"]
	provider.PaidPeriod = "month"
	s.Config.Providers["gio"] = provider
	o := waves(t, 1)
	o.Subjects, o.History = []Subject{s}, read(t, Source{}, table("serving,cpu", 120, func(minute int) string {
		if minute < 30 {
			return "4,1"
		}
		return "4,0.5"
	}), s)
	said := strings.Join(made(t, o).Warnings, "\n")
	for _, says := range []string{
		"low confidence in 25.0 % of the time", "2h are less than a day",
		`the prices of "IIJ GIO by the month, prorated by days" are examples`, "the provider's paid_period is month, and the billing model IIJ GIO by the month, prorated by days charges by the day",
	} {
		if !strings.Contains(said, says) {
			t.Errorf("it lacks %q:\n%s", says, said)
		}
	}
}

func TestAStudyIsTheSameOnAnyNumberOfCores(t *testing.T) {
	t.Parallel()
	o := coarse(t, 2)
	o.Classics, o.Guards, o.Monthly = true, true, 1.05
	o.Surroundings = Surroundings{Failing: 0.1, Seed: 3, ToServe: "4m,8m,30m"}
	for _, text := range []string{"load x2", "lose 50% at 12:00"} {
		what, err := ReadWhatIf(text, o.Zone)
		if err != nil {
			t.Fatal(err)
		}
		o.WhatIfs = append(o.WhatIfs, what)
	}
	var texts []string
	for _, parallel := range []int{1, 8} {
		o.Parallel = parallel
		s, err := Make(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(s.Document(true))
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	if texts[0] != texts[1] {
		t.Error("on one core and on eight it differs")
	}
	o.Surroundings.Seed = 4
	s, err := Make(t.Context(), o)
	if text, _ := json.Marshal(s.Document(true)); err != nil || string(text) == texts[0] {
		t.Errorf("another seed makes no difference (%v)", err)
	}
}

func TestTheReportHasWhatTheStudyHas(t *testing.T) {
	t.Parallel()
	o := coarse(t, 2)
	o.Classics, o.Series, o.Guards, o.Monthly = true, true, true, 1.05
	what, err := ReadWhatIf("load x3", o.Zone)
	if err != nil {
		t.Fatal(err)
	}
	o.WhatIfs = []WhatIf{what}
	s := made(t, o)
	page := s.Page()
	var html bytes.Buffer
	if err := report.Write(&html, page); err != nil {
		t.Fatal(err)
	}
	for _, says := range []string{"scale_in.stabilization", "load x3", "clairvoyant, cheapest found", "static peak 9", "more than max is wanted", "If the load grows by 5", "are examples", "A machine costs 10000 JPY a month, charged by each begun day"} {
		if !strings.Contains(html.String(), says) {
			t.Errorf("the report lacks %q", says)
		}
	}
	if len(page.Runs[0].Decisions) == 0 || !slices.ContainsFunc(page.Runs[0].Decisions[0].Words, func(w string) bool { return strings.Contains(w, "policy target/requests wants") }) {
		t.Errorf("a decision is not explained: %+v", page.Runs[0].Decisions[:1])
	}
	if bill := page.Runs[0].Bill; bill.Total != int64(s.Runs[0].Bill.Total) || len(bill.Days) != 2 {
		t.Errorf("the bill is %+v", bill)
	}
	o.Prices = nil
	if page = made(t, o).Page(); page.Runs[0].Bill != nil || page.PointCost != "instance-hours" || page.Runs[0].Metrics[0].Name != "Instance-hours" {
		t.Error("without prices there is a bill")
	}
}

// A load that comes and goes within the stabilization: without it, the group follows too late.
func TestAGuardIsWeighedByWhatItPrevents(t *testing.T) {
	t.Parallel()
	o := waves(t, 1)
	o.History = read(t, Source{}, table("requests", 24*60, func(minute int) string {
		if minute/20%2 == 0 {
			return "400"
		}
		return "800"
	}), o.Subjects...)
	o.Subjects[0].Spec.In.Stabilization = 40 * time.Minute
	o.Guards = true
	s := made(t, o)
	page := s.Page()
	i := slices.IndexFunc(page.Guards, func(g report.Guard) bool { return g.Name == "scale_in.stabilization" })
	with, without := s.Guards[i].With.Metrics, s.Guards[i].Without.Metrics
	guard := page.Guards[i]
	if guard.Prevented < 100 || guard.Prevented != without.OverloadMinutes-with.OverloadMinutes || guard.Scalings != without.Scalings-with.Scalings || guard.Scalings < 10 {
		t.Errorf("it prevents %v minutes and %d changes", guard.Prevented, guard.Scalings)
	}
	if guard.Hours != with.InstanceHours-without.InstanceHours || guard.Costs != int64(s.Guards[i].With.Bill.Total-s.Guards[i].Without.Bill.Total) {
		t.Errorf("it costs %v hours and %d", guard.Hours, guard.Costs)
	}
}

func TestPricesOfAnotherPeriodThanTheProvidersAreSaid(t *testing.T) {
	t.Parallel()
	for text, c := range map[string]struct{ charge, anchor, paid string }{
		"":                                {"unit: month\ncharge_by: day", "calendar", "day"},
		"charges by the day":              {"unit: month\ncharge_by: day", "calendar", "month"},
		"charges by the month":            {"unit: month", "calendar", "day"},
		"charges by the hour, or less":    {"unit: hour", "contract", "day"},
		"the provider's paid_period is d": {"unit: hour\ncharge_by: second", "contract", "day"},
	} {
		model, err := billing.Parse("prices.yaml", []byte("currency: JPY\nzone: Asia/Tokyo\nprice: \"5\"\nstopped: full\n"+c.charge+"\nanchor: "+c.anchor+"\n"))
		if err != nil {
			t.Fatal(err)
		}
		if said := pricedDifferently(model, config.Provider{PaidPeriod: c.paid}); !strings.Contains(said, text) || text == "" && said != "" {
			t.Errorf("%v: it says %q, want %q", c, said, text)
		}
	}
}

func TestProgressIsTold(t *testing.T) {
	t.Parallel()
	o := waves(t, 1)
	o.Classics, o.Zone, o.Parallel = true, time.UTC, 1
	finished := map[string]bool{}
	o.Progress = func(doing string, done, total int) { finished[doing] = done == total }
	if _, err := Make(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if !finished["replaying"] || !finished["replaying classic scalers"] || len(finished) != 2 {
		t.Errorf("told is %v", finished)
	}
}

func TestAnAbandonedPlanEnds(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	o := waves(t, 1)
	if _, err := Make(ctx, o); !errors.Is(err, ctx.Err()) {
		t.Errorf("it ends with %v", err)
	}
}

func TestShortagesAreToldTheWorstFirst(t *testing.T) {
	t.Parallel()
	r := Run{Result: &plan.Result{From: 1, Need: []int{9, 2, 2, 5, 2, 3, 3}, Serving: []int{1, 2, 1, 1, 2, 2, 3}}}
	want := []Shortage{{From: 2, Steps: 2, Need: 5, Serving: 1, Lacking: 5}, {From: 5, Steps: 1, Need: 3, Serving: 2, Lacking: 1}}
	if got := r.Shortages(); !slices.Equal(got, want) {
		t.Errorf("got %+v", got)
	}
	if need, serving := r.Peaks(); need != 5 || serving != 3 {
		t.Errorf("at most %d were needed, and %d served", need, serving)
	}
}
