package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// golden holds got against a file in testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got\n%s\nwant (%s; -update rewrites it)\n%s", got, path, want)
	}
}

// execute runs the command line and returns what it prints.
func execute(t *testing.T, args ...string) (out, errs string, err error) {
	t.Helper()
	var outBuffer, errBuffer bytes.Buffer
	command := root()
	command.SetArgs(args)
	command.SetOut(&outBuffer)
	command.SetErr(&errBuffer)
	err = perform(t.Context(), command)
	return outBuffer.String(), errBuffer.String(), err
}

func TestAnArgumentThatIsMissingOrTooManyIsNamed(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"signals":           "give the GROUP: autoscaled signals GROUP",
		"hold":              "give the GROUP: autoscaled hold GROUP COUNT",
		"hold web":          "give the COUNT: autoscaled hold GROUP COUNT",
		"check":             "give the FILE: autoscaled check FILE...",
		"history":           "give the GROUP: autoscaled history GROUP",
		"signals web db":    "`db` is one argument too many: autoscaled signals GROUP",
		"probe a b":         "`b` is one argument too many: autoscaled probe [TARGET]",
		"status web db":     "`db` is one argument too many: autoscaled status [GROUP]",
		"recover web":       `unknown command "web" for "autoscaled recover"`,
		"config shw":        `unknown command "shw" for "autoscaled config": did you mean ` + "`show`?",
		"notify bogus":      `unknown command "bogus" for "autoscaled notify": valid: test`,
		"history verify db": `unknown command "db" for "autoscaled history verify"`,
	} {
		if _, _, err := execute(t, strings.Fields(line)...); err == nil || err.Error() != want {
			t.Errorf("%s: error is %v, want %s", line, err, want)
		}
	}
}
