package planning

import (
	"errors"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/plan/load"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/record"
)

// decided is a decision at a minute: of a group of a size of which so many are becoming.
func decided(minute, size, becoming, desired int) record.Item {
	return record.Item{
		At: began.Add(time.Duration(minute) * time.Minute), State: record.Verified,
		Inputs:   policy.Inputs{Size: policy.Size{Count: size}, Becoming: becoming},
		Decision: policy.Decision{Current: policy.Size{Count: size}, Desired: policy.Size{Count: desired}},
	}
}

func played(items ...record.Item) iter.Seq2[record.Item, error] {
	return func(yield func(record.Item, error) bool) {
		for _, item := range items {
			var err error
			if item.Spec == nil && item.State == "" && item.Note == "" {
				err = errors.New("cannot be read")
			}
			if !yield(item, err) {
				return
			}
		}
	}
}

func minutes(list []time.Duration) (minutes []float64) {
	for _, d := range list {
		minutes = append(minutes, d.Minutes())
	}
	return minutes
}

func TestTheHistoryShowsHowLongInstancesTook(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		items []record.Item
		want  []float64
	}{
		"one after the other": {[]record.Item{decided(0, 2, 0, 3), decided(1, 3, 1, 4), decided(6, 4, 1, 4), decided(9, 4, 0, 4)}, []float64{6, 8}},
		"two at once":         {[]record.Item{decided(0, 2, 0, 4), decided(5, 4, 0, 4)}, []float64{5, 5}},
		"one given up":        {[]record.Item{decided(0, 2, 0, 4), decided(2, 4, 2, 3), decided(5, 3, 0, 3)}, []float64{5}},
		"all given up":        {[]record.Item{decided(0, 2, 0, 4), decided(2, 4, 2, 2), decided(3, 2, 0, 3), decided(7, 3, 0, 3)}, []float64{4}},
		"with a gap":          {[]record.Item{decided(0, 2, 0, 4), {}, decided(50, 4, 0, 5), decided(57, 5, 0, 5)}, []float64{7}},
		"over an event":       {[]record.Item{decided(0, 2, 0, 3), {Note: "paused", State: record.Verified}, decided(50, 3, 0, 3)}, nil},
		"nothing":             {nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := minutes(leads(played(c.items...))); !slices.Equal(got, c.want) {
				t.Errorf("they took %v minutes, want %v", got, c.want)
			}
		})
	}
}

func TestTimesAreLearnedFromAGroupThatActsIfThereAreEnough(t *testing.T) {
	t.Parallel()
	s := onRequests(t)
	s.Group.Mode = config.ModeAct
	h := &History{Load: &load.Load{Start: began, Step: time.Minute}, Decisions: played(decided(0, 2, 0, 7), decided(6, 7, 0, 7))}
	around := Surroundings{ToReturn: "2m"}
	cloud, said, err := around.cloud(&s, h)
	if err != nil || cloud.ToServe.At(0.5) != 6*time.Minute || cloud.ToReturn.At(1) != 2*time.Minute {
		t.Errorf("it takes %v, to return %v (%v)", cloud.ToServe.At(0.5), cloud.ToReturn.At(1), err)
	}
	if want := "A new instance serves 6m (of 5 in the history, which does not tell new ones from those that stood by) after its order."; said[0] != want {
		t.Errorf("it says %q", said[0])
	}
	for why, change := range map[string]func(*Subject, *History){
		"too few":       func(_ *Subject, h *History) { h.Decisions = played(decided(0, 2, 0, 6), decided(6, 6, 0, 6)) },
		"it recommends": func(s *Subject, _ *History) { s.Group.Mode = config.ModeRecommend },
		"no record":     func(_ *Subject, h *History) { h.Decisions = nil },
	} {
		other, past := s, *h
		change(&other, &past)
		if cloud, _, err = around.cloud(&other, &past); err != nil || cloud.ToServe.At(0.5) != assumedToServe {
			t.Errorf("%s: it takes %v (%v)", why, cloud.ToServe.At(0.5), err)
		}
	}
}

func TestLeadsAreReadAsOneTimeOrThree(t *testing.T) {
	t.Parallel()
	if lead, err := ReadLead("10m"); err != nil || lead.At(0) != 10*time.Minute || lead.At(1) != 10*time.Minute {
		t.Errorf("one: %v (%v)", lead, err)
	}
	if lead, err := ReadLead("4m, 8m,15m"); err != nil || lead.At(0) != 4*time.Minute || lead.At(0.5) != 8*time.Minute || lead.At(1) != 15*time.Minute || lead.At(0.25) != 6*time.Minute {
		t.Errorf("three: %v (%v)", lead, err)
	}
	for text, says := range map[string]string{"4m,8m": "are 2 times: write one", "8m,4m,9m": "does not rise", "fast": "`fast` is no length of time"} {
		_, err := ReadLead(text)
		expectError(t, err, says)
	}
}

func TestTheCloudIsAsTheConfigurationSays(t *testing.T) {
	t.Parallel()
	c := groupOf(t, "requests: {promql: r}", "policies: [{target: {signal: requests, per_instance: 70}}]\nscale_in: {drain: 3m, watch: 2m}\nlaunch: {timeout: 20m}")
	provider := c.Providers["gio"]
	provider.MachinesMax = 9
	c.Providers["gio"] = provider
	s := subject(t, c, "")
	h := &History{Load: &load.Load{Start: began, Step: time.Minute}}
	around := Surroundings{Failing: 0.1, Repair: time.Hour, Seed: 7}
	cloud, said, err := around.cloud(&s, h)
	if err != nil || cloud.ToStop != 3*time.Minute || cloud.GiveUp != 20*time.Minute || cloud.Quota != 9 || cloud.Repair != time.Hour || cloud.Seed != 7 || cloud.Failing != 0.1 {
		t.Errorf("the cloud is %+v (%v)", cloud, err)
	}
	if len(said) != 5 {
		t.Errorf("it says %q", said)
	}
	around.Quota = 4
	if cloud, _, _ = around.cloud(&s, h); cloud.Quota != 4 {
		t.Errorf("the quota is %d", cloud.Quota)
	}
}
