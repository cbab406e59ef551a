package daemon

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/cloud/gp"
	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/store"
)

// recent is how long after its contract began a machine without a label may be a
// purchase that was not labelled yet: contracts begin on a day, so one more.
const recent = 48 * time.Hour

// StatePath is the file of the store that a daemon with this configuration uses.
func StatePath(c *config.Config) string { return filepath.Join(c.State, "autoscaled.db") }

// SurveyOptions are what LookForMarks needs.
type SurveyOptions struct {
	Config       *config.Config
	Installation string            // for a configuration that does not name it; empty: the one found in the marks
	Now          func() time.Time  // wall time; nil: time.Now
	Transport    http.RoundTripper // for provider calls; nil: the network
}

// Survey is what the labels in the cloud tell of an installation's machines.
type Survey struct {
	Installation string
	Groups       []GroupSurvey     // every configured group, in the order of their names
	Unlabelled   []SurveyedMachine // without a label, and begun recently: they may be purchases
	Unconfigured []SurveyedMachine // with our mark, for a group that is not configured for their account
	Others       []SurveyedMachine // with the mark of another installation

	config *config.Config
	now    time.Time
}

// GroupSurvey is the machines that carry the mark of a group.
type GroupSurvey struct {
	Name     string
	Acts     bool
	Type     string // of its instances
	Machines []SurveyedMachine
}

// SurveyedMachine is one machine of an account.
type SurveyedMachine struct {
	cloud.Machine
	Account   string
	Pools     []string    // the group's pools that it is a node of; only of one that is on
	NoAddress bool        // it is on and the cloud does not tell its address, so that its pools are not known
	Goal      policy.Goal // that the daemon gives it when it adopts it; empty: it does not adopt it, as it is
}

// Serving counts the machines that the daemon will take for instances in service.
func (g GroupSurvey) Serving() int {
	n := 0
	for _, m := range g.Machines {
		if m.Goal == policy.InService {
			n++
		}
	}
	return n
}

// LookForMarks reads every account of the configuration, without any means to change
// something there, and sorts its machines by their labels.
func LookForMarks(ctx context.Context, options SurveyOptions) (*Survey, error) {
	if options.Now == nil {
		options.Now = time.Now
	}
	reading := &Daemon{
		options: Options{Config: options.Config, Log: zap.NewNop(), Now: options.Now, Transport: options.Transport},
		metrics: newMetrics(prometheus.NewRegistry(), ""),
	}
	var accounts []lookedAt
	for _, name := range slices.Sorted(maps.Keys(options.Config.Providers)) {
		looked, err := reading.look(ctx, options.Config.Providers[name])
		if err != nil {
			return nil, fmt.Errorf("provider %s: %w", name, err)
		}
		accounts = append(accounts, looked)
	}
	s := &Survey{config: options.Config, now: options.Now()}
	var err error
	if s.Installation, err = installationOf(options, accounts); err != nil {
		return nil, err
	}
	for _, account := range accounts {
		if err := s.sort(ctx, account); err != nil {
			return nil, fmt.Errorf("provider %s: %w", account.provider.Name, err)
		}
	}
	slices.SortFunc(s.Groups, func(a, b GroupSurvey) int { return cmp.Compare(a.Name, b.Name) })
	return s, nil
}

// lookedAt is what there is in an account.
type lookedAt struct {
	provider config.Provider
	groups   []config.Group // none: the account was not looked at
	reader   cloud.Reader
	machines []cloud.Machine
	pools    map[string][]lookedAtPool // by group
}

type lookedAtPool struct {
	name  string
	port  uint16
	nodes []netip.AddrPort
}

func (d *Daemon) look(ctx context.Context, provider config.Provider) (lookedAt, error) {
	looked := lookedAt{provider: provider, groups: groupsOf(d.options.Config, provider), pools: map[string][]lookedAtPool{}}
	if len(looked.groups) == 0 {
		return looked, nil
	}
	a := account{provider: provider, log: d.options.Log}
	if err := d.connect(&a); err != nil {
		return looked, err
	}
	looked.reader = gp.NewReader(a.reader, gp.Options{GpServiceCode: provider.GpServiceCode})
	var err error
	if looked.machines, err = looked.reader.List(ctx); err != nil {
		return looked, err
	}
	for _, group := range looked.groups {
		for _, reader := range poolReaders(a.reader, provider, []config.Group{group}) {
			nodes, err := reader.Nodes(ctx)
			if err != nil {
				return looked, err
			}
			pool := lookedAtPool{name: reader.Name(), port: reader.Port()}
			for _, node := range nodes {
				pool.nodes = append(pool.nodes, node.Address)
			}
			looked.pools[group.Name] = append(looked.pools[group.Name], pool)
		}
	}
	return looked, nil
}

// has says that the group runs on the account.
func (l lookedAt) has(group string) bool {
	return slices.ContainsFunc(l.groups, func(g config.Group) bool { return g.Name == group })
}

// installationOf is the installation's name: the configured one, or the given one, or
// the only one in the marks of the configured groups.
func installationOf(options SurveyOptions, accounts []lookedAt) (string, error) {
	configured, given := options.Config.Installation, options.Installation
	switch {
	case configured != "" && given != "" && given != configured:
		return "", fmt.Errorf("the configuration names the installation %s, and not %s: leave --installation out", configured, given)
	case configured != "" || given != "":
		return cmp.Or(configured, given), nil
	}
	found := map[string]bool{}
	for _, account := range accounts {
		for _, machine := range account.machines {
			if installation, group, ok := actions.ReadMark(machine.Label, machine.Code); ok && account.has(group) {
				found[installation] = true
			}
		}
	}
	names := slices.Sorted(maps.Keys(found))
	switch len(names) {
	case 1:
		return names[0], nil
	case 0:
		return "", errors.New("no machine carries a mark of a configured group, so nothing tells the installation's name: give it with --installation, " +
			"or, if there was never a machine, move the state file away and start anew")
	default:
		return "", fmt.Errorf("machines carry marks of several installations (%s): name this one with --installation", strings.Join(names, ", "))
	}
}

