package config

import "slices"

// readPick reads the rules by which instances are chosen to go.
func readPick(s *section) []string {
	rules := readList(s, "pick", []string{"newest"}, oneOf("location", "least_busy", "newest", "oldest", "paid_period_end"))
	s.about.atLeast(1, "pick")
	s.about.once("pick")
	switch repeated := firstRepeated(rules); {
	case len(rules) == 0:
		s.fault("pick", "there is no rule: add one, or remove the key")
	case repeated != "":
		s.fault("pick", "%s is written twice: remove one", repeated)
	case slices.Contains(rules, "newest") && slices.Contains(rules, "oldest"):
		s.fault("pick", "newest and oldest contradict each other: remove one")
	}
	return rules
}

// firstRepeated returns the first word that was there before; empty: none.
func firstRepeated(words []string) string {
	for i, word := range words {
		if slices.Contains(words[:i], word) {
			return word
		}
	}
	return ""
}
