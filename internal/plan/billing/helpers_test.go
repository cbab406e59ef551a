package billing_test

import (
	"strings"
	"time"

	"github.com/autoscaled/autoscaled/internal/plan/billing"
)

// tester is what tests, and those of rapid, have in common.
type tester interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// parse reads a model from lines.
func parse(t tester, lines ...string) *billing.Model {
	t.Helper()
	m, err := billing.Parse("model.yaml", []byte(strings.Join(lines, "\n")))
	if err != nil {
		t.Fatalf("%q: %v", lines, err)
	}
	return m
}

// at is an instant by the clocks of a zone: "2026-02-01", "2026-02-01 10:30" or "2026-02-01 10:30:15".
// Empty is the zero time.
func at(t tester, zone *time.Location, text string) time.Time {
	t.Helper()
	if text == "" {
		return time.Time{}
	}
	const layout = "2006-01-02 15:04:05"
	instant, err := time.ParseInLocation(layout, text+"2006-01-02 00:00:00"[len(text):], zone)
	if err != nil {
		t.Fatal(err)
	}
	return instant
}

// spans reads "begin/end" pairs, apart by commas.
func spans(t tester, zone *time.Location, text string) (spans []billing.Span) {
	t.Helper()
	for pair := range strings.SplitSeq(text, ", ") {
		if begin, end, ok := strings.Cut(pair, "/"); ok {
			spans = append(spans, billing.Span{Begin: at(t, zone, begin), End: at(t, zone, end)})
		}
	}
	return spans
}

// contracts reads "begin/end" pairs as contracts that were never stopped.
func contracts(t tester, zone *time.Location, text string) (contracts []billing.Contract) {
	t.Helper()
	for _, span := range spans(t, zone, text) {
		contracts = append(contracts, billing.Contract{Ordered: span.Begin, Ended: span.End})
	}
	return contracts
}
