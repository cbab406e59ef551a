package fleet

import (
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
)

func TestAGroupSaysWhenItBeginsAndCeasesToBeHeld(t *testing.T) {
	t.Parallel()
	unknown := func(why policy.Absence) policy.Decision {
		return policy.Decision{Reason: policy.ReasonUnknown, Recommendations: []policy.Recommendation{
			{Verdict: policy.Unknown, Value: policy.Missing(why, time.Time{})},
		}}
	}
	steady, capped := policy.Decision{Reason: policy.ReasonSteady}, policy.Decision{Reason: policy.ReasonAtMax, Capped: policy.Capped{Reason: policy.ReasonAtMax}}
	scheduled := policy.Decision{Capped: policy.Capped{Reason: policy.ReasonAtCeiling}}
	for what, c := range map[string]struct {
		before, now policy.Decision
		want        string
	}{
		"data fails":                   {steady, unknown(policy.Failed), "data is missing"},
		"data stays away":              {unknown(policy.Failed), unknown(policy.Stale), ""},
		"data comes back":              {unknown(policy.Failed), steady, "complete again"},
		"instances warm up":            {steady, unknown(policy.Warming), ""},
		"max is reached":               {steady, capped, "more is wanted than max allows"},
		"max goes on being too little": {capped, capped, ""},
		"max is enough again":          {capped, steady, "no more is wanted"},
		"a schedule's ceiling":         {steady, scheduled, "than a schedule allows"},
		"nothing changes":              {steady, steady, ""},
	} {
		if got := turn(c.before, c.now); (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", what, got, c.want)
		}
	}
}
