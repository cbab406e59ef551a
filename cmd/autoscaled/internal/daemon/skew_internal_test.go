package daemon

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

func TestAClockThatDiffersFromTheProvidersIsToldAndShown(t *testing.T) {
	t.Parallel()
	core, log := observer.New(zapcore.InfoLevel)
	gauge := prometheus.NewGauge(prometheus.GaugeOpts{Name: "ahead"})
	tell := (&account{log: zap.New(core)}).tellSkew(gauge)
	for _, c := range []struct {
		ahead time.Duration
		level zapcore.Level
	}{{7 * time.Minute, zapcore.WarnLevel}, {-2 * time.Minute, zapcore.WarnLevel}, {0, zapcore.InfoLevel}} {
		tell(c.ahead)
		lines := log.TakeAll()
		var metric dto.Metric
		if err := gauge.Write(&metric); err != nil {
			t.Fatal(err)
		}
		if shown := metric.GetGauge().GetValue(); shown != c.ahead.Seconds() || len(lines) != 1 || lines[0].Level != c.level {
			t.Errorf("%v ahead: shown are %v s, and told was %v", c.ahead, shown, lines)
		}
	}
}
