package httpd

import (
	"context"
	"net/http"
	"time"

	"github.com/autoscaled/autoscaled/internal/httpd/access"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// Configuration is what the daemon runs by, and how it takes over another one. What must not be taken over
// is a [fleet.RefusedError].
type Configuration interface {
	Config() (ConfigInForce, error)
	Reload(ctx context.Context, dryRun bool, by string) (ReloadReport, error)
}

// ConfigInForce is the configuration that the daemon runs by.
type ConfigInForce struct {
	File     string    `json:"file"`
	SHA256   string    `json:"sha256"` // of Text, in hexadecimal
	LoadedAt time.Time `json:"loaded_at"`
	Text     string    `json:"text,omitempty"`    // as it was read; secrets are references; for those alone who may operate
	Differs  bool      `json:"differs,omitempty"` // the file is another by now
}

// ReloadRequest is the body of a command to take over the file as it is now.
type ReloadRequest struct {
	DryRun bool   `json:"dry_run,omitempty"` // only tell what it would change
	By     string `json:"by,omitempty"`      // who asks; over the socket only
}

// ReloadReport is what taking over the file changes, or would change.
type ReloadReport struct {
	Applied       bool           `json:"applied"`
	RestartNeeded []string       `json:"restart_needed"` // keys that only a start takes over; with any of them nothing is applied
	Sections      []string       `json:"sections"`       // keys beside those of accounts and groups that are different
	Accounts      []string       `json:"accounts"`       // that are built anew
	Groups        []GroupChanged `json:"groups"`         // all, by name
}

// withLists is the report with lists also where there is nothing to list.
func (r ReloadReport) withLists() ReloadReport {
	r.RestartNeeded = append([]string{}, r.RestartNeeded...)
	r.Sections = append([]string{}, r.Sections...)
	r.Accounts = append([]string{}, r.Accounts...)
	r.Groups = append([]GroupChanged{}, r.Groups...)
	return r
}

// GroupChanged is what taking over the file means to one group.
type GroupChanged struct {
	Group  string        `json:"group"`
	Change GroupChange   `json:"change"`
	What   []string      `json:"what,omitempty"`   // keys that are different
	Before *NextDecision `json:"before,omitempty"` // by the configuration in force; nil: there is none
	After  *NextDecision `json:"after,omitempty"`  // by the file; nil: not known before it has looked
	Text   string        `json:"text"`             // in words
}

// GroupChange is how a group fares.
type GroupChange string

// The changes.
const (
	GroupAdded   GroupChange = "added"
	GroupRemoved GroupChange = "removed"
	GroupRebuilt GroupChange = "changed"
	GroupKept    GroupChange = "kept"
)

// NextDecision is what a group would decide now.
type NextDecision struct {
	Desired int           `json:"desired"`
	Wanted  int           `json:"wanted"`
	Reason  policy.Reason `json:"reason"`
}

// configuration are the routes about the configuration.
func (s *server) configuration() []route {
	none := Error{Code: NotFound, Text: "there is no configuration here"}
	return []route{
		get("/v1/config", nil, func(ctx context.Context, _ *http.Request) (ConfigInForce, error) {
			if s.Configuration == nil {
				return ConfigInForce{}, none
			}
			now, err := s.Configuration.Config()
			if access.Of(ctx).Role < access.Operate {
				now.Text = "" // URLs in it can hold what lets others in
			}
			return now, err
		}),
		ask("/v1/reload", access.Admin, func(ctx context.Context, _ *http.Request, request ReloadRequest) (ReloadReport, error) {
			if s.Configuration == nil {
				return ReloadReport{}, none
			}
			report, err := s.Configuration.Reload(ctx, request.DryRun, by(ctx, request.By))
			if !report.Applied {
				access.Unchanged(ctx)
			}
			return report.withLists(), err
		}),
	}
}
