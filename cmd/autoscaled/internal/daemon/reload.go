package daemon

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/events"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/httpd"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// reloads are taken one at a time.
type reloads struct {
	mu        sync.Mutex
	running   context.Context // of the daemon; nil before it runs
	turn      chan struct{}   // holds one while nobody reloads
	followers map[string]follower
}

// follower prepares for what a new configuration says of a section, and returns what puts that in force.
type follower func(was, is *config.Config) (apply func(), err error)

func (r *reloads) begin(running context.Context) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.running, r.turn = running, make(chan struct{}, 1)
	r.turn <- struct{}{}
}

// endPatience is how long the end waits for a reload, which nothing should keep that long.
const endPatience = 20 * time.Second

// end returns when no reload is under way, or one hangs; none begins any more.
func (r *reloads) end() {
	select {
	case <-r.turn:
	case <-time.After(endPatience):
	}
}

// take waits for its turn. It must be given back.
func (r *reloads) take(ctx context.Context) (running context.Context, err error) {
	r.mu.Lock()
	running, turn := r.running, r.turn
	r.mu.Unlock()
	switch {
	case running == nil:
		return nil, fleet.RefusedError{Why: "nothing is reloaded before autoscaled runs: ask again in a moment"}
	case running.Err() != nil:
		return nil, fleet.RefusedError{Why: "nothing is reloaded while autoscaled ends: the next start reads the file"}
	}
	select {
	case <-turn:
	case <-running.Done():
		return nil, fleet.RefusedError{Why: "nothing is reloaded while autoscaled ends: the next start reads the file"}
	case <-ctx.Done():
		return nil, fleet.RefusedError{Why: "another reload is under way: ask again when it has ended"}
	}
	return running, nil
}

// Follow makes a part of the daemon follow what configurations say of a section: at each
// reload that changes it, prepare is given the configuration in force and the one that is to be, both
// of which must not be changed; the former has no groups and queries. Its error refuses the
// whole file, and a [restartError] says that a start would take it; apply, which may be nil, is called when everything else is in force. A section that
// nobody follows needs a restart. Call it before Run.
func (d *Daemon) Follow(section string, prepare func(was, is *config.Config) (apply func(), err error)) {
	d.reloads.mu.Lock()
	defer d.reloads.mu.Unlock()
	if d.reloads.followers == nil {
		d.reloads.followers = map[string]follower{}
	}
	d.reloads.followers[section] = prepare
}

// Reload makes the configuration file, as it is now, the one in force, and says what that
// changes; with dryRun it only says so. Groups that it does not change go on untouched. A file that
// cannot be put in force changes nothing: the error, a [fleet.RefusedError], names every
// fault, or the report the keys that need a restart.
//
// What has begun is carried on with when ctx ends.
func (d *Daemon) Reload(ctx context.Context, dryRun bool, by string) (httpd.ReloadReport, error) {
	running, err := d.reloads.take(ctx)
	if err != nil {
		if !dryRun {
			d.options.Log.Warn("the configuration is not reloaded", zap.String("by", by), zap.Error(err))
		}
		return httpd.ReloadReport{}, err
	}
	type outcome struct {
		report httpd.ReloadReport
		err    error
	}
	done := make(chan outcome, 1)
	go func() {
		defer func() { d.reloads.turn <- struct{}{} }()
		report, err := d.reload(running, dryRun, by)
		done <- outcome{report, err}
	}()
	select {
	case o := <-done:
		return o.report, o.err
	case <-ctx.Done():
		return httpd.ReloadReport{}, errors.New("the reload takes longer, and goes on: the log says how it ends, and `autoscaled config show` what is in force")
	}
}

func (d *Daemon) reload(ctx context.Context, dryRun bool, by string) (httpd.ReloadReport, error) {
	if dryRun {
		report, next, err := d.prepare(ctx)
		if err == nil {
			next.discard()
		}
		return report, err
	}
	notifyReloading()
	defer notify(daemon.SdNotifyReady)
	began := time.Now()
	report, next, err := d.prepare(ctx)
	if err == nil && len(report.RestartNeeded) == 0 {
		err = d.openStoreFor(next.config)
	}
	if err != nil || len(report.RestartNeeded) > 0 {
		d.tellRefused(by, report.RestartNeeded, err)
		if next != nil {
			next.discard()
		}
		return report, err
	}
	d.options.Log.Info("reloading the configuration", append(summary(report), zap.String("by", by))...)
	if err := next.apply(ctx); err != nil {
		return report, err
	}
	report.Applied = true
	debug.FreeOSMemory() // what it took to build is given back, as at the start
	d.watcher.Tell(events.Event{Kind: events.KindReload, By: by, Text: "the configuration was reloaded: " + faring(report)})
	d.options.Log.Info("reloaded", zap.Duration("took", time.Since(began).Round(time.Millisecond)), zap.String("sha256", d.inForce.Load().sum))
	return report, nil
}

