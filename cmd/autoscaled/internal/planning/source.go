package planning

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/autoscaled/autoscaled/cmd/autoscaled/internal/probe"
	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/monitor/prom"
	"github.com/autoscaled/autoscaled/internal/plan/load"
	"github.com/autoscaled/autoscaled/internal/record"
	"github.com/autoscaled/autoscaled/internal/words"
)

// Source says where history is read, and how it is meant. Of CSV, Store and Prometheus
// one is set, or none: then it is the store of the first subject.
type Source struct {
	CSV        string    // path of a table; - is the standard input
	Table      io.Reader // in place of the file: CSV is its name
	Store      string    // the daemon's state directory, or the directory of its history
	Prometheus *config.Prometheus
	Queries    map[string]string // PromQL for a signal, in place of the configured one; serving: how many instances served

	From, To time.Time     // zero: no bound
	Last     time.Duration // so long before To, or the end of the history; 0: no bound
	Step     time.Duration // 0: one minute

	Signal  string // what the column `value` of a table is; empty: the only signal that is decided on
	Value   string // of a signal of the instances, in a table: total or mean; empty: as the table tells
	Percent bool   // what is a share is written in percent
	Serving int    // so many instances served throughout; 0: not known
	Peak    int    // scale the load so that its highest step needs so many instances; 0: it stays as it is

	Progress func(done, total int) // of the questions to Prometheus; may be nil
}

// History is what was read.
type History struct {
	Load      *load.Load
	Warnings  []load.Warning
	Decisions iter.Seq2[record.Item, error] // what the daemon decided in that time; nil: not known
}

// The ways in which a value of the instances can be written in a table.
const (
	ValueTotal = "total"
	ValueMean  = "mean"
)

// servingColumn is what the number of instances that served is called.
const servingColumn = "serving"

// promLast is how far back Prometheus is asked unless it is said.
const promLast = 28 * day

// Read reads the history of the group that the subjects are about. What it cannot read
// is an error that says where, and what to do.
func (s *Source) Read(ctx context.Context, subjects []Subject) (*History, error) {
	h, err := s.read(ctx, subjects)
	if err != nil {
		return nil, err
	}
	if there := h.Load.End().Sub(h.Load.Start); s.Last > 0 && s.From.IsZero() && there < s.Last-h.Load.Step {
		h.Warnings = append(h.Warnings, load.Warning{Text: fmt.Sprintf("asked for were the last %s, and the history has %s", Brief(s.Last), spanWords(there))})
	}
	return h, nil
}

func (s *Source) read(ctx context.Context, subjects []Subject) (*History, error) {
	switch {
	case s.CSV != "":
		return s.readCSV(subjects)
	case s.Prometheus != nil:
		return s.readPrometheus(ctx, subjects)
	}
	return s.readStore(&subjects[0])
}

func (s *Source) readCSV(subjects []Subject) (*History, error) {
	table := s.Table
	switch {
	case table != nil:
	case s.CSV == "-":
		table = os.Stdin
	default:
		file, err := os.Open(s.CSV)
		if err != nil {
			return nil, fmt.Errorf("open the history: %w; give the path of a CSV file that this user may read", err)
		}
		defer func() { _ = file.Close() }()
		table = file
	}
	buffered := bufio.NewReaderSize(table, 64<<10)
	head, _ := buffered.Peek(64 << 10) // what is wrong with it, the reader of the table tells
	columns := headerOf(string(head))
	quantities, err := s.quantities(columns, subjects)
	if err != nil {
		return nil, err
	}
	l, warnings, err := load.ReadCSV(buffered, load.CSV{Name: s.CSV, Signals: quantities, Serving: s.Serving}, load.Options{Step: s.Step})
	if err != nil {
		return nil, s.hinted(err, subjects)
	}
	s.unpercent(l, subjects)
	if l, err = s.cut(l); err != nil {
		return nil, err
	}
	return &History{Load: l, Warnings: warnings}, nil
}

// headerOf are the names of the columns behind the time.
func headerOf(text string) []string {
	line, _, _ := strings.Cut(strings.TrimPrefix(text, "\ufeff"), "\n")
	names := strings.Split(strings.TrimSpace(line), ",")
	for i, name := range names {
		names[i] = strings.Trim(name, " \"")
	}
	return names[1:]
}

