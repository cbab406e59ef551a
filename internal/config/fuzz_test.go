package config

import (
	"strings"
	"testing"
)

// FuzzParse proves that any bytes give either a configuration or problems, each
// with a line of the file and fit for a terminal.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"../../configs/*.yaml", "testdata/*/*.yaml"} {
		for _, path := range glob(f, pattern, 1) {
			f.Add(contents(f, path))
		}
	}
	around := furnished()
	env := around.env()
	f.Fuzz(func(t *testing.T, data []byte) {
		config, err := Parse("fuzz.yaml", data, env)
		if err == nil {
			if config == nil || len(config.Groups) == 0 {
				t.Fatalf("accepted without a group: %v", config)
			}
			return
		}
		if config != nil {
			t.Fatal("both a configuration and problems")
		}
		lines := strings.Count(string(data), "\n") + 1
		for _, problem := range problems(t, err) {
			ours := problem.File == "fuzz.yaml" && problem.Line <= lines || around.files[strings.TrimPrefix(problem.File, "/")] != nil // a file that it names
			if !ours || problem.Line < 1 || problem.Message == "" {
				t.Errorf("%d lines, but %#v", lines, problem)
			}
			if strings.ContainsAny(problem.String(), "\x00\x07\x1b\u009b") {
				t.Errorf("a terminal obeys %q", problem)
			}
		}
	})
}
