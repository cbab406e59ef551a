package config

import (
	"fmt"
	"strings"

	"github.com/autoscaled/autoscaled/internal/words"
)

// Change is by a number of instances, or by a share of those that the group has: either
// of Count and Share is set. It is above 0 to grow, and below 0 to shrink.
type Change struct {
	Count   int
	Share   float64
	AtLeast int // with Share: but by so many instances at least; 0: one
}

func (c Change) grows() bool   { return c.Count > 0 || c.Share > 0 }
func (c Change) shrinks() bool { return c.Count < 0 || c.Share < 0 }

// The largest shares by which a group can be told to change.
const (
	shareToAdd    = 10
	shareToRemove = 1
)

// readChange reads the change under the key, which is add or remove.
func readChange(s *section, key string) Change {
	atLeast := read(s, "at_least", 0, whole(1, maxInstances))
	var change Change
	if key == "add" {
		change = read(s, key, Change{Count: 1}, amount(shareToAdd))
	} else {
		change = read(s, key, Change{Count: 1}, amount(shareToRemove))
		change.Count, change.Share = -change.Count, -change.Share
	}
	s.about.bind(Rule{If: Premise{Key: key, Like: "^[^%]*$"}, None: []string{"at_least"}})
	if change.Share == 0 {
		s.refuse("belongs to a share, such as 30%: remove it", "at_least")
		return change
	}
	change.AtLeast = atLeast
	return change
}

// amount accepts a number of instances, or a share of them in percent.
func amount(most float64) parser[Change] {
	const least = 0.001
	parse := func(value string) (Change, error) {
		if strings.HasSuffix(value, "%") {
			n, err := parseNumber(value)
			if err == nil && (n < least || n > most) {
				err = fmt.Errorf("%s is out of range: write %g%% to %g%%", words.Shown(value), least*100, most*100)
			}
			return Change{Share: n}, err
		}
		n, err := whole(1, maxInstances).parse(value)
		if err != nil {
			err = fmt.Errorf("%w instances, or a share such as 30%%", err)
		}
		return Change{Count: n}, err
	}
	return parser[Change]{parse, func() Shape { return shapeOfAmounts(Bounds{Least: least, Most: most}) }}
}

// shapeOfAmounts is that of numbers of instances, and of shares of them within the bounds.
func shapeOfAmounts(shares Bounds) Shape {
	count, share := shapeOfWhole(1, maxInstances), shapeOfNumbers(Bounds{Most: shares.Most, Above: true}, "")
	return Shape{
		Range:   fmt.Sprintf("%s instances, or %g%% to %g%%", count.Range, shares.Least*100, shares.Most*100),
		Numbers: count.Numbers,
		Pattern: count.Pattern + `|` + strings.Replace(share.Pattern, `)$`, `)$`, 1),
	}
}
