package probe

import (
	"context"
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/monitor/prom"
)

// Answer is what a Prometheus server said to an expression, believed or not.
type Answer struct {
	Server   string   `json:"server"`
	PromQL   string   `json:"promql"`
	TookMs   float64  `json:"took_ms"`
	Series   []Series `json:"series"`
	Warnings []string `json:"warnings,omitempty"`
}

type query struct {
	server   *prom.Server
	url      string
	question prom.Question
	tell     func(Step)
}

// NewQuery is the source of the value of an expression, whose samples may be as old as
// the signal's staleness.
func NewQuery(c config.Prometheus, signal config.Signal, tell func(Step)) (Source, error) {
	server, err := prom.NewServer(c)
	if err != nil {
		return nil, err
	}
	return &query{server, c.URL, prom.Question{PromQL: signal.PromQL, Lookback: signal.Staleness}, tell}, nil
}

func (q *query) Ask(ctx context.Context) []Reading {
	began := time.Now()
	answer := q.server.Ask(ctx, q.question, began, 0)
	seen := &Answer{Server: q.url, PromQL: q.question.PromQL, TookMs: sinceMs(began), Series: []Series{}, Warnings: answer.Warnings()}
	for _, series := range answer.Series() {
		seen.Series = append(seen.Series, seriesOf(series))
	}
	q.tell(Step{Answer: seen})
	return []Reading{readingOf(q.question.PromQL, 0, answer.Only())}
}

func (q *query) Close() { q.server.Close() }
