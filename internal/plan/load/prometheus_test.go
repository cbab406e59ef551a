package load

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/monitor/prom"
)

// server is a Prometheus that knows a curve for each expression, and fails as it is told.
type server struct {
	curves map[string]func(at time.Time) (value float64, ok bool)
	series func(of prom.Stretch) string // of an answer; nil: always the same
	fails  func(asked int) error        // of each question, counted from 1; nil: never
	asked  []prom.Stretch
}

func (s *server) Name() string { return "http://prometheus.test:9090" }

func (s *server) Curve(_ context.Context, of prom.Stretch) (prom.Curve, error) {
	s.asked = append(s.asked, of)
	if s.fails != nil {
		if err := s.fails(len(s.asked)); err != nil {
			return prom.Curve{}, err
		}
	}
	curve := prom.Curve{Series: "{}"}
	if s.series != nil {
		curve.Series = s.series(of)
	}
	for at := of.From; !at.After(of.To); at = at.Add(of.Step) {
		if value, ok := s.curves[of.PromQL](at); ok {
			curve.Points = append(curve.Points, prom.Point{At: at, Value: value})
		}
	}
	return curve, nil
}

// minutes is a curve that counts the minutes since noon.
func minutes(at time.Time) (float64, bool) { return at.Sub(noon).Minutes(), true }

func constant(value float64) func(time.Time) (float64, bool) {
	return func(time.Time) (float64, bool) { return value, true }
}

// between is minutes, with nothing known outside of a time.
func between(from, to time.Time) func(time.Time) (float64, bool) {
	return func(at time.Time) (float64, bool) {
		value, _ := minutes(at)
		return value, !at.Before(from) && at.Before(to)
	}
}

func askedFor(s *server, span time.Duration) Prometheus {
	return Prometheus{Server: s, Queries: []Query{{Quantity: requests, PromQL: "rate"}}, From: noon, To: noon.Add(span)}
}

func TestPrometheusIsAskedPartByPart(t *testing.T) {
	t.Parallel()
	s := &server{curves: map[string]func(time.Time) (float64, bool){"rate": minutes, "busy": constant(50), "up": constant(4)}}
	var told []string
	l, warnings, err := ReadPrometheus(t.Context(), Prometheus{
		Server: s, From: noon.Add(20 * time.Second), To: noon.Add(2500 * time.Minute),
		Queries: []Query{
			{Quantity: requests, PromQL: "rate", Lookback: time.Minute, Label: "group", Value: "web"},
			{Quantity: cpu, PromQL: "busy"}, {Quantity: Quantity{Name: "serving"}, PromQL: "up"},
		},
		Progress: func(done, total int) { told = append(told, fmt.Sprintf("%d/%d", done, total)) },
	}, Options{})
	if err != nil || len(warnings) != 0 {
		t.Fatal(err, warnings)
	}
	if !l.Start.Equal(noon) || l.Len() != 2500 || l.Signal("requests").Totals[2499] != 2499 || l.Signal("cpu").Totals[17] != 200 || l.Serving[2000] != 4 {
		t.Errorf("%d steps from %v", l.Len(), l.Start)
	}
	if l.Signal("serving") != nil || l.Origin != "prometheus http://prometheus.test:9090" {
		t.Errorf("%v of %s", l.Signals, l.Origin)
	}
	if want := "[1/9 2/9 3/9 4/9 5/9 6/9 7/9 8/9 9/9]"; fmt.Sprint(told) != want {
		t.Errorf("told %v", told)
	}
	first := s.asked[0]
	if want := (prom.Stretch{PromQL: "rate", Label: "group", Value: "web", Lookback: time.Minute, From: noon, To: noon.Add(999 * time.Minute), Step: time.Minute}); first != want {
		t.Errorf("asked %+v, want %+v", first, want)
	}
	for i, of := range s.asked[:3] {
		if of.To.Sub(of.From)/of.Step >= pointsMax || i > 0 && of.From.Sub(s.asked[i-1].To) != time.Minute {
			t.Errorf("question %d is %+v", i, of)
		}
	}
}

