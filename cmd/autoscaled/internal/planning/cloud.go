package planning

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/autoscaled/autoscaled/internal/plan"
	"github.com/autoscaled/autoscaled/internal/words"
)

// What is assumed of the cloud where nobody says, no policy forecasts and nothing is known.
const (
	assumedToServe  = 10 * time.Minute
	assumedToReturn = 3 * time.Minute
)

// Surroundings are what is said about the cloud.
type Surroundings struct {
	ToServe  string        // see [ReadLead]; empty: learned from the history, or assumed
	ToReturn string        // likewise, of one that stands by
	Failing  float64       // share of the launches that never come to serve
	Repair   time.Duration // until a person has removed such a machine
	Quota    int           // machines that there may be; 0: the provider's machines_max, or no bound
	Seed     uint64

	assumedToServe, assumedToReturn time.Duration // as a policy that forecasts assumes it; 0: none does
}

// ReadLead reads how long something takes: one time, or three, the least, the median and
// the most.
func ReadLead(text string) (plan.Lead, error) {
	parts := strings.Split(text, ",")
	times := make([]time.Duration, len(parts))
	for i, part := range parts {
		var err error
		if times[i], err = ReadSpan(strings.TrimSpace(part)); err != nil {
			return plan.Lead{}, err
		}
	}
	switch {
	case len(times) == 1:
		return plan.Always(times[0]), nil
	case len(times) != 3:
		return plan.Lead{}, fmt.Errorf("`%s` are %d times: write one, as in 10m, or the least, the median and the most, as in 4m,8m,15m", words.Shown(text), len(times))
	case !slices.IsSorted(times):
		return plan.Lead{}, fmt.Errorf("`%s` does not rise: write the least, the median and the most, as in 4m,8m,15m", words.Shown(text))
	}
	return plan.Quantiles(plan.Quantile{Share: 0, Took: times[0]}, plan.Quantile{Share: 0.5, Took: times[1]}, plan.Quantile{Share: 1, Took: times[2]})
}

// delaySteps is how late a load is seen.
const delaySteps = 1

// cloud is the model of the cloud around a subject, and what is assumed in it.
func (s *Surroundings) cloud(subject *Subject, history *History) (cloud plan.Cloud, assumptions []string, err error) {
	cloud = plan.Cloud{
		Seed: s.Seed, Failing: s.Failing, GiveUp: subject.Group.Launch.Timeout, Repair: s.Repair,
		ToStop: max(subject.Group.ScaleIn.Drain, subject.Group.ScaleIn.Watch), Delay: delaySteps, Quota: s.Quota,
	}
	provider := subject.Config.Providers[subject.Group.Provider]
	if cloud.Quota == 0 {
		cloud.Quota = provider.MachinesMax
	}
	learned := s.learned(subject, history)
	var serves, returns string
	if cloud.ToServe, serves, err = leadOf("time-to-serve", s.ToServe, cmp.Or(s.assumedToServe, assumedToServe), learned); err != nil {
		return cloud, nil, err
	}
	if cloud.ToReturn, returns, err = leadOf("return", s.ToReturn, cmp.Or(s.assumedToReturn, assumedToReturn), learned); err != nil {
		return cloud, nil, err
	}
	assumptions = []string{
		"A new instance serves " + serves + " after its order.",
		"One that stands by serves " + returns + " after it is called for.",
		fmt.Sprintf("A load is seen %s late. One that is sent away is off after %s.", Brief(delaySteps*history.Load.Step), Brief(cloud.ToStop)),
	}
	if cloud.Quota > 0 {
		assumptions = append(assumptions, fmt.Sprintf("There may be %d machines.", cloud.Quota))
	}
	if cloud.Failing > 0 {
		assumptions = append(assumptions, fmt.Sprintf("%g %% of the launches never serve; they are given up after %s, and paid until a person has removed them %s later (seed %d).",
			percent*cloud.Failing, Brief(cloud.GiveUp), Brief(cloud.Repair), cloud.Seed))
	}
	return cloud, assumptions, nil
}

// learned are the times that instances took, if the history knows enough of them. A group
// that only recommends ordered none.
func (s *Surroundings) learned(subject *Subject, history *History) []time.Duration {
	if history.Decisions == nil || !subject.Group.Acts() || s.ToServe != "" && s.ToReturn != "" {
		return nil
	}
	took := leads(history.Decisions)
	if len(took) < learnedLeast {
		return nil
	}
	return took
}

// leadOf is how long something takes, and that in words.
func leadOf(flag, text string, assumed time.Duration, learned []time.Duration) (lead plan.Lead, words string, err error) {
	switch {
	case text != "":
		if lead, err = ReadLead(text); err != nil {
			return lead, "", fmt.Errorf("--%s: %w", flag, err)
		}
	case learned != nil:
		lead = plan.Learned(learned)
		return lead, fmt.Sprintf("%s (of %d in the history, which does not tell new ones from those that stood by)", leadWords(lead), len(learned)), nil
	default:
		return plan.Always(assumed), fmt.Sprintf("%s (assumed: --%s)", Brief(assumed), flag), nil
	}
	return lead, leadWords(lead), nil
}

func leadWords(lead plan.Lead) string {
	least, median, most := lead.At(0), lead.At(0.5), lead.At(1)
	if least == most {
		return Brief(median)
	}
	return fmt.Sprintf("%s to %s, half of them within %s,", Brief(least.Round(time.Second)), Brief(most.Round(time.Second)), Brief(median.Round(time.Second)))
}
