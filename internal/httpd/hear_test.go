package httpd_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/httpd"
)

// ear is an inbox that keeps in mind what it took.
type ear struct {
	t    *testing.T
	at   http.Handler
	took []float64
	late bool // it keeps nothing
}

// hearing serves an inbox of steps of two that counts again after ten minutes.
func hearing(t *testing.T, format config.PushFormat) *ear {
	e := &ear{t: t}
	e.at = inbox(httpd.Inbox{
		Format: format, Step: 2, AgainAfter: 10 * time.Minute, Staleness: 5 * time.Minute, Counted: httpd.NewCounted(),
		Push: func(value float64, at time.Time) (bool, error) {
			if at.After(time.Now()) || time.Since(at) > 5*time.Minute {
				t.Errorf("it is of %v ago", time.Since(at))
			}
			if !e.late {
				e.took = append(e.took, value)
			}
			return !e.late, nil
		},
	})
	return e
}

// tell sends body to web/jobs and checks what comes of it: kept, or why not.
func (e *ear) tell(direction, body, want string) {
	e.t.Helper()
	status, text := post(e.at, "web/jobs"+direction, "Bearer "+token, body)
	var answer httpd.Pushed
	if err := json.Unmarshal([]byte(text), &answer); err != nil || status != http.StatusOK {
		e.t.Fatalf("%s: status %d: %s", body, status, text)
	}
	switch kept := want == "kept"; {
	case answer.Kept != kept, kept != (answer.Why == ""), !kept && !strings.Contains(answer.Why, want):
		e.t.Errorf("%.200s: %+v, want %q", body, answer, want)
	}
}

// has checks what was taken so far.
func (e *ear) has(want ...float64) {
	e.t.Helper()
	if fmt.Sprint(e.took) != fmt.Sprint(want) {
		e.t.Errorf("it took %v, want %v", e.took, want)
	}
}

func TestADirectionIsAChangeByAStep(t *testing.T) {
	t.Parallel()
	e := hearing(t, config.PushDirection)
	e.tell("/up", "", "kept")
	e.tell("/down", `{}`, "kept")
	e.tell("/keep", `{"age": 3}`, "kept")
	e.tell("", `{"direction": "up", "time": "`+time.Now().Format(time.RFC3339)+`"}`, "kept")
	e.tell("/down", `{"direction": "down"}`, "kept")
	e.tell("/up", `{"age": 301}`, "staleness is 5m")
	e.has(2, -2, 0, 2, -2)
	e.late = true
	e.tell("/up", "", "a newer one came before")
}

func TestAWishWithAnIDCountsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := hearing(t, config.PushDirection)
		e.late = true
		e.tell("/up", `{"id": "deploy-42"}`, "a newer one came before") // so it did not count
		e.late = false
		e.tell("/up", `{"id": "deploy-42"}`, "kept")
		time.Sleep(9 * time.Minute)
		e.tell("/up", `{"id": "deploy-42"}`, "it was counted 9m ago already, and counts again 10m after that")
		e.tell("/up", `{"id": "deploy-43"}`, "kept")
		e.tell("/up", `{}`, "kept")
		time.Sleep(time.Minute)
		e.tell("/up", `{"id": "deploy-42"}`, "kept")
		e.has(2, 2, 2, 2)
	})
}

func TestADirectionThatCannotBeReadSaysWhatToSend(t *testing.T) {
	t.Parallel()
	e := hearing(t, config.PushDirection)
	for _, c := range []struct{ direction, body, says string }{
		{"", ``, "nobody says which way"},
		{"", `{}`, "nobody says which way"},
		{"", `{"direction": "upp"}`, "did you mean `up`?"},
		{"/upwards", ``, "unknown direction `upwards`"},
		{"/up", `{"direction": "down"}`, "it says down, and was sent to /up"},
		{"/up", `{"direction": 1}`, "its direction comes as number"},
		{"/up", `{"direction": "up", "count": 3}`, "unknown field"},
		{"/up", `up`, "send for example {\"direction\": \"up\""},
		{"/up", `{"age": 3, "time": "2026-04-01T09:00:00+09:00"}`, "one of the two"},
		{"/up", `{"alerts": []}`, "unknown field"},
	} {
		if problem := refused(t, e.at, "web/jobs"+c.direction, c.body); !strings.Contains(problem.Text, c.says) || problem.Code != httpd.Invalid && problem.Code != httpd.NotFound {
			t.Errorf("%s %s: %+v, want it to say %q", c.direction, c.body, problem, c.says)
		}
	}
	e.has()
}

// alerts is a notification of alerts, each a status and a fingerprint; they began when the
// bubble did.
func alerts(version string, alerts ...string) string {
	for i, alert := range alerts {
		status, fingerprint, _ := strings.Cut(alert, " ")
		alerts[i] = fmt.Sprintf(`{"status": %q, "fingerprint": %q, "startsAt": "2000-01-01T00:00:00Z", "endsAt": "0001-01-01T00:00:00Z", "labels": {"alertname": "Busy"}, "annotations": {}}`, status, fingerprint)
	}
	return fmt.Sprintf(`{"version": %q, "groupKey": "{}", "status": "firing", "receiver": "autoscaled", "truncatedAlerts": 0, "alerts": [%s]}`, version, strings.Join(alerts, ","))
}