func TestWhatPrometheusDoesNotHaveIsAGap(t *testing.T) {
	t.Parallel()
	s := &server{curves: map[string]func(time.Time) (float64, bool){"rate": between(noon.Add(1200*time.Minute), noon.Add(1300*time.Minute))}}
	l, warnings, err := ReadPrometheus(t.Context(), askedFor(s, 3000*time.Minute), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !l.Start.Equal(noon.Add(1200*time.Minute)) || l.Len() != 100 || l.Signals[0].Totals[0] != 1200 {
		t.Errorf("%d steps from %v", l.Len(), l.Start)
	}
	if want := []string{"asked for was 2026-04-01T12:00:00Z to 2026-04-03T14:00:00Z, and there are values from 2026-04-02T08:00:00Z to 2026-04-02T09:40:00Z only: how long does the server keep its data?"}; !slices.Equal(texts(warnings), want) {
		t.Errorf("warns %q", texts(warnings))
	}

	hole := between(noon.Add(10*time.Minute), noon.Add(20*time.Minute))
	s.curves["rate"] = func(at time.Time) (float64, bool) {
		value, in := hole(at)
		return value, !in
	}
	l, warnings, err = ReadPrometheus(t.Context(), askedFor(s, time.Hour), Options{})
	if err != nil || l.Len() != 60 || !math.IsNaN(l.Signals[0].Totals[10]) || len(warnings) != 1 {
		t.Errorf("%+v, %v, %v", l, warnings, err)
	}
}

func TestAQuestionThatMaySucceedLaterIsAskedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &server{curves: map[string]func(time.Time) (float64, bool){"rate": minutes}}
		s.fails = func(asked int) error {
			switch asked {
			case 1, 2, 4:
				return &prom.CurveError{Again: true}
			case 5:
				return fmt.Errorf("wrapped: %w", &prom.CurveError{Again: true, After: time.Minute})
			}
			return nil
		}
		began := time.Now()
		if _, _, err := ReadPrometheus(t.Context(), askedFor(s, 1500*time.Minute), Options{}); err != nil {
			t.Fatal(err)
		}
		if waited := time.Since(began); waited != 1*time.Second+2*time.Second+1*time.Second+time.Minute || len(s.asked) != 6 {
			t.Errorf("asked %d times in %v", len(s.asked), waited)
		}
	})
}

func TestAServerThatStaysInTroubleIsLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &server{fails: func(int) error { return &prom.CurveError{Again: true} }}
		began := time.Now()
		_, _, err := ReadPrometheus(t.Context(), askedFor(s, time.Hour), Options{})
		if err == nil || !strings.Contains(err.Error(), "(asked 5 times)") || len(s.asked) != 5 || time.Since(began) != 15*time.Second {
			t.Errorf("got %v after %d questions in %v", err, len(s.asked), time.Since(began))
		}
	})
}

func TestAQuestionThatIsRefusedIsNotAskedAgain(t *testing.T) {
	t.Parallel()
	for _, refused := range []error{&prom.CurveError{}, errors.New("anything else")} {
		s := &server{fails: func(int) error { return refused }}
		if _, _, err := ReadPrometheus(t.Context(), askedFor(s, time.Hour), Options{}); !errors.Is(err, refused) || len(s.asked) != 1 {
			t.Errorf("got %v after %d questions", err, len(s.asked))
		}
	}
}

func TestReadingEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		enough := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		s := &server{fails: func(int) error { return &prom.CurveError{Again: true, After: time.Hour} }}
		time.AfterFunc(time.Second, func() { cancel(enough) })
		began := time.Now()
		if _, _, err := ReadPrometheus(ctx, askedFor(s, time.Hour), Options{}); !errors.Is(err, enough) || time.Since(began) != time.Second {
			t.Errorf("got %v after %v", err, time.Since(began))
		}
	})
}