// sort puts each machine of an account where its label says it belongs.
func (s *Survey) sort(ctx context.Context, account lookedAt) error {
	groups := map[string]*GroupSurvey{}
	templates, blank := map[string]bool{}, map[string]bool{"": true} // labels that say nothing
	for _, group := range account.groups {
		groups[group.Name] = &GroupSurvey{Name: group.Name, Acts: group.Acts(), Type: group.Template.Type}
		templates[group.Template.Source] = true
	}
	for _, machine := range account.machines {
		if templates[machine.Code] {
			blank[machine.Label] = true // a clone may inherit it
		}
	}
	for _, machine := range account.machines {
		found := SurveyedMachine{Machine: machine, Account: account.provider.Name}
		installation, group, marked := actions.ReadMark(machine.Label, machine.Code)
		switch {
		case templates[machine.Code]:
		case marked && installation != s.Installation:
			s.Others = append(s.Others, found)
		case marked && groups[group] == nil:
			s.Unconfigured = append(s.Unconfigured, found)
		case marked:
			if groups[group].Acts {
				found.Goal = actions.AdoptedGoal(machine)
			}
			if err := found.locate(ctx, account, group); err != nil {
				return err
			}
			groups[group].Machines = append(groups[group].Machines, found)
		case blank[machine.Label] && s.began(machine):
			s.Unlabelled = append(s.Unlabelled, found)
		}
	}
	for _, group := range groups {
		s.Groups = append(s.Groups, *group)
	}
	return nil
}

// began says that the machine's contract began recently, or is about to.
func (s *Survey) began(machine cloud.Machine) bool {
	return !machine.Ending() && (machine.Start.IsZero() || s.now.Sub(machine.Start) < recent)
}

// locate finds out which of the group's pools a machine is in, by the address that only
// one which is on tells. One that cannot be asked for it is part of the survey all the
// same: its label is what counts.
func (m *SurveyedMachine) locate(ctx context.Context, account lookedAt, group string) error {
	pools := account.pools[group]
	if m.Power != cloud.PowerOn || len(pools) == 0 {
		return nil
	}
	machine, err := account.reader.Describe(ctx, m.Code)
	if ctx.Err() != nil {
		return err
	}
	m.Address, m.NoAddress = machine.Address, !machine.Address.IsValid()
	for _, pool := range pools {
		if slices.Contains(pool.nodes, netip.AddrPortFrom(m.Address, pool.port)) {
			m.Pools = append(m.Pools, pool.name)
		}
	}
	return nil
}

// Write makes a new store in the place of the daemon's, with the installation's name
// and with each acting group paused at its present size. It returns where the old
// store lies now; empty when there was none. See [store.Renew] for what it refuses.
//
// The machines are not in it: the daemon adopts them by their marks at its first look,
// as it adopts every machine that a person marked.
func (s *Survey) Write(force bool) (aside string, err error) {
	documents := []store.Writable{&store.Document[string]{Key: "installation", Value: s.Installation}}
	for _, group := range s.Groups {
		if group.Acts {
			size := policy.Size{Count: group.Serving(), Type: group.Type}
			documents = append(documents, fleet.PausedState(group.Name, size, policy.Override{Kind: policy.PauseAll, Since: s.now, By: "recover", Why: pauseReason}))
		}
	}
	path := StatePath(s.config)
	aside = path + ".damaged-" + s.now.UTC().Format("20060102T150405Z")
	kept, err := store.Renew(path, aside, force, documents...)
	if !kept {
		aside = ""
	}
	return aside, err
}

const pauseReason = "the state was made anew from the labels in the cloud: look whether every instance is there"

// explained adds to the error for a damaged store what to do about it, down to the
// command to type.
func explained(err error, c *config.Config, getenv func(string) string) error {
	var damaged *store.DamagedError
	if !errors.As(err, &damaged) {
		return err
	}
	return fmt.Errorf("%w; it is left as it is. Make it anew from the labels in the cloud; this command looks first, and acts with --write:\n  %s",
		err, repairCommand(c, getenv))
}

// repairCommand is the command that looks at the cloud for what the daemon's state held,
// with the daemon's own configuration. Variables that systemd sets for the daemon
// are set in it; the keys are taken to lie beside the configuration, as the unit has them.
func repairCommand(c *config.Config, getenv func(string) string) string {
	file := c.File
	if absolute, err := filepath.Abs(file); err == nil {
		file = absolute
	}
	command := "autoscaled recover --from-cloud --config " + quoted(file)
	if getenv("CREDENTIALS_DIRECTORY") != "" {
		command = "CREDENTIALS_DIRECTORY=" + quoted(filepath.Dir(file)) + " " + command
	}
	if getenv("STATE_DIRECTORY") == c.State {
		command = "STATE_DIRECTORY=" + quoted(c.State) + " " + command
	}
	return command
}

// quoted is a word for a shell.
func quoted(word string) string {
	special := func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+:@", r)
	}
	if !strings.ContainsFunc(word, special) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
