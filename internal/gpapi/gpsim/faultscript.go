package gpsim

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/autoscaled/autoscaled/internal/words"
)

// ParseFaults reads a script: one fault a line, as action, when and what, and
// comments from # on. The action may be * for any. The errors, one for each line
// that cannot be, call the script by name.
//
//	AddCloneVirtualMachines  2nd        timeout after   # takes effect, no answer
//	*                        rate 5%    status 503
//	GetServiceCodeList       1st..10th  partial 30%
//	StartVirtualMachine      every      stuck 5m
//
// When is every, an ordinal like 3rd, a span like 1st..10th or 3rd.. without an
// end, or rate with the share of the calls that are hit. It counts the calls that
// the fault fits, from Inject on.
func ParseFaults(name, text string) ([]Fault, error) {
	var faults []Fault
	var problems []error
	number := 0
	for line := range strings.Lines(text) {
		number++
		content, _, _ := strings.Cut(line, "#")
		script := faultLine(strings.Fields(content))
		if len(script) == 0 {
			continue
		}
		fault, err := script.fault()
		if err != nil {
			problems = append(problems, fmt.Errorf("%s:%d: %w", name, number, err))
		}
		faults = append(faults, fault)
	}
	return faults, errors.Join(problems...)
}

// faultLine is what is left to read of a line.
type faultLine []string

// next takes the next word; empty when there is none.
func (l *faultLine) next() string {
	if len(*l) == 0 {
		return ""
	}
	word := (*l)[0]
	*l = (*l)[1:]
	return word
}

func (l *faultLine) fault() (f Fault, err error) {
	if f.Action = l.next(); f.Action == "*" {
		f.Action = ""
	}
	if err := l.when(&f); err != nil {
		return f, err
	}
	if err := l.what(&f); err != nil {
		return f, err
	}
	if len(*l) > 0 {
		return f, fmt.Errorf("`%s` is too much: end the line before it, or begin a comment with #", words.Shown((*l)[0]))
	}
	return f, f.validate()
}

func (l *faultLine) when(f *Fault) (err error) {
	switch word := l.next(); word {
	case "":
		return errors.New("the line ends early: after the action write when, like 2nd, 1st..10th, every or rate 5%, and what goes wrong")
	case "every":
		f.Count = Always
	case "rate":
		f.Count = Always
		f.Rate, err = share(l.next())
	default:
		f.Nth, f.Count, err = span(word)
	}
	return err
}

// span reads 3rd, 3rd..5th or 3rd.. as the first call and the number of calls.
func span(word string) (nth, count int, err error) {
	from, to, isSpan := strings.Cut(word, "..")
	nth, ok := ordinal(from)
	if !ok {
		return 0, 0, fmt.Errorf("`%s` is no time: %s", words.Shown(word), words.Suggest(word, []string{"every", "rate", "1st", "2nd", "3rd"}))
	}
	switch {
	case !isSpan:
		return nth, 1, nil
	case to == "":
		return nth, Always, nil
	}
	last, ok := ordinal(to)
	if !ok || last < nth {
		return 0, 0, fmt.Errorf("`%s` is no span: write one like 1st..10th", words.Shown(word))
	}
	return nth, last - nth + 1, nil
}

// ordinal reads 1st, 22nd, 103rd, 4th or a plain number.
func ordinal(word string) (int, bool) {
	n, err := strconv.Atoi(strings.TrimRight(word, "stndrh"))
	if err != nil || n < 1 || word != strconv.Itoa(n) && word != ordinalText(n) {
		return 0, false
	}
	return n, true
}

func ordinalText(n int) string {
	suffix := "th"
	if n%100 < 11 || n%100 > 13 {
		suffix = map[int]string{1: "st", 2: "nd", 3: "rd"}[n%10]
	}
	if suffix == "" {
		suffix = "th"
	}
	return strconv.Itoa(n) + suffix
}

// share reads a percentage as a share, 0 to 1.
func share(word string) (float64, error) {
	number, isShare := strings.CutSuffix(word, "%")
	percent, err := strconv.ParseFloat(number, 64)
	if !isShare || err != nil || !(percent > 0 && percent <= 100) {
		return 0, fmt.Errorf("`%s` is no share: write one like 5%%, more than 0%% and at most 100%%", words.Shown(word))
	}
	return percent / 100, nil
}

