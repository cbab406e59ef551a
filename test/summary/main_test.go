package main

import (
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestSummaryCountsAndShowsWhatMatters(t *testing.T) {
	t.Parallel()
	for name, behaviour := range map[string]struct {
		events []string
		want   []string
		hidden []string
		ok     bool
	}{
		"what passed is counted and its output hidden": {
			events: []string{
				`{"Action":"start","Package":"p"}`,
				`{"Action":"output","Package":"p","Test":"TestA","Output":"chatter\n"}`,
				`{"Action":"pass","Package":"p","Test":"TestA/sub"}`,
				`{"Action":"pass","Package":"p","Test":"TestA"}`,
				`{"Action":"pass","Package":"p","Elapsed":1.5}`,
			},
			want: []string{"ok   p 1.5s", "tests: 2 passed, 0 failed, 0 skipped"}, hidden: []string{"chatter"}, ok: true,
		},
		"what failed shows its output": {
			events: []string{
				`{"Action":"start","Package":"p"}`,
				`{"Action":"output","Package":"p","Test":"TestA","Output":"got 1, want 2\n"}`,
				`{"Action":"fail","Package":"p","Test":"TestA"}`,
				`{"Action":"fail","Package":"p"}`,
			},
			want: []string{"got 1, want 2", "FAIL p", "tests: 0 passed, 1 failed, 0 skipped"},
		},
		"a panic shows what was cut off": {
			events: []string{
				`{"Action":"start","Package":"p"}`,
				`{"Action":"pass","Package":"p","Test":"TestA"}`,
				`{"Action":"output","Package":"p","Test":"TestB","Output":"panic: boom\n"}`,
				`{"Action":"fail","Package":"p"}`,
			},
			want: []string{"panic: boom", "tests: 1 passed, 1 failed, 0 skipped"},
		},
		"what does not build is a failure": {
			events: []string{
				`{"Action":"build-output","ImportPath":"p","Output":"undefined: x\n"}`,
				`{"Action":"start","Package":"p"}`,
				`{"Action":"fail","Package":"p"}`,
			},
			want: []string{"undefined: x", "tests: 0 passed, 1 failed"},
		},
		"a package that never ends is a failure": {
			events: []string{`{"Action":"start","Package":"p"}`, `{"Action":"pass","Package":"p","Test":"TestA"}`},
			want:   []string{"FAIL p never ended", "tests: 1 passed, 1 failed"},
		},
		"of much that is skipped the number is told": {
			events: append(slices.Repeat([]string{`{"Action":"skip","Package":"p","Test":"TestB"}`}, namedSkips+2),
				`{"Action":"pass","Package":"p","Test":"TestA"}`, `{"Action":"pass","Package":"p"}`),
			want: []string{"skipped p TestB", "skipped p 2 others", "tests: 1 passed, 0 failed, 12 skipped"}, ok: true,
		},
		"what is skipped is named": {
			events: []string{
				`{"Action":"pass","Package":"p","Test":"TestA"}`,
				`{"Action":"skip","Package":"p","Test":"TestB"}`,
				`{"Action":"pass","Package":"p"}`,
			},
			want: []string{"skipped p TestB", "tests: 1 passed, 0 failed, 1 skipped"}, ok: true,
		},
		"what is no event is passed on": {
			events: []string{`go: no such module`},
			want:   []string{"go: no such module", "tests: 0 passed, 0 failed"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			s := newSummary(&out)
			if err := s.read(strings.NewReader(strings.Join(behaviour.events, "\n"))); err != nil {
				t.Fatal(err)
			}
			if ok := s.finish(); ok != behaviour.ok {
				t.Errorf("finish says %v", ok)
			}
			for _, line := range behaviour.want {
				if !strings.Contains(out.String(), line) {
					t.Errorf("%q is missing in:\n%s", line, out.String())
				}
			}
			for _, line := range behaviour.hidden {
				if strings.Contains(out.String(), line) {
					t.Errorf("%q should not be in:\n%s", line, out.String())
				}
			}
		})
	}
}
