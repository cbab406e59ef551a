package snmp

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/md5"  //nolint:gosec // RFC 3414 has it, and old agents nothing else
	"crypto/sha1" //nolint:gosec // RFC 3414 has it, and many agents nothing else
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/binary"
	"math/bits"
	"slices"

	"github.com/gosnmp/gosnmp"
)

const (
	aesSaltBytes = 8 // RFC 3826 §3.1.2.1
	// sealedScratch is what sealer's methods need of scratch beyond a message, in bytes:
	// a block of the longest hash, and one of AES.
	sealedScratch = sha512.BlockSize + aes.BlockSize
)

// sealer secures requests to one engine whose keys are known, and opens its answers,
// without allocating. What it opens, secured.open would believe too; what it does
// not, secured.open has to judge.
type sealer struct {
	engine  *engine
	user    *user
	context string
	block   cipher.Block // of privacy; nil: none
}

// newSealer makes a sealer of the engine's keys. It is false for an algorithm that
// only gosnmp speaks: DES.
func newSealer(e *engine, u *user, contextName string) (s sealer, ok bool) {
	s = sealer{engine: e, user: u, context: contextName}
	if u.level != gosnmp.AuthPriv {
		return s, true
	}
	if u.privacy == gosnmp.DES {
		return s, false
	}
	if e.block == nil {
		var err error
		if e.block, err = aes.NewCipher(e.privacy); err != nil {
			return s, false
		}
	}
	s.block = e.block
	return s, true
}

// seal appends the message that asks for the template's objects, as secured.seal
// makes it, with the engine's clock and a salt that no other message under its keys
// has. The ID is one for the template. What room there is behind the message it
// writes on too: it allocates nothing when that is as long as the message, and
// sealedScratch bytes more.
func (s *sealer) seal(into []byte, t *template, id, boots, seconds uint32, salt uint64) []byte {
	message := len(into)
	into = append(into, tagInteger, 1, version3)
	into = s.appendGlobal(into, id)
	into = s.appendSecurity(into, boots, seconds, salt)
	data := len(into)
	into = appendText(into, s.engine.id)
	into = appendText(into, s.context)
	into = wrap(t.append(into, id), data, tagSequence)
	if s.block != nil {
		s.encrypt(into[len(into):], into[data:], boots, seconds, salt)
		into = wrap(into, data, tagOctetString)
	}
	behind := len(into) - data + 2 + s.saltBytes() // the code, to the end
	into = wrap(into, message, tagSequence)
	if s.user.authenticates() {
		codeAt := len(into) - behind - int(s.user.codeBytes)
		code := s.code(into[len(into):], into[message:], codeAt-message)
		copy(into[codeAt:], code[:s.user.codeBytes])
	}
	return into
}

// appendGlobal appends what a message says of itself (RFC 3412 §6): its ID, the
// longest answer, its level of security, and who secures it.
func (s *sealer) appendGlobal(into []byte, id uint32) []byte {
	start := len(into)
	into = binary.BigEndian.AppendUint32(append(into, tagInteger, 4), id)
	into = appendNumber(into, maxDatagram)
	into = append(into, tagOctetString, 1, byte(s.user.level|gosnmp.Reportable))
	into = appendNumber(into, uint32(gosnmp.UserSecurityModel))
	return wrap(into, start, tagSequence)
}

// appendSecurity appends what the message is secured with (RFC 3414 §2.4), and zeros
// for its code. Behind the code is the salt only.
func (s *sealer) appendSecurity(into []byte, boots, seconds uint32, salt uint64) []byte {
	start := len(into)
	into = appendText(into, s.engine.id)
	into = appendNumber(into, boots)
	into = appendNumber(into, seconds)
	into = appendText(into, s.user.name)
	into = append(into, tagOctetString, s.user.codeBytes)
	into = append(into, zeros[:s.user.codeBytes]...)
	into = append(into, tagOctetString, byte(s.saltBytes()))
	if s.block != nil {
		into = binary.BigEndian.AppendUint64(into, salt)
	}
	return wrap(wrap(into, start, tagSequence), start, tagOctetString)
}

func (s *sealer) saltBytes() int {
	if s.block == nil {
		return 0
	}
	return aesSaltBytes
}

