package demo

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap/zapcore"

	"github.com/autoscaled/autoscaled/cmd/autoscaled/internal/logs"
)

// story shows the daemon's log in the demo's own time. What all lines would share
// (the group, the account) is left out, and steps are gathered, so that one line
// tells how far each instance has come.
type story struct {
	zapcore.LevelEnabler
	demo *demo
	text zapcore.Core
	*gathered
}

// gathered are the steps since the last line about them.
type gathered struct {
	mu    sync.Mutex
	steps map[string][]string // by instance, in their order
}

func newStory(d *demo) *story {
	elapsed := func(time.Time) string { return fmt.Sprintf("%6.1fs   ", d.elapsed().Seconds()) }
	return &story{
		LevelEnabler: zapcore.InfoLevel,
		demo:         d,
		text:         logs.Text(writerFunc(d.write), zapcore.InfoLevel, elapsed),
		gathered:     &gathered{steps: map[string][]string{}},
	}
}

func (s *story) With([]zapcore.Field) zapcore.Core { return s }

func (s *story) Sync() error { return nil }

func (s *story) Check(entry zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if s.Enabled(entry.Level) {
		return checked.AddCore(entry, s)
	}
	return checked
}

func (s *story) Write(entry zapcore.Entry, fields []zapcore.Field) error {
	switch entry.Message {
	case "step":
		encoder := zapcore.NewMapObjectEncoder()
		for _, field := range fields {
			field.AddTo(encoder)
		}
		s.gather(fmt.Sprint(encoder.Fields["instance"]), fmt.Sprint(encoder.Fields["step"]))
		return nil
	case "goal": // the steps towards it tell
		return nil
	}
	return s.text.Write(entry, fields)
}

func (s *story) gather(instance, step string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.steps[instance] = append(s.steps[instance], step)
}

// tell writes what the instances did since the last time: a line for all that did
// the same.
func (s *story) tell() {
	s.mu.Lock()
	steps := s.steps
	s.steps = map[string][]string{}
	s.mu.Unlock()
	together := map[string][]string{}
	for instance, list := range steps {
		way := strings.Join(list, " → ")
		together[way] = append(together[way], instance)
	}
	type line struct{ way, instances string }
	var lines []line
	for way, instances := range together {
		slices.Sort(instances)
		lines = append(lines, line{way, strings.Join(instances, " ")})
	}
	slices.SortFunc(lines, func(a, b line) int { return cmp.Compare(a.instances, b.instances) })
	for _, l := range lines {
		s.demo.say("          %s  %s", l.instances, l.way)
	}
}
