// Command summary reads the output of `go test -json` and prints what a person
// wants of it: one line for each package, all that a failed test printed, the names
// of skipped tests, and at the end how many passed and failed.
//
// Every test and subtest counts; a package that fails without a failed test (it does
// not build, or panics, or leaks goroutines) counts as one failure. The exit status
// is 0 only if nothing failed, something passed, and the input was whole.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
)

// namedSkips is how many skipped tests of a package are named; of more the number is told.
const namedSkips = 10

// event is one line of `go test -json`; see `go doc test2json`.
type event struct {
	Action     string
	Package    string
	ImportPath string // of build output, in place of Package
	Test       string
	Elapsed    float64 // seconds
	Output     string
}

type name struct{ pkg, test string }

type summary struct {
	out                     io.Writer
	passed, failed, skipped int
	printed                 map[name]*strings.Builder // output of what has not ended yet
	failures                map[string]int            // failed tests by package
	skips                   []name
	open                    map[string]bool // packages that have begun and not ended
}

func main() {
	s := newSummary(os.Stdout)
	if err := s.read(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "summary: read the output of go test -json:", err)
		s.failed++
	}
	if !s.finish() {
		os.Exit(1)
	}
}

func newSummary(out io.Writer) *summary {
	return &summary{
		out:      out,
		printed:  make(map[name]*strings.Builder),
		failures: make(map[string]int),
		open:     make(map[string]bool),
	}
}

func (s *summary) read(in io.Reader) error {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			var e event
			if json.Unmarshal(line, &e) == nil {
				s.add(e)
			} else {
				_, _ = s.out.Write(line)
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (s *summary) add(e event) {
	id := name{e.Package, e.Test}
	switch e.Action {
	case "start":
		s.open[e.Package] = true
	case "build-output":
		_, _ = io.WriteString(s.out, e.Output)
	case "output":
		if s.printed[id] == nil {
			s.printed[id] = new(strings.Builder)
		}
		s.printed[id].WriteString(e.Output)
	case "pass", "fail", "skip":
		if e.Test == "" {
			s.endPackage(e)
		} else {
			s.endTest(e, id)
		}
		delete(s.printed, id)
	}
}

func (s *summary) endTest(e event, id name) {
	switch e.Action {
	case "pass":
		s.passed++
	case "skip":
		s.skipped++
		s.skips = append(s.skips, id)
	case "fail":
		s.failed++
		s.failures[e.Package]++
		s.print(id)
	}
}

func (s *summary) endPackage(e event) {
	delete(s.open, e.Package)
	if e.Action == "fail" {
		if s.failures[e.Package] == 0 {
			s.failed++
		}
		for id := range s.printed { // of the tests that a panic or a time-out cut off, and of the package itself
			if id.pkg == e.Package {
				s.print(id)
			}
		}
	}
	word := map[string]string{"pass": "ok", "fail": "FAIL", "skip": "none"}[e.Action]
	_, _ = fmt.Fprintf(s.out, "%-4s %s %.1fs\n", word, e.Package, e.Elapsed)
}

func (s *summary) print(id name) {
	if text := s.printed[id]; text != nil {
		_, _ = io.WriteString(s.out, text.String())
	}
}

func (s *summary) finish() bool {
	for pkg := range s.open {
		_, _ = fmt.Fprintf(s.out, "FAIL %s never ended\n", pkg)
		s.failed++
	}
	named := map[string]int{} // by package
	for _, id := range s.skips {
		if named[id.pkg]++; named[id.pkg] <= namedSkips {
			_, _ = fmt.Fprintf(s.out, "skipped %s %s\n", id.pkg, id.test)
		}
	}
	for _, pkg := range slices.Sorted(maps.Keys(named)) {
		if others := named[pkg] - namedSkips; others > 0 {
			_, _ = fmt.Fprintf(s.out, "skipped %s %d others\n", pkg, others)
		}
	}
	_, _ = fmt.Fprintf(s.out, "tests: %d passed, %d failed, %d skipped\n", s.passed, s.failed, s.skipped)
	return s.failed == 0 && s.passed > 0
}
