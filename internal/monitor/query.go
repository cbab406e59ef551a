package monitor

import (
	"context"
	"time"

	"github.com/autoscaled/autoscaled/internal/monitor/prom"
	"github.com/autoscaled/autoscaled/internal/monitor/reading"
)

// query takes the value of one group out of the answer to a question, which other groups
// may have asked too.
type query struct {
	server       *prom.Server
	question     prom.Question
	label, group string        // the series whose label is the group's name; empty: the only one
	offset       time.Duration // it is asked what was so long ago
	interval     time.Duration // the group's
	last         time.Time     // when the answer that it read last was evaluated
}

// read is the query's probe. Groups have their slots all over the interval, and none is
// to get the same answer twice: so one question is asked once in an interval, however many
// groups there are. An extra reading takes only one of this moment.
func (q *query) read(ctx context.Context, now time.Time) []reading.Reading {
	at := now.Add(-q.offset)
	maxAge := min(q.interval, at.Sub(q.last))
	if isExtra(ctx) {
		maxAge = min(q.interval, time.Second/2)
	}
	answer := q.server.Ask(ctx, q.question, at, maxAge)
	q.last = answer.Evaluated()
	if q.label == "" {
		return []reading.Reading{answer.Only().Later(q.offset)}
	}
	return []reading.Reading{answer.Of(q.label, q.group).Later(q.offset)}
}
