package prom

import (
	"bytes"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth is how many objects and arrays may lie within each other. Prometheus needs ten.
const maxDepth = 100

// scanner reads a JSON text (RFC 8259) from its beginning to its end. It takes and
// refuses the same texts as encoding/json, but for those deeper than maxDepth. After an
// error it is at its end, and nothing comes any more.
type scanner struct {
	text  []byte
	at    int  // of the next byte
	depth int  // of objects and arrays that began and did not end
	first bool // nothing of the innermost of these was read yet
	err   error

	unescaped []byte // the newest string that is not as it is written
}

// fail is for the first thing that is wrong; wanted is what should be at the byte.
func (s *scanner) fail(at int, wanted string) {
	switch {
	case s.err != nil:
	case at < len(s.text):
		s.err = fmt.Errorf("byte %d is %q, where %s should be", at+1, s.text[at], wanted)
	default:
		s.err = fmt.Errorf("it ends after %d bytes, where %s should be", len(s.text), wanted)
	}
	s.at = len(s.text)
}

// peek is the next byte behind white space; 0 at the end.
func (s *scanner) peek() byte {
	for ; s.at < len(s.text); s.at++ {
		if c := s.text[s.at]; c > ' ' || c != ' ' && c != '\t' && c != '\n' && c != '\r' {
			return c
		}
	}
	return 0
}

// take reads the byte if it is what follows white space.
func (s *scanner) take(c byte) bool {
	if s.peek() != c {
		return false
	}
	s.at++
	return true
}

func (s *scanner) expect(c byte, wanted string) {
	if !s.take(c) {
		s.fail(s.at, wanted)
	}
}

// object begins one, whose members are read by
//
//	for s.object(); s.more('}'); {
//		key := s.key() // and one value
//	}
func (s *scanner) object() { s.begin('{', "an object") }

// array begins one, of which one value is read in each turn of a loop like that of an
// object, up to ].
func (s *scanner) array() { s.begin('[', "an array") }

func (s *scanner) begin(c byte, wanted string) {
	if s.depth++; s.depth > maxDepth {
		s.fail(s.at, "nothing that lies so deep")
	}
	s.expect(c, wanted)
	s.first = true
}

// more says whether the object or array has more to read, or reads its end.
func (s *scanner) more(end byte) bool {
	switch {
	case s.err != nil:
		return false
	case s.take(end):
		s.depth--
		s.first = false
		return false
	case s.first:
		s.first = false
	default:
		s.expect(',', "a comma or the end of what began")
	}
	return s.err == nil
}

// key reads the name of an object's member; it is valid as long as one of quoted.
func (s *scanner) key() []byte {
	name := s.quoted()
	s.expect(':', "a colon")
	return name
}

// skip reads any value.
func (s *scanner) skip() {
	switch s.peek() {
	case '{':
		for s.object(); s.more('}'); {
			s.key()
			s.skip()
		}
	case '[':
		for s.array(); s.more(']'); {
			s.skip()
		}
	case '"':
		s.quoted()
	case 't':
		s.literal("true")
	case 'f':
		s.literal("false")
	case 'n':
		s.literal("null")
	default:
		s.number()
	}
}

// null reads null, if that is what is next.
func (s *scanner) null() bool {
	if s.peek() != 'n' {
		return false
	}
	s.literal("null")
	return true
}

func (s *scanner) literal(word string) {
	if !bytes.HasPrefix(s.text[s.at:], []byte(word)) {
		s.fail(s.at, "a value")
		return
	}
	s.at += len(word)
}

// number reads one and returns it as it is written.
func (s *scanner) number() []byte {
	s.peek()
	from := s.at
	s.oneOf("-")
	if !s.oneOf("0") {
		s.digits("a value")
	}
	if s.oneOf(".") {
		s.digits("a digit")
	}
	if s.oneOf("eE") {
		s.oneOf("+-")
		s.digits("a digit")
	}
	return s.text[from:s.at]
}

// oneOf reads the very next byte if it is one of those.
func (s *scanner) oneOf(those string) bool {
	for i := range len(those) {
		if s.at < len(s.text) && s.text[s.at] == those[i] {
			s.at++
			return true
		}
	}
	return false
}

func (s *scanner) digits(wanted string) {
	from := s.at
	for s.at < len(s.text) && s.text[s.at] >= '0' && s.text[s.at] <= '9' {
		s.at++
	}
	if s.at == from {
		s.fail(from, wanted)
	}
}

// quoted reads a string and returns what it says, in UTF-8. That is valid until the next
// one is read.
func (s *scanner) quoted() []byte {
	s.expect('"', "a string")
	from := s.at
	for ; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; {
		case c == '"':
			s.at++
			return s.text[from : s.at-1]
		case c < ' ' || c == '\\' || c >= utf8.RuneSelf:
			s.unescaped = append(s.unescaped[:0], s.text[from:s.at]...)
			return s.unescape()
		}
	}
	s.fail(s.at, "the end of a string")
	return nil
}

// unescape reads the rest of a string. As in encoding/json, what is no character becomes
// U+FFFD.
func (s *scanner) unescape() []byte {
	for s.at < len(s.text) {
		switch c := s.text[s.at]; {
		case c == '"':
			s.at++
			return s.unescaped
		case c < ' ':
			s.fail(s.at, "a character of a string")
		case c == '\\':
			s.at++
			s.unescaped = utf8.AppendRune(s.unescaped, s.escaped())
		default:
			character, size := utf8.DecodeRune(s.text[s.at:])
			s.at += size
			s.unescaped = utf8.AppendRune(s.unescaped, character)
		}
	}
	s.fail(s.at, "the end of a string")
	return nil
}

// escaped reads what stands behind a backslash.
func (s *scanner) escaped() rune {
	if s.oneOf("u") {
		return s.coded()
	}
	const names, meant = `"\/bfnrt`, "\"\\/\b\f\n\r\t"
	for i := range len(names) {
		if s.oneOf(names[i : i+1]) {
			return rune(meant[i])
		}
	}
	s.fail(s.at, "a known escape")
	return 0
}

// coded reads a character by its number; those beyond 16 bits take two, a pair of
// surrogates.
func (s *scanner) coded() rune {
	code := s.hexadecimal()
	if !utf16.IsSurrogate(code) {
		return code
	}
	lone := s.at
	if s.oneOf(`\`) && s.oneOf("u") {
		if character := utf16.DecodeRune(code, s.hexadecimal()); character != utf8.RuneError {
			return character
		}
	}
	if s.err == nil {
		s.at = lone
	}
	return utf8.RuneError
}

// hexadecimal reads four digits.
func (s *scanner) hexadecimal() (code rune) {
	for range 4 {
		digit := rune(-1)
		if s.at < len(s.text) {
			digit = valueOfDigit(s.text[s.at])
		}
		if digit < 0 {
			s.fail(s.at, "a hexadecimal digit")
			return utf8.RuneError
		}
		code = code<<4 | digit
		s.at++
	}
	return code
}

// valueOfDigit is below 0 for what is no hexadecimal digit.
func valueOfDigit(c byte) rune {
	switch {
	case c >= '0' && c <= '9':
		return rune(c - '0')
	case c|' ' >= 'a' && c|' ' <= 'f':
		return rune(c|' '-'a') + 10
	}
	return -1
}

// end holds that there is nothing behind.
func (s *scanner) end() {
	if s.peek(); s.at < len(s.text) {
		s.fail(s.at, "the end")
	}
}
