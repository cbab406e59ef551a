package monitor

import (
	"fmt"
	"math"
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// disputeKey is which signal, at which instance, another one does not bear out.
type disputeKey struct{ signal, instance string }

// disputes are the disagreements of the last Read. A person reads of one once: the
// numbers of its beginning are kept while it lasts.
type disputes map[disputeKey]error

// check doubts what the other signal does not bear out: instance by instance where
// both are about the instances, else as a whole.
func (m *Monitor) check(s *signal, mine answers, other *signal, theirs answers, targets []Target, now time.Time, lasting disputes) answers {
	if s.perInstance == other.perInstance && s.perInstance {
		for i, target := range targets {
			mine.instances[i] = m.doubted(s, target.Code, mine.instances[i], disagreement(*s.check, mine.instances[i].sample, theirs.instances[i].sample), lasting)
		}
		return mine
	}
	ours, _, _ := s.of(mine, targets, make([]policy.InstanceSample, len(targets))).Summary(now)
	summary, _, _ := other.of(theirs, targets, make([]policy.InstanceSample, len(targets))).Summary(now)
	against := disagreement(*s.check, ours, summary)
	mine.group = m.doubted(s, "", mine.group, against, lasting)
	for i := range mine.instances {
		mine.instances[i] = m.doubted(s, "", mine.instances[i], against, lasting)
	}
	return mine
}

// doubted is the answer with the given disagreement, if there is one. What has no
// value cannot be doubted.
func (m *Monitor) doubted(s *signal, code string, a answer, against error, lasting disputes) answer {
	value, ok := a.sample.Value()
	if against == nil || !ok {
		return a
	}
	key := disputeKey{s.name, code}
	if earlier := m.disputes[key]; earlier != nil {
		against = earlier
	}
	lasting[key] = against
	return answer{sample: policy.Doubted(value, policy.Disagrees, a.sample.At()), err: against}
}

// disagreement says in what two samples of one quantity disagree; or nil. A sample that
// the other source does not confirm is one that it does not bear out.
func disagreement(by config.CrossCheck, mine, theirs policy.Sample) error {
	a, ok := mine.Value()
	if !ok {
		return nil
	}
	b, ok := theirs.Value()
	if !ok {
		return fmt.Errorf("it cannot be checked, since %s is %s: until that has a value again the group can grow on it, and not shrink", by.Signal, theirs.Why())
	}
	if apart := math.Abs(a - b); apart <= by.Least || apart <= by.Within*max(math.Abs(a), math.Abs(b)) {
		return nil
	}
	return fmt.Errorf("it showed %.4g while %s showed %.4g, more than %.4g%% apart: find out which of the two is wrong; until they agree the group can grow on it, and not shrink",
		a, by.Signal, b, by.Within*100)
}
