package history

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// writer is the side of a History towards the disk.
type writer struct {
	options   *Options
	streams   map[string]*stream
	files     []segmentFile    // oldest first; the last is the log that grows
	createdNS map[uint64]int64 // when segments began, by number, as far as looked up; 0: nobody knows
	sealDue   bool             // a log other than the last may be there

	log        *os.File
	startBytes int64  // of its header
	introduced uint64 // streams that have a number in it

	block   []byte // not on disk yet: empty, or a head without content, and frames
	entries int    // in block
	spare   []byte // the buffer that was written last, to be filled next
	scratch []byte
}

// stream is where a stream stands with its newest entry in block.
type stream struct {
	chain
	id   uint64 // its number in the log; 0: not introduced yet
	last uint64 // the newest segment that may have entries of it
}

// spareMaxBytes is how much memory is kept for the next time.
const spareMaxBytes = 2 << 20

// open finds out where the streams stand and opens the newest log, or begins one.
func (w *writer) open() error {
	w.streams, w.createdNS, w.sealDue = map[string]*stream{}, map[uint64]int64{}, true
	if err := w.tidy(); err != nil {
		return err
	}
	if len(w.files) == 0 {
		return w.begin(1)
	}
	newest := w.newest()
	s, err := openSegment(w.options.Directory, *newest, true)
	var system syscall.Errno
	if errors.As(err, &system) {
		return err
	}
	if err != nil {
		w.options.Trouble(fmt.Errorf("%w; a new segment begins, and it stays as it is", err))
		return w.begin(newest.number + 1)
	}
	s.ending = torn
	s.walk("", always, func(Entry, frame) bool { return true })
	for i, c := range s.head.chains {
		w.streams[c.name] = &stream{c, uint64(i + 1), newest.number}
	}
	if s.damage != nil {
		w.options.Trouble(fmt.Errorf("%w; a new segment begins, and it stays as it is", s.damage))
	}
	if s.damage != nil || s.sealed {
		return errors.Join(s.close(), w.begin(newest.number+1))
	}
	return w.resume(s)
}

// tidy removes what a crash left between two steps, and lists the segments.
func (w *writer) tidy() error {
	entries, err := os.ReadDir(w.options.Directory)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		name := entry.Name()
		_, isPassing := parseName(strings.TrimSuffix(name, passingSuffix))
		isPassing = isPassing && strings.HasSuffix(name, passingSuffix)
		_, sealedToo := slices.BinarySearchFunc(entries, strings.TrimSuffix(name, logSuffix)+sealedSuffix,
			func(e os.DirEntry, name string) int { return strings.Compare(e.Name(), name) })
		if isPassing || sealedToo && strings.HasSuffix(name, logSuffix) {
			if err := remove(w.options.Directory, name); err != nil {
				return err
			}
		}
	}
	w.files, err = listSegments(w.options.Directory)
	return err
}

