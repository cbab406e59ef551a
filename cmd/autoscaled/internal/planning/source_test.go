package planning

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestAColumnOfMeansIsMultipliedByWhatServed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		source Source
		text   string
		want   float64
	}{
		"by its column":       {Source{}, steady("serving,cpu", "4,0.5", 60), 2},
		"by a number":         {Source{Serving: 3}, steady("cpu", "0.5", 60), 1.5},
		"in percent":          {Source{Percent: true}, steady("serving,cpu", "4,50", 60), 2},
		"not, of totals":      {Source{Value: ValueTotal}, steady("cpu", "2.5", 60), 2.5},
		"not, as peak counts": {Source{Peak: 7}, steady("value", "310", 60), 310},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := read(t, c.source, c.text, onCPU(t)).Load
			if total := l.Signal("cpu").Totals[30]; math.Abs(total-c.want) > 1e-9 {
				t.Errorf("the total is %v, want %v", total, c.want)
			}
		})
	}
}

func TestTotalsTellWhatIsCensoredIfItIsKnownHowManyServed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		source Source
		text   string
		want   bool
	}{
		"by a number":          {Source{Value: ValueTotal, Serving: 4}, steady("cpu", "3.9", 60), true},
		"by a column":          {Source{Value: ValueTotal}, steady("serving,cpu", "4,3.9", 60), true},
		"in percent":           {Source{Value: ValueTotal, Percent: true, Serving: 4}, steady("cpu", "390", 60), true},
		"not, of lower ones":   {Source{Value: ValueTotal, Serving: 4}, steady("cpu", "3.7", 60), false},
		"not, if nobody tells": {Source{Value: ValueTotal}, steady("cpu", "3.9", 60), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if marks := read(t, c.source, c.text, onCPU(t)).Load.Signal("cpu").Censored; (marks != nil && marks[30]) != c.want {
				t.Errorf("censored are %v", marks)
			}
		})
	}
}

func TestATableThatCannotBeMeantIsRefusedWithWhatToWrite(t *testing.T) {
	t.Parallel()
	both := subject(t, groupOf(t, "cpu: {snmp: {profile: cpu_busy}}, requests: {promql: r}", "policies: [{target: {signal: cpu, value: 60%}}, {target: {signal: requests, per_instance: 70}}]"), "")
	for says, c := range map[string]struct {
		source  Source
		text    string
		subject Subject
	}{
		"history.csv:1: `cpu` is about each instance, and it cannot be told whether":             {Source{}, steady("cpu", "0.5", 60), onCPU(t)},
		"history.csv:1: `cpu` is a mean of the instances, and nothing says how many served":      {Source{Value: ValueMean}, steady("cpu", "0.5", 60), onCPU(t)},
		"if cpu is written in percent, add --percent":                                            {Source{Serving: 2}, steady("value", "50", 60), onCPU(t)},
		"history.csv:1:11: column `value` could be any signal: name it cpu or requests":          {Source{Serving: 2}, steady("value", "50", 60), both},
		"history.csv:1:11: column `request` is no signal: did you mean `requests`?":              {Source{}, steady("request", "50", 60), onRequests(t)},
		"history.csv:1: the file is empty: let the first line name the columns":                  {Source{}, "", onRequests(t)},
		"history.csv:3:22: requests: `-1` is negative":                                           {Source{}, "timestamp,requests\n2026-04-01T00:00:00Z,1\n2026-04-01T00:01:00Z,-1\n", onRequests(t)},
		"history.csv:3:1: timestamp: 2026-04-01T00:00:00Z is the instant of line 2 again":        {Source{}, "timestamp,requests\n2026-04-01T00:00:00Z,1\n2026-04-01T00:00:00Z,1\n", onRequests(t)},
		"has no zone: write 2026-04-01T00:00:00Z if it is UTC":                                   {Source{}, "timestamp,requests\n2026-04-01T00:00:00,1\n", onRequests(t)},
		"choose --from, --to and --last within that":                                             {Source{From: began.AddDate(1, 0, 0)}, steady("requests", "5", 60), onRequests(t)},
		"--signal qps: group web has no such signal: valid: requests":                            {Source{Signal: "qps"}, steady("value", "5", 60), onRequests(t)},
		"`cpu` is about each instance, and it cannot be told whether the values are totals over": {Source{Signal: "cpu"}, steady("value", "0.5", 60), both},
	} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			_, err := readAs(t, c.source, c.text, c.subject)
			expectError(t, err, says)
		})
	}
}

func TestOnlyThePartThatIsAskedForIsTaken(t *testing.T) {
	t.Parallel()
	text := table("requests", 3*24*60, func(minute int) string { return time.Duration(minute).String()[:1] + "0" })
	at := func(hours int) time.Time { return began.Add(time.Duration(hours) * time.Hour) }
	for name, c := range map[string]struct {
		source   Source
		from, to time.Time
		warns    string
	}{
		"all":                {Source{}, at(0), at(72), ""},
		"the last of it":     {Source{Last: 12 * time.Hour}, at(60), at(72), ""},
		"the last before to": {Source{Last: 12 * time.Hour, To: at(48)}, at(36), at(48), ""},
		"from and to":        {Source{From: at(5), To: at(9)}, at(5), at(9), ""},
		"until":              {Source{To: at(9)}, at(0), at(9), ""},
		"more than there is": {Source{Last: 28 * day}, at(0), at(72), "asked for were the last 28d, and the history has 3 days"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := read(t, c.source, text, onRequests(t))
			if !h.Load.Start.Equal(c.from) || !h.Load.End().Equal(c.to) {
				t.Errorf("it is from %v to %v, want %v to %v", h.Load.Start, h.Load.End(), c.from, c.to)
			}
			if warned := len(h.Warnings) > 0; warned != (c.warns != "") || warned && h.Warnings[0].Text != c.warns {
				t.Errorf("it warns %v, want %q", h.Warnings, c.warns)
			}
		})
	}
}

