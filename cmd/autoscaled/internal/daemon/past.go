package daemon

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/monitor/prom"
	"github.com/autoscaled/autoscaled/internal/plan/load"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/policy/forecast"
	"github.com/autoscaled/autoscaled/internal/record"
)

const (
	pastMost  = 35 * 24 * time.Hour // how far back forecasts learn
	pastLeast = 10 * time.Minute    // a backfill for less is not worth its while
	askAgain  = 15 * time.Minute    // between questions to a Prometheus server that could not tell
	outageFor = 10 * time.Minute    // for which nobody asks a server that did not answer: others wait for their turn
)

// past is what is known of a group's load before now: from its own history and, for the
// time before that begins, from the backfills of its forecasts.
type past struct {
	forecasts []backfilled
	history   func(from, to time.Time) iter.Seq2[record.Item, error] // nil: none is kept
	server    load.Server                                            // nil without PromQL
	outage    *outage                                                // of the server
	signals   []load.Quantity                                        // of the group, as a table has them
	now       func() time.Time
	log       *zap.Logger
	unread    atomic.Pointer[string] // why a backfill could not be read the last time; nil or empty: all could
	missing   map[string]bool        // policies whose backfills could not be read the last time; nil: they were not asked yet
}

// outage is one of the Prometheus server, for all groups. They are taught one at a time.
type outage struct {
	until time.Time // nobody asks before
	why   error
}

// backfilled is a policy that forecasts, and where its load of old is found.
type backfilled struct {
	*policy.Forecast
	name string
	from config.Backfill
}

// past is what is known of the group for its policies, which became those of the spec, and says why some of
// it cannot be read; both are nil if that is nothing, or if none of them forecasts.
func (d *draft) past(group config.Group, spec *policy.Spec, log *zap.Logger) (teach fleet.Past, trouble func() string) {
	p := &past{now: d.options.Now, log: log, outage: &d.outage}
	for i, rule := range spec.Policies {
		if rule.Forecast != nil {
			p.forecasts = append(p.forecasts, backfilled{rule.Forecast, rule.Name, group.Policies[i].Forecast.Backfill})
		}
	}
	known := d.history != nil || slices.ContainsFunc(p.forecasts, backfilled.any)
	if len(p.forecasts) == 0 || !known {
		return nil, nil
	}
	if d.history != nil {
		p.history = d.decisionsOf(group.Name)
	}
	if d.server != nil {
		p.server = d.server
	}
	for _, signal := range group.Signals {
		quantity := load.Quantity{Name: signal.Name, PerInstance: signal.PerInstance() || spec.Mean(signal.Name)}
		if quantity.PerInstance {
			quantity.Ceiling = signal.Most()
		}
		p.signals = append(p.signals, quantity)
	}
	return p.teach, p.trouble
}

// decisionsOf reads what was decided about a group.
func (d *Daemon) decisionsOf(group string) func(from, to time.Time) iter.Seq2[record.Item, error] {
	stored := load.Store{Directory: HistoryPath(d.options.Config), Group: group}
	return func(from, to time.Time) iter.Seq2[record.Item, error] {
		_ = d.history.Flush() // what cannot be written yet is not read; it is told elsewhere
		stored.From, stored.To = from, to
		return stored.Decisions()
	}
}

// any says that there is a backfill.
func (b backfilled) any() bool { return b.from != config.Backfill{} }

// String says where the backfill is from.
func (b backfilled) String() string {
	if b.from.CSV != "" {
		return b.from.CSV
	}
	return fmt.Sprintf("%.100q", b.from.PromQL)
}

// teach is a [fleet.Past].
func (p *past) teach(ctx context.Context, f *forecast.Forecaster, leads forecast.Leads) (news bool, again time.Duration) {
	now := p.now()
	from := now.Add(-pastMost)
	missing, unread := map[string]bool{}, ""
	for i, begin := range p.begins(ctx, from, now) {
		b := p.forecasts[i]
		if !b.any() || begin.Sub(from) < pastLeast {
			continue
		}
		err := p.backfill(ctx, f, b, from, begin)
		if ctx.Err() != nil {
			return false, 0
		}
		if err != nil {
			p.tell(b, err)
			missing[b.name], unread = true, cmp.Or(unread, fmt.Sprintf("%s: %v", b.name, err))
		}
		if err != nil && b.from.PromQL != "" {
			again = askAgain
		}
	}
	p.unread.Store(&unread)
	if p.missing != nil && maps.Equal(missing, p.missing) {
		return false, again
	}
	p.missing = missing
	p.replay(ctx, f, leads, from, now)
	return true, again
}

// trouble says why a backfill, the first of them, could not be read the last time; empty: all could. Any
// goroutine may call it.
func (p *past) trouble() string {
	if unread := p.unread.Load(); unread != nil {
		return *unread
	}
	return ""
}