// resume goes on with a log, without what a crash left of its last block.
func (w *writer) resume(s *segment) error {
	file, err := os.OpenFile(filepath.Join(w.options.Directory, s.name()), os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if s.end < s.bytes {
		if s.cut != nil && !errors.Is(s.cut, errCut) {
			w.options.Trouble(fmt.Errorf("history segment %s: its last %d bytes, one commit, are cut off: a crash left them incomplete, or they were damaged later", s.name(), s.bytes-s.end))
		}
		if err := errors.Join(file.Truncate(s.end), file.Sync()); err != nil {
			return errors.Join(err, file.Close())
		}
	}
	w.log, w.startBytes, w.introduced = file, s.start, uint64(len(s.head.chains))
	w.newest().bytes, w.createdNS[s.number] = s.end, s.head.createdNS
	return nil
}

func (w *writer) newest() *segmentFile { return &w.files[len(w.files)-1] }

// begin begins a segment, in whose header all streams stand that have entries.
func (w *writer) begin(number uint64) error {
	head := header{number: number, createdNS: unixNS(w.options.Now())}
	for _, name := range slices.Sorted(maps.Keys(w.streams)) {
		if s := w.streams[name]; s.last >= w.files[0].number {
			head.chains = append(head.chains, s.chain)
		}
	}
	file := segmentFile{number: number}
	content := head.encode()
	log, err := place(w.options.Directory, file.name(), content)
	if err != nil {
		return fmt.Errorf("begin history segment %s: %w; free space there, and check the disk", file.name(), err)
	}
	if w.log != nil {
		_ = w.log.Close() // all of it is on disk
	}
	last := w.streams
	w.streams = make(map[string]*stream, len(head.chains))
	for i, c := range head.chains {
		w.streams[c.name] = &stream{c, uint64(i + 1), last[c.name].last}
	}
	file.bytes = int64(len(content))
	w.log, w.startBytes, w.introduced, w.sealDue = log, file.bytes, uint64(len(head.chains)), true
	w.files, w.createdNS[number] = append(w.files, file), head.createdNS
	return nil
}

// encode makes the block of the entries that lie in buffer. It returns how many it
// drops because there are too many streams.
func (w *writer) encode(buffer []byte) (dropped uint64) {
	w.block = append(w.block[:0], make([]byte, headBytes)...)
	sinceNS := w.createdNS[w.newest().number]
	for from := (cursor{rest: buffer}); len(from.rest) > 0; {
		name, atNS, kind, payload := from.waiting()
		s, ok := w.streams[string(name)]
		if !ok && len(w.streams) >= StreamsMax {
			dropped++
			continue
		}
		if !ok {
			s = &stream{chain: newChain(string(name))}
			w.streams[s.name] = s
		}
		if s.id == 0 {
			w.introduced++
			s.id = w.introduced
			w.block = appendFrame(w.block, frame{payload: name})
		}
		w.scratch = s.add(w.scratch, atNS, kind, payload)
		w.block = appendFrame(w.block, frame{s.id, atNS - sinceNS, kind, payload, s.hash[:linkBytes]})
		s.last = w.newest().number
		w.entries++
	}
	if w.entries == 0 {
		w.block = w.block[:0]
	}
	return dropped
}

// write brings the block to the disk. After an error nobody knows how much of it is
// there, so that the next call writes all of it again, to the same place.
func (w *writer) write() error {
	newest := w.newest()
	putHead(w.block, newest.bytes)
	_, err := w.log.WriteAt(w.block, newest.bytes)
	if err == nil {
		err = w.log.Sync()
	}
	if err != nil {
		return fmt.Errorf("write history segment %s: %w; free space there, and check the disk: it is tried again", newest.name(), err)
	}
	newest.bytes += int64(len(w.block))
	w.block, w.entries = w.block[:0], 0
	if cap(w.block) > spareMaxBytes {
		w.block = nil
	}
	return nil
}

// roll begins the next segment when the newest is full.
func (w *writer) roll() error {
	newest := w.newest()
	age := w.options.Now().Sub(time.Unix(0, w.createdNS[newest.number])).Abs() // of a clock set back as well
	held := newest.bytes - w.startBytes
	if held == 0 || held < w.options.SegmentBytes && age < w.options.SegmentSpan {
		return nil
	}
	return w.begin(newest.number + 1)
}

// seal seals the logs that do not grow any more. What fails waits for the next segment.
func (w *writer) seal() error {
	if !w.sealDue {
		return nil
	}
	w.sealDue = false
	var failed error
	for i := range w.files[:len(w.files)-1] {
		if file := &w.files[i]; !file.sealed {
			if err := w.sealLog(file); err != nil {
				failed = errors.Join(failed, fmt.Errorf("seal history segment %s: %w", file.name(), err))
			}
		}
	}
	return failed
}

func (w *writer) sealLog(file *segmentFile) error {
	log, err := openSegment(w.options.Directory, *file, false)
	if err != nil {
		return err
	}
	content, err := seal(log)
	if err != nil {
		return err
	}
	after := segmentFile{file.number, true, int64(len(content))}
	handle, err := place(w.options.Directory, after.name(), content)
	if err != nil {
		return err
	}
	if err := errors.Join(handle.Close(), remove(w.options.Directory, file.name())); err != nil {
		return err
	}
	*file = after
	return nil
}

// retire removes the oldest segments while their time is over or all are too large.
func (w *writer) retire() error {
	for len(w.files) > 1 && (w.bytes() > w.options.BytesMax || w.isOver()) {
		oldest := w.files[0]
		if err := remove(w.options.Directory, oldest.logName(), oldest.sealedName()); err != nil {
			return fmt.Errorf("remove history segment %s: %w", oldest.name(), err)
		}
		delete(w.createdNS, oldest.number)
		w.files = w.files[1:]
	}
	return nil
}

func (w *writer) bytes() (sum int64) {
	for _, file := range w.files {
		sum += file.bytes
	}
	return sum
}

// isOver says that the oldest of several segments ended longer than Retention ago. It
// ended when the next one began, but not before itself; what began in the future does not
// count. Now is at most when the last but one began. So a clock that is wrong for
// less than a segment neither removes one early nor keeps one for ever.
func (w *writer) isOver() bool {
	nowNS := min(unixNS(w.options.Now()), w.beganNS(w.files[len(w.files)-2]))
	beganNS := w.beganNS(w.files[0])
	if beganNS > nowNS {
		beganNS = 0
	}
	for _, later := range w.files[1:] {
		if endedNS := w.beganNS(later); endedNS != 0 && endedNS <= nowNS {
			return nowNS-max(beganNS, endedNS) > int64(w.options.Retention)
		}
	}
	return false
}

func (w *writer) beganNS(file segmentFile) int64 {
	beganNS, ok := w.createdNS[file.number]
	if !ok {
		if s, err := openSegment(w.options.Directory, file, false); err == nil {
			beganNS = s.head.createdNS
			_ = s.close() // it was only read
		}
		w.createdNS[file.number] = beganNS
	}
	return beganNS
}

// appendWaiting appends an entry to those in memory that wait for a commit; waiting
// takes it off again. Beside name and payload it takes up to waitingMaxBytes.
func appendWaiting(to []byte, name string, atNS int64, kind byte, payload []byte) []byte {
	to = append(append(to, byte(len(name))), name...)
	to = append(order.AppendUint64(to, uint64(atNS)), kind)
	return append(binary.AppendUvarint(to, uint64(len(payload))), payload...)
}

const waitingMaxBytes = 1 + 8 + 1 + 3

func (c *cursor) waiting() (name []byte, atNS int64, kind byte, payload []byte) {
	name = c.bytes(uint64(c.bytes(1)[0]))
	atNS = int64(c.uint64())
	kind = c.bytes(1)[0]
	return name, atNS, kind, c.bytes(c.uvarint())
}
