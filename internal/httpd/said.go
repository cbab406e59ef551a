package httpd

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/httpd/access"
)

// saidBy is what the log tells of a request: why, and of what is asked for as much as its path does
// not say. Texts in it were found to be plain.
func saidBy(content []byte, body any) access.Said {
	var said access.Said
	_ = json.Unmarshal(content, &struct { // it was read already
		Why *string `json:"why"`
	}{&said.Why})
	switch asked := body.(type) {
	case OverrideRequest:
		said.What = asked.what()
	case ScaleRequest:
		said.What = fmt.Sprintf("to %d", asked.Count)
	case fleet.Adoption:
		said.What = adopted(asked)
	case fleet.DrillRequest:
		said.What = asked.Instance
	case ReloadRequest:
		said.Trial = asked.DryRun
	}
	return said
}

// what is the override in a few words.
func (r OverrideRequest) what() string {
	text := string(r.Kind)
	if r.Kind.Counts() {
		text += fmt.Sprintf(" %d", r.Count)
	}
	switch {
	case r.For != "":
		text += " for " + r.For
	case !r.Until.IsZero():
		text += " until " + r.Until.Format(time.RFC3339)
	}
	return text
}

// adopted is in a few words what is to be ours.
func adopted(a fleet.Adoption) string {
	whose := "order " + a.Order
	if a.Order == "" {
		whose = "group " + a.Group
	}
	return whose + ": " + cmp.Or(strings.Join(a.Codes, ", "), "none")
}
