package record

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// nameWords is how many words hold the name of a forecaster: other ones speak in turns, so
// that it changes more often than a shape does.
const nameWords = 5

// repaysAt is the bit in the word of a silence that says whether the outlook repays.
const repaysAt = 8

func outlookShapeOf(o *policy.Outlook) outlookShape {
	s := outlookShape{policy: o.Policy, costs: len(o.Costs)}
	if len(o.By) > 8*nameWords || slices.Contains([]byte(o.By), 0) {
		s.by = o.By
	}
	return s
}

// flatten appends the outlook as words, and restore is its reverse.
func (s outlookShape) flatten(o *policy.Outlook, words []uint64) []uint64 {
	words = append(words, uint64(silence(o.Abstains))|bit(o.Repays)<<repaysAt, uint64(o.Count), uint64(o.Within), uint64(o.Soon), uint64(o.Back))
	var name [8 * nameWords]byte
	if s.by == "" {
		copy(name[:], o.By)
	}
	for i := range nameWords {
		words = append(words, binary.LittleEndian.Uint64(name[8*i:]))
	}
	for _, value := range []float64{o.Load, o.Expected, o.Low, o.High, o.Error, o.Short} {
		words = append(words, math.Float64bits(value))
	}
	for _, cost := range o.Costs {
		words = append(words, math.Float64bits(cost.Short), math.Float64bits(cost.Ratio))
	}
	return words
}

func (s outlookShape) restore(next func() uint64) policy.Outlook {
	first := next()
	o := policy.Outlook{Policy: s.policy, Abstains: silenceOf(first &^ (1 << repaysAt)), Repays: first>>repaysAt&1 != 0, By: s.by}
	o.Count, o.Within, o.Soon, o.Back = int(next()), time.Duration(next()), int(next()), time.Duration(next())
	var name []byte
	for range nameWords {
		name = binary.LittleEndian.AppendUint64(name, next())
	}
	if s.by == "" {
		end := slices.Index(append(name, 0), 0)
		o.By = string(name[:end])
	}
	for _, value := range []*float64{&o.Load, &o.Expected, &o.Low, &o.High, &o.Error, &o.Short} {
		*value = math.Float64frombits(next())
	}
	for range s.costs {
		o.Costs = append(o.Costs, policy.Cost{Short: math.Float64frombits(next()), Ratio: math.Float64frombits(next())})
	}
	return o
}

// silence is the number of a silence: 0 of none.
func silence(s policy.Silence) int { return 1 + slices.Index(policy.Silences(), s) }

// unknownSilence is what no outlook abstains for.
const unknownSilence policy.Silence = "unknown"

func silenceOf(number uint64) policy.Silence {
	all := policy.Silences()
	switch {
	case number == 0:
		return ""
	case number <= uint64(len(all)):
		return all[number-1]
	}
	return unknownSilence
}

// withinMax is longer than any machine takes to serve.
const withinMax = 30 * 24 * time.Hour

// saneOutlook refuses an outlook that no forecaster has.
func saneOutlook(o *policy.Outlook) error {
	switch {
	case o.Abstains != "" && !slices.Contains(policy.Silences(), o.Abstains):
		return errors.New("an outlook abstains for an unknown reason")
	case min(o.Within, o.Back) < 0 || max(o.Within, o.Back) > withinMax:
		return errors.New("an outlook reaches as far as no machine takes to serve")
	}
	return nil
}
