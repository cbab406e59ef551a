package load

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/autoscaled/autoscaled/internal/monitor/prom"
	"github.com/autoscaled/autoscaled/internal/words"
)

// Query is a PromQL expression that shows what a signal was.
type Query struct {
	Quantity
	PromQL       string
	Label, Value string        // pick the one series that is meant by a label; empty: there is only one
	Lookback     time.Duration // how old the samples behind a value may be; 0, or a server that does not know it: its own, 5 minutes
}

// Server is what is asked: a prom.Server.
type Server interface {
	Name() string
	Curve(context.Context, prom.Stretch) (prom.Curve, error)
}

// Prometheus says what is asked of a Prometheus server.
type Prometheus struct {
	Server   Server
	Queries  []Query // one for each signal; and one of the name serving, if wanted, for how many instances served
	Serving  int     // so many instances served throughout, if no query tells; 0: not known
	From, To time.Time
	Progress func(done, total int) // told after each of so many answers; nil: nobody is told
}

// pointsMax bounds the points of an answer. A server gives 11,000; of fewer, those of a
// hundred groups fit into what is read of an answer.
const pointsMax = 1000

// A question that may be answered the next time is asked so many times, with pauses that
// begin so and double.
const (
	triesMax   = 5
	firstPause = time.Second
)

// ReadPrometheus asks for the queries at each step from From to before To, one question
// after the other, each for a part of the time. From is moved back to a whole step. Each
// query must have one series throughout, with values of 0 or more; where it has none,
// nothing is known of the signal.
func ReadPrometheus(ctx context.Context, p Prometheus, o Options) (*Load, []Warning, error) {
	o.Step = o.step()
	a, err := p.begin(o)
	if err != nil {
		return nil, nil, fmt.Errorf("read prometheus %s: %w", p.Server.Name(), err)
	}
	for _, q := range p.Queries {
		if err := a.read(ctx, q); err != nil {
			return nil, nil, err
		}
	}
	r := a.known()
	if r.serving == nil && p.Serving > 0 {
		r.serving = throughout(p.Serving, len(r.at))
	}
	l, warnings, err := r.load("prometheus "+p.Server.Name(), o)
	if err != nil {
		return nil, nil, err
	}
	if o.Step > time.Minute {
		warnings = append(warnings, Warning{Text: fmt.Sprintf("it was asked every %s: what happened between does not show", words.Span(o.Step))})
	}
	return l, append(a.ends(l), warnings...), nil
}

// begin checks what is asked for.
func (p Prometheus) begin(o Options) (*asking, error) {
	var quantities []Quantity
	counts := p.Serving > 0
	for _, q := range p.Queries {
		if q.Name == servingName {
			counts = true
			continue
		}
		quantities = append(quantities, q.Quantity)
	}
	switch {
	case len(quantities) == 0:
		return nil, errors.New("there is no query of a signal: give one for each")
	case o.Step < time.Second || o.Step%time.Millisecond != 0:
		return nil, fmt.Errorf("a step of %s is not possible: take a second at least, in whole milliseconds", o.Step)
	case !p.From.Before(p.To):
		return nil, fmt.Errorf("from %s to %s is no time: give a begin before the end", p.From.Format(time.RFC3339), p.To.Format(time.RFC3339))
	case p.From.Year() < firstYear || p.To.Year() > lastYear:
		return nil, fmt.Errorf("from %s to %s lies outside of the years %d to %d", p.From.Format(time.RFC3339), p.To.Format(time.RFC3339), firstYear, lastYear)
	}
	if q := means(quantities); q != nil && !counts {
		return nil, fmt.Errorf("`%s` is a mean of the instances, and nothing says how many served: add a query of the name %s, or say how many served throughout", q.Name, servingName)
	}
	start := time.Unix(0, floor(p.From.UnixNano(), int64(o.Step))).UTC()
	steps := int64((p.To.Sub(start) + o.Step - 1) / o.Step)
	if steps > valuesMax/int64(len(p.Queries)) {
		return nil, fmt.Errorf("there are %d steps of %s, too many for %s: take a longer step, or less time", steps, o.Step, counted(len(p.Queries), "expression"))
	}
	parts := (int(steps) + pointsMax - 1) / pointsMax * len(p.Queries)
	return &asking{Prometheus: p, start: start, step: o.Step, steps: int(steps), parts: parts}, nil
}

