package main

import "encoding/binary"

// The tags that SNMP messages are made of (RFC 3416).
const (
	tagInteger   = 0x02
	tagOctets    = 0x04
	tagNull      = 0x05
	tagOID       = 0x06
	tagSequence  = 0x30
	tagCounter32 = 0x41
	tagTimeTicks = 0x43
	tagCounter64 = 0x46
	tagNoObject  = 0x80
	tagGet       = 0xa0
	tagResponse  = 0xa2
	tagReport    = 0xa8
)

// element cuts the first element off, with its tag. ok is false when there is none.
func element(from []byte) (tag byte, content, rest []byte, ok bool) {
	if len(from) < 2 {
		return 0, nil, nil, false
	}
	head, length := 2, int(from[1])
	switch from[1] {
	case 0x81:
		head = 3
	case 0x82:
		head = 4
	default:
		if length > 127 {
			return 0, nil, nil, false
		}
	}
	if len(from) < head {
		return 0, nil, nil, false
	}
	switch head {
	case 3:
		length = int(from[2])
	case 4:
		length = int(binary.BigEndian.Uint16(from[2:]))
	}
	if len(from) < head+length {
		return 0, nil, nil, false
	}
	return from[0], from[head : head+length], from[head+length:], true
}

// inside is the content of the first element if it has the tag, and what follows it.
func inside(from []byte, tag byte) (content, rest []byte, ok bool) {
	found, content, rest, ok := element(from)
	return content, rest, ok && found == tag
}

// number is an INTEGER's value, which is not negative here.
func number(content []byte) (n uint64) {
	for _, b := range content {
		n = n<<8 | uint64(b)
	}
	return n
}

// writer encodes from the end to the begin, so that each length is known when it is written.
type writer struct {
	bytes []byte
	at    int // where the encoded begins
}

func (w *writer) reset() { w.at = len(w.bytes) }

func (w *writer) encoded() []byte { return w.bytes[w.at:] }

func (w *writer) raw(content []byte) {
	w.at -= len(content)
	copy(w.bytes[w.at:], content)
}

func (w *writer) octet(b byte) {
	w.at--
	w.bytes[w.at] = b
}

// wrap makes what was written since end the content of an element.
func (w *writer) wrap(tag byte, end int) {
	switch length := end - w.at; {
	case length < 0x80:
		w.octet(byte(length))
	case length < 0x100:
		w.octet(byte(length))
		w.octet(0x81)
	default:
		w.octet(byte(length))
		w.octet(byte(length >> 8))
		w.octet(0x82)
	}
	w.octet(tag)
}

func (w *writer) element(tag byte, content []byte) {
	end := w.at
	w.raw(content)
	w.wrap(tag, end)
}

func (w *writer) number(tag byte, n uint64) {
	end := w.at
	for {
		w.octet(byte(n))
		if n < 0x80 {
			break
		}
		n >>= 8
	}
	w.wrap(tag, end)
}
