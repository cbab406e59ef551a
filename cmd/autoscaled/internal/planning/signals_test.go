package planning

import (
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
