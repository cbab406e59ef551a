package policy_test

import (
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// bake is how long instances of a changed template serve before those of the old one leave.
const bake = 10 * time.Minute

// underWay is a rollout from v1 to v2 that began at noon.
func underWay() policy.Rollout {
	return policy.Rollout{Configured: "v2", Previous: "v1", State: policy.RolloutUnderWay, Since: noon}
}

// made is an instance of a template, ordered and joined so long after noon.
func made(template string, after time.Duration, in policy.Instance) policy.Made {
	in.Since, in.Joined = noon.Add(after), noon.Add(after)
	if in.Stage != policy.Serving {
		in.Joined = time.Time{}
	}
	return policy.Made{Instance: in, Template: template}
}

func TestConfiguringATemplateBeginsARollout(t *testing.T) {
	t.Parallel()
	later := noon.Add(time.Hour)
	givenUp := policy.Rollout{Configured: "v2", Previous: "v1", State: policy.RolloutGivenUp, Since: noon, Why: "it failed"}
	for name, c := range map[string]struct {
		before   policy.Rollout
		template string
		changed  bool
		want     policy.Rollout
		inForce  string
	}{
		"a new group has nothing to replace": {policy.Rollout{}, "v1", true, policy.Rollout{Configured: "v1"}, "v1"},
		"the same again":                     {policy.Rollout{Configured: "v1"}, "v1", false, policy.Rollout{Configured: "v1"}, "v1"},
		"another one": {
			policy.Rollout{Configured: "v1"}, "v2", true,
			policy.Rollout{Configured: "v2", Previous: "v1", State: policy.RolloutUnderWay, Since: later}, "v2",
		},
		"the same while under way": {underWay(), "v2", false, underWay(), "v2"},
		"another one while under way: the way back is to what served before": {
			underWay(), "v3", true, policy.Rollout{Configured: "v3", Previous: "v1", State: policy.RolloutUnderWay, Since: later}, "v3",
		},
		"the old one while under way": {
			underWay(), "v1", true, policy.Rollout{Configured: "v1", Previous: "v1", State: policy.RolloutUnderWay, Since: later}, "v1",
		},
		"one after another is done": {
			policy.Rollout{Configured: "v2", Previous: "v1", State: policy.RolloutDone, Since: noon}, "v3", true,
			policy.Rollout{Configured: "v3", Previous: "v2", State: policy.RolloutUnderWay, Since: later}, "v3",
		},
		"one that was given up is not tried again": {givenUp, "v2", false, givenUp, "v1"},
		"another one after one was given up": {
			givenUp, "v3", true, policy.Rollout{Configured: "v3", Previous: "v1", State: policy.RolloutUnderWay, Since: later}, "v3",
		},
		"the old one after one was given up": {
			givenUp, "v1", true, policy.Rollout{Configured: "v1", Previous: "v1", State: policy.RolloutUnderWay, Since: later}, "v1",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rollout := c.before
			if changed := rollout.Configure(c.template, later); changed != c.changed || rollout != c.want {
				t.Errorf("got %+v (changed: %t), want %+v (changed: %t)", rollout, changed, c.want, c.changed)
			}
			if inForce := rollout.InForce(); inForce != c.inForce {
				t.Errorf("%q is in force, want %q", inForce, c.inForce)
			}
		})
	}
}

