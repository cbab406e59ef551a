// Package demo plays a compressed day against the simulated cloud, with the very
// daemon that command run runs, and judges the day by the simulator's own books.
//
// It promises to need no configuration, no root and no fixed port, to end within
// two minutes, and to succeed only if every verdict in verdict.go holds. Command
// demo calls it; it calls simcloud and daemon.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/cmd/autoscaled/internal/daemon"
	"github.com/autoscaled/autoscaled/cmd/autoscaled/internal/simcloud"
	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim/guest"
)

// The simulated cloud's pace: an ordered machine serves after about eight seconds.
var delays = gpsim.Delays{
	Prepare: 2 * time.Second, EarlyStatus: 500 * time.Millisecond, Clone: 2500 * time.Millisecond,
	Configure: 400 * time.Millisecond, Start: time.Second, Stop: 800 * time.Millisecond, StaleRead: 100 * time.Millisecond,
}

const (
	serviceTime = 20 * time.Millisecond // one machine serves 50 requests per second
	backlog     = 25
	bootTime    = time.Second
)

// ErrVerdict is the error of a demo that ran and did not end as it must.
var ErrVerdict = errors.New("the day did not end as it must")

// Run plays the day and writes what happens to out. Seed makes the load repeatable.
func Run(ctx context.Context, out io.Writer, seed uint64) error {
	d := &demo{out: out, seed: seed, shift: midnight(time.Now(), dayEnds)}
	d.story = newStory(d)
	directory, err := os.MkdirTemp("", "autoscaled-demo-")
	if err != nil {
		return fmt.Errorf("make a directory for the demo's store: %w", err)
	}
	defer func() { _ = os.RemoveAll(directory) }()
	if err := d.start(directory); err != nil {
		return err
	}
	runErr := d.play(ctx)
	status := d.daemon.Fleet.Status()
	closeErr := d.cloud.Close()
	if err := errors.Join(runErr, closeErr); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return errors.New("the demo was broken off")
	}
	return d.summarize(status)
}

type demo struct {
	out    io.Writer
	mu     sync.Mutex // guards out
	began  time.Time  // when the day began; zero before
	shift  time.Duration
	seed   uint64
	cloud  *simcloud.Cloud
	daemon *daemon.Daemon
	load   *guest.Load
	story  *story
	course []moment // one for each second
}

// midnight is how far the demo's clock runs ahead, so that a day ends in Japan,
// and with it a paid period, the given time from now.
func midnight(now time.Time, in time.Duration) time.Duration {
	japan := now.In(time.FixedZone("JST", 9*60*60))
	next := time.Date(japan.Year(), japan.Month(), japan.Day()+1, 0, 0, 0, 0, japan.Location())
	return next.Sub(now) - in
}

// elapsed is the time of the day.
func (d *demo) elapsed() time.Duration {
	if d.began.IsZero() {
		return 0
	}
	return time.Since(d.began)
}

func (d *demo) now() time.Time { return time.Now().Add(d.shift) }

func (d *demo) start(directory string) error {
	base, snmpPort, appPort, err := freePlace()
	if err != nil {
		return err
	}
	d.cloud, err = simcloud.Start(simcloud.Options{
		Listen: "127.0.0.1:0", ProxyListen: "127.0.0.1:0", Installation: installation, Delays: delays, AddressBase: base,
		SNMPPort: snmpPort, AppPort: appPort, ServiceTime: serviceTime, Backlog: backlog, BootTime: bootTime, Now: d.now,
		Failed: func(code string, err error) { d.say("machine %s could not be put on loopback: %v", code, err) },
	})
	if err != nil {
		return err
	}
	file := filepath.Join(directory, "demo.yaml")
	text := configuration(d.cloud.Endpoint, directory, snmpPort, appPort)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return errors.Join(fmt.Errorf("write the demo's configuration: %w", err), d.cloud.Close())
	}
	d.introduce(text)
	c, err := loadConfig(file, directory)
	if err != nil {
		return errors.Join(err, d.cloud.Close())
	}
	d.daemon, err = daemon.New(daemon.Options{Config: c, Version: "demo", Log: zap.New(d.story), Now: d.now})
	if err != nil {
		return errors.Join(err, d.cloud.Close())
	}
	d.load = &guest.Load{Target: "http://" + d.cloud.Balancer.Addr().String(), Rate: rate, Seed: d.seed}
	return nil
}

// loadConfig loads the configuration as run does; its secrets are files.
func loadConfig(file, directory string) (*config.Config, error) {
	for name, content := range map[string]string{
		"access-key": simcloud.AccessKey, "secret-key": simcloud.SecretKey,
		"id.pub": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJC demo",
	} {
		if err := os.WriteFile(filepath.Join(directory, name), []byte(content), 0o600); err != nil {
			return nil, fmt.Errorf("write the demo's credentials: %w", err)
		}
	}
	return config.Load(file)
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func (d *demo) write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.out.Write(p)
}

func (d *demo) say(format string, args ...any) {
	_, _ = d.write(fmt.Appendf(nil, format+"\n", args...))
}

// freePlace finds a network on loopback, and ports in it, that nobody uses.
func freePlace() (base netip.Prefix, snmpPort, appPort uint16, err error) {
	var lc net.ListenConfig
	for n := range 200 {
		base = netip.PrefixFrom(netip.AddrFrom4([4]byte{127, byte(20 + (os.Getpid()+n)%200), 0, 0}), 16)
		host := base.Addr().Next().String()
		tcp, tcpErr := lc.Listen(context.Background(), "tcp", host+":0")
		if tcpErr != nil {
			err = tcpErr
			continue
		}
		udp, udpErr := lc.ListenPacket(context.Background(), "udp", host+":0")
		if udpErr != nil {
			_ = tcp.Close()
			err = udpErr
			continue
		}
		appPort, snmpPort = uint16(tcp.Addr().(*net.TCPAddr).Port), uint16(udp.LocalAddr().(*net.UDPAddr).Port)
		_, _ = tcp.Close(), udp.Close()
		return base, snmpPort, appPort, nil
	}
	return base, 0, 0, fmt.Errorf("find a free network on loopback (Linux answers for all of 127.0.0.0/8): %w", err)
}
