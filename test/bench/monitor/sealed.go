package main

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"time"
)

// What the stand-ins are asked with in v3: authentication by HMAC-SHA-256 (RFC 7860), and
// encryption by AES-128 (RFC 3826).
const (
	user              = "bench"
	authPassphrase    = "an authentic passphrase"
	privacyPassphrase = "a private passphrase"
)

const (
	codeLength = 24 // bytes of the HMAC that are sent
	sealedBoth = 3  // flags of a message that is authentic and encrypted
)

// engineID is that of all agents, as if they were clones of one machine.
var engineID = []byte("\x80\x00\x1f\x88\x04bench-agent")

const engineBoots = 7

// unknownEngine is usmStatsUnknownEngineIDs.0, and notInTime usmStatsNotInTimeWindows.0.
var (
	unknownEngine = []byte{0x2b, 6, 1, 6, 3, 15, 1, 1, 4, 0}
	notInTime     = []byte{0x2b, 6, 1, 6, 3, 15, 1, 1, 2, 0}
)

// sealer opens and makes messages of v3. It is for one goroutine.
type sealer struct {
	mac   hash.Hash
	code  [sha256.Size]byte
	block cipher.Block
	salt  uint64
	plain [datagramMost]byte
}

func newSealer() *sealer {
	block, err := aes.NewCipher(localized(privacyPassphrase)[:16])
	if err != nil {
		panic(err) // of a key of 16 bytes
	}
	return &sealer{mac: hmac.New(sha256.New, localized(authPassphrase)), block: block}
}

// localized is the key that the passphrase makes at the engine (RFC 3414, A.2).
func localized(passphrase string) []byte {
	const stretched = 1 << 20
	long := bytes.Repeat([]byte(passphrase), stretched/len(passphrase)+1)[:stretched]
	key := sha256.Sum256(long)
	bound := sha256.Sum256(bytes.Join([][]byte{key[:], engineID, key[:]}, nil))
	return bound[:]
}

// sealedMessage is a message of v3, taken apart.
type sealedMessage struct {
	whole               []byte
	id                  []byte
	flags               byte
	engine, user        []byte
	boots, seconds      uint64
	code, salt, payload []byte // the code lies within whole
}

func parseSealed(message []byte) (m sealedMessage, ok bool) {
	var all [8]bool
	content, _, ok := inside(message, tagSequence)
	version, rest, ok1 := inside(content, tagInteger)
	global, rest, ok2 := inside(rest, tagSequence)
	security, payload, ok3 := inside(rest, tagOctets)
	if !ok || !ok1 || !ok2 || !ok3 || number(version) != 3 {
		return m, false
	}
	m.whole, m.payload = message, payload
	var flags, boots, seconds []byte
	m.id, rest, all[0] = inside(global, tagInteger)
	_, rest, all[1] = inside(rest, tagInteger)
	flags, _, all[2] = inside(rest, tagOctets)
	security, _, ok = inside(security, tagSequence)
	m.engine, rest, all[3] = inside(security, tagOctets)
	boots, rest, all[4] = inside(rest, tagInteger)
	seconds, rest, all[5] = inside(rest, tagInteger)
	m.user, rest, all[6] = inside(rest, tagOctets)
	m.code, rest, all[7] = inside(rest, tagOctets)
	m.salt, _, ok1 = inside(rest, tagOctets)
	if all != [8]bool{true, true, true, true, true, true, true, true} || !ok || !ok1 || len(flags) != 1 {
		return m, false
	}
	m.flags, m.boots, m.seconds = flags[0]&sealedBoth, number(boots), number(seconds)
	return m, true
}

// answer writes the answer to a message of v3.
func (s *sealer) answer(message []byte, of *moment, w *writer) bool {
	m, ok := parseSealed(message)
	seconds := uint64(time.Since(started).Seconds())
	switch {
	case !ok:
		return false
	case !bytes.Equal(m.engine, engineID):
		return s.report(m, unknownEngine, 0, seconds, w)
	case m.flags != sealedBoth || string(m.user) != user || !s.authentic(m):
		return false
	case m.boots != engineBoots || max(m.seconds, seconds)-min(m.seconds, seconds) > 150:
		return s.report(m, notInTime, 1, seconds, w)
	}
	if len(m.salt) != 8 {
		return false
	}
	secret, _, ok := inside(m.payload, tagOctets)
	if !ok || len(secret) > len(s.plain) {
		return false
	}
	s.feedback(s.plain[:], secret, m.boots, m.seconds, m.salt, false)
	scoped, _, ok := inside(s.plain[:len(secret)], tagSequence)
	_, rest, ok1 := inside(scoped, tagOctets)
	_, pdu, ok2 := inside(rest, tagOctets)
	end := w.at
	if !ok || !ok1 || !ok2 || !respond(pdu, of, w) {
		return false
	}
	s.scope(w, end)
	s.seal(m, sealedBoth, seconds, w, end)
	return true
}

