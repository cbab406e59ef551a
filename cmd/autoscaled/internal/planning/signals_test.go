package planning

import (
	"strings"
	"testing"

	"github.com/autoscaled/autoscaled/internal/plan/report"
)

func TestCapacitiesAreReadAsWritten(t *testing.T) {
	t.Parallel()
	both := []Subject{subject(t, groupOf(t, "cpu: {snmp: {profile: cpu_busy}}, requests: {promql: r}, queue: {promql: q}",
		"policies: [{target: {signal: cpu, value: 60%}}, {target: {signal: requests, per_instance: 70}}]"), "")}
	got, err := ReadCapacities([]string{"300", "cpu=90%", "queue=12.5"}, both)
	if err != nil || got["requests"] != 300 || got["cpu"] != 0.9 || got["queue"] != 12.5 {
		t.Errorf("got %v (%v)", got, err)
	}
	for text, says := range map[string]string{
		"reqests=5":  "--capacity reqests=5: no signal is named `reqests`: did you mean `requests`?",
		"requests=0": "`0` is not what one instance carries: write a number above 0, for example --capacity requests=300",
		"requests=x": "`x` is not what one instance carries",
		"cpu=-1":     "`-1` is not what one instance carries",
	} {
		_, err := ReadCapacities([]string{text}, both)
		expectError(t, err, says)
	}
	two := []Subject{subject(t, groupOf(t, "a: {promql: a}, b: {promql: b}", "policies: [{target: {signal: a, per_instance: 7}}, {target: {signal: b, per_instance: 7}}]"), "")}
	_, err = ReadCapacities([]string{"5"}, two)
	expectError(t, err, "--capacity 5: it could be of any signal: write for example --capacity a=300")
}

func TestWhatOneInstanceCarriesMustBeKnown(t *testing.T) {
	t.Parallel()
	s := onRequests(t)
	o := Options{Subjects: []Subject{s}, History: read(t, Source{}, steady("requests", "50", 60), s)}
	_, err := Make(t.Context(), o)
	expectError(t, err, "nothing says how much one instance carries: add for example --capacity requests=300")
	cpu := onCPU(t)
	o = Options{Subjects: []Subject{cpu}, History: read(t, Source{}, steady("serving,cpu", "4,0.6", 60), cpu)}
	if study := made(t, o); study.Runs[0].Need[0] != 3 {
		t.Errorf("4 instances at 60 %% are the need of %d full ones", study.Runs[0].Need[0])
	}
	o.Capacities = Capacities{"cpu": 0.8}
	if study := made(t, o); study.Runs[0].Need[0] != 3 || study.Runs[0].Load[0] != 3 {
		t.Errorf("and of %v that are full at 80 %%", study.Runs[0].Load[0])
	}
	o.Capacities = Capacities{"cpu": 1.2}
	_, err = Make(t.Context(), o)
	expectError(t, err, "--capacity cpu=1.2 is above the signal's ceiling, 1")
}

func TestACapacityIsToldAndWhatHasNoneIsDoubted(t *testing.T) {
	t.Parallel()
	s := subject(t, groupOf(t, "cpu: {snmp: {profile: cpu_busy}}, requests: {promql: r}, queue: {promql: q}, jobs: {promql: j}",
		"policies: [{target: {signal: cpu, value: 60%}}, {target: {signal: requests, per_instance: 70}}, {target: {signal: queue, per_instance: 9}}, {size: {signal: jobs}}]"), "")
	o := Options{Subjects: []Subject{s}, History: read(t, Source{}, steady("serving,cpu,requests,queue,jobs", "4,0.3,1000,36,4", 60), s), Capacities: Capacities{"queue": 9}}
	study := made(t, o)
	if got, want := study.Assumptions[0], "An instance is full at cpu 100 % (its ceiling), queue 9."; got != want {
		t.Errorf("it assumes %q, want %q", got, want)
	}
	if got := study.Document(false).Capacities; len(got) != 2 || got["cpu"] != 1 || got["queue"] != 9 {
		t.Errorf("the document has %v", got)
	}
	doubts := strings.Join(study.Warnings, "\n")
	if !strings.Contains(doubts, "requests is decided on, and is not in the need:") || !strings.Contains(doubts, "add --capacity requests=VALUE") || strings.Contains(doubts, "jobs") || strings.Contains(doubts, "queue") {
		t.Errorf("it warns\n%s", doubts)
	}
	o.Capacities = Capacities{"cpu": 0.5, "requests": 60, "queue": 9}
	study = made(t, o)
	doubts = strings.Join(study.Warnings, "\n")
	if study.Assumptions[0] != "An instance is full at cpu 50 %, requests 60, queue 9." || strings.Contains(doubts, "queue") || strings.Contains(doubts, "not in the need") {
		t.Errorf("it assumes %q and warns\n%s", study.Assumptions[0], doubts)
	}
	for _, says := range []string{"target/cpu of web aims at 60 %, and an instance is full at 50 %: the group is kept too small", "target/requests of web aims at 70, and an instance is full at 60:"} {
		if !strings.Contains(doubts, says) {
			t.Errorf("it does not warn %q:\n%s", says, doubts)
		}
	}
}

func TestAPolicyOnWhatTheHistoryDoesNotHaveIsNamed(t *testing.T) {
	t.Parallel()
	s := subject(t, groupOf(t, "requests: {promql: r}, queue: {promql: q}", "policies: [{target: {signal: requests, per_instance: 70}}, {target: {signal: queue, per_instance: 9}}]"), "")
	o := Options{Subjects: []Subject{s}, History: read(t, Source{}, steady("requests", "50", 60), s), Capacities: Capacities{"requests": 100}}
	_, err := Make(t.Context(), o)
	expectError(t, err, "a policy of web decides on queue, and the history says nothing of it: give the history a column queue (it has requests)")
}

func TestASignalArisesFromThatWhichStandsInForIt(t *testing.T) {
	t.Parallel()
	s := subject(t, groupOf(t, "best: {first_of: [cpu, other]}, cpu: {snmp: {profile: cpu_busy}}, other: {scrape: {metric: busy}}", "policies: [{target: {signal: best, value: 60%}}]"), "")
	o := Options{Subjects: []Subject{s}, History: read(t, Source{}, steady("serving,other", "4,0.6", 60), s), Capacities: Capacities{"best": 1}}
	study := made(t, o)
	if last := len(study.Runs[0].Need) - 1; study.Runs[0].Need[last] != 3 || study.Runs[0].Desired[last] != 4 {
		t.Errorf("needed are %d, desired %d", study.Runs[0].Need[last], study.Runs[0].Desired[last])
	}
}

// All subjects carry the same load, whichever signals their own policies look at.
func TestTheLoadIsTheSameForAllSubjects(t *testing.T) {
	t.Parallel()
	cpu, requests := onCPU(t), onRequests(t)
	requests.Role = report.InForce
	subjects := []Subject{cpu, requests}
	h := read(t, Source{}, steady("serving,cpu,requests", "4,0.5,310", 60), subjects...)
	study := made(t, Options{Subjects: subjects, History: h, Capacities: Capacities{"requests": 100}, Series: true})
	for i := range 2 {
		if study.Runs[i].Load[10] != 3.1 || study.Runs[i].Need[10] != 4 {
			t.Errorf("run %d has a load of %v", i, study.Runs[i].Load[10])
		}
	}
}
