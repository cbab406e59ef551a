package notify

import (
	"slices"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/events"
)

// filter says which events a receiver is told of.
type filter struct {
	groups, accounts, kinds, reasons []string // empty: all
	least                            events.Severity
}

func newFilter(c config.Notify) filter {
	return filter{c.Groups, c.Accounts, c.Kinds, c.Reasons, events.Severity(c.Severity)}
}

func (f *filter) has(e *events.Event) bool {
	return e.Severity.AtLeast(f.least) && among(f.kinds, string(e.Kind)) && among(f.reasons, e.Reason) && f.concerns(e)
}

// concerns says that the event is about one of the groups, or an account that they run on,
// or about everything.
func (f *filter) concerns(e *events.Event) bool {
	switch {
	case e.Account != "":
		return among(f.accounts, e.Account)
	case e.Group != "":
		return among(f.groups, e.Group)
	default:
		return true
	}
}

func among(list []string, word string) bool { return len(list) == 0 || slices.Contains(list, word) }
