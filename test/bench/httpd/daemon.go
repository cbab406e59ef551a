package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/autoscaled/autoscaled/test/bench/process"
)

const token = "a-token-of-the-bench"

// start starts the daemon on an account of the simulated cloud, and somebody who pushes the
// groups' sizes, so that there is always something to see.
func (b *bench) start(ctx context.Context, directory string) (stop func(), err error) {
	binary, err := filepath.Abs(b.binary)
	if err != nil {
		return nil, err
	}
	ports, err := process.FreePorts(5)
	if err != nil {
		return nil, err
	}
	b.url = "http://127.0.0.1:" + ports[0]
	file := filepath.Join(directory, "autoscaled.yaml")
	if err := os.WriteFile(file, []byte(b.config(directory, ports)), 0o600); err != nil {
		return nil, err
	}
	variables := []string{"BENCH_SECRET=simulated-secret-key", "BENCH_ACCESS=SIMULATEDACCESSKEY01", "BENCH_TOKEN=" + token}
	cloud, err := process.Start(ctx, "simulator", directory, variables, binary, "simulator", "--listen", "127.0.0.1:"+ports[1],
		"--proxy", "127.0.0.1:"+ports[2], "--snmp-port", ports[3], "--app-port", ports[4], "--addresses", "127.74.0.0/16")
	if err != nil {
		return nil, err
	}
	daemon, err := process.Start(ctx, "autoscaled", directory, variables, binary, "run", "--config", file, "--log-format", "json")
	if err != nil {
		cloud.Stop()
		return nil, err
	}
	b.daemon = daemon
	pushing, cancel := context.WithCancel(ctx)
	pushed := make(chan struct{})
	go func() { defer close(pushed); b.push(pushing) }()
	stop = func() { cancel(); <-pushed; daemon.Stop(); cloud.Stop() }
	if err := daemon.Until(ctx, 30*time.Second, func() bool { return process.Answers(b.url + "/healthz") }); err != nil {
		stop()
		return nil, err
	}
	return stop, nil
}

func (b *bench) config(directory string, ports []string) string {
	var text strings.Builder
	fmt.Fprintf(&text, "state: %s/state\nsocket: %s/socket\nlisten: 127.0.0.1:%s\n", directory, directory, ports[0])
	fmt.Fprintf(&text, "providers:\n  gio: {type: gp, endpoint: \"http://127.0.0.1:%s/json\", gp_service_code: gp00000001, access_key: env:BENCH_ACCESS, secret_key: env:BENCH_SECRET}\n", ports[1])
	fmt.Fprint(&text, "groups:\n")
	for i := range b.groups {
		fmt.Fprintf(&text, "  %s: {provider: gio, min: 1, max: 99, interval: 1s, template: {source: gc00000001, type: V40}, "+
			"signals: {wanted: {staleness: 1h, push: {token: env:BENCH_TOKEN}}}, policies: [{size: {signal: wanted}}]}\n", groupName(i))
	}
	return text.String()
}

func groupName(i int) string { return fmt.Sprintf("g%04d", i) }

// push tells one group after the other another size, ten in a second.
func (b *bench) push(ctx context.Context) {
	for i := 0; pause(ctx, time.Second/10) == nil; i++ {
		url := fmt.Sprintf("%s/v1/push/%s/wanted", b.url, groupName(i%b.groups))
		body, _ := json.Marshal(map[string]int{"value": 1 + rand.IntN(20)})
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
		if err != nil {
			return
		}
		request.Header.Set("Authorization", "Bearer "+token)
		if response, err := process.Client.Do(request); err == nil {
			_ = response.Body.Close()
		}
	}
}

// giveWay lets this process, with all its threads, run when others need no processor.
func giveWay(nice int) error {
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	for _, task := range tasks {
		id, err := strconv.Atoi(task.Name())
		if err == nil {
			err = syscall.Setpriority(syscall.PRIO_PROCESS, id, nice)
		}
		if err != nil && !errors.Is(err, syscall.ESRCH) { // it has just ended
			return fmt.Errorf("give way to the daemon: %w", err)
		}
	}
	return nil
}

// lag is how late evaluations began.
type lag struct {
	evaluations, seconds float64
	within               []bucket
	mean                 time.Duration
	p99                  string // bound of the bucket that 99 of 100 lie within
	processor            float64
}

type bucket struct {
	bound string
	count float64
}

func (l lag) String() string {
	return fmt.Sprintf("%5.0f evaluations, late by %v on average, 99 of 100 within %s s; the daemon uses %.0f%% of a processor", l.evaluations, l.mean.Round(time.Microsecond), l.p99, 100*l.processor)
}

// since is what was between two looks.
func (l lag) since(before lag) lag {
	d := lag{evaluations: l.evaluations - before.evaluations, seconds: l.seconds - before.seconds, p99: "+Inf"}
	if d.evaluations > 0 {
		d.mean = time.Duration(d.seconds / d.evaluations * float64(time.Second))
	}
	for i, b := range l.within {
		d.within = append(d.within, bucket{b.bound, b.count - before.within[i].count})
	}
	for _, b := range d.within {
		if b.count >= 0.99*d.evaluations {
			d.p99 = b.bound
			break
		}
	}
	return d
}

// lag reads how late evaluations began since the start.
func (b *bench) lag() (l lag, err error) {
	response, err := process.Client.Get(b.url + "/metrics") //nolint:noctx // the client has a deadline
	if err != nil {
		return l, err
	}
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		rest, ok := strings.CutPrefix(lines.Text(), "autoscaled_scheduler_lag_seconds_")
		if !ok {
			continue
		}
		name, text, _ := strings.Cut(rest, " ")
		value, _ := strconv.ParseFloat(text, 64) // the daemon's own tests hold the format
		switch name {
		case "count":
			l.evaluations = value
		case "sum":
			l.seconds = value
		default:
			l.within = append(l.within, bucket{strings.TrimSuffix(strings.TrimPrefix(name, `bucket{le="`), `"}`), value})
		}
	}
	return l, lines.Err()
}
