package report

import (
	"fmt"
	"math"
	"strings"
)

// figures are what the answer in one sentence is made of.
type figures struct {
	hours           float64 // paid for; where that is not known, served
	overloadMinutes float64
	outs, ins       int
	peakLoad        float64
	peakNeed        int
	peakServing     int
}

func (p *Page) figures(run *Run) figures {
	var f figures
	paid := run.Paid
	if paid == nil {
		paid = run.Serving
	}
	for i := p.Scored; i < len(run.Need); i++ {
		f.hours += float64(paid[i]) * p.Step.Hours()
		if run.Need[i] > run.Serving[i] {
			f.overloadMinutes += p.Step.Minutes()
		}
		if load := run.Load[i]; finite(load) {
			f.peakLoad = max(f.peakLoad, load)
		}
		f.peakNeed = max(f.peakNeed, run.Need[i])
		f.peakServing = max(f.peakServing, run.Serving[i])
	}
	for _, d := range run.Decisions {
		switch {
		case d.At.Before(p.at(p.Scored)):
		case d.To > d.From:
			f.outs++
		case d.To < d.From:
			f.ins++
		}
	}
	return f
}

// answer is the finding in one sentence, of the first run and, where there is another,
// of its difference to what is in force.
func (p *Page) answer() string {
	if p.Answer != "" {
		return p.Answer
	}
	first := &p.Runs[0]
	f := p.figures(first)
	parts := []string{plural(math.Round(f.hours), "instance-hour", "instance-hours")}
	if first.Bill != nil {
		parts = append(parts, p.Currency.Text(first.Bill.Total))
	}
	parts = append(parts,
		plural(f.overloadMinutes, "overload minute", "overload minutes"),
		plural(float64(f.outs), "scale-out", "scale-outs"))
	sentence := p.scoredLength() + ": " + strings.Join(parts, ", ") + "."
	if inForce := p.inForce(); inForce != nil {
		sentence += " Against what is in force: " + p.difference(first, inForce) + "."
	}
	return sentence
}

// inForce is the run of what is configured today, if the page is about another one.
func (p *Page) inForce() *Run {
	for i := 1; i < len(p.Runs); i++ {
		if p.Runs[i].Role == InForce {
			return &p.Runs[i]
		}
	}
	return nil
}

func (p *Page) difference(run, from *Run) string {
	f, before := p.figures(run), p.figures(from)
	var parts []string
	if run.Bill != nil && from.Bill != nil && from.Bill.Total != 0 {
		parts = append(parts, share(float64(run.Bill.Total), float64(from.Bill.Total))+" cost")
	} else if before.hours != 0 {
		parts = append(parts, share(f.hours, before.hours)+" instance-hours")
	}
	return strings.Join(append(parts,
		more(f.overloadMinutes-before.overloadMinutes, "overload minute", "overload minutes"),
		more(float64(f.outs-before.outs), "scale-out", "scale-outs")), ", ")
}

// share is how a value differs from the one before, such as "−11 %".
func share(value, before float64) string {
	change := (value/before - 1) * 100
	return signed(math.Round(change), decimal(change, 0)) + nbsp + "%"
}

func more(change float64, one, many string) string {
	word := "more"
	if change < 0 {
		word = "fewer"
	}
	change = math.Abs(change)
	name := many
	if change == 1 {
		name = one
	}
	if change == 0 {
		return fmt.Sprintf("as many %s", many)
	}
	return fmt.Sprintf("%s %s %s", number(change), word, name)
}
