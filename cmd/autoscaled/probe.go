package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/autoscaled/autoscaled/cmd/autoscaled/internal/probe"
	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/words"
)

// probeOptions are what the command's own flags say; the others are settings.
type probeOptions struct {
	form  *form
	watch bool
	wait  time.Duration
	walk  string

	configFile, group  string
	instances, signals []string
}

func probeCommand() *cobra.Command {
	var o probeOptions
	command := &cobra.Command{
		Use:   "probe [TARGET]",
		Short: "Ask one source of signals, and show what it answers and what that is worth",
		Long: `Ask one source of signals once, or twice when it is a counter (and a third time when the
agent seems to have just started), and show what was asked, what came back, and the
reading that it makes. It needs no daemon, and nothing of the cloud.

TARGET is an SNMP agent, snmp://HOST[:PORT], or a page of metrics, http(s)://…; with
--promql it is none. An agent is asked for what --profile, --oid or --walk names, and
else for every profile. The flags are the keys that a signal has in the configuration,
and secrets are referred to as there: file:/PATH, env:NAME or credential:NAME.

With --config and --group, the group's configured signals are read as the daemon would
read them, at the addresses of --instance: try them before you switch the group on.

` + probeStatusText(),
		Example: `  autoscaled probe snmp://10.0.0.5
  autoscaled probe snmp://10.0.0.5 --profile network_in --interface eth0 --community file:/etc/autoscaled/community
  autoscaled probe snmp://10.0.0.5 --profile cpu_busy --version v3 --user autoscaled \
      --auth sha256 --auth-passphrase file:/etc/autoscaled/snmp-auth --privacy aes --privacy-passphrase file:/etc/autoscaled/snmp-privacy
  autoscaled probe snmp://10.0.0.5 --walk 1.3.6.1.2.1.31.1.1.1.1
  autoscaled probe http://10.0.0.5:9100/metrics --metric node_network_receive_bytes_total --label device=eth0 --kind counter
  autoscaled probe --promql 'sum(rate(http_requests_total[1m]))' --prometheus http://127.0.0.1:9090
  autoscaled probe --config /etc/autoscaled/autoscaled.yaml --group web --instance 10.0.0.5 --instance 10.0.0.6 --signal cpu`,
		Args: cobra.MaximumNArgs(1),
	}
	flags := command.Flags()
	o.form = formFlag(command)
	flags.DurationVar(&o.wait, "wait", 6*time.Second, "between the two readings of a counter; snmpd refreshes some every 5 s")
	flags.StringVar(&o.walk, "walk", "", "list what an agent has beneath this `OID`")
	flags.StringVar(&o.configFile, "config", "", "with --group: the configuration `FILE`")
	flags.StringVar(&o.group, "group", "", "read the configured signals of this `GROUP`")
	flags.StringArrayVar(&o.instances, "instance", nil, "with --group: an `ADDRESS` of an instance; can be given several times")
	flags.StringArrayVar(&o.signals, "signal", nil, "with --group: only the signal `NAME`; can be given several times")
	flags.BoolVar(&o.watch, "watch", false, "with --group: read at the group's interval until interrupted")
	for _, s := range settings {
		s.declare(command)
	}
	command.RunE = func(cmd *cobra.Command, args []string) error { return o.run(cmd, args) }
	return command
}

// probeStatusText says what the exit statuses mean.
func probeStatusText() string {
	var reasons []string
	for _, absence := range policy.Absences()[1:] {
		reasons = append(reasons, fmt.Sprintf("%d %s", absenceStatus(absence.String()), absence))
	}
	return "The exit status is 0 when there is a value, and 1 when nothing was asked. Else it says\nwhy there is none: " +
		strings.Join(reasons[:5], ", ") + ",\n" + strings.Join(reasons[5:], ", ") + ". Of several\nreadings, the first without a value says it; where every profile is tried, one value\nwill do."
}

// absenceStatus is the exit status that says why there is no value.
func absenceStatus(quality string) int {
	for i, absence := range policy.Absences() {
		if absence.String() == quality {
			return firstClassStatus - 1 + i
		}
	}
	return 1
}

func (o *probeOptions) run(cmd *cobra.Command, args []string) error {
	given := givenSettings(cmd)
	target := strings.Join(args, "")
	switch {
	case o.group != "" || o.configFile != "":
		return o.probeGroup(cmd, target, given)
	case len(o.instances)+len(o.signals) > 0 || o.watch:
		return errors.New("probe: --instance, --signal and --watch belong to a configured group: add --config FILE and --group GROUP")
	case given["promql"] != nil:
		return o.probeQuery(cmd, target, given)
	case target == "":
		return errors.New("probe: name a TARGET, snmp://HOST or http://HOST:PORT/PATH, or write --promql, or --config and --group")
	}
	parsed, err := url.Parse(target)
	switch {
	case err == nil && parsed.Scheme == "snmp":
		return o.probeAgent(cmd, parsed, given)
	case err == nil && (parsed.Scheme == "http" || parsed.Scheme == "https"):
		return o.probePage(cmd, target, given)
	}
	return fmt.Errorf("probe: `%s` is neither an agent nor a page: write snmp://HOST[:PORT] or http(s)://HOST[:PORT]/PATH", words.Shown(target))
}