// report writes that the counter of what was wrong has moved, at a level of security: 0, or 1
// for authentic.
func (s *sealer) report(m sealedMessage, counter []byte, level byte, seconds uint64, w *writer) bool {
	end := w.at
	w.number(tagCounter32, 1)
	w.element(tagOID, counter)
	w.wrap(tagSequence, end)
	w.wrap(tagSequence, end)
	w.number(tagInteger, 0)
	w.number(tagInteger, 0)
	w.element(tagInteger, m.id)
	w.wrap(tagReport, end)
	s.scope(w, end)
	s.seal(m, level, seconds, w, end)
	return true
}

// scope makes the PDU that was written since end a scoped one, without a context's name.
func (s *sealer) scope(w *writer, end int) {
	w.element(tagOctets, nil)
	w.element(tagOctets, engineID)
	w.wrap(tagSequence, end)
}

// seal makes the scoped PDU that was written since end a message.
func (s *sealer) seal(m sealedMessage, level byte, seconds uint64, w *writer, end int) {
	var salt [8]byte
	s.salt++
	binary.BigEndian.PutUint64(salt[:], s.salt)
	if level == sealedBoth {
		s.feedback(w.bytes[w.at:end], w.bytes[w.at:end], engineBoots, seconds, salt[:], true)
		w.wrap(tagOctets, end)
	}
	security := w.at
	code := s.parameters(m, level, seconds, salt[:], w)
	w.wrap(tagSequence, security)
	w.wrap(tagOctets, security)
	global := w.at
	w.number(tagInteger, 3) // the user-based security model
	w.element(tagOctets, []byte{level})
	w.number(tagInteger, datagramMost)
	w.element(tagInteger, m.id)
	w.wrap(tagSequence, global)
	w.number(tagInteger, 3) // the version
	w.wrap(tagSequence, end)
	if level != 0 {
		s.mac.Reset()
		_, _ = s.mac.Write(w.bytes[w.at:end])
		copy(w.bytes[code:], s.mac.Sum(s.code[:0])[:codeLength])
	}
}

// parameters writes those of security, and returns where the code is to be.
func (s *sealer) parameters(m sealedMessage, level byte, seconds uint64, salt []byte, w *writer) (code int) {
	var zeros [codeLength]byte
	if level != sealedBoth {
		salt = nil
	}
	w.element(tagOctets, salt)
	if level == 0 {
		w.element(tagOctets, nil)
	} else {
		w.element(tagOctets, zeros[:])
		code = w.at + 2 // behind its tag and length
	}
	w.element(tagOctets, m.user)
	w.number(tagInteger, seconds)
	w.number(tagInteger, engineBoots)
	w.element(tagOctets, engineID)
	return code
}

// authentic says whether the message has the code that only those who know the key can make.
func (s *sealer) authentic(m sealedMessage) bool {
	if len(m.code) != codeLength {
		return false
	}
	var said [codeLength]byte
	copy(said[:], m.code)
	clear(m.code)
	s.mac.Reset()
	_, _ = s.mac.Write(m.whole)
	return hmac.Equal(said[:], s.mac.Sum(s.code[:0])[:codeLength])
}

// feedback encrypts or decrypts by AES in cipher feedback mode (RFC 3826).
func (s *sealer) feedback(into, from []byte, boots, seconds uint64, salt []byte, encrypt bool) {
	var before, stream [aes.BlockSize]byte
	binary.BigEndian.PutUint32(before[:], uint32(boots))
	binary.BigEndian.PutUint32(before[4:], uint32(seconds))
	copy(before[8:], salt)
	for len(from) > 0 {
		s.block.Encrypt(stream[:], before[:])
		n := min(len(from), aes.BlockSize)
		if !encrypt {
			copy(before[:], from[:n])
		}
		for i := range n {
			into[i] = from[i] ^ stream[i]
		}
		if encrypt {
			copy(before[:], into[:n])
		}
		into, from = into[n:], from[n:]
	}
}
