package history

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// segment is a segment being read. Its chains move along with the entries that
// are handed out, so that at the end they are where the segment ended.
type segment struct {
	segmentFile
	head    header
	content io.ReaderAt
	log     []byte // all of it; nil if sealed
	close   func() error
	start   int64 // of the first block behind the header
	ending  ending
	end     int64           // of a log: behind the last block that was read
	cut     error           // what is at the end of a log that is no damage
	damage  *DamagedError   // the first one found
	only    string          // the stream that is read alone; "": all
	wanted  uint64          // its number here, 0 while it has none
	stopped bool            // by who visits
	known   map[string]bool // the names in head.chains; nil until one is introduced
	scratch []byte
}

// visitor gets an entry and the frame that it lay in, and says whether to go on.
type visitor func(Entry, frame) bool

// ending is what may be found at the end of a log without being damage.
type ending int

const (
	whole   ending = iota
	growing        // a block that is being written
	torn           // what a crash left of one, at any length
)

// DamagedError is what is wrong in a segment. It names the first entry that cannot be
// believed, as far as that can be told: Stream is empty if it cannot.
type DamagedError struct {
	Segment string // the name of its file
	Offset  int64  // of the block in the file, in bytes
	Stream  string
	Number  uint64    // of the entry in its stream, from 1; 0: before its first entry here
	At      time.Time // as the entry says
	Err     error
}

func (f *DamagedError) Error() string {
	where := fmt.Sprintf("history segment %s, byte %d", f.Segment, f.Offset)
	if f.Stream != "" {
		where += fmt.Sprintf(", stream %q, entry %d", f.Stream, f.Number)
	}
	if !f.At.IsZero() {
		where += " of " + f.At.Format(time.RFC3339Nano)
	}
	return where + ": " + f.Err.Error()
}

// Unwrap returns what is wrong.
func (f *DamagedError) Unwrap() error { return f.Err }

var (
	errLink  = errors.New("it is not what was written after the entry before it")
	errFrame = errors.New("an entry does not follow the format")
)

// openSegment opens a segment for reading. Its error is a DamagedError, or os.ErrNotExist if
// the file is gone. Only the newest log may end within a block.
func openSegment(directory string, file segmentFile, newest bool) (*segment, error) {
	s := &segment{segmentFile: file}
	if newest {
		s.ending = growing
	}
	err := s.open(filepath.Join(directory, file.name()))
	if errors.Is(err, os.ErrNotExist) && !file.sealed {
		s.sealed = true // sealed since it was listed
		err = s.open(filepath.Join(directory, s.name()))
	}
	if err == nil {
		if s.head, s.start, err = readHeader(s.content, s.bytes, s.segmentFile); err != nil {
			err = errors.Join(err, s.close())
		}
	}
	if err != nil {
		return nil, &DamagedError{Segment: s.name(), Err: err}
	}
	return s, nil
}

// open opens the file: a log as it is now, since it may be growing.
func (s *segment) open(path string) error {
	if !s.sealed {
		var err error
		s.log, err = os.ReadFile(path)
		s.content, s.bytes, s.close = bytes.NewReader(s.log), int64(len(s.log)), func() error { return nil }
		return err
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		return errors.Join(err, file.Close())
	}
	s.content, s.bytes, s.close = file, info.Size(), file.Close
	return nil
}

// walk hands the entries of one stream, or of all if it is "", to visit, until that
// returns false. Each is what was written: it continues its chain. The first damage met
// is kept; what follows it in its stream cannot be believed until the next segment.
func (s *segment) walk(stream string, within span, visit visitor) {
	s.only = stream
	for i, c := range s.head.chains {
		if c.name == stream {
			s.wanted = uint64(i + 1)
		}
	}
	if s.sealed {
		s.walkSealed(within, visit)
	} else {
		s.walkLog(visit)
	}
}

func (s *segment) walkLog(visit visitor) {
	for s.end = s.start; s.end < s.bytes; {
		body, next, err := readBlock(s.content, s.bytes, s.end)
		if err != nil && s.isEnding(err) {
			s.cut = err
			return
		}
		if !s.walkFrames(body, visit) {
			return
		}
		if err != nil {
			s.blame(DamagedError{Err: err})
		}
		if body == nil {
			return // nobody knows where the next block begins
		}
		s.end = next
	}
}

// isEnding says that the bad block at s.end is no damage.
func (s *segment) isEnding(bad error) bool {
	switch s.ending {
	case growing:
		return errors.Is(bad, errCut)
	case torn:
		return isTail(s.log, s.end)
	default:
		return false
	}
}

func (s *segment) walkSealed(within span, visit visitor) {
	index, err := s.readIndex()
	if err != nil {
		s.blame(DamagedError{Err: fmt.Errorf("its index: %w", err)})
		return
	}
	for _, item := range index {
		switch {
		case s.only != "" && item.stream != s.wanted, !within.overlaps(item.firstNS, item.lastNS):
		case !s.walkStream(item, visit):
			return
		}
	}
}

// walkStream walks the one block that a stream has in a sealed segment; of a bad one
// what can be inflated, to find the entry.
func (s *segment) walkStream(item indexItem, visit visitor) bool {
	s.end = item.offset
	body, _, err := readBlock(s.content, s.bytes, item.offset)
	frames, bad := inflate(body)
	if s.walkFrames(frames, visit); s.stopped {
		return false
	}
	if err = errors.Join(err, bad); err != nil {
		c := s.head.chains[item.stream-1]
		s.blame(DamagedError{Stream: c.name, Number: c.number + 1, Err: err})
	}
	return true
}

// walkFrames returns false if the walk is over: by a damage, or because visit said so.
func (s *segment) walkFrames(body []byte, visit visitor) bool {
	for len(body) > 0 {
		f, rest, ok := cutFrame(body)
		body = rest
		switch {
		case !ok, f.stream > uint64(len(s.head.chains)):
			return s.blame(DamagedError{Err: errFrame})
		case f.stream == 0:
			if !s.introduce(string(f.payload)) {
				return s.blame(DamagedError{Err: errFrame})
			}
		case s.only == "" || f.stream == s.wanted:
			entry, ok := s.follow(f)
			if !ok {
				return s.blame(DamagedError{Stream: entry.Stream, Number: entry.Number, At: entry.At, Err: errLink})
			}
			if s.stopped = !visit(entry, f); s.stopped {
				return false
			}
		}
	}
	return true
}

// introduce gives the next number to a stream that is new in a log.
func (s *segment) introduce(name string) bool {
	if s.known == nil {
		s.known = map[string]bool{}
		for _, c := range s.head.chains {
			s.known[c.name] = true
		}
	}
	if !validName(name) || s.known[name] || s.sealed || len(s.known) == StreamsMax {
		return false
	}
	s.known[name] = true
	s.head.chains = append(s.head.chains, newChain(name))
	if name == s.only {
		s.wanted = uint64(len(s.head.chains))
	}
	return true
}

// follow moves the stream of an entry on over it. ok says that it continues the chain.
func (s *segment) follow(f frame) (entry Entry, ok bool) {
	c := &s.head.chains[f.stream-1]
	atNS := s.head.createdNS + f.sinceNS
	s.scratch = c.add(s.scratch, atNS, f.kind, f.payload)
	return Entry{c.name, c.number, time.Unix(0, atNS).UTC(), f.kind, f.payload}, c.matches(f.link)
}

// blame notes a damage of the block at s.end, unless there was one before. It returns
// false.
func (s *segment) blame(f DamagedError) bool {
	if s.damage == nil {
		f.Segment, f.Offset = s.name(), s.end
		s.damage = &f
	}
	return false
}
