package snmp

// header is what a v3 message says of itself outside its protected part (RFC 3412
// §6, RFC 3414 §2.4). It is read before anything is computed with keys.
type header struct {
	id        uint32
	flags     byte
	model     uint32
	engineID  string
	boots     uint32
	seconds   uint32
	user      string
	code      []byte // that authenticates the message: a part of the datagram
	encrypted bool
}

// Tags of the Basic Encoding Rules that a header consists of.
const (
	tagInteger     = 0x02
	tagOctetString = 0x04
	tagSequence    = 0x30
)

const version3 = 3

// readHeader reads the header of a v3 message.
func readHeader(datagram []byte) (header, *drop) {
	message := ber{rest: datagram}
	message = message.within(tagSequence)
	if version := message.number(); !message.bad && version != version3 {
		return header{}, dropf(dropVersion, "it is not of version 3")
	}
	var h header
	global := message.within(tagSequence)
	h.id = global.number()
	global.number() // the longest message that it accepts
	if flags := global.take(tagOctetString); len(flags) == 1 {
		h.flags = flags[0]
	} else {
		global.bad = true
	}
	h.model = global.number()

	security := message.within(tagOctetString)
	security = security.within(tagSequence)
	h.engineID = string(security.take(tagOctetString))
	h.boots = security.number()
	h.seconds = security.number()
	h.user = string(security.take(tagOctetString))
	h.code = security.take(tagOctetString)
	h.encrypted = len(message.rest) > 0 && message.rest[0] == tagOctetString
	if message.bad || global.bad || security.bad {
		return header{}, dropf(dropMalformed, "its header cannot be decoded")
	}
	return h, nil
}

// ber reads one value after the other. After the first that is not as expected
// it is bad, and yields nothing more.
type ber struct {
	rest []byte
	bad  bool
}

// within reads the values inside the next value.
func (b *ber) within(tag byte) ber {
	content := b.take(tag)
	return ber{rest: content, bad: b.bad}
}

// take returns the content of the next value, which must have the tag.
func (b *ber) take(tag byte) []byte {
	length, head := b.length()
	if b.bad || b.rest[0] != tag || length > len(b.rest)-head {
		b.bad, b.rest = true, nil
		return nil
	}
	content := b.rest[head : head+length]
	b.rest = b.rest[head+length:]
	return content
}

// length is that of the next value's content, and of its tag and length.
func (b *ber) length() (length, head int) {
	if b.bad || len(b.rest) < 2 {
		b.bad = true
		return 0, 0
	}
	first := int(b.rest[1])
	if first < 0x80 {
		return first, 2
	}
	octets := first - 0x80
	if octets == 0 || octets > 4 || len(b.rest) < 2+octets {
		b.bad = true
		return 0, 0
	}
	for _, octet := range b.rest[2 : 2+octets] {
		length = length<<8 | int(octet)
	}
	return length, 2 + octets
}

// number is the next value, an INTEGER of 0 to 2³¹−1.
func (b *ber) number() uint32 {
	content := b.take(tagInteger)
	if b.bad || len(content) == 0 || len(content) > 4 || content[0] >= 0x80 {
		b.bad = true
		return 0
	}
	var n uint32
	for _, octet := range content {
		n = n<<8 | uint32(octet)
	}
	return n
}
