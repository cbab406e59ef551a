// Package gp is the adapter between the ports of package cloud and IIJ GIO's
// GP-API: machines are virtual servers (gc codes), and a balancer is one pool of
// the load balancer in an FW+LB option (a gl code).
//
// It promises that
//   - a listing names every machine that either of the API's two lists names; a
//     machine that one of them lacks is shown, but not as usable;
//   - whatever word, date or address the API says that this package does not
//     know makes a machine unknown, never ready;
//   - no method repeats a call that changes something, or decides anything.
//
// Days are those of Japan, whatever the zone of this machine.
//
// It calls package gpapi. Groups of one account share the [gpapi.Reader] and
// [gpapi.Client]; what differs between groups is in Options.
package gp

import (
	"time"

	"github.com/autoscaled/autoscaled/internal/cloud"
)

var (
	_ cloud.Reader         = (*Reader)(nil)
	_ cloud.Writer         = (*Writer)(nil)
	_ cloud.BalancerReader = (*PoolReader)(nil)
	_ cloud.Balancer       = (*Pool)(nil)
)

// Options says where a group's machines live and what new ones need.
type Options struct {
	GpServiceCode string     // the main contract
	SSHPublicKey  string     // line of an authorized_keys file for root; empty: no key is imported
	FwLb          string     // gl code to which new machines are attached; empty: not attached
	PaidPeriod    PaidPeriod // empty: PaidByDay
	NoticeDays    int        // a contract ends at the earliest so many days from today, 0…
}

// PaidPeriod is the unit in which a contract is paid.
type PaidPeriod string

// The paid periods.
const (
	PaidByDay   PaidPeriod = "day"
	PaidByMonth PaidPeriod = "month"
)

// japan is the zone of the API's dates. It has had no summer time since 1951, so
// no time zone database is needed.
var japan = time.FixedZone("JST", 9*60*60)

const dateLayout = "20060102"

// parseDate reads a date of the API: the day's beginning in Japan, or the zero
// time for an empty text.
func parseDate(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	return time.ParseInLocation(dateLayout, text, japan)
}

func formatDate(day time.Time) string { return day.In(japan).Format(dateLayout) }
