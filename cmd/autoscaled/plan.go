package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/autoscaled/autoscaled/cmd/autoscaled/internal/planning"
	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/plan/report"
	"github.com/autoscaled/autoscaled/internal/words"
)

// planOptions are what the flags say.
type planOptions struct {
	group, against string
	example        bool

	history, store           string
	prometheus               bool
	prometheusURL            string
	queries                  []string
	from, to, last, step     string
	signal, value            string
	percent                  bool
	serving, peak            int
	capacities               []string
	scoreAfter, zone         string
	around                   planning.Surroundings
	failing, repair, billing string

	classics, guards bool
	whatIfs          []string
	grow             string
	tune             bool
	budget           string

	maxCost, maxOverload, maxLost string

	output form
	html   string
	series bool
}

func planCommand() *cobra.Command {
	var o planOptions
	command := &cobra.Command{
		Use:   "plan [FILE]...",
		Short: "Replay history through a configuration: what it would have done, cost and missed",
		Long: `Replay history through the policies of a configuration, with a model of the cloud around
them: what they would have done, what that would have cost, and when the group would have
been too small. It is decided by the daemon's own functions, and nothing is changed.

The first FILE is what the plan is about (default ` + defaultConfig + `); the others,
and what is said with --against, --classics, --guards and --what-if, are compared with it.
No secrets are read, and no network is used unless --prometheus says so.

History is read from a table with --history, from a daemon's own records with --store (the
default, where the configured state directory has some; the daemon may be running), or
with --prometheus from the server that the configuration names. A table has a first line
of names: timestamp, then the group's signals by their names, or value if there is one
only; and serving, if known, for how many instances served.

The exit status is 0; 1 when nothing could be planned; and 4 when the plan exceeds one of
--max-cost, --max-overload and --max-lost.`,
		Example: `  autoscaled plan --example --html plan.html
  autoscaled plan web.yaml --history requests.csv --capacity requests=300
  autoscaled plan --group web --last 28d --classics
  autoscaled plan new.yaml --against old.yaml --history requests.csv --capacity requests=300 --max-cost +5% --max-overload +10m
  autoscaled plan web.yaml --prometheus --capacity 300 --what-if 'load x1.5' --what-if 'lose 50% at 20:00 for 1h'`,
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd, args) },
	}
	o.declare(command)
	return command
}

func (o *planOptions) declare(command *cobra.Command) {
	flags := command.Flags()
	flags.SortFlags = false
	flags.StringVar(&o.group, "group", "", "the `GROUP`; may be left out when a file has one only")
	flags.StringVar(&o.against, "against", "", "the configuration `FILE` in force, with which the plan is compared first of all")
	flags.BoolVar(&o.example, "example", false, "plan a small configuration on a real load, both of which come with the program, with --classics")

	flags.StringVar(&o.history, "history", "", "read history from this `FILE` of comma-separated values; - is the standard input")
	flags.StringVar(&o.store, "store", "", "read history from this `DIRECTORY`: a daemon's state directory, or a copy of it")
	flags.BoolVar(&o.prometheus, "prometheus", false, "read history from the configured Prometheus server")
	flags.StringVar(&o.prometheusURL, "prometheus-url", "", "read history from the Prometheus server at this `URL`, without credentials")
	flags.StringArrayVar(&o.queries, "query", nil, "with Prometheus: ask `SIGNAL=PROMQL` in place of what is configured; serving=… for how many instances served; can be given several times")
	flags.StringVar(&o.from, "from", "", "leave out what was before this `TIME`, as in 2026-10-01 or 2026-10-01T12:00")
	flags.StringVar(&o.to, "to", "", "leave out what was from this `TIME` on")
	flags.StringVar(&o.last, "last", "", "only the last `SPAN` before --to or the end of the history, as in 28d (Prometheus: 28d)")
	flags.StringVar(&o.step, "step", "1m", "the `SPAN` of a step")
	flags.StringVar(&o.signal, "signal", "", "the signal `NAME` that the column value of a table is")
	flags.StringVar(&o.value, "value", "", "a table has this `KIND` of values of a signal of the instances: total, or mean")
	flags.BoolVar(&o.percent, "percent", false, "a table has shares, such as that of busy CPU, in percent")
	flags.IntVar(&o.serving, "serving", 0, "`N` instances served throughout, where the history does not tell")
	flags.IntVar(&o.peak, "peak", 0, "scale the load so that its highest step needs `N` instances")

	flags.StringArrayVar(&o.capacities, "capacity", nil, "what one instance carries when it is full: `[SIGNAL=]VALUE`; can be given several times")
	flags.StringVar(&o.around.ToServe, "time-to-serve", "", "from an order to serving: a `SPAN`, or least,median,most as in 4m,8m,15m (default: as the history shows, else as a forecast assumes, or 10m)")
	flags.StringVar(&o.around.ToReturn, "return", "", "the same for an instance that stands by: a `SPAN`, or three (default: as the history shows, else as a forecast assumes, or 3m)")
	flags.StringVar(&o.failing, "failing", "0%", "`SHARE` of the launches that never come to serve")
	flags.StringVar(&o.repair, "repair", "4h", "the `SPAN` until a person has removed such a machine, which is paid until then")
	flags.IntVar(&o.around.Quota, "quota", 0, "`N` machines that there may be (default: the provider's machines_max)")
	flags.Uint64Var(&o.around.Seed, "seed", 1, "`NUMBER` from which all chance comes: the same gives the same plan")
	flags.StringVar(&o.billing, "billing", "", "prices: "+strings.Join(planning.ModelNames(), ", ")+" or a `FILE` (default: by the type of the provider and its paid_period)")
	flags.StringVar(&o.scoreAfter, "score-after", "", "count nothing in the first `SPAN`, in which the policies settle (default 0s)")
	flags.StringVar(&o.zone, "zone", "", "the IANA `ZONE` in which times are read and shown (default: that of the prices, else UTC)")

	flags.BoolVar(&o.classics, "classics", false, "compare with scalers that people know: HPA, AWS target tracking, Nomad's target-value, steps with a cooldown, React, fixed sizes")
	flags.BoolVar(&o.guards, "guards", false, "say what each guard costs and prevents, by a replay without it")
	flags.StringArrayVar(&o.whatIfs, "what-if", nil, "ask what would be, `CHANGE`: "+planning.WhatIfForms()+"; can be given several times")
	flags.StringVar(&o.grow, "grow", "", "say when max or the quota is met if the load grows by this `SHARE` a month, as in 5%")
	flags.BoolVar(&o.tune, "tune", false, "look for better numbers of the policies: tuned on two thirds of the history, and scored on the rest; nothing is applied")
	flags.StringVar(&o.budget, "budget", "", "with --tune: the `SHARE` of the time in which the group may be overloaded, as in 0.5% (default: what there is)")

	flags.StringVar(&o.maxCost, "max-cost", "", "status 4 if it costs more: an `AMOUNT`, or a share more than --against, as in +5%")
	flags.StringVar(&o.maxOverload, "max-overload", "", "status 4 if it is overloaded for longer than a `SPAN`, or for so much more than --against, as in +10m")
	flags.StringVar(&o.maxLost, "max-lost", "", "status 4 if more than this `SHARE` of the load is lost, or so much more than --against, as in +0.1%")

	o.output = form{choice{of: []string{"table", "json", "csv", "text"}}}
	o.output.declare(command, "output", "o", "the `FORM` of what is printed: table (or text, which is the same), json or csv")
	flags.BoolVar(&o.series, "series", false, "with -o csv: a row for each step of the first policy, in place of one for each policy; with -o json: the steps, too")
	flags.StringVar(&o.html, "html", "", "also write a report into this `FILE`, one page that needs nothing else")
}

func (o *planOptions) run(cmd *cobra.Command, files []string) error {
	if err := cmp.Or(o.check(), o.checkHTML()); err != nil {
		return err
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(50) // a year of minutes takes a quarter less memory, and hardly longer
	}
	progress := newProgress(cmd.ErrOrStderr())
	study, limits, err := o.study(cmd, files, progress)
	progress.end()
	if err != nil {
		return err
	}
	if o.html != "" {
		if err := o.writeHTML(study); err != nil {
			return err
		}
	}
	if err := o.print(cmd, study); err != nil {
		return err
	}
	exceeded := limits.Exceeded(study)
	for _, text := range exceeded {
		cmd.PrintErrln("exceeded: " + text)
	}
	if len(exceeded) > 0 {
		return exitError{exceededStatus, errSilent}
	}
	return nil
}