func TestANotificationIsOneChangeAndItsRepetitionNone(t *testing.T) {
	for format, version := range map[config.PushFormat]string{config.PushAlertmanager: "4", config.PushGrafana: "1"} {
		synctest.Test(t, func(t *testing.T) {
			e := hearing(t, format)
			e.tell("/up", alerts(version, "firing a", "firing b"), "kept")
			e.tell("/up", alerts(version, "firing a", "firing b"), "it was counted 0s ago already")
			time.Sleep(5 * time.Minute)
			e.tell("/up", alerts(version, "firing a", "firing b", "firing c"), "kept") // c is new
			e.tell("/up", alerts(version, "resolved a", "resolved d"), "none of its alerts fires")
			time.Sleep(5 * time.Minute)
			e.tell("/up", alerts(version, "firing c"), "it was counted 5m ago already")
			e.tell("/up", alerts(version, "firing a", "firing c"), "kept") // a is counted anew
			e.tell("/up", alerts(version), "none of its alerts fires")
			e.has(2, 2, 2)
		})
	}
}

func TestAnAlertThatFiresAnewIsAnotherOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := hearing(t, config.PushAlertmanager)
		first := alerts("4", "firing a")
		e.tell("/down", first, "kept")
		time.Sleep(2 * time.Minute)
		e.tell("/down", strings.Replace(first, "00:00:00Z", "00:01:30Z", 1), "kept")
		e.has(-2, -2)
	})
}

func TestAnAlertOfOldIsKnownByItsLabels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := hearing(t, config.PushAlertmanager)
		old := func(labels string) string {
			return `{"version": "4", "alerts": [{"status": "firing", "startsAt": "2000-01-01T00:00:00Z", "labels": ` + labels + `}]}`
		}
		e.tell("/up", old(`{"alertname": "Busy", "job": "web"}`), "kept")
		e.tell("/up", old(`{"job": "web", "alertname": "Busy"}`), "counted")
		e.tell("/up", old(`{"job": "api", "alertname": "Busy"}`), "kept")
		e.has(2, 2)
	})
}

func TestAnAlertThatIsNoLoadChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := hearing(t, config.PushGrafana)
		busy := alerts("1", "firing a")
		for change, why := range map[[2]string]string{
			{`"Busy"`, `"DatasourceNoData"`}:                         "no data, which is no load",
			{`"Busy"`, `"DatasourceError"`}:                          "no data, which is no load",
			{`"Busy"`, `"TestAlert", "instance": "Grafana"`}:         "it is a test from Grafana",
			{"2000-01-01T00:00:00Z", "2000-01-01T00:00:31Z"}:         "set the clock",
			{"0001-01-01T00:00:00Z", "1999-12-31T23:59:00Z"}:         "none of its alerts fires",
			{`"firing", "fingerprint"`, `"resolved", "fingerprint"`}: "none of its alerts fires",
		} {
			e.tell("/up", strings.Replace(busy, change[0], change[1], 1), why)
		}
		e.has()
		e.tell("/up", strings.Replace(busy, "0001-01-01T00:00:00Z", "2000-01-01T00:05:00Z", 1), "kept") // it goes on
		e.has(2)
	})
}

func TestANotificationThatCannotBeReadSaysWhatToSend(t *testing.T) {
	t.Parallel()
	e := hearing(t, config.PushAlertmanager)
	for body, says := range map[string]string{
		``:                                   "without a template",
		`up`:                                 "without a template",
		`{"version": "4"}`:                   "no list of alerts",
		`{"ruleId": 1, "state": "alerting"}`: "of Grafana: from unified alerting",
		alerts("1", "firing a"):              "its version is `1`, and alertmanager's is 4",
		alerts("4", "pending a"):             "the status of an alert is `pending`",
		`{"version": "4", "alerts": [{"status": "firing"}]}`:                               "nothing to know it by",
		`{"version": "4", "alerts": {"status": "firing"}}`:                                 "cannot unmarshal",
		alerts("4", strings.Split(strings.Repeat("firing a\n", 1000)+"firing a", "\n")...): "it has 1001 alerts: let it have at most 1000",
	} {
		if problem := refused(t, e.at, "web/jobs/up", body); problem.Code != httpd.Invalid || !strings.Contains(problem.Text, says) {
			t.Errorf("%.80s: %+v, want it to say %q", body, problem, says)
		}
	}
	if problem := refused(t, e.at, "web/jobs", alerts("4", "firing a")); !strings.Contains(problem.Text, "nobody says which way: send it to /v1/push/GROUP/SIGNAL/up") {
		t.Errorf("without a direction: %+v", problem)
	}
	large := alerts("4", "firing a") + strings.Repeat(" ", 1<<20)
	if problem := refused(t, e.at, "web/jobs/up", large); problem.Code != httpd.TooLarge {
		t.Errorf("a large one: %+v", problem)
	}
	e.has()
}

func TestAProblemIsOneChangeAndItsEndNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := hearing(t, config.PushZabbix)
		e.tell("/up", `{"event_id": "17", "value": "1", "severity": "4", "update": "0", "time": "2000-01-01T00:00:00Z"}`, "kept")
		e.tell("/up", `{"event_id": 17, "value": 1}`, "it was counted 0s ago already")
		time.Sleep(20 * time.Minute)
		e.tell("/up", `{"event_id": "17", "value": "1", "update": "1"}`, "acknowledged")
		e.tell("/up", `{"event_id": "17", "value": "0"}`, "the problem is over")
		e.tell("/up", `{"event_id": "18", "value": "1", "time": "2000-01-01T00:14:59Z"}`, "staleness is 5m")
		e.tell("/up", `{"event_id": "17", "value": "1"}`, "kept") // a step of an escalation
		e.has(2, 2)
	})
}

func TestAProblemThatCannotBeReadSaysWhatToSend(t *testing.T) {
	t.Parallel()
	e := hearing(t, config.PushZabbix)
	for body, says := range map[string]string{
		``:                                 "send for example",
		`[]`:                               "it comes as array",
		`{"value": "1"}`:                   "it has no event_id",
		`{"event_id": "17"}`:               "its value is ``, and not 1",
		`{"event_id": "17", "value": "2"}`: "its value is `2`, and not 1",
		`{"event_id": "{EVENT.ID}", "value": "1"}`:             "Zabbix did not fill in `{EVENT.ID}`",
		`{"event_id": ["17"], "value": "1"}`:                   "neither a text nor a number",
		`{"event_id": "17", "value": "1", "time": "12:00:00"}`: "its time is `12:00:00`",
	} {
		if problem := refused(t, e.at, "web/jobs/up", body); problem.Code != httpd.Invalid || !strings.Contains(problem.Text, says) {
			t.Errorf("%s: %+v, want it to say %q", body, problem, says)
		}
	}
	e.has()
}

func TestWhatWasCountedIsRememberedWithinBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		counted := httpd.NewCounted()
		took := 0
		at := inbox(httpd.Inbox{
			Format: config.PushAlertmanager, Step: 1, AgainAfter: time.Hour, Counted: counted,
			Push: func(float64, time.Time) (bool, error) { took++; return true, nil },
		})
		many := func(of int) string {
			all := make([]string, 1000)
			for i := range all {
				all[i] = fmt.Sprintf("firing %d-%d", of, i)
			}
			return alerts("4", all...)
		}
		for of := range 50 {
			post(at, "web/jobs/up", "Bearer "+token, many(of))
		}
		if most := 2 * 4096; took != 50 || counted.Remembered() > most {
			t.Errorf("%d were taken, and %d are remembered, want at most %d", took, counted.Remembered(), most)
		}
		for of := 46; of < 50; of++ { // the newest ones are
			if _, text := post(at, "web/jobs/up", "Bearer "+token, many(of)); !strings.Contains(text, "counted") {
				t.Errorf("the newest are forgotten: %s", text)
			}
		}
	})
}

func FuzzHear(f *testing.F) {
	for i, body := range []string{
		"", `{"direction": "up", "id": "a", "age": 3}`, `{"direction": "down", "time": "2026-04-01T09:00:00+09:00"}`,
		alerts("4", "firing a", "resolved b"), alerts("1", "firing a"), `{"alerts": [{"status": "firing", "labels": {"alertname": "x"}}]}`,
		`{"event_id": "17", "value": "1", "update": "0", "time": "2026-04-01T00:00:00Z"}`, `{"event_id": 17, "value": 0}`,
	} {
		f.Add(uint8(i), "up", body)
	}
	f.Fuzz(func(t *testing.T, format uint8, direction, body string) {
		formats := config.PushFormats()
		var took []float64
		box := httpd.Inbox{
			Format: formats[int(format)%len(formats)], Step: 2, AgainAfter: time.Hour, Staleness: time.Hour, Counted: httpd.NewCounted(),
			Push: func(value float64, at time.Time) (bool, error) {
				if at.IsZero() || time.Since(at) > 2*time.Hour {
					t.Errorf("it is of %v", at)
				}
				took = append(took, value)
				return true, nil
			},
		}
		pushed, err := box.Take([]byte(body), direction, time.Now())
		if (len(took) == 1) != pushed.Kept || err != nil && (pushed.Kept || pushed.Why != "") || err == nil && pushed.Kept == (pushed.Why != "") {
			t.Errorf("%q to %q: it took %v, and says %+v, %v", body, direction, took, pushed, err)
		}
		if len(took) == 1 && box.Format != config.PushValue && took[0] != 2 && took[0] != -2 && took[0] != 0 {
			t.Errorf("%q to %q is %v", body, direction, took)
		}
	})
}
