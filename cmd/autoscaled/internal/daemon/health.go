package daemon

import (
	"context"
	"fmt"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"go.uber.org/zap"
	"golang.org/x/sys/unix"

	"github.com/autoscaled/autoscaled/internal/store"
)

// heartbeat is how often the scheduler and the store's writer are tried when
// systemd does not ask for it more often.
const heartbeat = 30 * time.Second

// pulse is what is written to see that the store still can be written.
type pulse struct {
	At time.Time `json:"at"`
}

// healthy is the outcome of the newest beat.
func (d *Daemon) healthy() error {
	if trouble := d.trouble.Load(); trouble != nil {
		return *trouble
	}
	return nil
}

// beat writes a pulse. A daemon that cannot write must not act, and says so.
func (d *Daemon) beat() error {
	journal := d.storage.Load()
	if journal == nil {
		return nil
	}
	document, err := store.Read[pulse](journal.Store, "pulse")
	if err != nil {
		return fmt.Errorf("read the store: %w", err)
	}
	document.Value.At = d.options.Now()
	return journal.Write(document)
}

// tellSystemd says that the daemon is ready, keeps its watchdog quiet while
// goroutines run and the store can be written, and says when it ends. Without
// systemd it only tries the store.
func (d *Daemon) tellSystemd(ctx context.Context) error {
	period := heartbeat
	if interval, err := daemon.SdWatchdogEnabled(false); err == nil && interval > 0 {
		period = min(period, interval/3)
	}
	notify(daemon.SdNotifyReady)
	ticker := time.NewTicker(period)
	defer ticker.Stop()
	for {
		if err := d.beat(); err != nil {
			d.trouble.Store(&err)
			d.options.Log.Error("the store cannot be written; nothing is done until it can", zap.Error(err))
		} else {
			d.trouble.Store(nil)
			notify(daemon.SdNotifyWatchdog)
		}
		select {
		case <-ctx.Done():
			notify(daemon.SdNotifyStopping)
			return nil
		case <-ticker.C:
		}
	}
}

// notifyReloading tells systemd that the configuration is reloaded (sd_notify(3)): READY follows.
func notifyReloading() {
	var now unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &now) == nil {
		notify(fmt.Sprintf("%s\nMONOTONIC_USEC=%d", daemon.SdNotifyReloading, now.Nano()/1000))
	}
}

func notify(state string) { _, _ = daemon.SdNotify(false, state) } // without systemd there is nobody to tell