func TestARolloutIsJudgedByItsInstances(t *testing.T) {
	t.Parallel()
	const under, done, givenUp = policy.RolloutUnderWay, policy.RolloutDone, policy.RolloutGivenUp
	now := noon.Add(time.Hour)
	baked, fresh := made("v2", time.Hour-bake, serving(1)), made("v2", time.Hour-bake+1, serving(2))
	old := made("v1", -time.Hour, outdated(serving(3)))
	for name, c := range map[string]struct {
		instances []policy.Made
		state     policy.RolloutState
		why       string
	}{
		"no instance":                            {nil, done, ""},
		"all have served for bake":               {[]policy.Made{baked, baked}, done, ""},
		"one has not":                            {[]policy.Made{baked, fresh}, under, ""},
		"one does not serve yet":                 {[]policy.Made{baked, made("v2", 0, becoming(4))}, under, ""},
		"one is to serve and stands by":          {[]policy.Made{baked, made("v2", 0, instance(4, policy.InService, policy.Stopped))}, under, ""},
		"an old one serves":                      {[]policy.Made{baked, old}, under, ""},
		"an old one that fails serves":           {[]policy.Made{baked, made("v1", -time.Hour, failing(serving(3)))}, under, ""},
		"an old one that expires serves":         {[]policy.Made{baked, made("v1", -time.Hour, expiring(serving(3)))}, under, ""},
		"an old one is leaving":                  {[]policy.Made{baked, made("v1", -time.Hour, outdated(leaving(3)))}, done, ""},
		"a new one is leaving":                   {[]policy.Made{baked, made("v2", time.Hour, leaving(3))}, done, ""},
		"one of an unknown template serves":      {[]policy.Made{baked, made("", time.Hour, serving(3))}, done, ""},
		"a new one fails":                        {[]policy.Made{baked, made("v2", time.Hour-bake+1, failing(serving(2)))}, givenUp, code(2) + " failed soon after it began to serve"},
		"a new one fails after it served":        {[]policy.Made{made("v2", time.Hour-bake, failing(serving(2)))}, done, ""},
		"a new one fails while it is leaving":    {[]policy.Made{baked, withJoined(time.Hour, made("v2", 0, failing(leaving(2))))}, givenUp, code(2) + " failed soon after it began to serve"},
		"a new one that never served fails":      {[]policy.Made{baked, made("v2", time.Hour, failing(becoming(2)))}, under, ""},
		"one that serves since before fails":     {[]policy.Made{old, withJoined(0, made("v2", time.Hour, failing(serving(2))))}, under, ""},
		"an old one fails":                       {[]policy.Made{fresh, made("v1", time.Hour, failing(serving(3)))}, under, ""},
		"a new one never came to serve":          {[]policy.Made{baked, made("v2", 1, quarantined(becoming(2)))}, givenUp, code(2) + " never came to serve"},
		"one ordered before never came to serve": {[]policy.Made{old, made("v2", 0, quarantined(becoming(2)))}, under, ""},
		"an old one never came to serve":         {[]policy.Made{old, made("v1", time.Hour, quarantined(becoming(2)))}, under, ""},
		"a new one is stuck that has served":     {[]policy.Made{old, made("v2", time.Hour, quarantined(serving(2)))}, under, ""},
		"the first bad one is told":              {[]policy.Made{old, made("v2", 1, quarantined(becoming(2))), made("v2", 1, quarantined(becoming(5)))}, givenUp, code(2) + " never came to serve"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rollout := underWay()
			ended := rollout.Judge(c.instances, bake, now)
			want := underWay()
			if c.state != under {
				want.State, want.Why, want.Since = c.state, c.why, now
			}
			if rollout != want || ended != (c.state != under) {
				t.Errorf("got %+v (ended: %t), want %+v", rollout, ended, want)
			}
		})
	}
}

// withJoined is the instance, which began to serve so long after noon.
func withJoined(after time.Duration, in policy.Made) policy.Made {
	in.Joined = noon.Add(after)
	return in
}

func TestOnlyARolloutUnderWayIsJudged(t *testing.T) {
	t.Parallel()
	for _, state := range []policy.RolloutState{"", policy.RolloutDone, policy.RolloutGivenUp} {
		rollout := underWay()
		rollout.State = state
		before := rollout
		if rollout.Judge([]policy.Made{made("v2", 1, quarantined(becoming(2)))}, bake, noon.Add(time.Hour)) || rollout != before {
			t.Errorf("got %+v, want %+v", rollout, before)
		}
	}
}

func TestARolloutThatWasGivenUpPutsTheOldTemplateInForce(t *testing.T) {
	t.Parallel()
	rollout := underWay()
	rollout.Judge([]policy.Made{made("v2", 1, quarantined(becoming(2)))}, bake, noon.Add(time.Hour))
	if got := rollout.InForce(); got != "v1" {
		t.Errorf("%q is in force, want v1", got)
	}
}

// What is in force is always what is configured, or a template that was configured
// before and whose rollout, if it had one, was not given up.
func TestWhatIsInForceNeverFailed(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var rollout policy.Rollout
		now, failed := noon, map[string]bool{}
		for range rapid.IntRange(1, 20).Draw(t, "events") {
			now = now.Add(time.Minute)
			if template := rapid.SampledFrom([]string{"v1", "v2", "v3", "v4"}).Draw(t, "template"); rapid.Bool().Draw(t, "configure") {
				if rollout.Configure(template, now) {
					delete(failed, template)
				}
			} else {
				instances := []policy.Made{{Instance: joined(time.Hour, serving(1)), Template: rollout.Configured}}
				if rapid.Bool().Draw(t, "fails") {
					instances[0].Instance = failing(instances[0].Instance)
					instances[0].Joined = now
				}
				if rollout.Judge(instances, bake, now) && rollout.State == policy.RolloutGivenUp {
					failed[rollout.Configured] = rollout.Configured != rollout.Previous
				}
			}
			rollout = reread(t, rollout)
			if inForce := rollout.InForce(); failed[inForce] || rollout.Configured != "" && inForce == "" {
				t.Fatalf("%q is in force: %+v", inForce, rollout)
			}
		}
	})
}

// reread is the rollout as it is read from disk.
func reread(t *rapid.T, rollout policy.Rollout) policy.Rollout {
	written, err := json.Marshal(rollout)
	if err != nil {
		t.Fatalf("write %+v: %v", rollout, err)
	}
	var read policy.Rollout
	if err := json.Unmarshal(written, &read); err != nil || !read.Since.Equal(rollout.Since) {
		t.Fatalf("read %s: %+v, %v", written, read, err)
	}
	read.Since = rollout.Since
	if read != rollout {
		t.Fatalf("wrote %+v, read %+v", rollout, read)
	}
	return read
}

func TestRolloutOfAGroupNeverConfiguredIsWrittenAsNothing(t *testing.T) {
	t.Parallel()
	if got, err := json.Marshal(policy.Rollout{}); err != nil || string(got) != "{}" {
		t.Errorf("got %s, %v; want {}", got, err)
	}
}
