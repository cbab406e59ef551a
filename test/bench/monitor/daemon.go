package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
	"github.com/autoscaled/autoscaled/internal/secret"
	"github.com/autoscaled/autoscaled/test/bench/process"
)

// whole is what the daemon took as an operator starts it.
type whole struct {
	groups, agents int
	share          float64 // of one processor
	memory         process.Memory
	polls          float64 // in a second
	late           float64 // seconds by which turns began late, in the mean
}

// serveCloud is the simulated cloud, in which each group has a pool with its agents.
func serveCloud(groups int) (server *http.Server, port string, err error) {
	sim, err := gpsim.New(gpsim.Options{Accounts: []gpsim.Account{{
		AccessKey: environment["BENCH_ACCESS"], SecretKey: secret.New(environment["BENCH_SECRET"]), GpServiceCode: "gp00000001",
	}}})
	if err != nil {
		return nil, "", err
	}
	if _, _, err := sim.AddMachine(gpsim.MachineSpec{Code: "gc00000001", Type: "V40"}); err != nil {
		return nil, "", err
	}
	for i := range groups {
		var nodes []netip.AddrPort
		for k := range agentsEach {
			nodes = append(nodes, netip.AddrPortFrom(addressOf(i*agentsEach+k), 80))
		}
		if err := sim.AddFwLb(balancerCode(i), map[string][]netip.AddrPort{"web": nodes}); err != nil {
			return nil, "", err
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it listens at once
	if err != nil {
		return nil, "", err
	}
	server = &http.Server{Handler: sim, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }() // until it is closed
	_, port, _ = net.SplitHostPort(listener.Addr().String())
	return server, port, nil
}

// runWhole runs the daemon with so many groups of ten agents, and measures it once all of them
// have decided several times.
func runWhole(ctx context.Context, binary, directory string, groups int, agents uint16, span time.Duration) (w whole, err error) {
	w.groups, w.agents = groups, groups*agentsEach
	cloud, cloudPort, err := serveCloud(groups)
	if err != nil {
		return w, err
	}
	defer func() { _ = cloud.Close() }()
	daemon, url, err := startDaemon(ctx, binary, directory, daemonConfig(groups, agents, cloudPort))
	if err != nil {
		return w, err
	}
	defer daemon.Stop()
	if err := daemon.Until(ctx, 5*time.Minute, func() bool { return process.Answers(url + "/healthz") }); err != nil {
		return w, err
	}
	looks := time.Duration(groups) * time.Second / 50 // a call for each pool, 50 in a second
	if err := daemon.Pause(ctx, looks+30*time.Second); err != nil {
		return w, err
	}
	return w, w.measure(ctx, daemon, url+"/metrics", span)
}

func daemonConfig(groups int, agents uint16, cloudPort string) string {
	var text strings.Builder
	fmt.Fprintf(&text, provider+"groups:\n", cloudPort)
	for i := range groups {
		fmt.Fprint(&text, groupText(i, agentSignals(agents, false), agentPolicies))
	}
	return text.String()
}

// startDaemon starts it as an operator does, on the processor of those that are measured.
func startDaemon(ctx context.Context, binary, directory, config string) (daemon *process.Process, url string, err error) {
	ports, err := process.FreePorts(1)
	if err != nil {
		return nil, "", err
	}
	listen := "127.0.0.1:" + ports[0]
	config = fmt.Sprintf("state: %s/state\nsocket: %s/socket\nlisten: %s\n", directory, directory, listen) + config
	if err := process.WriteFiles(directory, map[string]string{"autoscaled.yaml": config}); err != nil {
		return nil, "", err
	}
	var variables []string
	for name, value := range environment {
		variables = append(variables, name+"="+value)
	}
	err = startOn(measuredCore, func() (err error) {
		daemon, err = process.Start(ctx, "autoscaled", directory, variables, binary, "run", "--config", "autoscaled.yaml", "--log-format", "json")
		return err
	})
	return daemon, "http://" + listen, err
}

// The series that tell how the daemon fares.
const (
	signalMissing = "autoscaled_signal_missing{"
	readsTotal    = "autoscaled_read_duration_seconds_count{"
	lagSum        = "autoscaled_scheduler_lag_seconds_sum"
	lagCount      = "autoscaled_scheduler_lag_seconds_count"
)

// measure looks at the memory before the page of metrics was ever read: that takes some for itself.
func (w *whole) measure(ctx context.Context, daemon *process.Process, url string, span time.Duration) (err error) {
	began := time.Now()
	if w.share, err = daemon.Share(ctx, span); err != nil {
		return err
	}
	if w.memory, err = daemon.Memory(); err != nil {
		return err
	}
	took := time.Since(began)
	before, err := readSamples(ctx, url, readsTotal)
	if err != nil {
		return err
	}
	began = time.Now()
	if err := daemon.Pause(ctx, took/2); err != nil {
		return err
	}
	after, err := readSamples(ctx, url, readsTotal, signalMissing, lagSum, lagCount)
	if err != nil {
		return err
	}
	w.polls = (after[readsTotal].sum - before[readsTotal].sum) / time.Since(began).Seconds()
	w.late = after[lagSum].sum / after[lagCount].sum
	if missing := after[signalMissing]; missing.count != 3*w.groups || missing.sum > 0 {
		return fmt.Errorf("%.0f of %d signals have no value, and %d are shown: all of them were to have one", missing.sum, 3*w.groups, missing.count)
	}
	return nil
}
