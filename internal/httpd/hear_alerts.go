package httpd

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/words"
)

// notification is what Alertmanager and Grafana send: in the same shape, of which this is
// what counts here.
type notification struct {
	Version string  `json:"version"`
	Alerts  []alert `json:"alerts"`
}

type alert struct {
	Status      string            `json:"status"`
	Labels      map[string]string `json:"labels"`
	StartsAt    time.Time         `json:"startsAt"`
	EndsAt      time.Time         `json:"endsAt"` // zero, or ahead: it goes on
	Fingerprint string            `json:"fingerprint"`
}

// aheadMax is by how much a sender's clock may be ahead.
const aheadMax = 30 * time.Second

// readAlerts reads a notification. However many of its alerts are new, it is one change. It
// counts from when it comes: an alert that fires does so now, whenever it began.
func readAlerts(content []byte, format config.PushFormat, now time.Time) (heard, error) {
	var n notification
	if err := json.Unmarshal(content, &n); err != nil {
		return heard{}, fmt.Errorf("read the notification: %w; let %s send its webhook as it is, without a template", err, format)
	}
	if err := n.check(format); err != nil {
		return heard{}, fmt.Errorf("read the notification: %w", err)
	}
	says := heard{at: now, nothing: "none of its alerts fires"}
	for i := range n.Alerts {
		a := &n.Alerts[i]
		if !a.fires(now) {
			continue
		}
		if why := a.misleads(now); why != "" {
			says.nothing = why
			continue
		}
		says.ids = append(says.ids, a.id())
	}
	if len(says.ids) > 0 {
		says.nothing = ""
	}
	return says, nil
}

// versions are those of the webhook, as the tools write them.
var versions = map[config.PushFormat]string{config.PushAlertmanager: "4", config.PushGrafana: "1"}

func (n *notification) check(format config.PushFormat) error {
	switch want := versions[format]; {
	case n.Version != want && n.Version != "":
		return fmt.Errorf("its version is `%s`, and %s's is %s: write the format of whoever sends in the signal's push section", words.Shown(n.Version), format, want)
	case n.Alerts == nil:
		return fmt.Errorf("it has no list of alerts: let %s send its webhook as it is, without a template (of Grafana: from unified alerting)", format)
	case len(n.Alerts) > alertsMax:
		return fmt.Errorf("it has %d alerts: let it have at most %d, for example with max_alerts", len(n.Alerts), alertsMax)
	}
	for i := range n.Alerts {
		if status := n.Alerts[i].Status; status != "firing" && status != "resolved" {
			return fmt.Errorf("the status of an alert is `%s`: it must be firing or resolved", words.Shown(status))
		}
		if n.Alerts[i].Fingerprint == "" && len(n.Alerts[i].Labels) == 0 {
			return errors.New("an alert has neither a fingerprint nor labels: there is nothing to know it by")
		}
	}
	return nil
}

// fires says whether the alert does, now.
func (a *alert) fires(now time.Time) bool {
	ended := !a.EndsAt.IsZero() && now.Sub(a.EndsAt) > aheadMax
	return a.Status == "firing" && !ended
}

// misleads says why an alert that fires is no reason for a change; empty: it is one.
func (a *alert) misleads(now time.Time) string {
	switch name := a.Labels["alertname"]; {
	case name == "DatasourceNoData" || name == "DatasourceError":
		return fmt.Sprintf("%s says that there are no data, which is no load", name)
	case name == "TestAlert" && a.Labels["instance"] == "Grafana":
		return "it is a test from Grafana: it came, and changes nothing"
	case a.StartsAt.Sub(now) > aheadMax:
		return fmt.Sprintf("an alert begins at %s, and here it is %s: set the clock of whichever machine is wrong", a.StartsAt.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	}
	return ""
}

// id is the same for as long as the alert goes on. Senders of old tell no fingerprint.
func (a *alert) id() string {
	known := a.Fingerprint
	if known == "" {
		labels, _ := json.Marshal(a.Labels) // sorted; texts never fail
		known = string(labels)
	}
	return known + "@" + a.StartsAt.UTC().Format(time.RFC3339Nano)
}
