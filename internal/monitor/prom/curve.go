package prom

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"time"

	"github.com/prometheus/common/model"

	"github.com/autoscaled/autoscaled/internal/config"
)

// Stretch is an expression that is evaluated at From, and at every Step after it up to To.
type Stretch struct {
	PromQL       string
	Label, Value string        // of the one series that is meant; with an empty label there is only one
	Lookback     time.Duration // as in a Question; 0: as the server has it
	From, To     time.Time
	Step         time.Duration // whole milliseconds; From to To are at most 11,000 of them, or a server refuses
}

// Curve is one series over a stretch.
type Curve struct {
	Series string  // its name and labels; empty without points
	Points []Point // rising in time; the steps at which there is none are left out
}

// Point is a value at one of a stretch's steps.
type Point struct {
	At    time.Time
	Value float64 // finite
}

// CurveError is why there is no curve.
type CurveError struct {
	Again bool          // there may be one if the server is asked again
	After time.Duration // and not before
	err   error
}

// Error says what was asked, of whom, and what is wrong.
func (e *CurveError) Error() string { return e.err.Error() }

// Unwrap returns what is wrong.
func (e *CurveError) Unwrap() error { return e.err }

// Name is the server's URL, without a password.
func (s *Server) Name() string { return s.name }

// Curve asks once, and shares the answer with nobody. A curve without points is no error:
// nothing is known of that stretch. Any other error than that of ctx is a CurveError.
func (s *Server) Curve(ctx context.Context, of Stretch) (Curve, error) {
	question := Question{PromQL: of.PromQL, Lookback: of.Lookback, Range: config.Range{Span: of.To.Sub(of.From), Step: of.Step}}
	bound, cancel := context.WithTimeoutCause(ctx, s.timeout, s.tooLate)
	defer cancel()
	result, warnings, err := s.evaluate(bound, question, of.To)
	switch {
	case ctx.Err() != nil:
		return Curve{}, context.Cause(ctx)
	case bound.Err() != nil:
		return Curve{}, s.noCurve(of, context.Cause(bound), true)
	case err != nil:
		return Curve{}, s.noCurve(of, errors.New(s.client.conceal.abridge(withoutURL(err).Error())), mayPass(err))
	case len(warnings) > 0:
		return Curve{}, s.noCurve(of, fmt.Errorf("the answer may be partial: %s", s.client.conceal.abridge(warnings[0])), true)
	}
	found, count, err := newTable(result, question.Range.Span > 0).find(of.Label, of.Value)
	switch {
	case err != nil:
	case count == 0:
		return Curve{}, nil
	case count > 1:
		err = fmt.Errorf("%d series match where one is needed: %s", count, advice(of.Label))
	case found.histogram:
		err = errors.New("the result is a histogram: take histogram_quantile, histogram_avg or histogram_sum of it")
	default:
		curve := Curve{Series: s.client.conceal.Replace(found.labels.metric().String())}
		if curve.Points, err = of.points(found.points); err == nil {
			return curve, nil
		}
	}
	return Curve{}, s.noCurve(of, err, false)
}

func (s *Server) noCurve(of Stretch, err error, again bool) error {
	failed := &CurveError{
		Again: again,
		err: fmt.Errorf("ask prometheus %s for %.100q from %s to %s: %w; check that it runs, and that the expression has one series in its own page",
			s.name, of.PromQL, of.From.UTC().Format(time.RFC3339), of.To.UTC().Format(time.RFC3339), err),
	}
	if p, ok := s.client.http.Transport.(*patient); ok && again {
		failed.After = max(0, p.left())
	}
	return failed
}

// mayPass says of an error whether it may be over the next time: of the network, of a
// server in trouble, or of one that has too much to do.
func mayPass(err error) bool {
	said, ok := errors.AsType[*refusalError](err)
	return !ok || said.status == http.StatusTooManyRequests || slices.Contains([]string{"timeout", "canceled", serverError}, said.kind)
}

// points are those of a series, each at a step and finite.
func (of Stretch) points(pairs []model.SamplePair) ([]Point, error) {
	points := make([]Point, len(pairs))
	for i, pair := range pairs {
		at, value := pair.Timestamp.Time(), float64(pair.Value)
		switch {
		case at.Before(of.From.Truncate(time.Millisecond)) || at.After(of.To) || i > 0 && pair.Timestamp <= pairs[i-1].Timestamp:
			return nil, errors.New("the points are not in order, or not within the range asked for")
		case at.Sub(of.From.Truncate(time.Millisecond))%of.Step != 0:
			return nil, errors.New("the points are not at the steps asked for")
		case math.IsNaN(value) || math.IsInf(value, 0):
			return nil, fmt.Errorf("the value at %s is %v: (…) >= 0 < +Inf leaves out what is no number", at.UTC().Format(time.RFC3339), value)
		}
		points[i] = Point{at.UTC(), value}
	}
	return points, nil
}
