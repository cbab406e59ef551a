package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// killedMin is the share of a package's mutants, in percent, that must be killed.
const killedMin = 85

// report prints the survivors and each package's rate. It is an error if a rate is too low.
func report(out io.Writer, packages []string, verdicts []verdict) error {
	slices.SortStableFunc(verdicts, func(a, b verdict) int { return strings.Compare(a.key(), b.key()) })
	for _, v := range verdicts {
		if !v.killed {
			v.tell(out)
		}
	}
	_, _ = fmt.Fprintln(out)
	killedOfAll := 0
	var low []string
	for _, name := range packages {
		killed, total := rate(verdicts, name)
		killedOfAll += killed
		_, _ = fmt.Fprintf(out, "%-20s %4d of %4d mutants killed (%.1f %%)\n", name, killed, total, 100*float64(killed)/float64(max(1, total)))
		if total == 0 || 100*killed < killedMin*total {
			low = append(low, name)
		}
	}
	_, _ = fmt.Fprintf(out, "mutants: %d tried, %d survive\n", len(verdicts), len(verdicts)-killedOfAll)
	if len(low) > 0 {
		return fmt.Errorf("less than %d %% of the mutants are killed in %v", killedMin, low)
	}
	return nil
}

// tell prints what became of the mutant.
func (v verdict) tell(out io.Writer) {
	if v.killed {
		_, _ = fmt.Fprintf(out, "killed: %s\n\t%.1f s %s: %.160s\n", v.key(), v.took.Seconds(), v.by, v.said)
		return
	}
	_, _ = fmt.Fprintf(out, "survives: %s:%d %s\n\t%s\n", v.file, v.line, v.key(), why(v))
}

func why(v verdict) string {
	switch {
	case v.reason != "":
		return "accepted: " + v.reason
	case v.reached:
		return "a test is missing, or a reason in survivors.txt"
	default:
		return "no test reaches it"
	}
}

func rate(verdicts []verdict, name string) (killed, total int) {
	for _, v := range verdicts {
		if v.pkg != name {
			continue
		}
		total++
		if v.killed {
			killed++
		}
	}
	return killed, total
}