// tellRefused tells why a configuration is not put in force.
func (d *Daemon) tellRefused(by string, keys []string, err error) {
	d.metrics.reloadFailed()
	const message = "the configuration is not reloaded, and nothing is changed"
	told := events.Event{Kind: events.KindReload, Severity: events.Warning, By: by}
	if err != nil {
		d.options.Log.Error(message, zap.String("by", by), zap.Error(err))
		told.Text = message + ": " + toldToAll(err)
	} else {
		d.options.Log.Error(message+": these keys need a restart", zap.String("by", by), zap.Strings("keys", keys))
		told.Text = message + ": these keys need a restart: " + strings.Join(keys, ", ")
	}
	d.watcher.Tell(told)
}

// faultyFileError is the refusal of a file that has faults.
type faultyFileError struct {
	fleet.RefusedError
	faults config.Problems
}

func (e faultyFileError) Unwrap() error { return e.RefusedError }

// refuseFile is the refusal of a file that could not be read.
func refuseFile(err error) error {
	refused := fleet.RefusedError{Why: err.Error()}
	var faults config.Problems
	if !errors.As(err, &faults) || len(faults) == 0 {
		return refused
	}
	return faultyFileError{refused, faults}
}

// toldToAll is err for whoever may look. What is wrong in a file may be a secret in the wrong
// place, so of that they are told where it is.
func toldToAll(err error) string {
	var faulty faultyFileError
	if !errors.As(err, &faulty) {
		return err.Error()
	}
	text := fmt.Sprintf("%s:%d", faulty.faults[0].File, faulty.faults[0].Line)
	if path := faulty.faults[0].Path; path != "" {
		text += ": " + path
	}
	text += " is wrong"
	if more := len(faulty.faults) - 1; more > 0 {
		text += fmt.Sprintf(", and %d more", more)
	}
	return text + ": the log and `autoscaled config diff` say why"
}

// faring is in words how many groups fare how.
func faring(report httpd.ReloadReport) string {
	count := map[httpd.GroupChange]int{}
	for _, group := range report.Groups {
		count[group.Change]++
	}
	return fmt.Sprintf("%d groups added, %d changed, %d removed, %d untouched", count[httpd.GroupAdded], count[httpd.GroupRebuilt], count[httpd.GroupRemoved], count[httpd.GroupKept])
}

// toldMostGroups bounds how many groups the line before a reload tells of.
const toldMostGroups = 20

// sections are the keys beside those of groups that differ and are taken over, without those that
// need a restart.
func (next *reloading) sections(now *inForce, restart []string) []string {
	keys := append([]string{}, next.texts.changed(now.config, next.config, next.follows)...)
	for _, name := range slices.Sorted(maps.Keys(next.config.Providers)) {
		was, is := now.config.Providers[name].Billing, next.config.Providers[name].Billing
		switch key := "providers." + name + ".billing"; {
		case next.accountFates[name] == httpd.GroupAdded:
		case was != is:
			keys = append(keys, key)
		case !reflect.DeepEqual(now.prices[was], next.prices[is]):
			keys = append(keys, key+hidden)
		}
	}
	return slices.DeleteFunc(keys, func(key string) bool {
		return slices.ContainsFunc(restart, func(told string) bool { return told == key || strings.HasPrefix(told, key+".") })
	})
}

// summary is what a reload changes, for the log.
func summary(report httpd.ReloadReport) []zap.Field {
	count := map[httpd.GroupChange]int{}
	var lines []string
	for _, group := range report.Groups {
		count[group.Change]++
		if group.Change == httpd.GroupKept {
			continue
		}
		line := group.Group + " (" + string(group.Change)
		if len(group.What) > 0 {
			line += ": " + strings.Join(group.What, ", ")
		}
		lines = append(lines, line+"): "+group.Text)
	}
	if len(lines) > toldMostGroups {
		lines = append(lines[:toldMostGroups], fmt.Sprintf("and %d more", len(lines)-toldMostGroups))
	}
	return []zap.Field{
		zap.Int("added", count[httpd.GroupAdded]), zap.Int("changed", count[httpd.GroupRebuilt]), zap.Int("removed", count[httpd.GroupRemoved]), zap.Int("kept", count[httpd.GroupKept]),
		zap.Strings("sections", report.Sections), zap.Strings("accounts", report.Accounts), zap.Strings("groups", lines),
	}
}