// asking is a server being asked.
type asking struct {
	Prometheus
	start   time.Time
	step    time.Duration
	steps   int
	columns []column
	serving []float64
	done    int // answers
	parts   int // of which there will be so many
}

// read asks one query part by part.
func (a *asking) read(ctx context.Context, q Query) error {
	values := slices.Repeat([]float64{unknown}, a.steps)
	series := ""
	for first := 0; first < a.steps; first += pointsMax {
		last := min(first+pointsMax, a.steps) - 1
		curve, err := a.ask(ctx, prom.Stretch{
			PromQL: q.PromQL, Label: q.Label, Value: q.Value, Lookback: q.Lookback, From: a.time(first), To: a.time(last), Step: a.step,
		})
		if err == nil && series != "" && len(curve.Points) > 0 && curve.Series != series {
			err = fmt.Errorf("its series is %s, and was %s before %s: sum(…) or another aggregation makes one of them", curve.Series, series, a.time(first).Format(time.RFC3339))
		}
		if err == nil {
			err = a.take(q, curve, values)
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", q.Name, err)
		}
		if len(curve.Points) > 0 {
			series = curve.Series
		}
		if a.done++; a.Progress != nil {
			a.Progress(a.done, a.parts)
		}
	}
	if series == "" {
		return fmt.Errorf("read %s: prometheus %s has no series for %.100q from %s to %s: check the expression, and how long the server keeps its data",
			q.Name, a.Server.Name(), q.PromQL, a.From.Format(time.RFC3339), a.To.Format(time.RFC3339))
	}
	if q.Name == servingName {
		a.serving = values
		return nil
	}
	a.columns = append(a.columns, column{Quantity: q.Quantity, values: values})
	return nil
}

func (a *asking) time(step int) time.Time { return a.start.Add(time.Duration(step) * a.step) }

// take puts the points of an answer to their steps.
func (a *asking) take(q Query, curve prom.Curve, values []float64) error {
	for _, p := range curve.Points {
		err := q.refuse(p.Value)
		if q.Name == servingName {
			err = checkServing(p.Value)
		}
		if err != nil {
			return fmt.Errorf("the value of %.100q at %s, %g, %w; clamp_min(…, 0) and clamp_max(…, …) bound it", q.PromQL, p.At.Format(time.RFC3339), p.Value, err)
		}
		values[int(p.At.Sub(a.start)/a.step)] = p.Value
	}
	return nil
}

// ask asks until there is an answer, or none is to be expected.
func (a *asking) ask(ctx context.Context, of prom.Stretch) (prom.Curve, error) {
	pause := firstPause
	for try := 1; ; try++ {
		curve, err := a.Server.Curve(ctx, of)
		failed, ok := errors.AsType[*prom.CurveError](err)
		switch {
		case ctx.Err() != nil:
			return prom.Curve{}, context.Cause(ctx)
		case !ok || !failed.Again:
			return curve, err
		case try == triesMax:
			return curve, fmt.Errorf("%w (asked %d times)", err, try)
		}
		select {
		case <-ctx.Done():
			return prom.Curve{}, context.Cause(ctx)
		case <-time.After(max(pause, failed.After)):
		}
		pause *= 2
	}
}

// known are the readings from the first to the last instant at which any signal has one.
func (a *asking) known() *readings {
	first, last := a.steps, -1
	for _, c := range a.columns {
		for i, value := range c.values {
			if !math.IsNaN(value) {
				first, last = min(first, i), max(last, i)
			}
		}
	}
	r := &readings{}
	for i := first; i <= last; i++ {
		r.at = append(r.at, a.time(i).UnixNano())
	}
	for _, c := range a.columns {
		c.values = c.values[first : last+1]
		r.columns = append(r.columns, c)
	}
	if a.serving != nil {
		r.serving = a.serving[first : last+1]
	}
	return r
}

// ends says if the load is shorter than what was asked for.
func (a *asking) ends(l *Load) []Warning {
	if l.Start.Equal(a.start) && l.Len() == a.steps {
		return nil
	}
	return []Warning{{Text: fmt.Sprintf("asked for was %s to %s, and there are values from %s to %s only: how long does the server keep its data?",
		a.start.Format(time.RFC3339), a.time(a.steps).Format(time.RFC3339), l.Start.Format(time.RFC3339), l.End().Format(time.RFC3339))}}
}
