package monitor

import (
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// report makes the signals of what is remembered of the targets, as of now, in room if
// that fits.
func (m *Monitor) report(now time.Time, targets []Target, room []policy.Signal) []policy.Signal {
	work := spentWork.Get().(*work)
	defer work.spend()
	var lasting disputes
	found := work.begin(len(m.signals))
	for _, i := range m.order {
		s := &m.signals[i]
		found[i] = m.answers(s, work, targets, now)
		if s.check != nil {
			if lasting == nil {
				lasting = disputes{}
			}
			j := m.find(s.check.Signal)
			found[i] = m.check(s, found[i], &m.signals[j], found[j], targets, now, lasting)
		}
	}
	m.faults, m.disputes = nil, lasting
	signals := fitting(room, len(m.signals))
	for i := range m.signals {
		s := &m.signals[i]
		signals[i] = s.of(found[i], targets, signals[i].Instances)
		m.faults = append(m.faults, faultsOf(s, found[i], targets)...)
	}
	return signals
}

// work is what a report is worked out in. Whichever monitor reports next uses it again:
// there may be thousands, and few report at the same time.
type work struct {
	found     []answers // of each signal, as soon as it is known
	instances []answer  // room for those of instances
	parts     []answer  // of which another is made
}

var spentWork = sync.Pool{New: func() any { return new(work) }}

// begin returns room for the answers of so many signals.
func (w *work) begin(signals int) []answers {
	w.found = append(w.found, make([]answers, signals)...)
	return w.found
}

// room is room for the answers of n instances.
func (w *work) room(n int) []answer {
	before := len(w.instances)
	w.instances = append(w.instances, make([]answer, n)...)
	return w.instances[before:]
}

// spend leaves the work to the next report, and nothing of its content.
func (w *work) spend() {
	clear(w.found)
	clear(w.instances)
	clear(w.parts[:cap(w.parts)])
	w.found, w.instances, w.parts = w.found[:0], w.instances[:0], w.parts[:0]
	spentWork.Put(w)
}

// answers are what is known of one signal, given those that it is made of.
func (m *Monitor) answers(s *signal, w *work, targets []Target, now time.Time) answers {
	if !s.perInstance {
		if s.made != nil {
			return answers{group: s.made.at(0, w, now)}
		}
		return answers{group: m.group[s.source].answer(s.position, now)}
	}
	instances := w.room(len(targets))
	for i := range targets {
		if s.made != nil {
			instances[i] = s.made.at(i, w, now)
		} else {
			instances[i] = m.answerOf(s, i, &targets[i], now)
		}
	}
	return answers{instances: instances}
}

var errNoAddress = errors.New("its private address is not known: it is read once the provider describes it")

// answerOf is the answer at the ith target.
func (m *Monitor) answerOf(s *signal, i int, target *Target, now time.Time) answer {
	switch {
	case target.Warming:
		return answer{sample: policy.Missing(policy.Warming, now)}
	case !target.Address.IsValid():
		return answer{sample: policy.Missing(policy.Failed, now), err: errNoAddress}
	}
	at := m.placesOf(i)[s.source]
	if at == nil {
		at = m.placesOf(slices.Index(m.watched, m.watched[i]))[s.source]
	}
	return at.answer(s.position, now)
}

// fitting is room for n: that which is given, if it suffices. What is far larger is left to
// the collector, and so is what lies behind the n: rooms go from group to group, and the
// largest would come to all of them.
func fitting[T any](room []T, n int) []T {
	if cap(room) < n || cap(room) > 4*n {
		return make([]T, n)
	}
	clear(room[n:cap(room)])
	return room[:n]
}

// of is the signal as policy wants it, with the samples of its instances in room.
func (s *signal) of(found answers, targets []Target, room []policy.InstanceSample) policy.Signal {
	signal := policy.Signal{
		Name:        s.name,
		PerInstance: s.perInstance,
		Statistic:   s.statistic,
		Ceiling:     s.ceiling,
		Group:       found.group.sample,
		Instances:   fitting(room, len(found.instances)),
	}
	for i := range signal.Instances {
		signal.Instances[i] = policy.InstanceSample{Instance: targets[i].Code, Sample: found.instances[i].sample}
	}
	return signal
}