// open fills into from the answer to the request with the ID, and returns the clock
// that it carries, in boots and seconds. It is false for everything that is not
// plainly that answer. The clock is authentic if the user authenticates, and for the
// caller to judge. The datagram stays as it is. Nothing is allocated when scratch, which
// is elsewhere, has the capacity of its length and sealedScratch bytes more.
func (s *sealer) open(datagram, scratch []byte, t *template, id uint32, into []Value) (boots, seconds uint32, ok bool) {
	m, ok := takeApart(datagram)
	if !ok || m.id != id || !s.expects(m) || !s.believes(m, datagram, scratch) {
		return 0, 0, false
	}
	pdu, ok := s.scopedPDU(m, scratch)
	return m.boots, m.seconds, ok && t.open(pdu, id, into)
}

// parts are those of a v3 message, inside its datagram.
type parts struct {
	id, model      uint32
	flags          []byte
	engineID, user []byte
	boots, seconds uint32
	code, salt     []byte
	data           []byte // with its tag: a scoped PDU, or an encrypted one
}

// takeApart reads a message that has nothing between its parts. It reads what
// readHeader does, without allocating.
func takeApart(datagram []byte) (m parts, ok bool) {
	outside := ber{rest: datagram}
	message := outside.within(tagSequence)
	version := message.number()
	global := message.within(tagSequence)
	m.id = global.number()
	global.number() // the longest message that it accepts
	m.flags = global.take(tagOctetString)
	m.model = global.number()

	wrapped := message.within(tagOctetString)
	security := wrapped.within(tagSequence)
	m.engineID = security.take(tagOctetString)
	m.boots = security.number()
	m.seconds = security.number()
	m.user = security.take(tagOctetString)
	m.code = security.take(tagOctetString)
	m.salt = security.take(tagOctetString)
	m.data = message.rest
	return m, version == version3 && outside.done() && global.done() && wrapped.done() && security.done()
}

// done says that all was as expected, and nothing is left.
func (b *ber) done() bool { return !b.bad && len(b.rest) == 0 }

// expects says that the message is one of the engine's for the user, secured as the
// requests are. A flag that is not of security has no meaning in an answer.
func (s *sealer) expects(m parts) bool {
	return m.model == uint32(gosnmp.UserSecurityModel) &&
		len(m.flags) == 1 && gosnmp.SnmpV3MsgFlags(m.flags[0])&gosnmp.AuthPriv == s.user.level &&
		string(m.engineID) == s.engine.id && string(m.user) == s.user.name &&
		len(m.code) == int(s.user.codeBytes) && len(m.salt) == s.saltBytes()
}

// believes says that the message is authentic, or need not be.
func (s *sealer) believes(m parts, datagram, scratch []byte) bool {
	if !s.user.authenticates() {
		return true
	}
	codeAt := cap(datagram) - cap(m.code) // both end where the same buffer does
	if datagram[codeAt-2] != tagOctetString {
		return false // gosnmp knows no other head of the code than the shortest
	}
	code := s.code(scratch, datagram, codeAt)
	return subtle.ConstantTimeCompare(m.code, code[:s.user.codeBytes]) == 1
}

// scopedPDU is the PDU of the message, decrypted if need be.
func (s *sealer) scopedPDU(m parts, scratch []byte) ([]byte, bool) {
	data := ber{rest: m.data}
	if s.block != nil {
		encrypted := data.take(tagOctetString)
		if !data.done() {
			return nil, false
		}
		data.rest = s.decrypt(scratch, encrypted, m.boots, m.seconds, binary.BigEndian.Uint64(m.salt))
	}
	scoped := data.within(tagSequence)
	engineID, context := scoped.take(tagOctetString), scoped.take(tagOctetString)
	return scoped.rest, data.done() && !scoped.bad && string(engineID) == s.engine.id && string(context) == s.context
}

var (
	zeros    [sha512.Size]byte
	innerPad = bytes.Repeat([]byte{0x36}, sha512.BlockSize)
	outerPad = bytes.Repeat([]byte{0x5c}, sha512.BlockSize)
)

