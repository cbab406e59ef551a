package proof

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/autoscaled/autoscaled/internal/raced"
)

// The sizes of the lanes. The defaults are for `go test ./...`, under the race detector a
// tenth of them; the scripts beside this file set those of CI and, with --all, the whole.
var (
	seedsFlag  = flag.Int("proof.seeds", raced.Sample(40, 10), "how many seeds TestProofSeeds tells")
	seedFlag   = flag.Uint64("proof.seed", 1, "the first of them")
	everyFlag  = flag.Int("proof.every", 40*40/raced.Sample(40, 10), "TestProofSingle strikes one in so many times")
	pairsFlag  = flag.Int("proof.pairs", 4000*40/raced.Sample(40, 10), "TestProofPairs kills one in so many times")
	burstFlag  = flag.Int("proof.burst", 40, "how many machines TestProofBursts sends out and in")
	allFlag    = flag.Bool("proof.all", false, "the same as -proof.every 1 -proof.pairs 1 -proof.burst 1000")
	surveyFlag = flag.Bool("proof.survey", false, "report whatever fails, as it is, and do not stop")
	huntFlag   = flag.Bool("proof.hunt", false, "run TestProofHunt")
	saveFlag   = flag.Bool("proof.save", false, "keep what is found in ../seeds")
	traceFlag  = flag.Bool("proof.trace", false, "print everything that happens in the stories of seeds")
	wideFlag   = flag.Bool("proof.wide", false, "with -proof.trace: also every call")
)

// oneIn is one in n, or everything with -proof.all.
func oneIn(n int) int {
	if *allFlag {
		return 1
	}
	return n
}

// tell tells a story in a bubble of its own. A goroutine that is left when the story
// has ended, or blocks for ever, is a violation.
func tell(t *testing.T, story Story) (verdict Verdict) {
	t.Helper()
	defer func() {
		if deadlock := recover(); deadlock != nil {
			verdict.Violations = append(verdict.Violations, Violation{"goroutine", verdict.Took, fmt.Sprint(deadlock)})
		}
	}()
	defer noting(t, story)()
	synctest.Test(t, func(*testing.T) { verdict = Run(story) })
	return verdict
}

// noting keeps the story in a file of the directory that PROOF_TELLING names, until it
// has been told: a panic of the product ends everything, and this is what it leaves.
func noting(t *testing.T, story Story) (told func()) {
	t.Helper()
	dir := os.Getenv("PROOF_TELLING")
	if dir == "" {
		return func() {}
	}
	file, err := os.CreateTemp(dir, "story-*.txt")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteString(story.compact() + "\n"); err != nil {
		t.Fatal(err)
	}
	_ = file.Close()
	return func() { _ = os.Remove(file.Name()) }
}

// trace prints everything that happens in a story.
func trace(t *testing.T, story Story) {
	t.Helper()
	Wide = *wideFlag
	fmt.Println(story)
	synctest.Test(t, func(*testing.T) { Trace(story, func(line string) { fmt.Println(line) }) })
}

// tellAll calls one for each number below count, on all processors, until too many
// of them failed.
func tellAll(t *testing.T, count int, one func(t *testing.T, i int) (failed bool)) {
	t.Helper()
	enough := int64(10)
	if *huntFlag {
		enough = 1
	}
	var next, failed atomic.Int64
	t.Run("all", func(t *testing.T) {
		for range runtime.GOMAXPROCS(0) {
			t.Run("worker", func(t *testing.T) {
				t.Parallel()
				for i := int(next.Add(1)) - 1; i < count && failed.Load() < enough; i = int(next.Add(1)) - 1 {
					if one(t, i) {
						failed.Add(1)
					}
				}
			})
		}
	})
}

// fails reports a story whose verdict is not clean, with the shortest schedule that
// was found to fail alike.
func fails(t *testing.T, name string, story Story, v Verdict) bool {
	t.Helper()
	if len(v.Violations) == 0 {
		return false
	}
	first := v.Violations[0]
	if *surveyFlag {
		t.Errorf("%s: %v", name, first)
		return false
	}
	shrunk, again := shrink(t, story, v)
	if !again {
		t.Errorf("%s: %v\nIt did not fail again with the same faults; what was told:\n%v", name, first, story)
		return true
	}
	t.Errorf("%s: %v\n%s", name, first, schedule(shrunk))
	if *saveFlag {
		save(t, name, first, shrunk)
	}
	return true
}