// reloading is a draft that takes the place of what is built.
type reloading struct {
	*draft
	text     []byte
	texts    twoTexts
	followed []func()         // what followers put in force
	restart  []string         // keys that followers take only at a start
	plans    map[string]*plan // of the groups that are added or changed

	accountFates, groupFates map[string]fate // by name, of those in force and those to be
}

// fate is what becomes of an account or a group.
type fate = httpd.GroupChange

// prepare reads the file, builds everything that can be built beside what runs, and says what
// it would change. On error nothing stays of it.
func (d *Daemon) prepare(ctx context.Context) (report httpd.ReloadReport, next *reloading, err error) {
	now := d.inForce.Load()
	c, text, err := readConfig(now.config.File, d.options.Env)
	if err != nil {
		return report, nil, refuseFile(err)
	}
	of, err := d.draft(c, text)
	if err != nil {
		return report, nil, fleet.RefusedError{Why: err.Error()}
	}
	debug.FreeOSMemory() // of what it took to read: each step can take as much as all that runs
	next = &reloading{draft: of, text: text}
	if err := errors.Join(next.follow(now.config), next.build()); err != nil {
		next.discard()
		return httpd.ReloadReport{}, nil, fleet.RefusedError{Why: err.Error()}
	}
	next.texts = compareTexts(now.text(), text, func(group string) bool { return next.groupFates[group] == httpd.GroupRebuilt })
	next.texts.url = now.config.Web.URL != c.Web.URL
	report.RestartNeeded = slices.Concat([]string{}, next.texts.fixed(now.config, c, d.installation, d.follows), next.restart)
	report.Sections = next.sections(now, report.RestartNeeded)
	report.Accounts = next.accountsRebuilt()
	report.Groups = next.foretell(ctx)
	next.texts = twoTexts{}
	debug.FreeOSMemory()
	return report, next, nil
}

func (d *Daemon) follows(section string) bool {
	d.reloads.mu.Lock()
	defer d.reloads.mu.Unlock()
	return d.reloads.followers[section] != nil
}

// restartError says that a section is put in force only by a start.
type restartError struct{ keys []string }

func (e restartError) Error() string {
	return strings.Join(e.keys, ", ") + ": only a start takes that over: restart autoscaled"
}

// follow lets the followers prepare.
func (next *reloading) follow(old *config.Config) error {
	next.reloads.mu.Lock()
	followers := maps.Clone(next.reloads.followers)
	next.reloads.mu.Unlock()
	var failed []error
	for _, section := range slices.Sorted(maps.Keys(followers)) {
		apply, err := followers[section](old, next.config)
		var restart restartError
		if errors.As(err, &restart) {
			next.restart = append(next.restart, restart.keys...)
		} else if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", section, err))
		} else if apply != nil {
			next.followed = append(next.followed, apply)
		}
	}
	return errors.Join(failed...)
}

// build finds out what becomes of every account and group, and makes the plans of those that
// are added or changed.
func (next *reloading) build() error {
	d := next.Daemon
	next.accountFates, next.groupFates, next.plans = map[string]fate{}, map[string]fate{}, map[string]*plan{}
	for name := range d.works.accounts {
		next.accountFates[name] = httpd.GroupRemoved
	}
	for name := range d.works.groups {
		next.groupFates[name] = httpd.GroupRemoved
	}
	for _, name := range slices.Sorted(maps.Keys(next.config.Providers)) {
		if err := next.buildAccount(next.config.Providers[name]); err != nil {
			return err
		}
	}
	return nil
}

func (next *reloading) buildAccount(provider config.Provider) error {
	groups := groupsOf(next.config, provider)
	if len(groups) == 0 {
		return nil
	}
	a, known := next.works.accounts[provider.Name]
	switch {
	case !known:
		next.accountFates[provider.Name] = httpd.GroupAdded
	case a.digest != digestOfProvider(provider):
		next.accountFates[provider.Name] = httpd.GroupRebuilt
	default:
		next.accountFates[provider.Name] = httpd.GroupKept
	}
	if next.accountFates[provider.Name] != httpd.GroupKept {
		var err error
		if a, err = next.newAccount(provider); err != nil {
			return err
		}
	}
	next.accounts[provider.Name] = a
	for _, group := range groups {
		if err := next.buildGroup(a, group); err != nil {
			return err
		}
	}
	return nil
}

func (next *reloading) buildGroup(a *account, group config.Group) error {
	now, known := next.works.groups[group.Name]
	switch {
	case !known:
		next.groupFates[group.Name] = httpd.GroupAdded
	case now.account != group.Provider || next.accountFates[group.Provider] != httpd.GroupKept || now.digest != next.digestOf(group):
		next.groupFates[group.Name] = httpd.GroupRebuilt
	default:
		next.groupFates[group.Name] = httpd.GroupKept
		return nil
	}
	p, err := next.plan(a, group)
	if p != nil {
		next.plans[group.Name] = p
	}
	return err
}