// quantities are what the columns of a table may be.
func (s *Source) quantities(columns []string, subjects []Subject) ([]load.Quantity, error) {
	names := signalNames(subjects)
	if slices.Contains(columns, "value") {
		names = used(subjects)
		if s.Signal != "" {
			names = []string{s.Signal}
		}
	}
	if s.Signal != "" && !slices.Contains(signalNames(subjects), s.Signal) {
		return nil, fmt.Errorf("--signal %s: group %s has no such signal: %s", words.Shown(s.Signal), subjects[0].Group.Name, words.Suggest(s.Signal, signalNames(subjects)))
	}
	var list []load.Quantity
	for _, name := range names {
		signal, _ := signalOf(subjects, name)
		quantity := load.Quantity{Name: name}
		if isMean(signal, subjects) && s.Value != ValueTotal {
			quantity.PerInstance, quantity.Ceiling = true, s.written(ceilingOf(signal))
		}
		if isMean(signal, subjects) && s.Value == ValueTotal {
			quantity.Each = s.written(ceilingOf(signal))
		}
		there := slices.Contains(columns, name) || slices.Contains(columns, "value")
		if there && quantity.PerInstance && s.Serving == 0 && !slices.Contains(columns, servingColumn) {
			switch {
			case s.Value == ValueMean:
				return nil, fmt.Errorf("%s:1: `%s` is a mean of the instances, and nothing says how many served: add a column %s, or write --serving N if it was always the same number", s.CSV, name, servingColumn)
			case s.Peak == 0:
				return nil, fmt.Errorf("%s:1: `%s` is about each instance, and it cannot be told whether the values are totals over all of them or means: "+
					"write --value total; or for means add a column %s, or --serving N; or write --peak N if only the shape of the curve counts", s.CSV, name, servingColumn)
			}
			quantity.PerInstance, quantity.Ceiling = false, 0
		}
		list = append(list, quantity)
	}
	return list, nil
}

// percent is a share of 1.
const percent = 100

// written is a ceiling as the table has it.
func (s *Source) written(ceiling float64) float64 {
	if s.Percent && ceiling == 1 {
		return percent
	}
	return ceiling
}

// hinted adds to faults in shares that they may be written in percent.
func (s *Source) hinted(err error, subjects []Subject) error {
	problems, ok := errors.AsType[config.Problems](err)
	if !ok || s.Percent {
		return err
	}
	for _, problem := range problems {
		name := problem.Path
		if name == "value" {
			name = cmp.Or(append([]string{s.Signal}, used(subjects)...)...)
		}
		if signal, there := signalOf(subjects, name); there && ceilingOf(signal) == 1 {
			return fmt.Errorf("%w\nif %s is written in percent, add --percent", err, name)
		}
	}
	return err
}

// unpercent makes shares of what was written in percent.
func (s *Source) unpercent(l *load.Load, subjects []Subject) {
	for i := range l.Signals {
		signal, _ := signalOf(subjects, l.Signals[i].Name)
		if !s.Percent || ceilingOf(signal) != 1 {
			continue
		}
		for step := range l.Signals[i].Totals {
			l.Signals[i].Totals[step] /= percent
		}
	}
}

// cut leaves the part of the load that is asked for.
func (s *Source) cut(l *load.Load) (*load.Load, error) {
	from, to := s.bounds(l.End())
	if from.IsZero() && s.To.IsZero() {
		return l, nil
	}
	if from.IsZero() {
		from = l.Start
	}
	part, err := l.Between(from, to)
	if err != nil {
		return nil, fmt.Errorf("%w: choose --from, --to and --last within that", err)
	}
	return part, nil
}

// bounds are the time that is asked for, of a history that ends at end.
func (s *Source) bounds(end time.Time) (from, to time.Time) {
	to = end
	if !s.To.IsZero() {
		to = s.To
	}
	from = s.From
	if s.Last > 0 && from.IsZero() {
		from = to.Add(-s.Last)
	}
	return from, to
}

// HistoryDirectory is where the daemon of a configuration keeps its history.
func HistoryDirectory(state string) string { return filepath.Join(state, "history") }

func (s *Source) readStore(subject *Subject) (*History, error) {
	directory := s.Store
	if directory == "" {
		directory = HistoryDirectory(subject.Config.State)
		if _, err := os.Stat(directory); err != nil {
			return nil, fmt.Errorf("there is no history to replay: the daemon of %s has none in %s; give one with --history FILE.csv (a table of timestamps and values), "+
				"with --store DIRECTORY (a daemon's state directory, or a copy of it), or with --prometheus (asks the configured server); --example shows a plan without any", subject.Config.File, directory)
		}
	} else if within := HistoryDirectory(directory); isDirectory(within) {
		directory = within
	}
	if !isDirectory(directory) {
		return nil, fmt.Errorf("--store %s: there is no such directory: give the daemon's state directory, or a copy of it", words.Shown(directory))
	}
	store := load.Store{Directory: directory, Group: subject.Group.Name, From: s.From, To: s.To}
	if s.Last > 0 && s.From.IsZero() {
		end, err := s.endOf(store)
		if err != nil {
			return nil, err
		}
		store.From = end.Add(-s.Last)
	}
	l, warnings, err := load.ReadStore(store, load.Options{Step: s.Step})
	if err != nil {
		return nil, err
	}
	return &History{Load: l, Warnings: warnings, Decisions: store.Decisions()}, nil
}