// schedule is what happens in a story, for people, and the story, for TestProofFound.
func schedule(story Story) string {
	var text strings.Builder
	for _, event := range story.Events {
		fmt.Fprintf(&text, "  event  %v\n", event)
	}
	for _, strike := range story.Strikes {
		fmt.Fprintf(&text, "  strike %v\n", strike)
	}
	fmt.Fprintf(&text, "  story  %s", story.compact())
	return text.String()
}

func save(t *testing.T, name string, first Violation, story Story) {
	t.Helper()
	file := filepath.Join("..", "seeds", strings.Map(func(r rune) rune {
		if strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789", r) {
			return r
		}
		return '-'
	}, strings.ToLower(first.Invariant+"-"+name))+".txt")
	text := fmt.Sprintf("# %s: %v\n%v\n", name, first, story)
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Error(err)
	}
	t.Logf("kept in %s", file)
}

// shrinkFor bounds how long a story is shrunk, in real time.
const shrinkFor = 20 * time.Second

// shrink leaves out of a story that fails whatever it fails without: what struck, what
// happened, and who was there. It says whether the story fails again at all.
func shrink(t *testing.T, story Story, v Verdict) (Story, bool) {
	t.Helper()
	invariant, begun := v.Violations[0].Invariant, time.Now()
	still := func(s Story) bool {
		v := tell(t, s)
		return len(v.Violations) > 0 && v.Violations[0].Invariant == invariant
	}
	story.Share, story.Strikes = 0, v.Fired
	if !still(story) {
		return story, false
	}
	enough := func() bool { return time.Since(begun) > shrinkFor }
	for {
		before := len(story.Strikes) + len(story.Events) + len(story.Foreign)
		story.Strikes = leaveOut(story.Strikes, enough, func(rest []Strike) bool { s := story; s.Strikes = rest; return still(s) })
		story.Events = leaveOut(story.Events, enough, func(rest []Event) bool { s := story; s.Events = rest; return still(s) })
		story.Foreign = leaveOut(story.Foreign, enough, func(rest []ForeignStory) bool { s := story; s.Foreign = rest; return still(s) })
		if enough() || len(story.Strikes)+len(story.Events)+len(story.Foreign) == before {
			return story, true
		}
	}
}

// leaveOut leaves out of the list as much as it can while still holds for the rest:
// first large parts, then smaller ones.
func leaveOut[T any](list []T, enough func() bool, still func(rest []T) bool) []T {
	for size := len(list); size > 0; size /= 2 {
		for from := 0; from < len(list) && !enough(); {
			rest := slices.Concat(list[:from], list[min(from+size, len(list)):])
			if still(rest) {
				list = rest
			} else {
				from += size
			}
		}
	}
	return list
}

// tally counts which faults struck which steps.
type tally struct {
	mu     sync.Mutex
	struck map[Step]map[Fault]int
}

func (c *tally) count(v Verdict) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, strike := range v.Fired {
		if c.struck == nil {
			c.struck = map[Step]map[Fault]int{}
		}
		if c.struck[strike.At.Step] == nil {
			c.struck[strike.At.Step] = map[Fault]int{}
		}
		c.struck[strike.At.Step][strike.Fault]++
	}
}

// String is the table of steps and faults; a dash is where the fault cannot happen.
func (c *tally) String() string {
	columns := FaultsOf(StepOrder)
	columns = append(columns, Fails)
	var text strings.Builder
	fmt.Fprintf(&text, "%-14s", "")
	for _, fault := range columns {
		fmt.Fprintf(&text, "%15s", fault)
	}
	for _, step := range Steps() {
		fmt.Fprintf(&text, "\n%-14s", step)
		for _, fault := range columns {
			if slices.Contains(FaultsOf(step), fault) {
				fmt.Fprintf(&text, "%15d", c.struck[step][fault])
			} else {
				fmt.Fprintf(&text, "%15s", "-")
			}
		}
	}
	return text.String()
}

// empty lists the cells of the table that nothing fell into.
func (c *tally) empty(steps []Step) []string {
	var cells []string
	for _, step := range steps {
		for _, fault := range FaultsOf(step) {
			if c.struck[step][fault] == 0 {
				cells = append(cells, fmt.Sprintf("%s × %s", step, fault))
			}
		}
	}
	return cells
}

// names are the keys of a map in order.
func names[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }
