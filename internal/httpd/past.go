package httpd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"time"

	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/record"
)

// Past is what is kept of a group's decisions, from one time until before another, in
// order.
type Past interface {
	Decisions(group string, from, to time.Time) (iter.Seq2[record.Item, error], error)
}

// during yields the items until ctx ends. Then what was made of them is not to be used.
func during(ctx context.Context, items iter.Seq2[record.Item, error]) iter.Seq2[record.Item, error] {
	return func(yield func(record.Item, error) bool) {
		for item, err := range items {
			if ctx.Err() != nil || !yield(item, err) {
				return
			}
		}
	}
}

// overlong is what comes of reading the history for longer than a command may take.
func overlong(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("read the history: %w; try again, or read the files with --history DIRECTORY", err)
	}
	return nil
}

// decisions answers with the moments of a span.
func decisions(past Past) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		steer(w, r, func(ctx context.Context) (any, error) {
			now := time.Now()
			from, err := timeIn(r, "from", now.Add(-24*time.Hour))
			if err != nil {
				return nil, err
			}
			to, err := timeIn(r, "to", now.Add(time.Minute))
			if err != nil {
				return nil, err
			}
			group := r.PathValue("group")
			items, err := past.Decisions(group, from.Add(-record.Lead), to)
			if err != nil {
				return nil, err
			}
			moments := record.Select(group, during(ctx, items), from, r.FormValue("all") == "true")
			return moments, overlong(ctx)
		})
	}
}

// explain answers with the explanation of the last decision at a time or before.
func explain(past Past) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		steer(w, r, func(ctx context.Context) (any, error) {
			at, err := timeIn(r, "at", time.Now())
			if err != nil {
				return nil, err
			}
			group := r.PathValue("group")
			items, err := past.Decisions(group, at.Add(-record.Lead), at.Add(time.Nanosecond))
			if err != nil {
				return nil, err
			}
			explained, err := record.ExplainLast(group, during(ctx, items))
			return explained, cmp.Or(overlong(ctx), err)
		})
	}
}

func timeIn(r *http.Request, name string, otherwise time.Time) (time.Time, error) {
	text := r.FormValue(name)
	if text == "" {
		return otherwise, nil
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	var parse *time.ParseError
	if errors.As(err, &parse) {
		return at, fleet.RefusedError{Why: fmt.Sprintf("%s: %q is no time: write for example 2026-04-01T09:00:00+09:00", name, text)}
	}
	return at, err
}
