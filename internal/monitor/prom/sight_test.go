package prom

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/secret"
)

// sights reads the selector of a page and returns what was told of it.
func sights(t *testing.T, access config.Access, selector Selector, handler http.HandlerFunc) []Sight {
	t.Helper()
	var told []Sight
	traced := fetcher(t, access).Traced(func(sight Sight) { told = append(told, sight) })
	NewTarget(traced, serve(t, handler), []Selector{selector}).Read(t.Context())
	return told
}

func texts(list []Series) (texts []string) {
	for _, s := range list {
		texts = append(texts, s.Text+" "+s.Value)
	}
	return texts
}

func TestATracedPageIsToldAsItCame(t *testing.T) {
	t.Parallel()
	const body = "# HELP load x\nload{cpu=\"1\"} 2\nload{cpu=\"0\"} 1 1800000000000\n\nidle 3\nidle{a=\"b\"} 4\n"
	told := sights(t, config.Access{}, Selector{Metric: "load", Labels: map[string]string{"cpu": "1"}}, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		_, _ = fmt.Fprint(w, body)
	})
	if len(told) != 1 {
		t.Fatalf("told of %d pages", len(told))
	}
	got := told[0]
	if got.Status != "200 OK" || got.ContentType != "text/plain; version=0.0.4" || got.Bytes != len(body) || got.Samples != 4 || !slices.Equal(got.Metrics, []string{"idle", "load"}) {
		t.Errorf("got %+v", got)
	}
	if want := []string{`load{cpu="0"} 1`, `load{cpu="1"} 2`}; !slices.Equal(texts(got.Series), want) {
		t.Fatalf("series %q, want %q", texts(got.Series), want)
	}
	if !got.Series[0].At.Equal(time.Unix(1_800_000_000, 0)) || !got.Series[1].At.IsZero() {
		t.Errorf("dated %v and %v", got.Series[0].At, got.Series[1].At)
	}
	selector := Selector{Metric: "load", Labels: map[string]string{"cpu": "1"}}
	if selector.Picks(got.Series[0]) || !selector.Picks(got.Series[1]) {
		t.Error("other series are picked than those with the label")
	}
}

func TestAPageThatIsNotBelievedIsToldWithoutSeries(t *testing.T) {
	t.Parallel()
	for name, handler := range map[string]http.HandlerFunc{
		"an error":         func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "load 1\n", http.StatusNotFound) },
		"nonsense":         saying("load 1\nnonsense\n"),
		"a page cut short": saying("load 1\nload{a=\"b\"} 2"),
		"no page of metrics": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = fmt.Fprint(w, "load 1\n")
		},
	} {
		told := sights(t, config.Access{}, Selector{Metric: "load"}, handler)
		if len(told) != 1 || told[0].Status == "" || len(told[0].Series) > 0 {
			t.Errorf("%s: told %+v", name, told)
		}
	}
}

func TestWhatIsToldOfAPageHoldsNoCredentials(t *testing.T) {
	t.Parallel()
	told := sights(t, config.Access{BearerToken: secret.New("hush-token")}, Selector{Metric: "load"}, func(w http.ResponseWriter, r *http.Request) {
		token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; token="+token)
		_, _ = fmt.Fprintf(w, "load{token=%q} 1\n", token)
	})
	if len(told) != 1 || told[0].ContentType != "text/plain; version=0.0.4; token=<secret>" || !slices.Equal(texts(told[0].Series), []string{`load{token="<secret>"} 1`}) {
		t.Errorf("told %+v", told)
	}
}

func TestTheSeriesOfAnAnswerAreToldBelievedOrNot(t *testing.T) {
	t.Parallel()
	ranged := Question{PromQL: "x", Range: config.Range{Span: time.Minute, Step: time.Minute, Statistic: "avg"}}
	for name, c := range map[string]struct {
		question Question
		body     string
		want     []string
		warnings []string
	}{
		"a scalar":       {rateQuestion, success(`{"resultType":"scalar","result":[1800000000,"2.5"]}`), []string{"scalar 2.5"}, nil},
		"a vector":       {rateQuestion, vector(series("web", "7"), series("hush", "8")), []string{`{group="web"} 7`, `{group="<secret>"} 8`}, nil},
		"a histogram":    {rateQuestion, vector(`{"metric":{"group":"web"},"histogram":[1800000000,{"count":"1","sum":"2"}]}`), []string{`{group="web"} a histogram`}, nil},
		"nothing":        {rateQuestion, vector(), nil, nil},
		"no answer":      {rateQuestion, `{"status":"error","errorType":"bad_data","error":"parse error"}`, nil, nil},
		"null":           {rateQuestion, vector("null"), nil, nil},
		"a range":        {ranged, success(`{"resultType":"matrix","result":[{"metric":{"group":"web"},"values":[[1799999940,"1"],[1800000000,"2"]]}]}`), []string{`{group="web"} 2`}, nil},
		"with a warning": {rateQuestion, `{"status":"success","warnings":["a store is down, hush"],"data":{"resultType":"vector","result":[` + series("web", "7") + `]}}`, []string{`{group="web"} 7`}, []string{`"a store is down, <secret>"`}},
	} {
		answer := newServer(t, saying(c.body)).Ask(t.Context(), c.question, now, 0)
		if got := texts(answer.Series()); !slices.Equal(got, c.want) || !reflect.DeepEqual(answer.Warnings(), c.warnings) {
			t.Errorf("%s: series %q and warnings %q, want %q and %q", name, got, answer.Warnings(), c.want, c.warnings)
		}
		if _, believed := answer.Only().Sample.Value(); believed && c.warnings != nil {
			t.Errorf("%s: it is believed", name)
		}
	}
}
