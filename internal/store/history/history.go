// Package history keeps what is not needed to decide, but to explain and to replay:
// decisions and samples, as opaque payloads in one stream per group. Whoever appends
// defines what they mean.
//
// Append puts an entry into memory and never waits. Run, or Flush, writes what has come
// together with one write and one sync, so a crash costs at most FlushEvery of history,
// and what was flushed is there afterwards. History is no reason to stop scaling: while the disk
// refuses, entries wait in a bounded buffer; what does not fit is dropped and
// counted, and the trouble is told once. Append says what was dropped, so that a caller whose payloads
// build upon each other can begin anew; Read says where something is missing.
//
// # Files
//
// The directory (mode 0700, files 0600) holds numbered segments. The newest is a log, NNNNNNNN.log.
// It is full after SegmentBytes or SegmentSpan; then the next begins, and the full one is rewritten
// by stream, deflated and with an index, as NNNNNNNN.sealed. Of a tick of 60 bytes, 80 are in a log
// and 45 in a sealed segment; and one stream of a thousand is read by reading about a
// thousandth. The oldest segments are removed when they ended longer than Retention ago, and while
// all are larger than BytesMax together. A file *.new was cut by a crash, and goes at the next start.
//
// A segment can be read alone, and the directory of a running daemon can be copied: Verify says if the copy misses
// a segment that was sealed meanwhile. On opening, what a crash left of the last commit is cut off. Any other damage is left as it is and told; a new
// segment begins, and the damaged one is not sealed, but removed in its time.
//
// # What is believed
//
// Every block of a file has a checksum, against decay. Every entry is chained by SHA-256 to the one
// before in its stream, and every segment begins with where each stream stands, its anchor. Read
// returns only what continues its chain; Verify follows it through all segments and names the first
// entry that was changed, removed or put in. The chain has no key: whoever may write the directory
// can compute it anew from some entry on, and can cut off the end. Against that, keep a copy elsewhere.
package history

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"sync"
	"time"

	"github.com/autoscaled/autoscaled/internal/store/dir"
)

// The bounds of a history. What is beyond them is dropped and counted: by Append, but
// entries of too many streams only by the commit.
const (
	StreamsMax      = 50_000 // with entries that are kept
	NameMaxBytes    = 64     // of a stream; "" is no name
	PayloadMaxBytes = 1 << 20
)

// Options says how a History is kept. Zero is the default that is named.
type Options struct {
	Directory    string
	Retention    time.Duration // 35 days. Of a segment, from its end on
	BytesMax     int64         // 1 GiB. Of all segments; the newest stays, however large it is
	SegmentBytes int64         // 8 MiB, at most 128 MiB. A segment is full with the write that reaches it
	SegmentSpan  time.Duration // 24 h
	BufferBytes  int           // 8 MiB, at most 64 MiB. Of entries not yet written
	FlushEvery   time.Duration // 5 s

	Now func() time.Time // wall time; nil: time.Now

	// Trouble is told what goes wrong, once until it is over. It must not call the
	// History. Nil: nobody is told.
	Trouble func(error)
}

