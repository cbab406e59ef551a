package actions

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// heard makes the crew log to the returned log.
func (s *crewScene) heard() *observer.ObservedLogs {
	core, log := observer.New(zapcore.DebugLevel)
	s.Log = zap.New(core)
	return log
}

func TestTheSameFailureOfAStepIsToldOnceAndAnotherAsNews(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		log := s.heard()
		machine, facts := standing(cloud.PowerOff)
		s.have(t, machine, policy.InService, facts)
		s.model.ignoring["start"] = true
		for _, c := range []struct {
			class cloud.Class
			want  zapcore.Level
		}{
			{cloud.ClassTransient, zapcore.WarnLevel}, {cloud.ClassTransient, zapcore.DebugLevel},
			{cloud.ClassDenied, zapcore.WarnLevel}, {cloud.ClassDenied, zapcore.DebugLevel},
			{cloud.ClassTransient, zapcore.WarnLevel},
		} {
			s.model.failing["start"] = cloud.Errorf(c.class, "it does not start")
			in := s.instance("one")
			in.mu.Lock()
			in.step = StepStart
			s.failed(in, s.model.failing["start"], time.Second)
			in.mu.Unlock()
			lines := log.TakeAll()
			if len(lines) != 1 || lines[0].Level != c.want {
				t.Errorf("of a failure by %v it was told %v, want one line at %v", c.class, lines, c.want)
			}
		}
	})
}

func TestAStepIsToldWithHowLongItTook(t *testing.T) {
	t.Parallel()
	play(t, func(t *testing.T, s *crewScene) {
		registry := prometheus.NewRegistry()
		s.Metrics = NewMetrics(registry)
		log := s.heard()
		machine, facts := standing(cloud.PowerOff)
		s.have(t, machine, policy.InService, facts)
		s.model.slow = 3 * time.Second
		s.look(t)
		time.Sleep(s.model.slow)
		s.advanceAll()
		lines := log.FilterMessage("step").FilterField(zap.String("step", "start")).All()
		if len(lines) != 1 || lines[0].ContextMap()["took"] != s.model.slow {
			t.Errorf("it was told %v", lines)
		}
		if got := durations(t, registry)["start"]; got != s.model.slow.Seconds() {
			t.Errorf("measured are %v s", got)
		}
	})
}

// durations is how long the steps took together, in seconds, by step.
func durations(t *testing.T, registry *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := registry.Gather()
	must(t, err)
	sums := map[string]float64{}
	for _, family := range families {
		if family.GetName() == "autoscaled_step_duration_seconds" {
			for _, metric := range family.GetMetric() {
				sums[label(metric, "step")] = metric.GetHistogram().GetSampleSum()
			}
		}
	}
	return sums
}

func label(metric *dto.Metric, name string) string {
	for _, pair := range metric.GetLabel() {
		if pair.GetName() == name {
			return pair.GetValue()
		}
	}
	return ""
}
