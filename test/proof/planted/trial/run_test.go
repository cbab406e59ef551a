package trial

import (
	"maps"
	"reflect"
	"strings"
	"testing"
	"time"
)

func hear(output string) heard { return listen(strings.NewReader(output), func() {}) }

// expect compares all but what took how long.
func (h heard) expect(t *testing.T, want heard) {
	t.Helper()
	h.tests, h.silence = nil, 0
	if !reflect.DeepEqual(h, want) {
		t.Errorf("heard %+v, want %+v", h, want)
	}
}

func TestATestTakesWhatItAndItsSubtestsTake(t *testing.T) {
	t.Parallel()
	h := hear(`=== RUN   TestA
--- PASS: TestA (0.50s)
--- PASS: TestB/one (1.25s)
--- PASS: TestB/two/deep (0.25s)
--- PASS: TestB (0.00s)
`)
	want := map[string]time.Duration{"TestA": 500 * time.Millisecond, "TestB": 1500 * time.Millisecond}
	if h.passed != 4 || !maps.Equal(h.tests, want) {
		t.Errorf("%d passed, and took %v, want %v", h.passed, h.tests, want)
	}
}

func TestTheFirstTestThatFailsIsNamedWithItsFirstWords(t *testing.T) {
	t.Parallel()
	h := hear(strings.ReplaceAll(`\x16=== RUN   TestA
\x16--- PASS: TestA (0.00s)
\x16=== RUN   TestB
\x16=== RUN   TestB/one
\x16=== RUN   TestB/two
    b_test.go:7: two is wrong
\x16=== NAME  TestB/one
    b_test.go:9: one is wrong
    b_test.go:10: very wrong
\x16--- FAIL: TestB/one (0.01s)
\x16--- FAIL: TestB/two (0.01s)
`, `\x16`, "\x16"))
	h.expect(t, heard{failed: "TestB/one", said: "b_test.go:9: one is wrong", current: "TestB/one", passed: 1})
}

func TestATestThatHangsIsNamed(t *testing.T) {
	t.Parallel()
	h := hear(`=== RUN   TestA
=== RUN   TestB
=== PAUSE TestB
panic: test timed out after 5s
	running tests:
		TestA (5s)

goroutine 34 [running]:
`)
	h.expect(t, heard{failed: "TestA", said: "panic: test timed out after 5s", current: "TestB"})
}

func TestAProcessThatBreaksIsHeard(t *testing.T) {
	t.Parallel()
	for _, words := range []string{"panic: runtime error: index out of range", "fatal error: all goroutines are asleep - deadlock!",
		"goleak: Errors on successful test run: found unexpected goroutines:"} {
		if h := hear("=== RUN   TestA\n" + words + "\n\nrest\n"); h.said != words {
			t.Errorf("of %q it heard %+v", words, h)
		}
	}
}

func TestALineOfAnyLengthIsRead(t *testing.T) {
	t.Parallel()
	h := hear(strings.Repeat("x", 3*lineMax) + "\n--- FAIL: TestA (0.00s)\n")
	if h.failed != "TestA" {
		t.Errorf("heard %+v", h)
	}
}
