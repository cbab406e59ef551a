package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/autoscaled/autoscaled/test/proof/planted/trial"
)

// till is a package with something of every kind that is mutated. Its test looks at all
// of it, save at what is free.
const till = `package till

import (
	"errors"
	"fmt"
	"time"
)

const limit = 10

// Fits is of a type that no helper returns.
type Fits bool

type Till struct {
	coins  int
	opened int
	locked bool
	last   time.Duration
}

var spare = 3

func (t *Till) Add(n int, pause time.Duration) error {
	t.open()
	defer t.close()
	if t.locked || n <= 0 {
		return errors.New("no")
	}
	t.coins += n
	t.last = wait(pause)
	for i := 0; i < 2; i++ {
		t.opened++
	}
	return nil
}

func (t *Till) open()  { t.locked = !t.locked }
func (t *Till) close() { t.locked = false }

func (t *Till) Full() bool { return t.coins+spare >= limit && t.isOpen() }

func (t *Till) isOpen() bool { return t.opened != 0 }

func Room(n int) Fits { return n < limit }

func wait(d time.Duration) time.Duration { return d }

func free(n int) string {
	if n > 0 {
		return fmt.Sprint(n)
	}
	return "none"
}
`

const tillTest = `package till

import "testing"

func TestTill(t *testing.T) {
	var a Till
	if a.Add(1, 1) == nil || a.coins != 0 || a.locked {
		t.Fatal(a)
	}
	if never := (Till{coins: 10}); never.Full() {
		t.Fatal(never)
	}
	a.locked = true
	if a.Add(0, 1) == nil {
		t.Fatal(a)
	}
	a.locked = true
	if a.Full() {
		t.Fatal(a)
	}
	if err := a.Add(6, 7); err != nil || a.coins != 6 || a.locked || a.last != 7 || a.opened != 2 || a.Full() {
		t.Fatal(err, a)
	}
	a.locked = true
	if err := a.Add(1, 1); err != nil || !a.Full() {
		t.Fatal(err, a)
	}
	if !Room(9) || Room(10) {
		t.Fatal("room")
	}
	_ = free(1)
}
`

// written returns a module with the given files.
func written(t *testing.T, files map[string]string) trial.Module {
	t.Helper()
	m := trial.Module{Path: "example.com/shop", Dir: t.TempDir()}
	files["go.mod"] = "module example.com/shop\n\ngo 1.26\n"
	for name, text := range files {
		path := filepath.Join(m.Dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

func TestATestThatLooksAtEverythingKillsEveryMutant(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	o := options{
		out: &out, module: written(t, map[string]string{"deep/till/till.go": till, "deep/till/till_test.go": tillTest}),
		packages: []string{"deep/till"}, lanes: []lane{{"deep/till", ".", nil}}, work: t.TempDir(), all: true, verbose: true, jobs: 2,
		survivors: "deep/till/till.go free: n > 0 → >=\n\tit is free\ndeep/till/till.go gone: 0 → +1\n\tit is gone\n" +
			"deep/till/till.go Till.Add: drop t.open()\n\tit was thought to survive\n",
	}
	if err := measure(t.Context(), o); err != nil {
		t.Errorf("%v", err)
	}
	said := out.String()
	for line := range strings.Lines(said) {
		if strings.HasPrefix(line, "survives: ") && !strings.Contains(line, " free: ") {
			t.Error(line)
		}
	}
	for _, want := range []string{
		"left out, because they do not compile: 2\n", // of Room
		"till.go Till.Add: n <= 0 → <\n", "till.go Till.Add: n <= 0 → >\n", "Till.Add: t.locked || n <= 0 → &&\n", "Till.Add: !(t.locked || n <= 0)\n",
		"Till.Add: drop return errors.New(\"no\")\n", "Till.Add: drop t.coins += n\n", "Till.Add: pause doubled\n", "Till.Add: drop defer t.close()\n",
		"Till.Add: t.opened++ → --\n", "Till.Add: drop t.opened++\n", "Till.Full: t.coins+spare → -\n", "Till.isOpen: t.opened != 0 → ==\n", "spare: 3 → +1\n",
		"survives: deep/till/till.go:49 deep/till/till.go free: n > 0 → >=\n\taccepted: it is free\n",
		"take it off survivors.txt: deep/till/till.go gone: 0 → +1\n",
		"take it off survivors.txt: deep/till/till.go Till.Add: drop t.open()\n",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("it does not say %q", want)
		}
	}
	if t.Failed() {
		t.Log(said)
	}
}

func TestTooFewKilledMutantsAreAnError(t *testing.T) {
	t.Parallel()
	const blind = "package till\n\nimport \"testing\"\n\nfunc TestTill(t *testing.T) { _ = free(1) }\n"
	var out strings.Builder
	err := measure(t.Context(), options{
		out: &out, module: written(t, map[string]string{"deep/till/till.go": till, "deep/till/till_test.go": blind}),
		packages: []string{"deep/till"}, lanes: []lane{{"deep/till", ".", nil}}, work: t.TempDir(), sample: 8, jobs: 2,
	})
	if err == nil || !strings.Contains(err.Error(), "[deep/till]") || !strings.Contains(out.String(), "0 of    8 mutants killed (0.0 %)") {
		t.Errorf("%v, %s", err, &out)
	}
	if !strings.Contains(out.String(), "\tno test reaches it\n") {
		t.Errorf("it does not say which mutants no test reaches: %s", &out)
	}
}