// probeAgent asks the agent that target names.
func (o *probeOptions) probeAgent(cmd *cobra.Command, target *url.URL, given map[string]any) error {
	if target.User != nil || strings.Trim(target.Path, "/") != "" || target.RawQuery != "" {
		return errors.New("probe: an agent is written snmp://HOST[:PORT]: give community, user and all else by flags")
	}
	survey := o.walk == "" && given["profile"] == nil && given["oid"] == nil
	if o.walk != "" {
		if given["profile"] != nil || given["oid"] != nil {
			return errors.New("probe: --walk lists what there is, and --profile and --oid read one quantity: keep one of them")
		}
		given["oid"] = o.walk
	}
	keys, err := keysFor(kindAgent, given)
	if err != nil {
		return err
	}
	if port := target.Port(); port != "" {
		keys["port"] = port
	}
	signals, _, err := probe.Settings{Signal: map[string]any{"snmp": keys}}.Read()
	if err != nil {
		return asFlags(err)
	}
	address, err := resolve(cmd.Context(), target.Hostname())
	if err != nil {
		return err
	}
	quantities := make([]config.SNMP, len(signals))
	for i, signal := range signals {
		quantities[i] = *signal.SNMP
	}
	p := o.printer(cmd, survey, netip.AddrPortFrom(address, quantities[0].Port).String()+", SNMP "+quantities[0].Version)
	source, err := probe.NewAgent(address, quantities, p.step)
	if o.walk != "" {
		source, err = probe.NewWalk(address, quantities[0], p.step)
	}
	if err != nil {
		return err
	}
	return o.ask(cmd, source, p)
}

// resolve is the first address of the host.
func resolve(ctx context.Context, host string) (netip.Addr, error) {
	if address, err := netip.ParseAddr(host); err == nil {
		return address, nil
	}
	addresses, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil || len(addresses) == 0 {
		return netip.Addr{}, fmt.Errorf("probe: look up `%s`: %w; give its address", words.Shown(host), cmp.Or(err, errors.New("it has none")))
	}
	return addresses[0].Unmap(), nil
}

// probePage asks for the page at target.
func (o *probeOptions) probePage(cmd *cobra.Command, target string, given map[string]any) error {
	keys, err := keysFor(kindPage, given)
	if err != nil {
		return err
	}
	keys["url"] = target
	signals, _, err := probe.Settings{Signal: map[string]any{"scrape": keys}}.Read()
	if err != nil {
		return asFlags(err)
	}
	p := o.printer(cmd, false, target)
	source, err := probe.NewPage(*signals[0].Scrape, p.step)
	if err != nil {
		return err
	}
	return o.ask(cmd, source, p)
}

// probeQuery asks a Prometheus server.
func (o *probeOptions) probeQuery(cmd *cobra.Command, target string, given map[string]any) error {
	if target != "" {
		return errors.New("probe: --promql asks a Prometheus server: name that with --prometheus URL, and leave out TARGET")
	}
	expression := given["promql"]
	delete(given, "promql")
	keys, err := keysFor(kindQuery, given)
	if err != nil {
		return err
	}
	signals, prometheus, err := probe.Settings{Signal: map[string]any{"promql": expression}, Prometheus: keys}.Read()
	if err != nil {
		return asFlags(err)
	}
	p := o.printer(cmd, false, prometheus.URL)
	source, err := probe.NewQuery(*prometheus, signals[0], p.step)
	if err != nil {
		return err
	}
	return o.ask(cmd, source, p)
}

// ask asks the source and prints what it says.
func (o *probeOptions) ask(cmd *cobra.Command, source probe.Source, p *probePrinter) error {
	defer source.Close()
	readings := probe.Ask(cmd.Context(), source, o.wait, p.step)
	if err := p.finish(readings); err != nil {
		return err
	}
	hasValue := func(r probe.Reading) bool { return r.Value != nil }
	if p.survey && slices.ContainsFunc(readings, hasValue) {
		return nil
	}
	for _, r := range readings {
		if !hasValue(r) {
			return exitError{absenceStatus(r.Quality), errSilent}
		}
	}
	return nil
}

// probeGroup reads the configured signals of a group.
func (o *probeOptions) probeGroup(cmd *cobra.Command, target string, given map[string]any) error {
	switch {
	case o.group == "" || o.configFile == "":
		return errors.New("probe: a configured group needs both --config FILE and --group GROUP")
	case target != "" || len(given) > 0 || o.walk != "":
		return errors.New("probe: the configuration says what a group's signals are: leave out TARGET and the flags of a source")
	}
	var addresses []netip.Addr
	for _, instance := range o.instances {
		address, err := resolve(cmd.Context(), instance)
		if err != nil {
			return err
		}
		addresses = append(addresses, address)
	}
	c, err := probe.Load(o.configFile)
	if err != nil {
		return err
	}
	group, err := probe.NewGroup(probe.GroupOptions{Config: c, Group: o.group, Signals: o.signals, Instances: addresses})
	if err != nil {
		return err
	}
	defer group.Close()
	for {
		look := group.Look(cmd.Context(), o.wait, func(s probe.Step) { cmd.PrintErrln(waitText(s)) })
		if cmd.Context().Err() != nil {
			return nil
		}
		if err := o.printLook(cmd.OutOrStdout(), look, group); err != nil || !o.watch {
			return cmp.Or(err, lookStatus(look))
		}
		select {
		case <-time.After(group.Interval()):
		case <-cmd.Context().Done():
			return nil
		}
	}
}

// lookStatus says with the exit status why the first reading without a value has none.
func lookStatus(look probe.GroupLook) error {
	for _, signal := range look.Signals {
		for _, in := range signal.Instances {
			if in.Value == nil {
				return exitError{absenceStatus(in.Quality), errSilent}
			}
		}
		if signal.Value == nil {
			return exitError{absenceStatus(signal.Quality), errSilent}
		}
	}
	return nil
}