// discard lets go of what was prepared.
func (next *reloading) discard() {
	for _, p := range next.planned {
		p.monitor.Close()
		if next.groupFates[p.name] == httpd.GroupAdded {
			next.metrics.forgetGroup(p.name)
		}
	}
	if next.server != nil && next.server != next.works.server {
		next.server.Close()
	}
}

// accountsRebuilt names the accounts that are built anew, added or removed.
func (next *reloading) accountsRebuilt() []string {
	names := []string{}
	for _, name := range slices.Sorted(maps.Keys(next.accountFates)) {
		if next.accountFates[name] != httpd.GroupKept {
			names = append(names, name)
		}
	}
	return names
}

// foretellFor bounds how long the groups are asked what they would decide.
const foretellFor = 5 * time.Second

// foretell says what becomes of each group, and what it would decide now under both
// configurations.
func (next *reloading) foretell(ctx context.Context) []httpd.GroupChanged {
	ctx, cancel := context.WithTimeout(ctx, foretellFor)
	defer cancel()
	changes := []httpd.GroupChanged{}
	for _, name := range slices.Sorted(maps.Keys(next.groupFates)) {
		change := httpd.GroupChanged{Group: name, Change: next.groupFates[name]}
		switch change.Change {
		case httpd.GroupKept:
			change.Text = "goes on untouched"
		case httpd.GroupRemoved:
			change.Text = "stops; its machines and what is on record of them stay as they are"
		case httpd.GroupAdded:
			change.Text = "starts, and " + doing(next.plans[name].acts)
		case httpd.GroupRebuilt:
			next.foretellChange(ctx, &change)
		}
		changes = append(changes, change)
	}
	return changes
}

func doing(acts bool) string {
	if acts {
		return "acts"
	}
	return "recommends"
}

// foretellChange says what is different for a group, and what it would decide.
func (next *reloading) foretellChange(ctx context.Context, change *httpd.GroupChanged) {
	group, now := next.config.Groups[change.Group], next.works.groups[change.Group]
	change.What = next.texts.ofGroup(group, next.accountFates[group.Provider] != httpd.GroupKept)
	var said []string
	acts := next.plans[group.Name].acts
	if acts != now.acts {
		said = append(said, "from now on it "+doing(acts))
	}
	rules := next.plans[group.Name].rules
	rules.Unread = next.texts.unread(group)
	preview, read, err := next.Fleet.Preview(ctx, group.Name, rules)
	switch {
	case err != nil:
		said = append(said, "what it would decide is not known: "+err.Error())
	case !read:
		said = append(said, "what it would decide is not known: its signals were not read yet")
	case acts && !now.acts: // it would have another size than it has
		change.Before = nextDecision(preview.Before)
		said = append(said, beginningOf(preview.Before))
	default:
		change.Before, change.After = nextDecision(preview.Before), nextDecision(preview.After)
		said = append(said, outcomeOf(preview))
	}
	if len(rules.Unread) > 0 {
		said = append(said, "not read yet as the file has it: "+strings.Join(slices.Sorted(maps.Keys(rules.Unread)), ", "))
	}
	change.Text = strings.Join(said, "; ")
}

func nextDecision(d policy.Decision) *httpd.NextDecision {
	return &httpd.NextDecision{Desired: d.Desired.Count, Wanted: d.Wanted, Reason: d.Reason}
}

// beginningOf says in words with what a group begins when it is to act, which before only
// said what it would do.
func beginningOf(would policy.Decision) string {
	return fmt.Sprintf("what it will decide is known when it has looked: it begins with the machines that carry its label, "+
		"or at the size at which it last acted, and not at the %d that it would have by now", would.Desired.Count)
}

// outcomeOf says in words what a group would decide.
func outcomeOf(p fleet.Preview) string {
	before, after := p.Before.Desired.Count, p.After.Desired.Count
	text := fmt.Sprintf("now it would decide %d (%s)", after, p.After.Reason.Text())
	switch {
	case before != after:
		text += fmt.Sprintf(", and without the change %d (%s)", before, p.Before.Reason.Text())
	case p.Before.Wanted != p.After.Wanted:
		text += fmt.Sprintf(", as without the change, and want %d instead of %d", p.After.Wanted, p.Before.Wanted)
	default:
		text += ", as without the change"
	}
	if p.Override != nil {
		text += "; in force stays " + p.Override.String()
	}
	return text
}
