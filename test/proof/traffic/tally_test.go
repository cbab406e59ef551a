package traffic

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim/guest"
)

// tally counts what was done and what became of the requests.
type tally struct {
	out, in, turned, crashes int
	joined, left, bought     int // nodes into the pool and out of it, machines ordered
	underWay                 int // requests, added up over the moments at which a node left
	requests                 guest.Counts
	took                     []time.Duration // ascending
}

func (t *tally) scaled(from, to int) {
	if to > from {
		t.out++
	} else {
		t.in++
	}
}

// add takes another scene's tally in.
func (t *tally) add(other tally) {
	t.out, t.in, t.turned, t.crashes = t.out+other.out, t.in+other.in, t.turned+other.turned, t.crashes+other.crashes
	t.joined, t.left, t.bought, t.underWay = t.joined+other.joined, t.left+other.left, t.bought+other.bought, t.underWay+other.underWay
	t.requests.Served += other.requests.Served
	t.requests.Overloaded += other.requests.Overloaded
	t.requests.NoNode += other.requests.NoNode
	t.requests.Lost += other.requests.Lost
	t.requests.Abandoned += other.requests.Abandoned
	t.took = slices.Sorted(slices.Values(append(t.took, other.took...)))
}

// table shows the tally to people.
func (t *tally) table() string {
	var text strings.Builder
	line := func(what string, format string, args ...any) {
		fmt.Fprintf(&text, "  %-11s %s\n", what, fmt.Sprintf(format, args...))
	}
	line("scalings", "%d out, %d in; %d of them turned round on the way", t.out, t.in, t.turned)
	line("crashes", "%d", t.crashes)
	line("nodes", "%d joined the pool, %d left it; %d machines were bought", t.joined, t.left, t.bought)
	line("under way", "%d requests at the moments when nodes left", t.underWay)
	line("requests", "%d served, %d overloaded, %d lost, %d without a node, %d abandoned", t.requests.Served, t.requests.Overloaded,
		t.requests.Lost, t.requests.NoNode, t.requests.Abandoned)
	line("durations", "half within %v, 99 %% within %v, the longest %v", t.quantile(0.5), t.quantile(0.99), t.quantile(1))
	return text.String()
}

func (t *tally) quantile(share float64) time.Duration {
	if len(t.took) == 0 {
		return 0
	}
	return t.took[int(share*float64(len(t.took)-1))].Round(time.Millisecond)
}
