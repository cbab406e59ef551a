package daemon

import (
	"iter"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/record"
	"github.com/autoscaled/autoscaled/internal/store/history"
)

// HistoryPath is where the history is kept.
func HistoryPath(c *config.Config) string { return filepath.Join(c.State, "history") }

// openHistory opens the history, if one is to be kept. A daemon decides as well without.
func (d *Daemon) openHistory() error {
	kept := d.options.Config.History
	if d.options.DryRun || kept.Retention == 0 {
		return nil
	}
	opened, err := history.Open(history.Options{
		Directory: HistoryPath(d.options.Config), Retention: kept.Retention, BytesMax: kept.BytesMax, Now: d.options.Now,
		Trouble: func(err error) { d.options.Log.Warn("the history", zap.Error(err)) },
	})
	if err != nil {
		d.options.Log.Warn("no history is kept: decisions cannot be explained afterwards", zap.Error(err))
		return nil
	}
	d.history = opened
	d.closers = append(d.closers, func() { _ = opened.Close() })
	gauge := func(name, help string, value func(history.Stats) float64) prometheus.GaugeFunc {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return value(opened.Stats()) })
	}
	d.Registry.MustRegister(
		gauge("autoscaled_history_bytes", "Size of the history on disk.", func(s history.Stats) float64 { return float64(s.Bytes) }),
		gauge("autoscaled_history_waiting_entries", "Entries of the history that are not on disk yet.", func(s history.Stats) float64 { return float64(s.Waiting) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "autoscaled_history_dropped_total", Help: "Entries of the history that were lost because the disk refused them.",
		}, func() float64 { return float64(opened.Stats().Dropped) }),
	)
	return nil
}

// recorder is that of a group's decisions; nil without a history.
func (d *Daemon) recorder(group string, spec *policy.Spec) (*record.Recorder, error) {
	if d.history == nil {
		return nil, nil
	}
	return record.NewRecorder(spec, func(at time.Time, kind byte, payload []byte) bool {
		return d.history.Append(group, at, kind, payload)
	})
}

// Decisions are what the history holds of a group from one time until before another, in
// order.
func (d *Daemon) Decisions(group string, from, to time.Time) (iter.Seq2[record.Item, error], error) {
	if d.history == nil {
		return nil, fleet.RefusedError{Why: "no history is kept: the configuration says history.retention: 0s, it is a dry run, or the directory could not be opened (see the log)"}
	}
	_ = d.history.Flush() // what cannot be written yet is not shown; it is told elsewhere
	return record.Read(d.history.Read(group, from, to)), nil
}
