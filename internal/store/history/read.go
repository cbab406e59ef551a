package history

import (
	"errors"
	"iter"
	"math"
	"os"
	"time"
)

// Entry is what was appended to a stream.
type Entry struct {
	Stream  string
	Number  uint64    // in its stream, from 1
	At      time.Time // UTC, to the nanosecond
	Kind    byte
	Payload []byte // shares memory with its neighbours: do not change it, and copy what is kept for long
}

// Read returns the entries of one stream, or of all streams if it is "", with from ≤ At
// < to, in the order in which they were written (of several streams: each in its own).
// A zero from or to is no bound. The history may be one that a daemon writes at the same
// time, then it ends with what was on disk when its segments were listed, or a copy.
//
// Where a segment is damaged, it yields a [DamagedError] once, skips what cannot be believed
// and goes on, at the latest with the next segment. So behind an error, as at the very
// beginning, entries may be missing that later ones build upon.
func Read(directory, stream string, from, to time.Time) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		files, err := listSegments(directory)
		if err != nil {
			yield(Entry{}, err)
			return
		}
		within := span{math.MinInt64, math.MaxInt64}
		if !from.IsZero() {
			within.fromNS = unixNS(from)
		}
		if !to.IsZero() {
			within.toNS = unixNS(to)
		}
		for i, file := range files {
			if !readSegment(directory, file, i == len(files)-1, stream, within, yield) {
				return
			}
		}
	}
}

func readSegment(directory string, file segmentFile, newest bool, stream string, within span, yield func(Entry, error) bool) bool {
	s, err := openSegment(directory, file, newest)
	if errors.Is(err, os.ErrNotExist) {
		return true // its time was over
	}
	if err != nil {
		return yield(Entry{}, err)
	}
	defer func() { _ = s.close() }() // it was only read
	s.walk(stream, within, func(e Entry, _ frame) bool {
		return !within.contains(e.At.UnixNano()) || yield(e, nil)
	})
	return !s.stopped && (s.damage == nil || yield(Entry{}, s.damage))
}

// span is a stretch of Unix times: from the first up to, and without, the second.
type span struct{ fromNS, toNS int64 }

var always = span{math.MinInt64, math.MaxInt64}

func (s span) contains(atNS int64) bool { return s.overlaps(atNS, atNS) }

func (s span) overlaps(firstNS, lastNS int64) bool { return s.fromNS <= lastNS && firstNS < s.toNS }

// unixNS is t, or the nearest time that fits.
func unixNS(t time.Time) int64 {
	switch earliest, latest := time.Unix(0, math.MinInt64), time.Unix(0, math.MaxInt64-1); {
	case t.Before(earliest):
		return math.MinInt64
	case t.After(latest):
		return math.MaxInt64 - 1
	default:
		return t.UnixNano()
	}
}
