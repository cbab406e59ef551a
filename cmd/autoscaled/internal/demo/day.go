package demo

import (
	"context"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim/guest"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// The day: each part runs from its beginning to the next one's, and the load goes
// evenly from one rate to the next.
type part struct {
	name  string
	from  time.Duration
	rate  float64 // requests per second at the beginning
	until float64 // and at the end
}

var day = []part{
	{"night", 0, 60, 60},
	{"morning", 10 * time.Second, 60, 150},
	{"noon", 30 * time.Second, 150, 150},
	{"flash crowd", flashBegins, 340, 340},
	{"afternoon", flashEnds, 200, 120},
	{"evening", 68 * time.Second, 60, 60},
}

const (
	flashBegins = 36 * time.Second
	flashEnds   = 58 * time.Second
	dayEnds     = 98 * time.Second  // the paid period rolls
	length      = 106 * time.Second // the daemon is told to end
)

func partAt(elapsed time.Duration) (part, time.Duration) {
	for i := len(day) - 1; i > 0; i-- {
		if elapsed >= day[i].from {
			end := length
			if i+1 < len(day) {
				end = day[i+1].from
			}
			return day[i], end
		}
	}
	return day[0], day[1].from
}

// rate is the load at a time of the day, in requests per second.
func rate(elapsed time.Duration) float64 {
	p, end := partAt(elapsed)
	share := float64(elapsed-p.from) / float64(end-p.from)
	return p.rate + (p.until-p.rate)*min(1, share)
}

// moment is the state at one second of the day.
type moment struct {
	at      time.Duration
	traffic guest.Counts // since the beginning
	group   fleet.GroupStatus
}

// play runs load and daemon until the day is over.
func (d *demo) play(ctx context.Context) error {
	d.began = time.Now()
	loading, stopLoad := context.WithCancel(ctx)
	defer stopLoad()
	running, stopDaemon := context.WithCancel(ctx)
	defer stopDaemon()
	var all errgroup.Group
	all.Go(func() error { defer stopLoad(); return d.daemon.Run(running) })
	all.Go(func() error { return d.load.Run(loading) })
	d.watch(loading)
	stopDaemon() // the load goes on while the daemon ends: that must lose nothing either
	return all.Wait()
}

// watch notes the course of the day, second by second, until it is over.
func (d *demo) watch(ctx context.Context) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		m := moment{at: d.elapsed(), traffic: d.cloud.Balancer.Ledger().Counts}
		if groups := d.daemon.Fleet.Status().Groups; len(groups) > 0 {
			m.group = groups[0]
		}
		d.course = append(d.course, m)
		if n%2 == 0 {
			d.story.tell()
			d.show(m)
		}
		if m.at >= length {
			return
		}
	}
}

// show writes one line about a moment.
func (d *demo) show(m moment) {
	p, _ := partAt(m.at)
	signals := make([]string, 0, len(m.group.Signals))
	for _, s := range m.group.Signals {
		text := "-"
		if s.Value != nil {
			text = fmt.Sprintf("%.3g", *s.Value)
		}
		if s.Name == "cpu" && s.Value != nil {
			text = fmt.Sprintf("%.0f%%", 100**s.Value)
		}
		signals = append(signals, s.Name+" "+text)
	}
	d.say("%6.1fs  %-11s %3.0f req/s  %s  %-22s served %d, overloaded %d, lost %d", m.at.Seconds(), p.name, rate(m.at),
		machines(m.group), strings.Join(signals, ", "), m.traffic.Served, m.traffic.Overloaded, m.traffic.Lost)
}

// machines draws the group: a full block serves, a half one is becoming, a dot
// stands by.
func machines(g fleet.GroupStatus) string {
	leaving := 0
	for _, in := range g.Instances {
		if in.Goal != policy.InService && in.Phase != "stopped" && in.Phase != "ending" && in.Phase != "in_pool" {
			leaving++
		}
	}
	picture := strings.Repeat("█", g.Serving) + strings.Repeat("▒", g.Becoming) + strings.Repeat("▁", leaving) + strings.Repeat("·", g.Standby)
	return fmt.Sprintf("%2d wanted %s%s", g.Desired, picture, strings.Repeat(" ", max(0, 13-len([]rune(picture)))))
}