// faultKinds are the words for what goes wrong.
var faultKinds = map[string]struct {
	kind FaultKind
	read func(*faultLine, *Fault) error // what follows the word
}{
	"status":    {FaultAnswer, (*faultLine).statusAndEffect},
	"timeout":   {FaultHang, (*faultLine).effect},
	"reset":     {FaultReset, (*faultLine).effect},
	"duplicate": {FaultDuplicate, (*faultLine).nothing},
	"truncated": {FaultTruncated, (*faultLine).nothing},
	"empty":     {FaultEmpty, (*faultLine).optionalStatus},
	"html":      {FaultHTML, (*faultLine).optionalStatus},
	"late":      {FaultLate, (*faultLine).duration},
	"partial":   {FaultPartial, (*faultLine).share},
	"stuck":     {FaultStuck, (*faultLine).duration},
	"never":     {FaultNeverBoots, (*faultLine).boots},
	"half":      {FaultHalf, (*faultLine).nothing},
}

func (l *faultLine) what(f *Fault) error {
	word := l.next()
	valid := slices.Collect(maps.Keys(faultKinds))
	if word == "" {
		return fmt.Errorf("the line ends early: write what goes wrong: %s", words.Suggest("", valid))
	}
	kind, known := faultKinds[word]
	if !known {
		return fmt.Errorf("unknown fault `%s`: %s", words.Shown(word), words.Suggest(word, valid))
	}
	f.Kind = kind.kind
	return kind.read(l, f)
}

func (*faultLine) nothing(*Fault) error { return nil }

// effect reads whether the call fails before or after its effect.
func (l *faultLine) effect(f *Fault) error {
	switch word := l.next(); word {
	case "before":
	case "after":
		f.Effect = true
	default:
		return fmt.Errorf("write before or after, for without or with the call's effect: `%s` is neither", words.Shown(word))
	}
	return nil
}

func (l *faultLine) statusAndEffect(f *Fault) error {
	if err := l.status(f); err != nil || len(*l) == 0 {
		return err
	}
	return l.effect(f)
}

func (l *faultLine) optionalStatus(f *Fault) error {
	if len(*l) == 0 {
		return nil
	}
	return l.status(f)
}

func (l *faultLine) status(f *Fault) (err error) {
	word := l.next()
	if f.Status, err = strconv.Atoi(word); err != nil || f.Status == 0 {
		return fmt.Errorf("`%s` is no status: write one from 300 to 599", words.Shown(word))
	}
	return nil
}

func (l *faultLine) duration(f *Fault) (err error) {
	word := l.next()
	if f.For, err = time.ParseDuration(word); err != nil {
		return fmt.Errorf("`%s` is no time: write one like 30s or 5m", words.Shown(word))
	}
	return nil
}

func (l *faultLine) share(f *Fault) (err error) {
	f.Share, err = share(l.next())
	return err
}

func (l *faultLine) boots(*Fault) error {
	if word := l.next(); word != "boots" {
		return fmt.Errorf("`never %s`: write never boots", words.Shown(word))
	}
	return nil
}

// script is the line of a script that says what is left of the fault.
func (f *pendingFault) script() string {
	action := cmp.Or(f.Action, "*")
	return action + " " + f.whenText() + " " + f.what()
}

func (f *pendingFault) whenText() string {
	from := ordinalText(f.spare + 1)
	switch {
	case f.Rate != 0:
		return fmt.Sprintf("rate %v%%", 100*f.Rate)
	case f.hits == Always && f.spare == 0:
		return "every"
	case f.hits == Always:
		return from + ".."
	case f.hits == 1:
		return from
	default:
		return from + ".." + ordinalText(f.spare+f.hits)
	}
}

// what says in the words of a script what goes wrong.
func (f *Fault) what() string {
	effect := "before"
	if f.Effect {
		effect = "after"
	}
	switch f.Kind {
	case FaultAnswer:
		return fmt.Sprintf("status %d %s", f.Status, effect)
	case FaultHang:
		return "timeout " + effect
	case FaultReset:
		return "reset " + effect
	case FaultLate:
		return fmt.Sprintf("late %v", f.For)
	case FaultStuck:
		return fmt.Sprintf("stuck %v", f.For)
	case FaultPartial:
		return fmt.Sprintf("partial %v%%", 100*f.Share)
	case FaultNeverBoots:
		return "never boots"
	}
	text := wordOf(f.Kind)
	if f.Status != 0 {
		text += fmt.Sprint(" ", f.Status)
	}
	return text
}

func wordOf(kind FaultKind) string {
	for word, meaning := range faultKinds {
		if meaning.kind == kind {
			return word
		}
	}
	return ""
}
