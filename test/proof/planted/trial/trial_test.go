package trial

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// sample is a module with one package, whose test fails when Answer is not 42.
func sample(t *testing.T) Module {
	t.Helper()
	m := Module{Path: "example.com/sample", Dir: t.TempDir()}
	for name, text := range map[string]string{
		"go.mod":         "module example.com/sample\n\ngo 1.26\n",
		"beside.txt":     "",
		"deep/answer.go": "package deep\n\nfunc Answer() int { return 42 }\n",
		"deep/answer_test.go": `package deep

import (
	"os"
	"testing"
)

func TestAnswer(t *testing.T) {
	if os.Getenv("HANG") != "" {
		select {}
	}
	if _, err := os.Stat("../beside.txt"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("left.txt", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if Answer() != 42 {
		t.Errorf("it is %d", Answer())
	}
}
`,
	} {
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

func TestSabotageIsChosenWhenTheTestRuns(t *testing.T) {
	t.Parallel()
	m := sample(t)
	binaries, err := m.Compile(t.Context(), t.TempDir(), Sources{
		"deep/answer.go": []byte("package deep\n\nfunc Answer() int { return answers[wrong()] }\n"),
		"deep/added.go": []byte("package deep\n\nimport \"os\"\n\nvar answers = map[bool]int{false: 42, true: 41}\n\n" +
			"func wrong() bool { return os.Getenv(\"WRONG\") != \"\" }\n"),
	}, []string{"deep"})
	if err != nil {
		t.Fatal(err)
	}
	run := Run{Binary: binaries[0], Tests: ".", Bound: time.Minute, Silence: time.Minute}
	right, err := run.Do(t.Context())
	if err != nil || right.Failed || right.Passed != 1 {
		t.Errorf("without sabotage: %+v, %v", right, err)
	}
	if _, err := os.Stat(filepath.Join(m.Dir, "deep/left.txt")); !os.IsNotExist(err) {
		t.Errorf("what the test left behind is there: %v", err)
	}
	run.Env = []string{"WRONG=1"}
	wrong, err := run.Do(t.Context())
	if err != nil || !wrong.Failed || wrong.By != "deep TestAnswer" || !strings.HasSuffix(wrong.Said, "it is 41") {
		t.Errorf("with sabotage: %+v, %v", wrong, err)
	}
	run.Env, run.Bound = []string{"HANG=1"}, time.Second
	hung, err := run.Do(t.Context())
	if err != nil || !hung.Failed || hung.By != "deep TestAnswer" {
		t.Errorf("hanging: %+v, %v", hung, err)
	}
	run.Bound, run.Silence = time.Minute, time.Second
	silent, err := run.Do(t.Context())
	if err != nil || !silent.Failed || silent.By != "deep TestAnswer" || silent.Took > 30*time.Second {
		t.Errorf("silent: %+v, %v", silent, err)
	}
}

func TestWhatDoesNotCompileIsAnError(t *testing.T) {
	t.Parallel()
	_, err := sample(t).Compile(t.Context(), t.TempDir(), Sources{"deep/answer.go": []byte("package deep\n\nfunc Answer() int { return }\n")}, []string{"deep"})
	if err == nil || !strings.Contains(err.Error(), "not enough return values") {
		t.Errorf("it says %v", err)
	}
}

func TestARunWhoseCallerGivesUpIsNoOutcome(t *testing.T) {
	t.Parallel()
	binaries, err := sample(t).Compile(t.Context(), t.TempDir(), nil, []string{"deep"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if outcome, err := (Run{Binary: binaries[0], Tests: ".", Bound: time.Minute, Silence: time.Minute}).Do(ctx); err == nil {
		t.Errorf("the outcome is %+v", outcome)
	}
}