// study reads everything and makes the study.
func (o *planOptions) study(cmd *cobra.Command, files []string, progress *progress) (*planning.Study, planning.Limits, error) {
	var limits planning.Limits
	asked, source, err := o.subjects(files)
	if err != nil {
		return nil, limits, err
	}
	if asked.Prices, err = planning.Prices(o.billing, &asked.Subjects[0]); err != nil {
		return nil, limits, err
	}
	if asked.Zone, err = o.location(&asked); err != nil {
		return nil, limits, err
	}
	if limits, err = planning.ReadLimits(o.maxCost, o.maxOverload, o.maxLost, o.against != "", asked.Prices); err != nil {
		return nil, limits, err
	}
	if err = o.read(&asked, &source); err != nil {
		return nil, limits, err
	}
	source.Progress = func(done, total int) { progress.tell("reading from Prometheus", done, total) }
	if asked.History, err = source.Read(cmd.Context(), asked.Subjects); err != nil {
		return nil, limits, err
	}
	asked.Parallel, asked.Progress = runtime.GOMAXPROCS(0), progress.tell
	study, err := planning.Make(cmd.Context(), asked)
	if err != nil {
		return nil, limits, fmt.Errorf("plan: %w", err)
	}
	return study, limits, nil
}

// subjects are what is planned, and where its history is.
func (o *planOptions) subjects(files []string) (asked planning.Options, source planning.Source, err error) {
	if o.example {
		if len(files) > 0 || o.against != "" {
			return asked, source, errors.New("--example brings its own configuration: leave out FILE and --against, or give a history with --history")
		}
		subject, source, err := planning.Example()
		o.classics = true
		o.scoreAfter = cmp.Or(o.scoreAfter, planning.Brief(planning.ExampleSeen))
		if len(o.capacities) == 0 {
			o.capacities = []string{planning.ExampleCapacity}
		}
		o.peak = cmp.Or(o.peak, planning.ExamplePeak)
		return planning.Options{Subjects: []planning.Subject{subject}}, source, err
	}
	if len(files) == 0 {
		files = []string{defaultConfig}
	}
	roles := []report.Role{report.Proposed}
	if o.against != "" {
		files, roles = slices.Insert(slices.Clone(files), 1, o.against), append(roles, report.InForce)
	}
	for i, file := range files {
		role := report.Other
		if i < len(roles) {
			role = roles[i]
		}
		c, err := config.Check(file)
		if err != nil {
			return asked, source, err
		}
		subject, err := planning.NewSubject(c, o.group, role)
		if err != nil {
			return asked, source, err
		}
		o.group = subject.Group.Name // of the others, too
		asked.Subjects = append(asked.Subjects, subject)
	}
	if len(files) > 1 {
		planning.NameByFile(asked.Subjects)
	}
	shadow, there, err := asked.Subjects[0].Shadow()
	if there && err == nil {
		asked.Subjects = append(asked.Subjects, shadow)
	}
	source = planning.Source{CSV: o.history, Store: o.store}
	if o.prometheus || o.prometheusURL != "" {
		source.Prometheus, err = o.server(files[0], asked.Subjects[0].Config)
	}
	return asked, source, err
}

// server is the Prometheus server that is asked: the only one whose credentials are read.
func (o *planOptions) server(file string, checked *config.Config) (*config.Prometheus, error) {
	if o.prometheusURL == "" {
		return planning.LoadPrometheus(file)
	}
	timeout := time.Minute
	if checked.Prometheus != nil {
		timeout = checked.Prometheus.Timeout
	}
	return &config.Prometheus{URL: o.prometheusURL, Timeout: timeout}, nil
}

func (o *planOptions) location(asked *planning.Options) (*time.Location, error) {
	switch {
	case o.zone != "":
		zone, err := time.LoadLocation(o.zone)
		if err != nil || o.zone == "Local" {
			return nil, fmt.Errorf("--zone %s: unknown zone: write for example Asia/Tokyo", words.Shown(o.zone))
		}
		return zone, nil
	case asked.Prices != nil:
		return asked.Prices.Zone, nil
	}
	return time.UTC, nil
}

