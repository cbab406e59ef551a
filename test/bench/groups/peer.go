package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/autoscaled/autoscaled/test/bench/process"
)

const peerName = "nomad-autoscaler"

// groupsPerJob is how many groups each job has at the Nomad stand-in. The peer holds a
// connection open for each job, and searches the groups of the job at each evaluation:
// this is where both cost it little.
const groupsPerJob = 50

// runPeer measures nomad-autoscaler. Each policy has one check that asks Prometheus once,
// so that its evaluations can be counted there.
func (b *bench) runPeer(ctx context.Context, count int, window string) (result, error) {
	r := result{name: peerName, mode: window, count: count}
	directory := filepath.Join(b.directory, fmt.Sprint("peer-", count, "-", window))
	nomad, url, err := serve(jobs())
	if err != nil {
		return r, err
	}
	defer func() { _ = nomad.Close() }()
	ports, err := process.FreePorts(1)
	if err != nil {
		return r, err
	}
	files := map[string]string{
		"agent.hcl": fmt.Sprintf(peerAgent, ports[0], url, directory, directory, b.load.url),
	}
	if err := process.WriteFiles(directory, files); err != nil {
		return r, err
	}
	if err := process.WriteFiles(filepath.Join(directory, "policies"), map[string]string{"policies.hcl": policies(count, window)}); err != nil {
		return r, err
	}
	b.load.groups.Store(int64(count))
	binary, err := filepath.Abs(b.peer)
	if err != nil {
		return r, err
	}
	begun, began := b.load.asked.Load(), time.Now()
	agent, err := process.Start(ctx, "nomad-autoscaler", directory, nil, binary, "agent", "-config", "agent.hcl")
	if err != nil {
		return r, err
	}
	defer agent.Stop()
	if err := agent.Until(ctx, 5*time.Minute, func() bool { return b.load.asked.Load() > begun }); err != nil {
		return r, fmt.Errorf("%w: %s", err, agent.LastWords())
	}
	r.ready = time.Since(began)
	if err := agent.Pause(ctx, interval+b.warm); err != nil {
		return r, err
	}
	asked, since := b.load.asked.Load(), time.Now()
	if r.share, err = agent.Share(ctx, b.measure); err != nil {
		return r, err
	}
	r.perSecond = float64(b.load.asked.Load()-asked) / time.Since(since).Seconds()
	r.memory, err = agent.Memory()
	return r, err
}

const peerAgent = `log_level = "WARN"
http {
  bind_address = "127.0.0.1"
  bind_port    = %s
}
nomad {
  address = "%s"
}
plugin_dir = "%s/plugins"
policy {
  dir = "%s/policies"
  source "nomad" {
    enabled = false
  }
}
apm "prometheus" {
  driver = "prometheus"
  config = {
    address = "%s"
  }
}
`

const peerPolicy = `scaling "%[1]s" {
  enabled = true
  type    = "horizontal"
  min     = 1
  max     = 99
  policy {
    evaluation_interval = "%[2]s"
    cooldown            = "1m"
    target "nomad-target" {
      Job   = "%[3]s"
      Group = "%[1]s"
    }
    check "load" {
      source       = "prometheus"
      query        = "load{group=\"%[1]s\"}"
      query_window = "%[4]s"
      strategy "target-value" {
        target    = %[5]g
        threshold = 0.1
      }
    }
  }
}
`

func policies(count int, window string) string {
	if window != "instant" {
		window = "1m"
	}
	var text strings.Builder
	for i := range count {
		fmt.Fprintf(&text, peerPolicy, groupName(i), interval, jobName(i), window, instancesEach*loadEach)
	}
	return text.String()
}

func jobName(group int) string { return fmt.Sprint("job", group/groupsPerJob) }

// jobs is a stand-in for Nomad: it shows the scale of every job, and that it never changes.
func jobs() http.Handler {
	paths := http.NewServeMux()
	paths.HandleFunc("GET /v1/job/{job}/scale", func(w http.ResponseWriter, r *http.Request) {
		const index = 10
		known, _ := strconv.Atoi(r.FormValue("index"))
		if known >= index { // a change is waited for
			select {
			case <-time.After(5 * time.Minute):
			case <-r.Context().Done():
			}
		}
		w.Header().Set("X-Nomad-Index", strconv.Itoa(index))
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(scaleOf(r.PathValue("job")))
	})
	return paths
}

func scaleOf(job string) map[string]any {
	number, _ := strconv.Atoi(strings.TrimPrefix(job, "job"))
	groups := map[string]any{}
	for i := number * groupsPerJob; i < (number+1)*groupsPerJob; i++ {
		groups[groupName(i)] = map[string]int{"Desired": instancesEach, "Placed": instancesEach, "Running": instancesEach, "Healthy": instancesEach}
	}
	return map[string]any{"JobID": job, "Namespace": "default", "JobStopped": false, "TaskGroups": groups}
}
