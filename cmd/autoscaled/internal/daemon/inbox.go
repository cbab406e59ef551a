package daemon

import (
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/httpd"
	"github.com/autoscaled/autoscaled/internal/monitor"
)

// inboxOf takes what is pushed to a signal.
func inboxOf(signal config.Signal, watch *monitor.Monitor) httpd.Inbox {
	return httpd.Inbox{
		Token:      signal.Push.Token,
		Format:     signal.Push.Format,
		Step:       signal.Push.Step,
		AgainAfter: signal.Push.AgainAfter,
		Staleness:  signal.Staleness,
		Counted:    httpd.NewCounted(),
		Push:       func(value float64, at time.Time) (bool, error) { return watch.Push(signal.Name, value, at) },
	}
}
