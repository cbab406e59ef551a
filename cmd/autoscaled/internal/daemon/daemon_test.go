package daemon_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/cmd/autoscaled/internal/daemon"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/httpd"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/store"
)

// run runs d until the test ends, or until stop is called.
func run(t *testing.T, d *daemon.Daemon) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx); close(ended) }()
	stop = func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the daemon ended with %v", err)
		}
	}
	t.Cleanup(stop)
	return stop
}

// eventually asks until the answer is yes.
func eventually(t *testing.T, what string, yes func() bool) {
	t.Helper()
	deadline := time.After(time.Minute)
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for !yes() {
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatalf("it never came about that %s", what)
		}
	}
}

func status(t *testing.T, s *scene) fleet.Status {
	t.Helper()
	got, err := httpd.NewClient(filepath.Join(s.directory, "control.sock")).Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// ended closes a daemon that was built and is not wanted: Run with an ended context.
func ended(t *testing.T, d *daemon.Daemon) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := d.Run(ctx); err != nil {
		t.Error(err)
	}
}

func TestADaemonThatCannotStartSaysWhyAndLeavesNothingOpen(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = taken.Close() })
	for what, c := range map[string]struct {
		spoil   func(t *testing.T, s *scene)
		want    string
		lasting bool // correcting the configuration does not help
	}{
		"its port is busy": {spoil: func(_ *testing.T, s *scene) {
			s.replace("listen: 127.0.0.1:0", "listen: "+taken.Addr().String())
		}, want: "another program uses this port"},
		"its socket cannot be made": {spoil: func(t *testing.T, s *scene) {
			path := filepath.Join(s.directory, "file")
			write(t, path, "")
			s.replace(s.directory+"/control.sock", path+"/control.sock")
		}, want: "set `socket:`"},
		"its state directory cannot be made": {spoil: func(t *testing.T, s *scene) {
			path := filepath.Join(s.directory, "file")
			write(t, path, "")
			s.replace(s.state(), path+"/state")
		}, want: "not a directory"},
		"its state is damaged": {spoil: func(t *testing.T, s *scene) {
			if err := os.Mkdir(s.state(), 0o700); err != nil {
				t.Fatal(err)
			}
			write(t, s.database(), strings.Repeat("not a database\n", 4096))
		}, want: "autoscaled.db", lasting: true},
		"a record cannot be understood": {spoil: func(t *testing.T, s *scene) {
			writeRecord(t, s, "group/web/state", "this is no state of a group")
		}, want: "read the state of group web", lasting: true},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			healthy := s.text
			c.spoil(t, s)
			if _, _, err := s.new(t, nil); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error is %v", err)
			}
			s.text = healthy
			d, _, err := s.new(t, nil)
			switch {
			case c.lasting && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("the second time, the error is %v", err)
			case !c.lasting && err != nil:
				t.Errorf("something is still held: %v", err)
			}
			if err == nil {
				ended(t, d)
			}
		})
	}
}

// writeRecord puts a value into the daemon's store.
func writeRecord(t *testing.T, s *scene, key, value string) {
	t.Helper()
	bolt, err := store.Open(s.database())
	if err != nil {
		t.Fatal(err)
	}
	defer bolt.Close()
	epoch, err := bolt.Claim()
	if err != nil {
		t.Fatal(err)
	}
	if err := (store.Journal{Store: bolt, Epoch: epoch}).Write(&store.Document[string]{Key: key, Value: value}); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestTwoDaemonsDoNotShareAStore(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	first, _, err := s.new(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer ended(t, first)
	if second, _, err := s.new(t, nil); err == nil {
		ended(t, second)
		t.Error("a second daemon opened the same store")
	}
}

func TestADryRunLeavesNoTraceOnDiskAndActsOnNoGroup(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	d, _, err := s.new(t, func(o *daemon.Options) { o.DryRun = true })
	if err != nil {
		t.Fatal(err)
	}
	defer ended(t, d)
	if len(d.Fleet.Groups) != 0 || len(d.Fleet.Accounts) != 0 || len(d.Fleet.Advisors) != 1 {
		t.Errorf("%d groups act, %d accounts order, %d groups recommend", len(d.Fleet.Groups), len(d.Fleet.Accounts), len(d.Fleet.Advisors))
	}
	if _, err := os.Stat(s.state()); !os.IsNotExist(err) {
		t.Errorf("the state directory: %v", err)
	}
}

func TestAnInstallationKeepsTheNameThatItGot(t *testing.T) {
	t.Parallel()
	s := newScene(t).replace("installation: "+installation+"\n", "")
	var names []string
	for range 2 {
		d, logged, err := s.new(t, nil)
		if err != nil {
			t.Fatal(err)
		}
		ended(t, d)
		for _, line := range logged.FilterMessage("running").All() {
			names = append(names, line.ContextMap()["installation"].(string))
		}
	}
	if len(names) != 2 || len(names[0]) != 8 || names[0] != names[1] {
		t.Errorf("the names were %q", names)
	}
}

func TestARunningDaemonTakesOverItsMachinesAndObeysItsOperator(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.simulate(t)
	d, _, err := s.new(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	stop := run(t, d)
	eventually(t, "both of its machines serve and show their load", func() bool {
		web := status(t, s).Groups[0]
		return web.Serving == 2 && len(web.Foreign) == 1 && len(web.Signals) == 1 && web.Signals[0].Measured == 2
	})

	client := httpd.NewClient(filepath.Join(s.directory, "control.sock"))
	if err := client.Override(t.Context(), "web", httpd.OverrideRequest{Kind: policy.PauseAll, By: "sato"}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it decides nothing while paused", func() bool { return status(t, s).Groups[0].Decision.Reason == "paused" })
	stop()

	again, _, err := s.new(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	run(t, again)
	eventually(t, "it is still paused after a restart", func() bool { return status(t, s).Groups[0].Decision.Reason == "paused" })
	if err := client.Resume(t.Context(), "web", httpd.SignedRequest{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it decides again", func() bool { return status(t, s).Groups[0].Decision.Reason != "paused" })
}
