package words

import "testing"

func TestWhatWasSaidIsNotSaidAgain(t *testing.T) {
	t.Parallel()
	const cause = "dial tcp 192.0.2.1:443: connect: connection refused"
	for name, c := range map[string]struct {
		text string
		said []string
		want string
	}{
		"nothing was said":                {"look: " + cause, nil, "look: " + cause},
		"something else was":              {"look: " + cause, []string{"the status lags"}, "look: " + cause},
		"the same":                        {cause, []string{cause}, ""},
		"within something longer":         {"look: " + cause, []string{"no look for 3m: look: " + cause}, ""},
		"the cause alone":                 {"order 2: Post: " + cause, []string{"other", "look: " + cause}, "order 2: Post: as above"},
		"it was the cause of this":        {"look: " + cause, []string{cause}, "look: as above"},
		"a cause that is short":           {"order 2: EOF", []string{"look: EOF"}, "order 2: EOF"},
		"a part that is no cause":         {cause + " by order 2", []string{cause}, cause + " by order 2"},
		"nothing":                         {"", []string{cause}, ""},
		"nothing, when nothing was":       {"", nil, ""},
		"of empty ones it says all":       {"look: " + cause, []string{"", ""}, "look: " + cause},
		"what ends with the sign of more": {"look: ", []string{"x"}, "look: "},
	} {
		if got := Unsaid(c.text, c.said...); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