func (o *Options) complete() error {
	setDefault(&o.Retention, 35*24*time.Hour)
	setDefault(&o.BytesMax, 1<<30)
	setDefault(&o.SegmentBytes, 8<<20)
	setDefault(&o.SegmentSpan, 24*time.Hour)
	setDefault(&o.BufferBytes, 8<<20)
	setDefault(&o.FlushEvery, 5*time.Second)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Trouble == nil {
		o.Trouble = func(error) {}
	}
	switch {
	case o.Directory == "":
		return errors.New("history: Options.Directory must be set")
	case min(o.Retention, o.SegmentSpan, o.FlushEvery) < 0 || min(o.BytesMax, o.SegmentBytes, int64(o.BufferBytes)) < 0:
		return errors.New("history: no Option may be negative")
	case o.SegmentBytes > 128<<20 || o.BufferBytes > 64<<20:
		return errors.New("history: Options.SegmentBytes must be at most 128 MiB and BufferBytes 64 MiB")
	}
	return nil
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// History is the one writer of a history. All its methods may be called from several
// goroutines.
type History struct {
	options Options
	lock    *os.File // held on the directory

	mu      sync.Mutex // for moments only: never held while the disk works
	buffer  []byte     // entries not yet taken by a commit
	waiting int        // their number
	dropped uint64
	trouble map[string]error // what goes wrong at present, by what is done
	stored  Stats            // as of the last commit
	closed  bool

	writing sync.Mutex // serialises commits; guards writer
	writer  writer
}

// Stats is how a history fares.
type Stats struct {
	Dropped  uint64 // entries that never reached the disk and never will, since Open
	Waiting  int    // entries that are not on disk yet
	Streams  int
	Segments int
	Bytes    int64 // of the segments
	Trouble  error // what goes wrong at present; nil: nothing
}

// Open opens the history in a directory for writing, or begins one. It fails with ErrInUse
// while another process writes there, and when the directory cannot be written. Damage
// is told to Options.Trouble and is no error.
func Open(options Options) (*History, error) {
	if err := options.complete(); err != nil {
		return nil, err
	}
	if err := makeDirectory(options.Directory); err != nil {
		return nil, fmt.Errorf("make the directory of the history: %w; let this user write there, or name another", err)
	}
	lock, err := dir.Lock(options.Directory, 0)
	if errors.Is(err, dir.ErrInUse) {
		err = ErrInUse
	}
	if err != nil {
		return nil, fmt.Errorf("lock the history %s: %w", options.Directory, err)
	}
	h := &History{options: options, lock: lock, trouble: map[string]error{}}
	h.writer.options = &h.options
	if err := h.writer.open(); err != nil {
		return nil, errors.Join(fmt.Errorf("open the history %s: %w; let this user read and write it, and check the disk", options.Directory, err), dir.Unlock(lock))
	}
	h.count()
	return h, nil
}

// Append adds an entry to a stream, which begins with it if it is new, and copies the
// payload. It says whether the entry was taken: if not, it is dropped and counted. Times
// may go backwards; those before 1678 or after 2261 become the nearest that fit.
func (h *History) Append(stream string, at time.Time, kind byte, payload []byte) (taken bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	bytes := len(stream) + len(payload) + waitingMaxBytes
	if h.closed || !validName(stream) || len(payload) > PayloadMaxBytes || len(h.buffer)+bytes > h.options.BufferBytes {
		h.dropped++
		return false
	}
	h.buffer = appendWaiting(h.buffer, stream, unixNS(at), kind, payload)
	h.waiting++
	return true
}

// Run flushes every FlushEvery until ctx ends, and once more then. It returns nil.
func (h *History) Run(ctx context.Context) error {
	ticker := time.NewTicker(h.options.FlushEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			_ = h.Flush() // told already
			return nil
		case <-ticker.C:
			_ = h.Flush()
		}
	}
}

// Flush writes what was appended before. When it returns nil, all of that is on disk.
// After an error it waits for the next Flush.
func (h *History) Flush() error {
	h.writing.Lock()
	defer h.writing.Unlock()
	if h.isClosed() {
		return os.ErrClosed
	}
	return h.commit()
}

// Close flushes, and lets go of the directory. Later entries are dropped.
func (h *History) Close() error {
	h.writing.Lock()
	defer h.writing.Unlock()
	h.mu.Lock()
	already := h.closed
	h.closed = true
	h.mu.Unlock()
	if already {
		return nil
	}
	err := h.commit()
	h.mu.Lock()
	h.dropped += uint64(h.waiting + h.stored.Waiting)
	h.waiting, h.stored.Waiting = 0, 0
	h.mu.Unlock()
	return errors.Join(err, h.writer.log.Close(), dir.Unlock(h.lock))
}

// Read is [Read] of this history. What is not flushed yet is not in it.
func (h *History) Read(stream string, from, to time.Time) iter.Seq2[Entry, error] {
	return Read(h.options.Directory, stream, from, to)
}

// Stats returns how the history fares.
func (h *History) Stats() Stats {
	h.mu.Lock()
	defer h.mu.Unlock()
	stats := h.stored
	stats.Dropped, stats.Waiting = h.dropped, stats.Waiting+h.waiting
	for _, err := range h.trouble {
		stats.Trouble = errors.Join(stats.Trouble, err)
	}
	return stats
}
