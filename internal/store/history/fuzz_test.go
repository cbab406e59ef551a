package history

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"testing"
)

// FuzzSegment feeds whole files.
func FuzzSegment(f *testing.F) {
	log := growingLog()
	f.Add(log, false)
	f.Add(log[:len(log)-5], false)
	content, err := seal(inMemory(f, log, false))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(content, true)
	f.Add([]byte(magic), false)
	f.Add([]byte{}, true)
	f.Fuzz(func(t *testing.T, content []byte, sealed bool) { walkAll(t, content, sealed) })
}

// FuzzBlock feeds what lies inside blocks whose checksums are right.
func FuzzBlock(f *testing.F) {
	c := newChain("web")
	c.add(nil, 1000, 7, []byte("payload"))
	frames := appendFrame(appendFrame(nil, frame{payload: []byte("web")}), frame{1, 1000, 7, []byte("payload"), c.hash[:linkBytes]})
	head := header{number: 1, chains: []chain{newChain("batch")}}.encode()[len(magic)+headBytes:]
	index := binary.AppendVarint(binary.AppendVarint([]byte{1, 1, byte(len(magic) + headBytes + len(head))}, 1000), 1000)
	f.Add(head, frames, index, false)
	f.Add(header{number: 1, sealed: true, chains: []chain{newChain("web")}}.encode()[len(magic)+headBytes:], frames[5:], index, true)
	f.Fuzz(func(t *testing.T, head, frames, index []byte, sealed bool) {
		content := appendBlock([]byte(magic), head)
		if !sealed {
			walkAll(t, appendBlock(content, frames), false)
			return
		}
		var small bytes.Buffer
		deflater, _ := flate.NewWriter(&small, flate.BestSpeed)
		_, _ = deflater.Write(frames)
		_ = deflater.Close()
		content = appendBlock(content, small.Bytes())
		offset := uint64(len(content))
		walkAll(t, order.AppendUint64(appendBlock(content, index), offset), true)
	})
}

func TestAHeaderThatCannotBeIsRefused(t *testing.T) {
	t.Parallel()
	forged := chain{name: "web", hash: newChain("batch").hash}
	for what, chains := range map[string][]chain{
		"a stream begins elsewhere": {forged},
		"a stream is there twice":   {newChain("web"), newChain("web")},
		"a stream has no name":      {newChain("")},
	} {
		if inMemory(t, header{number: 1, chains: chains}.encode(), false) != nil {
			t.Errorf("%s: it was taken", what)
		}
	}
	if inMemory(t, header{number: 1, chains: []chain{newChain("web"), {name: "batch", number: 1}}}.encode(), false) == nil {
		t.Error("a good one was refused")
	}
}

// walkAll reads a segment, and demands that what it hands out is a chain from the
// anchors to the ends, and that it does the same for each stream alone.
func walkAll(t *testing.T, content []byte, sealed bool) {
	s := inMemory(t, content, sealed)
	if s == nil {
		return
	}
	chains := map[string]chain{}
	for _, c := range s.head.chains {
		chains[c.name] = c
	}
	entries := map[string]int{}
	s.walk("", always, func(e Entry, _ frame) bool {
		c, ok := chains[e.Stream]
		if !ok {
			c = newChain(e.Stream)
		}
		c.add(nil, e.At.UnixNano(), e.Kind, e.Payload)
		if c.number != e.Number {
			t.Fatalf("entry %d of %q bears number %d", c.number, e.Stream, e.Number)
		}
		chains[e.Stream] = c
		entries[e.Stream]++
		return true
	})
	if s.damage != nil {
		if s.damage.Error() == "" {
			t.Fatal("damage without a name")
		}
		return
	}
	tried := 0
	for name, want := range entries {
		if tried++; tried > 5 {
			break
		}
		alone, got := inMemory(t, content, sealed), 0
		alone.walk(name, always, func(Entry, frame) bool { got++; return true })
		if got != want || alone.damage != nil {
			t.Fatalf("stream %q has %d entries alone and %d with the others; %v", name, got, want, alone.damage)
		}
	}
	for _, c := range s.head.chains {
		if seen, ok := chains[c.name]; ok && seen != c {
			t.Fatalf("stream %q ends elsewhere than its entries", c.name)
		}
	}
}

// inMemory opens content as segment 1, or returns nil if it is none.
func inMemory(tb testing.TB, content []byte, sealed bool) *segment {
	tb.Helper()
	s := &segment{segmentFile: segmentFile{number: 1, sealed: sealed, bytes: int64(len(content))}, content: bytes.NewReader(content)}
	if !sealed {
		s.log = content
	}
	var err error
	if s.head, s.start, err = readHeader(s.content, s.bytes, s.segmentFile); err != nil {
		return nil
	}
	return s
}

// growingLog is a log of two streams with two commits.
func growingLog() []byte {
	content := header{number: 1, createdNS: 500, chains: []chain{newChain("web")}}.encode()
	web, batch := newChain("web"), newChain("batch")
	for range 2 {
		var body []byte
		if batch.number == 0 {
			body = appendFrame(body, frame{payload: []byte("batch")})
		}
		for id, c := range []*chain{&web, &batch} {
			c.add(nil, 600, 1, []byte("what happened"))
			body = appendFrame(body, frame{uint64(id + 1), 100, 1, []byte("what happened"), c.hash[:linkBytes]})
		}
		content = appendBlock(content, body)
	}
	return content
}
