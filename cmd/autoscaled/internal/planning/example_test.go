package planning

import (
	"strings"
	"testing"
)

func TestTheExampleIsARealLoadWithItsOriginAndLicence(t *testing.T) {
	t.Parallel()
	notice, err := example.ReadFile("example/NOTICE")
	if err != nil {
		t.Fatal(err)
	}
	for _, says := range []string{"Internet Traffic Archive", "https://ita.ee.lbl.gov/html/contrib/NASA-HTTP.html", "The traces may be freely redistributed.", "Changes:"} {
		if !strings.Contains(string(notice), says) {
			t.Errorf("the notice lacks %q", says)
		}
	}
	table, err := example.ReadFile("example/requests.csv")
	if err != nil || len(table) > 150_000 {
		t.Errorf("the load has %d bytes (%v)", len(table), err)
	}
}

func TestTheExampleCanBePlanned(t *testing.T) {
	t.Parallel()
	s, source, err := Example()
	if err != nil {
		t.Fatal(err)
	}
	h, err := source.Read(t.Context(), []Subject{s})
	if err != nil {
		t.Fatal(err)
	}
	capacities, err := ReadCapacities([]string{ExampleCapacity}, []Subject{s})
	if err != nil {
		t.Fatal(err)
	}
	study := made(t, Options{Subjects: []Subject{s}, History: h, Capacities: capacities, Peak: ExamplePeak, ScoreAfter: ExampleSeen, Classics: true})
	need, _ := study.Runs[0].Peaks()
	if need != ExamplePeak || study.Load.End().Sub(study.Load.Start) < 26*day {
		t.Errorf("at most %d instances are needed in %v", need, study.Load.End().Sub(study.Load.Start))
	}
	if metrics := study.Runs[0].Metrics; metrics.Scalings < 100 || metrics.TauU > 0.01 {
		t.Errorf("the example's policy has %+v", metrics)
	}
}