func TestWithoutAHistoryTheWaysToGiveOneAreNamed(t *testing.T) {
	t.Parallel()
	s := onRequests(t)
	s.Config.State = t.TempDir()
	_, err := (&Source{}).Read(t.Context(), []Subject{s})
	for _, way := range []string{"--history FILE.csv", "--store DIRECTORY", "--prometheus", "--example", filepath.Join(s.Config.State, "history")} {
		expectError(t, err, way)
	}
	_, err = (&Source{Store: "/nowhere"}).Read(t.Context(), []Subject{s})
	expectError(t, err, "--store /nowhere: there is no such directory")
	if err := os.Mkdir(filepath.Join(s.Config.State, "history"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, source := range []Source{{}, {Store: s.Config.State}, {Store: s.Config.State, Last: time.Hour}} {
		_, err = source.Read(t.Context(), []Subject{s})
		expectError(t, err, "holds no decision of group web")
	}
}

func TestPrometheusIsAskedForWhatIsDecidedOn(t *testing.T) {
	t.Parallel()
	c := groupOf(t, "rate: {promql: sum(rate), range: {span: 5m}}, best: {first_of: [cpu, mean]}, cpu: {push: {token: env:TOKEN}}, mean: {promql: avg(busy)}",
		"policies: [{target: {signal: rate, per_instance: 9}}, {target: {signal: best, value: 0.7}}]")
	subjects := []Subject{subject(t, c, "")}
	s := Source{Queries: map[string]string{"serving": "count(up)"}}
	queries, warnings, err := s.queries(subjects)
	if err != nil {
		t.Fatal(err)
	}
	var asked []string
	for _, q := range queries {
		asked = append(asked, q.Name+"="+q.PromQL)
	}
	if got, want := strings.Join(asked, " "), "rate=sum(rate) best=avg(busy) serving=count(up)"; got != want {
		t.Errorf("asked is %s, want %s", got, want)
	}
	if !queries[1].PerInstance || queries[0].PerInstance {
		t.Error("a signal of which a target holds the mean is a mean, and no other")
	}
	if len(warnings) != 1 || !strings.Contains(warnings[0].String(), "rate: its range and offset are left out") {
		t.Errorf("warns %v", warnings)
	}

	s.Queries = map[string]string{"rat": "1", "serving": "2"}
	_, _, err = s.queries(subjects)
	expectError(t, err, "--query rat: no policy decides on it: did you mean `rate`?")
	s.Queries = nil
	_, _, err = s.queries(subjects)
	expectError(t, err, "nothing says how many served: add for example --query 'serving=")
	_, _, err = s.queries([]Subject{onCPU(t)})
	expectError(t, err, "signal cpu is not read from Prometheus: say what it was with --query 'cpu=PROMQL'")
}

func TestOnlyTheSecretsOfPrometheusAreRead(t *testing.T) {
	t.Parallel()
	password := written(t, "password", "s3cret\n")
	text := "prometheus: {url: 'https://prometheus.example', username: planner, password: 'file:" + password + "'}\n" +
		"providers: {gio: {type: gp, gp_service_code: gp00000001, access_key: 'file:/nowhere', secret_key: 'file:/nowhere'}}\n"
	server, err := LoadPrometheus(written(t, "web.yaml", text))
	if err != nil {
		t.Fatal(err)
	}
	if server.URL != "https://prometheus.example" || server.Access.Username != "planner" || server.Access.Password.Reveal() != "s3cret" {
		t.Errorf("it is reached as %+v", server)
	}
	if server, err = LoadPrometheus(written(t, "web.yaml", "groups: {}\n")); err != nil || server.URL != "http://127.0.0.1:9090" {
		t.Errorf("without a section it is %+v (%v)", server, err)
	}
	_, err = LoadPrometheus("/nowhere.yaml")
	expectError(t, err, "give the path of a file that this user may read")
}

func TestAQueryIsWrittenWithItsSignal(t *testing.T) {
	t.Parallel()
	got, err := ReadQueries([]string{"requests=sum by (a,b) (rate(x{job=\"web\"}[1m]))", "serving=count(up == 1)"})
	if err != nil || got["requests"] != `sum by (a,b) (rate(x{job="web"}[1m]))` || got["serving"] != "count(up == 1)" {
		t.Errorf("got %v (%v)", got, err)
	}
	for _, text := range []string{"up", "=up", "requests=", `up{job="web"}`} {
		_, err := ReadQueries([]string{text})
		expectError(t, err, "write the signal before the expression")
	}
}
