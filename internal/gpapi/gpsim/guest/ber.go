package guest

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
)

// Tags of the Basic Encoding Rules (X.690) and of SNMP's types (RFC 2578 §7.1,
// RFC 3416 §3) that the agent reads or writes.
const (
	tagInteger        byte = 0x02
	tagOctetString    byte = 0x04
	tagObjectID       byte = 0x06
	tagSequence       byte = 0x30
	tagCounter32      byte = 0x41
	tagGauge32        byte = 0x42
	tagTimeTicks      byte = 0x43
	tagCounter64      byte = 0x46
	tagNoSuchObject   byte = 0x80
	tagNoSuchInstance byte = 0x81
	tagEndOfMibView   byte = 0x82
)

const maxArcs = 128 // sub-identifiers in one object identifier (RFC 2578 §3.5)

var errMalformed = errors.New("malformed BER")

// oid is an object identifier of 2 to maxArcs sub-identifiers.
type oid []uint32

func (o oid) with(arcs ...uint32) oid { return slices.Concat(o, arcs) }

// value is an encoded SNMP value: its tag and its content octets.
type value struct {
	tag     byte
	content []byte
}

func integer(n int32) value {
	content := binary.BigEndian.AppendUint32(nil, uint32(n))
	for len(content) > 1 && (content[0] == 0 && content[1] < 0x80 || content[0] == 0xff && content[1] >= 0x80) {
		content = content[1:]
	}
	return value{tagInteger, content}
}

func unsigned(tag byte, n uint64) value {
	content := binary.BigEndian.AppendUint64([]byte{0}, n)
	for len(content) > 1 && content[0] == 0 && content[1] < 0x80 {
		content = content[1:]
	}
	return value{tag, content}
}

func counter32(n uint64) value { return unsigned(tagCounter32, n&math.MaxUint32) }
func timeTicks(n uint64) value { return unsigned(tagTimeTicks, n&math.MaxUint32) }
func gauge32(n uint32) value   { return unsigned(tagGauge32, uint64(n)) }
func counter64(n uint64) value { return unsigned(tagCounter64, n) }
func octets(text string) value { return value{tagOctetString, []byte(text)} }
func objectID(name oid) value  { return value{tagObjectID, appendArcs(nil, name)} }
func exception(tag byte) value { return value{tag: tag} }
func sequence(b []byte) value  { return value{tagSequence, b} }
func (v value) bytes() []byte  { return v.appendTo(nil) }

// appendTo appends the value's encoding, with the shortest form of its length.
func (v value) appendTo(b []byte) []byte {
	b = append(b, v.tag)
	n := len(v.content)
	switch {
	case n < 0x80:
		b = append(b, byte(n))
	case n <= 0xff:
		b = append(b, 0x81, byte(n))
	default:
		b = append(b, 0x82, byte(n>>8), byte(n))
	}
	return append(b, v.content...)
}

func appendArcs(b []byte, name oid) []byte {
	b = appendBase128(b, uint64(name[0])*40+uint64(name[1]))
	for _, arc := range name[2:] {
		b = appendBase128(b, uint64(arc))
	}
	return b
}

func appendBase128(b []byte, n uint64) []byte {
	shift := 0
	for n>>shift >= 0x80 {
		shift += 7
	}
	for ; shift > 0; shift -= 7 {
		b = append(b, byte(n>>shift)|0x80)
	}
	return append(b, byte(n)&0x7f)
}

// reader takes encoded values off the front of foreign bytes.
type reader struct{ rest []byte }

// next takes the next value, whatever its tag. Lengths are definite (RFC 3417 §8)
// and of at most four octets, with or without leading zeros.
func (r *reader) next() (value, error) {
	if len(r.rest) < 2 {
		return value{}, errMalformed
	}
	tag, length, body := r.rest[0], int(r.rest[1]), r.rest[2:]
	if length >= 0x80 {
		size := length & 0x7f
		if size == 0 || size > 4 || size > len(body) {
			return value{}, errMalformed
		}
		length = 0
		for _, b := range body[:size] {
			length = length<<8 | int(b)
		}
		body = body[size:]
	}
	if length > len(body) {
		return value{}, errMalformed
	}
	r.rest = body[length:]
	return value{tag, body[:length]}, nil
}

// take takes the next value's content, which must have the given tag.
func (r *reader) take(tag byte) ([]byte, error) {
	v, err := r.next()
	if err != nil || v.tag != tag {
		return nil, errMalformed
	}
	return v.content, nil
}

// takeInteger takes an INTEGER of 32 bits.
func (r *reader) takeInteger() (int32, error) {
	content, err := r.take(tagInteger)
	if err != nil || len(content) == 0 || len(content) > 4 {
		return 0, errMalformed
	}
	n := int32(int8(content[0]))
	for _, b := range content[1:] {
		n = n<<8 | int32(b)
	}
	return n, nil
}

// takeObjectID takes an OBJECT IDENTIFIER. Empty content, which some managers send
// for the root, is read as 0.0.
func (r *reader) takeObjectID() (oid, error) {
	content, err := r.take(tagObjectID)
	if err != nil {
		return nil, err
	}
	if len(content) == 0 {
		return oid{0, 0}, nil
	}
	first, content, err := cutBase128(content)
	if err != nil {
		return nil, err
	}
	root := min(first/40, 2)
	name := oid{root, first - root*40}
	for len(content) > 0 {
		var arc uint32
		if arc, content, err = cutBase128(content); err != nil || len(name) == maxArcs {
			return nil, errMalformed
		}
		name = append(name, arc)
	}
	return name, nil
}

// cutBase128 takes one sub-identifier of at most 32 bits, without leading zeros.
func cutBase128(content []byte) (arc uint32, rest []byte, err error) {
	if content[0] == 0x80 {
		return 0, nil, errMalformed
	}
	for i, b := range content {
		if arc > math.MaxUint32>>7 {
			return 0, nil, errMalformed
		}
		arc = arc<<7 | uint32(b&0x7f)
		if b < 0x80 {
			return arc, content[i+1:], nil
		}
	}
	return 0, nil, errMalformed
}
