package record

import (
	"encoding/binary"
	"errors"
	"math"
	"math/bits"
	"slices"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// shape is what of the inputs hardly ever changes. Entries of one shape have the same
// number of words, which mean the same.
type shape struct {
	machine  string // type of the size
	signals  []signalShape
	roster   bool // some instances stand by or settle, or rules forecast
	outlooks []outlookShape
}

type outlookShape struct {
	policy string
	costs  int    // how many are known
	by     string // of a name too long for words
}

type signalShape struct {
	name        string
	perInstance bool
	statistic   policy.Statistic
	ceiling     float64
}

func shapeOf(in *policy.Inputs) shape {
	s := shape{machine: in.Size.Type, signals: make([]signalShape, len(in.Signals)), roster: hasRoster(in)}
	for i := range in.Signals {
		s.signals[i] = signalShapeOf(&in.Signals[i])
	}
	for i := range in.Outlooks {
		s.outlooks = append(s.outlooks, outlookShapeOf(&in.Outlooks[i]))
	}
	return s
}

// is says that the inputs have the shape.
func (s *shape) is(in *policy.Inputs) bool {
	if s.machine != in.Size.Type || s.roster != hasRoster(in) || len(s.signals) != len(in.Signals) || len(s.outlooks) != len(in.Outlooks) {
		return false
	}
	for i := range s.signals {
		if s.signals[i] != signalShapeOf(&in.Signals[i]) {
			return false
		}
	}
	for i := range s.outlooks {
		if s.outlooks[i] != outlookShapeOf(&in.Outlooks[i]) {
			return false
		}
	}
	return true
}

func signalShapeOf(signal *policy.Input) signalShape {
	return signalShape{signal.Name, signal.PerInstance, signal.Statistic, signal.Ceiling}
}

func hasRoster(in *policy.Inputs) bool {
	return in.Standby != 0 || in.Settling != 0 || len(in.Outlooks) > 0
}

// flatten appends the inputs of an evaluation at now as words. What one word follows from
// another is taken away from it, so that it is 0 as a rule.
func (s shape) flatten(in *policy.Inputs, now time.Time, words []uint64) []uint64 {
	words = append(words, uint64(in.Size.Count), uint64(in.Becoming), uint64(in.Lacking), uint64(in.Leaving), bit(in.Doubtful), instant(in.LastServing))
	for i := range in.Signals {
		signal := &in.Signals[i]
		words = append(words, bit(signal.Present)|bit(signal.Doubted)<<1|uint64(signal.Why)<<2)
		value, growth := math.Float64bits(signal.Value), math.Float64bits(signal.Growth)
		if !signal.PerInstance {
			words = append(words, growth, value^growth, age(signal.At, now))
			continue
		}
		total, picked := math.Float64bits(signal.Total), math.Float64bits(signal.Picked)
		words = append(words, uint64(signal.Of), uint64(signal.Trusted^signal.Of), uint64(signal.Known^signal.Of), uint64(signal.Warming), uint64(signal.Missing),
			total, math.Float64bits(signal.Claimed)^total, math.Float64bits(signal.Largest),
			value^expected(signal), growth^value,
			picked, math.Float64bits(signal.Idle)^picked, math.Float64bits(signal.Worst)^picked, math.Float64bits(signal.WorstFill))
	}
	if s.roster {
		words = append(words, uint64(in.Standby), uint64(in.Settling))
	}
	for i, of := range s.outlooks {
		words = of.flatten(&in.Outlooks[i], words)
	}
	return words
}

// expected is what the value of the instances is, as a rule.
func expected(signal *policy.Input) uint64 {
	switch {
	case signal.Picked != 0:
		return math.Float64bits(signal.Picked)
	case signal.Statistic == policy.Sum, signal.Trusted == 0:
		return math.Float64bits(signal.Total)
	}
	return math.Float64bits(signal.Total / float64(signal.Trusted))
}

// restore makes the inputs of an evaluation at now from words. It is the reverse of flatten.
func (s shape) restore(words []uint64, now time.Time) (policy.Inputs, error) {
	next := func() (word uint64) {
		if len(words) > 0 {
			word, words = words[0], words[1:]
		}
		return word
	}
	in := policy.Inputs{Signals: make([]policy.Input, len(s.signals))}
	in.Size = policy.Size{Count: int(next()), Type: s.machine}
	in.Becoming, in.Lacking, in.Leaving, in.Doubtful, in.LastServing = int(next()), int(next()), int(next()), next() != 0, timeOf(next())
	for i, of := range s.signals {
		signal := &in.Signals[i]
		signal.Name, signal.PerInstance, signal.Statistic, signal.Ceiling = of.name, of.perInstance, of.statistic, of.ceiling
		flags := next()
		signal.Present, signal.Doubted, signal.Why = flags&1 != 0, flags&2 != 0, policy.Absence(flags>>2)
		if !signal.PerInstance {
			growth := next()
			signal.Growth, signal.Value, signal.At = math.Float64frombits(growth), math.Float64frombits(next()^growth), timeAt(next(), now)
			continue
		}
		signal.Of = int(next())
		signal.Trusted, signal.Known = int(next())^signal.Of, int(next())^signal.Of
		signal.Warming, signal.Missing = int(next()), int(next())
		total := next()
		signal.Total, signal.Claimed, signal.Largest = math.Float64frombits(total), math.Float64frombits(next()^total), math.Float64frombits(next())
		valueOff, growthOff, picked := next(), next(), next()
		signal.Picked = math.Float64frombits(picked)
		signal.Idle, signal.Worst, signal.WorstFill = math.Float64frombits(next()^picked), math.Float64frombits(next()^picked), math.Float64frombits(next())
		value := valueOff ^ expected(signal)
		signal.Value, signal.Growth = math.Float64frombits(value), math.Float64frombits(growthOff^value)
	}
	if s.roster {
		in.Standby, in.Settling = int(next()), int(next())
	}
	for _, of := range s.outlooks {
		in.Outlooks = append(in.Outlooks, of.restore(next))
	}
	return in, sane(&in)
}

// countMax is more than any group has of anything.
const countMax = 100_000

// sane refuses inputs that no group has: to decide on them could take for ever.
func sane(in *policy.Inputs) error {
	counts := []int{in.Size.Count, in.Becoming, max(in.Lacking, -in.Lacking), in.Leaving, in.Standby, in.Settling}
	for i := range in.Signals {
		signal := &in.Signals[i]
		counts = append(counts, signal.Of, signal.Trusted, signal.Known, signal.Warming, signal.Missing)
		if int(signal.Why) >= len(policy.Absences()) {
			return errors.New("a signal lacks its value for an unknown reason")
		}
	}
	for i := range in.Outlooks {
		outlook := &in.Outlooks[i]
		counts = append(counts, outlook.Count, outlook.Soon)
		if err := saneOutlook(outlook); err != nil {
			return err
		}
	}
	if slices.Min(counts) < 0 || slices.Max(counts) > countMax {
		return errors.New("it counts instances as no group has them")
	}
	return nil
}

func bit(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// instant is a time in nanoseconds, 0 for none.
func instant(t time.Time) uint64 {
	if t.IsZero() {
		return 0
	}
	return uint64(t.UnixNano())
}

func timeOf(word uint64) time.Time {
	if word == 0 {
		return time.Time{}
	}
	return time.Unix(0, int64(word)).UTC()
}

// age is how long t lies before now, in nanoseconds, with the sign in the lowest bit;
// all ones for the zero time.
func age(t, now time.Time) uint64 {
	if t.IsZero() {
		return math.MaxUint64
	}
	ago := int64(now.Sub(t))
	return uint64(ago)<<1 ^ uint64(ago>>63)
}

func timeAt(word uint64, now time.Time) time.Time {
	if word == math.MaxUint64 {
		return time.Time{}
	}
	return now.Add(-time.Duration(int64(word>>1) ^ -int64(word&1))).UTC()
}

// appendDifference appends which words differ, and by which bits: a mask, and of each
// word that differs its XOR with the one before without the bytes that are 0 at its end
// or its beginning.
func appendDifference(buffer []byte, before, words []uint64) []byte {
	mask := len(buffer)
	buffer = append(buffer, make([]byte, (len(words)+7)/8)...)
	for i, word := range words {
		x := word ^ before[i]
		if x == 0 {
			continue
		}
		buffer[mask+i/8] |= 1 << (i % 8)
		low := bits.TrailingZeros64(x) / 8
		length := (64-bits.LeadingZeros64(x)+7)/8 - low
		buffer = append(buffer, byte(low<<4|length))
		var whole [8]byte
		binary.LittleEndian.PutUint64(whole[:], x)
		buffer = append(buffer, whole[low:low+length]...)
	}
	return buffer
}

var errShort = errors.New("the entry ends too early")

// readDifference applies what appendDifference wrote, and returns the rest.
func readDifference(data []byte, words []uint64) ([]byte, error) {
	masked := (len(words) + 7) / 8
	if len(data) < masked {
		return nil, errShort
	}
	mask, data := data[:masked], data[masked:]
	for i := range words {
		if mask[i/8]>>(i%8)&1 == 0 {
			continue
		}
		if len(data) == 0 {
			return nil, errShort
		}
		low, length := int(data[0]>>4), int(data[0]&15)
		if low+length > 8 || len(data) < 1+length {
			return nil, errShort
		}
		var whole [8]byte
		copy(whole[low:], data[1:1+length])
		words[i] ^= binary.LittleEndian.Uint64(whole[:])
		data = data[1+length:]
	}
	return data, nil
}

var reasons = policy.Reasons()

func appendResult(buffer []byte, r result) []byte {
	buffer = binary.AppendUvarint(buffer, uint64(r.Desired))
	buffer = binary.AppendVarint(buffer, int64(r.Wanted-r.Desired))
	return append(buffer, string(r.Reason)...)
}

func readResult(data []byte) (r result, err error) {
	desired, n := binary.Uvarint(data)
	if n <= 0 {
		return r, errShort
	}
	wanted, m := binary.Varint(data[n:])
	if m <= 0 {
		return r, errShort
	}
	r = result{Desired: int(desired), Wanted: int(desired) + int(wanted), Reason: policy.Reason(data[n+m:])}
	if !slices.Contains(reasons, r.Reason) {
		return r, errors.New("the entry's reason is unknown: it was written by another version")
	}
	return r, nil
}