// read reads what the other flags say.
func (o *planOptions) read(asked *planning.Options, source *planning.Source) (err error) {
	source.Signal, source.Value, source.Percent, source.Serving = o.signal, o.value, o.percent, o.serving
	source.Peak, asked.Peak = o.peak, o.peak
	if source.Queries, err = planning.ReadQueries(o.queries); err != nil {
		return err
	}
	asked.Surroundings, asked.Classics, asked.Guards = o.around, o.classics, o.guards
	asked.Series = o.html != "" || o.output.json() && o.series
	for flag, from := range map[string]struct {
		text string
		into *time.Duration
	}{
		"last": {o.last, &source.Last}, "step": {o.step, &source.Step}, "repair": {o.repair, &asked.Surroundings.Repair}, "score-after": {o.scoreAfter, &asked.ScoreAfter},
	} {
		if err := flagged(flag, from.text, planning.ReadSpan, from.into); err != nil {
			return err
		}
	}
	inZone := func(text string) (time.Time, error) { return planning.ReadTime(text, asked.Zone) }
	if err := cmp.Or(flagged("from", o.from, inZone, &source.From), flagged("to", o.to, inZone, &source.To),
		flagged("failing", o.failing, planning.ReadShare, &asked.Surroundings.Failing), flagged("grow", o.grow, planning.ReadShare, &asked.Monthly)); err != nil {
		return err
	}
	if o.grow != "" {
		asked.Monthly++
	}
	if asked.Tune = o.tune; o.budget != "" {
		asked.Budget = new(float64)
		if err := flagged("budget", o.budget, planning.ReadShare, asked.Budget); err != nil {
			return err
		}
	}
	if asked.Capacities, err = planning.ReadCapacities(o.capacities, asked.Subjects); err != nil {
		return err
	}
	for _, text := range o.whatIfs {
		what, err := planning.ReadWhatIf(text, asked.Zone)
		if err != nil {
			return fmt.Errorf("--what-if %s: %w", words.Shown(text), err)
		}
		asked.WhatIfs = append(asked.WhatIfs, what)
	}
	return nil
}

// instancesMost is far above any group, and below what a model of the load can count.
const instancesMost = 100_000

// check refuses what does not go together, and numbers and words that mean nothing.
func (o *planOptions) check() error {
	sources := 0
	for _, given := range []bool{o.history != "", o.store != "", o.prometheus || o.prometheusURL != "", o.example} {
		if given {
			sources++
		}
	}
	switch {
	case sources > 1:
		return errors.New("there is more than one history: keep one of --history, --store, --prometheus and --example")
	case o.budget != "" && !o.tune:
		return errors.New("--budget says what tuning may do: add --tune")
	case o.serving < 0 || o.peak < 0 || o.around.Quota < 0:
		return errors.New("--serving, --peak and --quota are numbers of instances: write 1 or more")
	case max(o.serving, o.peak, o.around.Quota) > instancesMost:
		return fmt.Errorf("--serving, --peak and --quota are numbers of instances: %d is more than any group has; write %d or fewer", max(o.serving, o.peak, o.around.Quota), instancesMost)
	case o.value != "" && o.value != planning.ValueTotal && o.value != planning.ValueMean:
		return fmt.Errorf("--value %s: %s", words.Shown(o.value), words.Suggest(o.value, []string{planning.ValueTotal, planning.ValueMean}))
	case len(o.queries) > 0 && !o.prometheus && o.prometheusURL == "":
		return errors.New("--query says what Prometheus is asked: add --prometheus or --prometheus-url")
	}
	return nil
}

// flagged reads what is written behind a flag, if something is.
func flagged[T any](flag, text string, read func(string) (T, error), into *T) error {
	if text == "" {
		return nil
	}
	value, err := read(text)
	if err != nil {
		return fmt.Errorf("--%s: %w", flag, err)
	}
	*into = value
	return nil
}

// checkHTML refuses to write the report over anything but an earlier one.
func (o *planOptions) checkHTML() error {
	if o.html == "" {
		return nil
	}
	info, err := os.Stat(o.html)
	if err != nil || !info.Mode().IsRegular() {
		return nil // it is made, or creating it says what is wrong
	}
	file, err := os.Open(o.html)
	if err != nil {
		return fmt.Errorf("look at what is where the report is to be: %w; give another path", err)
	}
	defer func() { _ = file.Close() }()
	begin := make([]byte, len(report.Begin))
	if n, _ := io.ReadFull(file, begin); n > 0 && string(begin[:n]) != report.Begin {
		return fmt.Errorf("write the report: %s is there and no earlier report: nothing was planned or written; give --html another path, or remove the file", o.html)
	}
	return nil
}

func (o *planOptions) writeHTML(study *planning.Study) error {
	file, err := os.Create(o.html)
	if err != nil {
		return fmt.Errorf("write the report: %w; give the path of a file that this user may write", err)
	}
	page := study.Page()
	page.Made = fmt.Sprintf("autoscaled %s on %s", versionText(), time.Now().In(study.Zone).Format("2 Jan 2006 15:04"))
	err = report.Write(file, page)
	if closed := file.Close(); err == nil && closed != nil {
		err = fmt.Errorf("write the report: %w; see that there is room for it", closed)
	}
	return err
}
