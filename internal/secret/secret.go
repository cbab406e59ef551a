// Package secret holds a string that cannot print itself.
//
// Every way in which Go's own packages, YAML, JSON and zap turn a value into
// text yields the mark "<secret>" instead of the content; only Reveal gives the
// content, and is called where it goes onto the wire. It promises nothing about
// memory: the content stays in the process's address space.
//
// Config, gpapi and monitor call it; it calls nobody.
package secret

import (
	"fmt"
	"io"
)

const mark = "<secret>"

// Secret is a string that formats, encodes and logs as "<secret>". The zero
// Secret is empty.
type Secret struct{ content *string }

// New wraps content.
func New(content string) Secret { return Secret{&content} }

// Reveal returns the content. Call it only where it is used.
func (s Secret) Reveal() string {
	if s.content == nil {
		return ""
	}
	return *s.content
}

// Empty says that there is no content.
func (s Secret) Empty() bool { return s.Reveal() == "" }

// String returns the mark.
func (Secret) String() string { return mark }

// GoString returns the mark.
func (Secret) GoString() string { return mark }

// Format writes the mark for every verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, mark) }

// MarshalText returns the mark; encoding/json and zap use it.
func (Secret) MarshalText() ([]byte, error) { return []byte(mark), nil }

// MarshalYAML returns the mark.
func (Secret) MarshalYAML() (any, error) { return mark, nil }
