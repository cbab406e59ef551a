package history

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
)

// A frame is one entry, or the introduction of a stream, inside a block: a length, the
// number of its stream in this segment, the time as distance from the segment's beginning
// in nanoseconds, the kind, the payload, and the first linkBytes of the stream's chain
// at this entry. Stream 0 introduces a stream: its name is all that follows, and its
// number is the next that is free. Integers are varints.
type frame struct {
	stream  uint64 // 0: an introduction
	sinceNS int64
	kind    byte
	payload []byte // of an introduction: the name
	link    []byte
}

const linkBytes = 8

func appendFrame(to []byte, f frame) []byte {
	var front [2*binary.MaxVarintLen64 + 1]byte
	n := binary.PutUvarint(front[:], f.stream)
	if f.stream != 0 {
		n += binary.PutVarint(front[n:], f.sinceNS)
		front[n] = f.kind
		n++
	}
	to = binary.AppendUvarint(to, uint64(n+len(f.payload)+len(f.link)))
	to = append(to, front[:n]...)
	to = append(to, f.payload...)
	return append(to, f.link...)
}

// cutFrame takes the first frame off body. ok says that there was one.
func cutFrame(body []byte) (f frame, rest []byte, ok bool) {
	from := cursor{rest: body}
	inside := cursor{rest: from.bytes(from.uvarint())}
	f.stream = inside.uvarint()
	if f.stream == 0 {
		f.payload = inside.rest
		return f, from.rest, !from.bad && !inside.bad
	}
	f.sinceNS = inside.varint()
	if kind := inside.bytes(1); kind != nil {
		f.kind = kind[0]
	}
	if len(inside.rest) < linkBytes {
		return f, from.rest, false
	}
	end := len(inside.rest) - linkBytes
	f.payload, f.link = inside.rest[:end:end], inside.rest[end:]
	return f, from.rest, !from.bad && !inside.bad
}

// chain is where a stream stands after an entry: the entry's number, from 1, and the
// SHA-256 over the chain before and all that the entry says.
type chain struct {
	name   string
	number uint64
	hash   [sha256.Size]byte
}

// newChain is where a stream stands before its first entry.
func newChain(name string) chain {
	return chain{name: name, hash: sha256.Sum256([]byte("autoscaled history of " + name))}
}

// add moves the chain over one entry. It returns scratch, which it may have grown.
func (c *chain) add(scratch []byte, atNS int64, kind byte, payload []byte) []byte {
	scratch = append(scratch[:0], c.hash[:]...)
	scratch = order.AppendUint64(scratch, uint64(atNS))
	scratch = append(scratch, kind)
	scratch = append(scratch, payload...)
	c.hash = sha256.Sum256(scratch)
	c.number++
	return scratch
}

func (c *chain) matches(link []byte) bool { return bytes.Equal(c.hash[:linkBytes], link) }

// cursor reads what lies in rest. Beyond the end it reads zeros, and bad stays set.
type cursor struct {
	rest []byte
	bad  bool
}

func (c *cursor) bytes(n uint64) []byte {
	if n > uint64(len(c.rest)) {
		c.bad, c.rest = true, nil
		return nil
	}
	taken := c.rest[:n:n]
	c.rest = c.rest[n:]
	return taken
}

func (c *cursor) uvarint() uint64 {
	value, n := binary.Uvarint(c.rest)
	c.bytes(length(n))
	return value
}

func (c *cursor) varint() int64 {
	value, n := binary.Varint(c.rest)
	c.bytes(length(n))
	return value
}

func (c *cursor) uint64() uint64 {
	if taken := c.bytes(8); taken != nil {
		return order.Uint64(taken)
	}
	return 0
}

// length is how many bytes a varint took; more than there can be if it was none.
func length(n int) uint64 {
	if n <= 0 {
		return 1 << 62
	}
	return uint64(n)
}
