package config

// usualAnswers are the kinds of drift, with what is done about each where the file
// does not say. A label is how people tell us that a machine is not ours any more,
// so that one is left to them.
var usualAnswers = map[string]string{
	"stopped":    "repair",
	"ended":      "repair",
	"relabelled": "ignore",
	"removed":    "repair",
	"added":      "repair",
	"started":    "repair",
}

func readDrift(s *section) map[string]string {
	defer s.close()
	answers := make(map[string]string, len(usualAnswers))
	for kind, usual := range usualAnswers {
		answers[kind] = read(s, kind, usual, oneOf("adopt", "ignore", "repair"))
	}
	return answers
}