// begins is when the history begins to know the load of each policy with a backfill; of one
// that it does not know, the end.
func (p *past) begins(ctx context.Context, from, to time.Time) []time.Time {
	begins := slices.Repeat([]time.Time{to}, len(p.forecasts))
	open := 0
	for _, b := range p.forecasts {
		if b.any() {
			open++
		}
	}
	if p.history == nil || open == 0 {
		return begins
	}
	for item, err := range p.history(from, to) {
		if err != nil {
			continue
		}
		for i, b := range p.forecasts {
			if _, _, known := b.Load(&item.Inputs); known && b.any() && begins[i].Equal(to) {
				begins[i] = item.At.In(to.Location())
				open--
			}
		}
		if open == 0 || ctx.Err() != nil {
			break
		}
	}
	return begins
}

// replay shows the forecaster what the group rested its decisions on, in the zone of the
// end: seasons go by its clock.
func (p *past) replay(ctx context.Context, f *forecast.Forecaster, leads forecast.Leads, from, to time.Time) {
	if p.history == nil {
		return
	}
	var faults int
	var first error
	for item, err := range p.history(from, to) {
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			if faults++; faults == 1 {
				first = err
			}
			continue
		}
		f.Foresee(&item.Inputs, item.At.In(to.Location()), leads)
	}
	if faults > 0 {
		p.log.Warn("parts of the history cannot be read: the forecast learns without them", zap.Int("parts", faults), zap.NamedError("first", first))
	}
}

// backfill teaches a policy its load from a time until another, likewise.
func (p *past) backfill(ctx context.Context, f *forecast.Forecaster, b backfilled, from, to time.Time) error {
	l, warnings, err := p.read(ctx, b, from, to)
	if err != nil {
		return err
	}
	known := 0
	for i, total := range l.Signal(b.Signal).Totals {
		at := l.Time(i)
		if math.IsNaN(total) || at.Before(from) || !at.Before(to) || ctx.Err() != nil {
			continue
		}
		f.Learn(b.name, at.In(to.Location()), total)
		known++
	}
	if known == 0 {
		return fmt.Errorf("nothing in it is of the time from %s to %s: look at its timestamps", from.Format(time.RFC3339), to.Format(time.RFC3339))
	}
	texts := make([]string, len(warnings))
	for i, warning := range warnings {
		texts[i] = warning.String()
	}
	p.log.Info("a backfill was learned", zap.String("policy", b.name), zap.Int("minutes", known), zap.Time("until", to), zap.Strings("doubts", texts))
	return nil
}

// read reads a backfill.
func (p *past) read(ctx context.Context, b backfilled, from, to time.Time) (*load.Load, []load.Warning, error) {
	if b.from.CSV != "" {
		return p.readCSV(ctx, b)
	}
	if p.now().Before(p.outage.until) {
		return nil, nil, p.outage.why
	}
	l, warnings, err := load.ReadPrometheus(ctx, load.Prometheus{
		Server: p.server, Queries: []load.Query{{Quantity: load.Quantity{Name: b.Signal}, PromQL: b.from.PromQL}}, From: from, To: to,
	}, load.Options{})
	if failed, ok := errors.AsType[*prom.CurveError](err); ok && failed.Again {
		*p.outage = outage{p.now().Add(outageFor), err}
	}
	return l, warnings, err
}

func (p *past) readCSV(ctx context.Context, b backfilled) (*load.Load, []load.Warning, error) {
	info, err := os.Stat(b.from.CSV)
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no regular file", b.from.CSV) // to open a pipe would wait for whoever writes it
	}
	var file *os.File
	if err == nil {
		file, err = os.Open(b.from.CSV)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%w; give the path of a CSV file that this user may read", err)
	}
	defer func() { _ = file.Close() }()
	table := bufio.NewReaderSize(until{ctx, file}, 64<<10)
	head, _ := table.Peek(4 << 10) // what is wrong with it, the reader of the table tells
	of := load.CSV{Name: b.from.CSV, Signals: p.signals}
	if !hasColumn(string(head), b.Signal) { // then it is called value
		of.Signals = slices.DeleteFunc(slices.Clone(p.signals), func(q load.Quantity) bool { return q.Name != b.Signal })
	}
	l, warnings, err := load.ReadCSV(table, of, load.Options{})
	if err == nil && l.Signal(b.Signal) == nil {
		err = fmt.Errorf("%s has no column %s: add one, or name the column so", b.from.CSV, b.Signal)
	}
	return l, warnings, err
}

// hasColumn says that a table that begins so has a column of the name.
func hasColumn(table, name string) bool {
	header, _, _ := strings.Cut(table, "\n")
	for column := range strings.SplitSeq(header, ",") {
		if strings.Trim(column, " \"\r\ufeff") == name {
			return true
		}
	}
	return false
}

// until reads as long as ctx goes on.
type until struct {
	ctx context.Context
	io.Reader
}

func (u until) Read(into []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.Reader.Read(into)
}

// tell tells of a backfill that cannot be read, unless it could not be the last time.
func (p *past) tell(b backfilled, err error) {
	message := "a backfill cannot be read: the forecast learns from what the group itself has seen"
	if b.from.PromQL != "" {
		message += ", and asks again later"
	}
	if !p.missing[b.name] {
		p.log.Warn(message, zap.String("policy", b.name), zap.Stringer("backfill", b), zap.Error(err))
	}
}