// endOf is when the store's last decision was made, at most To.
func (s *Source) endOf(store load.Store) (time.Time, error) {
	if !s.To.IsZero() {
		return s.To, nil
	}
	var end time.Time
	for item, err := range store.Decisions() {
		if err == nil {
			end = item.At
		}
	}
	if end.IsZero() {
		_, _, err := load.ReadStore(store, load.Options{}) // it says why there is nothing
		return end, err
	}
	return end.Add(time.Nanosecond), nil
}

func isDirectory(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func (s *Source) readPrometheus(ctx context.Context, subjects []Subject) (*History, error) {
	queries, warnings, err := s.queries(subjects)
	if err != nil {
		return nil, err
	}
	server, err := prom.NewServer(*s.Prometheus)
	if err != nil {
		return nil, err
	}
	defer server.Close()
	last := s.Last
	if last == 0 {
		last = promLast
	}
	asked := load.Prometheus{Server: server, Queries: queries, Serving: s.Serving, From: s.From, To: s.To, Progress: s.Progress}
	if asked.To.IsZero() {
		asked.To = time.Now()
	}
	if asked.From.IsZero() {
		asked.From = asked.To.Add(-last)
	}
	l, more, err := load.ReadPrometheus(ctx, asked, load.Options{Step: s.Step})
	if err != nil {
		return nil, err
	}
	return &History{Load: l, Warnings: append(warnings, more...)}, nil
}

// asked is the signal that Prometheus is asked for: of one that others stand in for, the
// first that it knows.
func (s *Source) asked(signal config.Signal, subjects []Subject) config.Signal {
	for _, name := range signal.FirstOf {
		if part, _ := signalOf(subjects, name); part.PromQL != "" || part.Query != "" {
			return part
		}
	}
	return signal
}

// queries are what Prometheus is asked: each signal that is decided on, as it is
// configured or as it is said instead.
func (s *Source) queries(subjects []Subject) (list []load.Query, warnings []load.Warning, err error) {
	group := subjects[0].Group.Name
	for _, name := range used(subjects) {
		signal, _ := signalOf(subjects, name)
		quantity := load.Quantity{Name: name}
		if isMean(signal, subjects) {
			quantity.PerInstance, quantity.Ceiling = true, ceilingOf(signal)
		}
		signal = s.asked(signal, subjects)
		query := load.Query{Quantity: quantity, Lookback: signal.Staleness}
		switch shared := subjects[0].Config.Queries[signal.Query]; {
		case s.Queries[name] != "":
			query.PromQL = s.Queries[name]
		case signal.PromQL != "":
			query.PromQL = signal.PromQL
		case signal.Query != "":
			query.PromQL, query.Label, query.Value = shared.PromQL, shared.GroupLabel, group
		default:
			return nil, nil, fmt.Errorf("signal %s is not read from Prometheus: say what it was with --query '%s=PROMQL'", name, name)
		}
		if signal.Range.Span > 0 || signal.Offset > 0 {
			warnings = append(warnings, load.Warning{Signal: name, Text: "its range and offset are left out: the expression is asked for at each step as it is"})
		}
		list = append(list, query)
	}
	if promql := s.Queries[servingColumn]; promql != "" {
		list = append(list, load.Query{Quantity: load.Quantity{Name: servingColumn}, PromQL: promql})
	}
	known := append(used(subjects), servingColumn)
	for name := range s.Queries {
		if !slices.Contains(known, name) {
			return nil, nil, fmt.Errorf("--query %s: no policy decides on it: %s", words.Shown(name), words.Suggest(name, known))
		}
	}
	needs := slices.ContainsFunc(list, func(q load.Query) bool { return q.PerInstance })
	if needs && s.Serving == 0 && s.Queries[servingColumn] == "" {
		return nil, nil, errors.New("a signal is a mean of the instances, and nothing says how many served: add for example --query 'serving=count(up{job=\"web\"} == 1)', or --serving N if it was always the same number")
	}
	return list, warnings, nil
}

// ReadQueries reads what people write in place of the configured expressions:
// SIGNAL=PROMQL.
func ReadQueries(texts []string) (map[string]string, error) {
	queries := map[string]string{}
	for _, text := range texts {
		name, promql, ok := strings.Cut(text, "=")
		if !ok || name == "" || promql == "" || strings.ContainsAny(name, " ({\"") {
			return nil, fmt.Errorf("--query %s: write the signal before the expression, as in --query 'requests=sum(rate(http_requests_total[1m]))'", words.Shown(text))
		}
		queries[name] = promql
	}
	return queries, nil
}

// LoadPrometheus reads how the Prometheus server of a configuration is reached, and the
// secrets that this needs; no others.
func LoadPrometheus(file string) (*config.Prometheus, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w; give the path of a file that this user may read", err)
	}
	var written struct {
		Prometheus map[string]any `yaml:"prometheus"`
	}
	if err := yaml.Unmarshal(text, &written); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if written.Prometheus == nil {
		written.Prometheus = map[string]any{}
	}
	_, server, err := probe.Settings{Signal: map[string]any{"promql": "up"}, Prometheus: written.Prometheus}.Read()
	return server, err
}