// code is the HMAC (RFC 2104) of the message with zeros in the place of its code. It
// hashes two blocks more than one that keeps the state behind the key, and is
// spared that state for each engine, a third of the sealer.
func (s *sealer) code(scratch, message []byte, codeAt int) [sha512.Size]byte {
	inner := append(append(scratch[:0], innerPad[:s.user.blockBytes]...), message...)
	clear(inner[int(s.user.blockBytes)+codeAt:][:s.user.codeBytes])
	subtle.XORBytes(inner, inner, s.engine.auth)
	digest, length := s.hash(inner)
	outer := append(append(scratch[:0], outerPad[:s.user.blockBytes]...), digest[:length]...)
	subtle.XORBytes(outer, outer, s.engine.auth)
	digest, _ = s.hash(outer)
	clear(outer) // it tells the key
	return digest
}

// hash is the protocol's hash of the data, in the first length bytes of digest.
func (s *sealer) hash(data []byte) (digest [sha512.Size]byte, length int) {
	switch s.user.auth {
	case gosnmp.MD5:
		sum := md5.Sum(data) //nolint:gosec // see its import
		length = copy(digest[:], sum[:])
	case gosnmp.SHA:
		sum := sha1.Sum(data) //nolint:gosec // see its import
		length = copy(digest[:], sum[:])
	case gosnmp.SHA224:
		sum := sha256.Sum224(data)
		length = copy(digest[:], sum[:])
	case gosnmp.SHA256:
		sum := sha256.Sum256(data)
		length = copy(digest[:], sum[:])
	case gosnmp.SHA384:
		sum := sha512.Sum384(data)
		length = copy(digest[:], sum[:])
	case gosnmp.SHA512:
		digest = sha512.Sum512(data)
		length = len(digest)
	}
	return digest, length
}

// encrypt encrypts the text in its place, with AES in CFB mode (RFC 3826 §3.1.3).
func (s *sealer) encrypt(scratch, text []byte, boots, seconds uint32, salt uint64) {
	stream := vector(scratch, boots, seconds, salt)
	for len(text) > 0 {
		s.block.Encrypt(stream, stream)
		n := subtle.XORBytes(text, text, stream)
		copy(stream, text[:n])
		text = text[n:]
	}
}

// decrypt returns the text decrypted, in scratch: each block of it is hidden by the
// encrypted block before it, encrypted once more.
func (s *sealer) decrypt(scratch, text []byte, boots, seconds uint32, salt uint64) []byte {
	stream := append(vector(scratch, boots, seconds, salt), text...)
	for at := 0; at < len(text); at += aes.BlockSize {
		block := stream[at : at+aes.BlockSize]
		s.block.Encrypt(block, block)
	}
	return stream[:subtle.XORBytes(stream, stream, text)]
}

// vector is the initialisation vector of a message (RFC 3826 §3.1.2.1), in scratch.
func vector(scratch []byte, boots, seconds uint32, salt uint64) []byte {
	v := binary.BigEndian.AppendUint32(scratch[:0], boots)
	v = binary.BigEndian.AppendUint32(v, seconds)
	return binary.BigEndian.AppendUint64(v, salt)
}

// wrap makes what is there from start on the content, below 64 KiB, of a value with
// the tag.
func wrap(into []byte, start int, tag byte) []byte {
	length := len(into) - start
	switch {
	case length < 0x80:
		return slices.Insert(into, start, tag, byte(length))
	case length < 0x100:
		return slices.Insert(into, start, tag, 0x81, byte(length))
	default:
		return slices.Insert(into, start, tag, 0x82, byte(length>>8), byte(length))
	}
}

// appendText appends an OCTET STRING of less than 128 bytes.
func appendText(into []byte, text string) []byte {
	return append(append(into, tagOctetString, byte(len(text))), text...)
}

// appendNumber appends an INTEGER below 2³¹.
func appendNumber(into []byte, n uint32) []byte {
	octets := numberBytes(n)
	into = append(into, tagInteger, byte(octets))
	for i := octets - 1; i >= 0; i-- {
		into = append(into, byte(n>>(8*i)))
	}
	return into
}

// numberBytes is how many an INTEGER below 2³¹ has: its first bit is 0.
func numberBytes(n uint32) int { return bits.Len32(n)/8 + 1 }
