package planning

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/autoscaled/autoscaled/internal/plan"
	"github.com/autoscaled/autoscaled/internal/plan/load"
	"github.com/autoscaled/autoscaled/internal/words"
)

// WhatIf is a change of what surrounds a group, as people write it.
type WhatIf struct {
	plan.WhatIf
	At time.Time // when it is to happen; zero: throughout, or daily
}

// throughout is a change that has no time.
func throughout(what plan.WhatIf) WhatIf { return WhatIf{WhatIf: what} }

// check refuses what would happen when there is no load.
func (w *WhatIf) check(l *load.Load) error {
	if w.At.IsZero() || !w.At.Before(l.Start) && w.At.Before(l.End()) {
		return nil
	}
	return fmt.Errorf("what if %s: that is not in the history, which is from %s to %s: choose a time within", w.Name, l.Start.In(w.At.Location()).Format(time.RFC3339), l.End().In(w.At.Location()).Format(time.RFC3339))
}

// form is a way in which people ask what would be.
type form struct {
	verb    string
	example string
	shape   *regexp.Regexp
	read    func(parts []string, zone *time.Location) (WhatIf, error)
}

// forms are all of them.
var forms = []form{
	{"load", "load x1.5", regexp.MustCompile(`^load [x×*]? ?([0-9.]+)$`), func(parts []string, _ *time.Location) (WhatIf, error) {
		factor, err := factorOf(parts[1])
		return throughout(plan.MoreLoad(factor)), err
	}},
	{"time-to-serve", "time-to-serve 20m", regexp.MustCompile(`^time-to-serve (\S+)$`), func(parts []string, _ *time.Location) (WhatIf, error) {
		took, err := ReadSpan(parts[1])
		return throughout(plan.ToServe(took)), err
	}},
	{"slower", "slower x4", regexp.MustCompile(`^slower [x×*]? ?([0-9.]+)$`), func(parts []string, _ *time.Location) (WhatIf, error) {
		factor, err := factorOf(parts[1])
		return throughout(plan.Slower(factor)), err
	}},
	{"quota", "quota 12", regexp.MustCompile(`^quota ([0-9]+)$`), func(parts []string, _ *time.Location) (WhatIf, error) {
		machines, err := strconv.Atoi(parts[1])
		if err != nil || machines < 1 {
			return WhatIf{}, errors.New("a quota is a number of machines, 1 or more")
		}
		return throughout(plan.Quota(machines)), nil
	}},
	{"flash", "flash x8 at 2026-11-01T12:00+09:00 for 30m", regexp.MustCompile(`^flash [x×*]? ?([0-9.]+) at (\S+(?: \d\d:\d\d)?) for (\S+)$`), func(parts []string, zone *time.Location) (WhatIf, error) {
		factor, err := factorOf(parts[1])
		at, wrongAt := ReadTime(parts[2], zone)
		lasts, wrongSpan := ReadSpan(parts[3])
		return WhatIf{plan.FlashCrowd(factor, at, lasts), at}, errors.Join(err, wrongAt, wrongSpan)
	}},
	{"lose", "lose 50% at 20:00 for 1h", regexp.MustCompile(`^lose (\S+) at (\S+(?: \d\d:\d\d)?)(?: for (\S+))?$`), readLoss},
}

// WhatIfForms are the ways to ask, for people.
func WhatIfForms() string {
	list := make([]string, len(forms))
	for i, f := range forms {
		list[i] = "'" + f.example + "'"
	}
	return strings.Join(list, ", ")
}

// ReadWhatIf reads what people ask. Times are those of the zone, unless they name their own.
func ReadWhatIf(text string, zone *time.Location) (WhatIf, error) {
	text = strings.Join(strings.Fields(text), " ")
	for _, f := range forms {
		if parts := f.shape.FindStringSubmatch(text); parts != nil {
			what, err := f.read(parts, zone)
			what.Name = text
			return what, err
		}
	}
	first, _, _ := strings.Cut(text, " ")
	verbs := make([]string, len(forms))
	for i, f := range forms {
		verbs[i] = f.verb
	}
	if near, ok := words.Nearest(first, verbs); ok {
		for _, f := range forms {
			if f.verb == near {
				return WhatIf{}, fmt.Errorf("it is written as in '%s'%s", f.example, alsoWritten[near])
			}
		}
	}
	return WhatIf{}, fmt.Errorf("nothing of the kind can be asked: write one of %s", WhatIfForms())
}

// alsoWritten are further examples.
var alsoWritten = map[string]string{"lose": ", 'lose 50% at 20:00' (every day, for good) or 'lose 50% at 2026-11-01T20:00+09:00 for 1h'"}

func factorOf(text string) (float64, error) {
	factor, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, fmt.Errorf("`%s` is no factor: write for example x1.5", words.Shown(text))
	}
	return factor, nil
}

// readLoss reads a loss at an instant, or every day at a time of day.
func readLoss(parts []string, zone *time.Location) (WhatIf, error) {
	share, err := ReadShare(parts[1])
	if err == nil && (share == 0 || share > 1) {
		err = fmt.Errorf("`%s` is no part of the instances: write for example 50%%", words.Shown(parts[1]))
	}
	var lasts time.Duration
	if parts[3] != "" {
		var wrong error
		lasts, wrong = ReadSpan(parts[3])
		err = errors.Join(err, wrong)
	}
	if err != nil {
		return WhatIf{}, err
	}
	if clock, err := time.Parse("15:04", parts[2]); err == nil {
		return throughout(plan.LoseDaily(share, time.Duration(clock.Hour())*time.Hour+time.Duration(clock.Minute())*time.Minute, zone, lasts)), nil
	}
	at, err := ReadTime(parts[2], zone)
	return WhatIf{plan.Lose(share, at, lasts), at}, err
}
