package trial

import (
	"strings"
	"testing"
)

func hear(output string) heard {
	h := listen(strings.NewReader(output), func() {})
	h.silence = 0
	return h
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
	if want := (heard{failed: "TestB/one", said: "b_test.go:9: one is wrong", current: "TestB/one", passed: 1}); h != want {
		t.Errorf("heard %+v, want %+v", h, want)
	}
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
	if want := (heard{failed: "TestA", said: "panic: test timed out after 5s", current: "TestB"}); h != want {
		t.Errorf("heard %+v, want %+v", h, want)
	}
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
