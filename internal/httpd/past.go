package httpd

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"time"

	"github.com/autoscaled/autoscaled/internal/record"
)

// Past is what is kept of a group's decisions, from one time until before another, in
// order.
type Past interface {
	Decisions(group string, from, to time.Time) (iter.Seq2[record.Item, error], error)
}

// MomentsPage is some of a group's moments.
type MomentsPage struct {
	record.Moments
	Next string `json:"next,omitempty"` // there are older ones in the span, before this time
}

const (
	momentsMost = 1000
	pointsLeast = 10
)

// histories are the routes that show what was.
func (s *server) histories() []route {
	return []route{
		get("/v1/groups/{group}/series", []string{"from", "to", "points"}, s.series),
		get("/v1/groups/{group}/decisions", []string{"from", "to", "all", "limit", "before"}, s.decisions),
		get("/v1/groups/{group}/explain", []string{"at"}, s.explain),
		get("/v1/groups/{group}/cost", nil, s.cost),
	}
}

// decided reads what was decided about a group, from before from as far as it takes to know what held then.
func decided(ctx context.Context, past Past, group string, from, to time.Time) (iter.Seq2[record.Item, error], error) {
	if past == nil {
		return nil, Error{Code: NotFound, Text: "there is no history here"}
	}
	items, err := past.Decisions(group, from.Add(-record.Lead), to)
	if err != nil {
		return nil, err
	}
	return during(ctx, items), nil
}

// Series reads what a group had and wanted over time, in at most so many points.
func Series(ctx context.Context, past Past, group string, from, to time.Time, points int) (record.Series, error) {
	items, err := decided(ctx, past, group, from, to)
	if err != nil {
		return record.Series{}, err
	}
	series := record.SeriesOf(group, items, from, to, points)
	return series, overlong(ctx)
}

// Explain explains the last decision at a time or before.
func Explain(ctx context.Context, past Past, group string, at time.Time) (record.Explained, error) {
	items, err := decided(ctx, past, group, at, at.Add(time.Nanosecond))
	if err != nil {
		return record.Explained{}, err
	}
	explained, err := record.ExplainLast(group, items)
	return explained, cmp.Or(overlong(ctx), err)
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
		return fmt.Errorf("read the history: %w; ask for a shorter span, or read the files with --history DIRECTORY", err)
	}
	return nil
}

// series answers with what a group had and wanted over time.
func (s *server) series(ctx context.Context, r *http.Request) (record.Series, error) {
	now, q := time.Now(), queryOf(r)
	from, to := q.span(now.Add(-24*time.Hour), now)
	points := q.number("points", pointsLeast, record.PointsMost, 300)
	if q.err != nil {
		return record.Series{}, q.err
	}
	return Series(ctx, s.Past, r.PathValue("group"), from, to, points)
}

// decisions answers with the moments of a span.
func (s *server) decisions(ctx context.Context, r *http.Request) (MomentsPage, error) {
	now, q := time.Now(), queryOf(r)
	from, to := q.span(now.Add(-24*time.Hour), now.Add(time.Minute))
	if before := q.time("before", to); before.Before(to) {
		to = before
	}
	all, limit := q.flag("all"), q.number("limit", 1, momentsMost, 0)
	if q.err != nil {
		return MomentsPage{}, q.err
	}
	group := r.PathValue("group")
	items, err := decided(ctx, s.Past, group, from, to)
	if err != nil {
		return MomentsPage{}, err
	}
	page := MomentsPage{Moments: record.Select(group, items, from, all)}
	page.cut(limit)
	return page, overlong(ctx)
}

// cut keeps the newest so many, and all of the same time as the oldest of them, so that the next page,
// which is what was before that time, leaves none out. With 0 it keeps all.
func (p *MomentsPage) cut(limit int) {
	all := p.Moments.Moments
	first := len(all) - limit
	if limit > 0 && first > 0 {
		for first > 0 && all[first-1].At.Equal(all[first].At) {
			first--
		}
		p.Moments.Moments = slices.Clone(all[first:])
		p.Cut = p.Cut || first > 0
	}
	if p.Cut && len(p.Moments.Moments) > 0 {
		p.Next = p.Moments.Moments[0].At.Format(time.RFC3339Nano)
	}
}

// explain answers with the explanation of the last decision at a time or before.
func (s *server) explain(ctx context.Context, r *http.Request) (record.Explained, error) {
	q := queryOf(r)
	at := q.time("at", time.Now())
	if q.err != nil {
		return record.Explained{}, q.err
	}
	return Explain(ctx, s.Past, r.PathValue("group"), at)
}
