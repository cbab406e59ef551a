package history

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
)

// Report is what Verify found.
type Report struct {
	Segments int
	Streams  int
	Entries  uint64          // that are as they were written
	Bytes    int64           // of the segments
	Damage   []*DamagedError // at most one per segment, oldest first: what lies behind it there was not looked at
}

var errAnchor = errors.New("its anchor does not continue what the segment before ended with: entries were removed or replaced")

// Verify follows the chain of a stream, or of all if stream is "", through all segments.
// It finds everything that was changed, removed or put in, save what it cannot see: a
// history that ends, or begins, at another entry than it did before.
func Verify(directory, stream string) (Report, error) {
	files, err := listSegments(directory)
	if err != nil {
		return Report{}, err
	}
	v := verification{directory: directory, stream: stream, written: map[string]bool{}}
	for i, file := range files {
		v.segment(file, i == len(files)-1)
	}
	v.report.Streams = len(v.written)
	return v.report, nil
}

// verification is one walk through a history.
type verification struct {
	directory, stream string
	report            Report
	written           map[string]bool  // streams with entries so far
	ends              map[string]chain // of the segment before; nil: unknown
	last              uint64           // number of the segment before; 0: none
}

func (v *verification) segment(file segmentFile, newest bool) {
	s, err := openSegment(v.directory, file, newest)
	if errors.Is(err, os.ErrNotExist) {
		v.ends, v.last = nil, 0 // its time was over
		return
	}
	var damage *DamagedError
	ends := map[string]chain{}
	if !errors.As(err, &damage) {
		damage = v.walk(s)
		for _, c := range s.head.chains {
			ends[c.name] = c
		}
		_ = s.close() // it was only read
	}
	if damage != nil {
		v.report.Damage, ends = append(v.report.Damage, damage), nil
	}
	v.report.Segments++
	v.report.Bytes += file.bytes
	v.last, v.ends = file.number, ends
}

func (v *verification) walk(s *segment) *DamagedError {
	if v.last != 0 && s.number != v.last+1 {
		s.blame(DamagedError{Err: fmt.Errorf("before it, %d segments are missing", s.number-v.last-1)})
	}
	if v.ends != nil {
		v.anchors(s)
	}
	s.walk(v.stream, always, func(e Entry, _ frame) bool {
		v.report.Entries++
		v.written[e.Stream] = true
		return true
	})
	return s.damage
}

// anchors compares where the streams stand at the beginning of a segment with where
// the one before ended. Only a stream that has no entries any more may be left out.
func (v *verification) anchors(s *segment) {
	found := make(map[string]chain, len(s.head.chains))
	for _, anchor := range s.head.chains {
		found[anchor.name] = anchor
		if v.stream != "" && v.stream != anchor.name {
			continue
		}
		before, ok := v.ends[anchor.name]
		if !ok {
			before = newChain(anchor.name)
		}
		if anchor != before {
			s.blame(DamagedError{Stream: anchor.name, Number: anchor.number, Err: errAnchor})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(v.ends)) {
		if _, ok := found[name]; !ok && v.written[name] && (v.stream == "" || v.stream == name) {
			s.blame(DamagedError{Stream: name, Number: v.ends[name].number, Err: errAnchor})
		}
	}
}