func TestAnswersOfWhichNoLoadComesAreRefused(t *testing.T) {
	t.Parallel()
	valid := map[string]func(time.Time) (float64, bool){"rate": minutes, "none": between(noon, noon), "below": constant(-0.5), "many": constant(2e5), "over": constant(101)}
	tests := []struct {
		behaviour string
		change    func(*Prometheus)
		o         Options
		says      string
	}{
		{"no query", func(p *Prometheus) { p.Queries = nil }, Options{}, "there is no query of a signal"},
		{"only of how many serve", func(p *Prometheus) { p.Queries[0].Name = "serving" }, Options{}, "there is no query of a signal"},
		{"means of nobody knows how many", func(p *Prometheus) { p.Queries[0].Quantity = cpu }, Options{}, "`cpu` is a mean of the instances, and nothing says how many served"},
		{"no time", func(p *Prometheus) { p.To = p.From }, Options{}, "is no time: give a begin before the end"},
		{"a time before times", func(p *Prometheus) { p.From = time.Time{} }, Options{}, "outside of the years"},
		{"steps that are too short", nil, Options{Step: time.Millisecond}, "take a second at least"},
		{"steps that it cannot make", nil, Options{Step: time.Second + time.Nanosecond}, "in whole milliseconds"},
		{"too many steps", func(p *Prometheus) { p.From = noon.AddDate(-30, 0, 0) }, Options{}, "too many for 1 expression"},
		{"no series at all", func(p *Prometheus) { p.Queries[0].PromQL = "none" }, Options{}, `read requests: prometheus http://prometheus.test:9090 has no series for "none" from 2026-04-01T12:00:00Z`},
		{"a negative value", func(p *Prometheus) { p.Queries[0].PromQL = "below" }, Options{}, `the value of "below" at 2026-04-01T12:00:00Z, -0.5, is negative: a load is 0 or more; clamp_min(…, 0)`},
		{"a value above its ceiling", func(p *Prometheus) { p.Queries[0] = Query{Quantity: cpu, PromQL: "over"}; p.Serving = 2 }, Options{}, "101, is above its ceiling, 100"},
		{"more instances than any group has", func(p *Prometheus) {
			p.Queries = append(p.Queries, Query{Quantity: Quantity{Name: "serving"}, PromQL: "many"})
		}, Options{}, "read serving: the value of \"many\" at 2026-04-01T12:00:00Z, 200000, is no number of instances"},
		{"another series later", func(p *Prometheus) {
			p.Server.(*server).series = func(of prom.Stretch) string { return fmt.Sprintf("{day=%q}", of.From.Format("02")) }
		}, Options{}, `its series is {day="02"}, and was {day="01"} before 2026-04-02T04:40:00Z: sum(…) or another aggregation makes one of them`},
	}
	for _, test := range tests {
		t.Run(test.behaviour, func(t *testing.T) {
			t.Parallel()
			p := askedFor(&server{curves: valid}, 1500*time.Minute)
			if test.change != nil {
				test.change(&p)
			}
			if _, _, err := ReadPrometheus(t.Context(), p, test.o); err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, want %q", err, test.says)
			}
		})
	}
}

func TestAConstantNumberServesMeansOfPrometheus(t *testing.T) {
	t.Parallel()
	s := &server{curves: map[string]func(time.Time) (float64, bool){"busy": constant(96)}}
	l, warnings, err := ReadPrometheus(t.Context(), Prometheus{Server: s, Queries: []Query{{Quantity: cpu, PromQL: "busy"}}, Serving: 5, From: noon, To: noon.Add(time.Hour)}, Options{Step: 10 * time.Minute})
	if err != nil || l.Len() != 6 || l.Signals[0].Totals[5] != 480 || !l.Signals[0].Censored[5] || l.Serving[5] != 5 {
		t.Errorf("%+v, %v", l, err)
	}
	if got, want := texts(warnings), []string{"it was asked every 10m: what happened between does not show"}; !slices.Equal(got, want) {
		t.Errorf("it warns %q, want %q", got, want)
	}
}

// TestTheProductsOwnClientIsAsked goes over HTTP, to a server that says what was asked.
func TestTheProductsOwnClientIsAsked(t *testing.T) {
	t.Parallel()
	fake := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v1/query_range" || r.FormValue("step") != "60" {
			t.Errorf("asked %s with %v", r.URL.Path, r.Form)
		}
		_, _ = fmt.Fprintf(w, `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[%[1]s,"7"],[%[2]s,"9"]]}]}}`, r.FormValue("start"), r.FormValue("end"))
	}))
	defer fake.Close()
	server, err := prom.NewServer(config.Prometheus{URL: fake.URL, Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	l, _, err := ReadPrometheus(t.Context(), Prometheus{Server: server, Queries: []Query{{Quantity: requests, PromQL: "x"}}, From: noon, To: noon.Add(2 * time.Minute)}, Options{})
	if err != nil || !same(l.Signals[0].Totals, []float64{7, 9}) {
		t.Errorf("%+v, %v", l, err)
	}
}
