package guest

import (
	"bytes"
	"encoding/asn1"
	"errors"
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestIntegersAreEncodedAsTheStandardLibraryDoes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int32().Draw(t, "n")
		want, err := asn1.Marshal(n)
		if got := integer(n).bytes(); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("got % x, want % x (%v)", got, want, err)
		}
		in := reader{want}
		if got, err := in.takeInteger(); err != nil || got != n {
			t.Fatalf("read back %d, %v", got, err)
		}
		u := rapid.Uint64().Draw(t, "u")
		want, err = asn1.Marshal(new(big.Int).SetUint64(u))
		if got := counter64(u); err != nil || !bytes.Equal(got.content, want[2:]) {
			t.Fatalf("got % x, want % x (%v)", got.content, want[2:], err)
		}
	})
}

func TestObjectIdentifiersAreEncodedAsTheStandardLibraryDoes(t *testing.T) {
	t.Parallel()
	arcs := rapid.SliceOfN(rapid.Uint32Range(0, 1<<31-1), 0, maxArcs-2) // the standard library's range
	rapid.Check(t, func(t *rapid.T) {
		root := rapid.Uint32Range(0, 2).Draw(t, "root")
		name := oid{root, rapid.Uint32Range(0, 39).Draw(t, "second")}.with(arcs.Draw(t, "arcs")...)
		var standard asn1.ObjectIdentifier
		for _, arc := range name {
			standard = append(standard, int(arc))
		}
		want, err := asn1.Marshal(standard)
		if got := objectID(name).bytes(); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%v: got % x, want % x (%v)", name, got, want, err)
		}
		in := reader{want}
		if got, err := in.takeObjectID(); err != nil || !slices.Equal(got, name) {
			t.Fatalf("%v: read back %v, %v", name, got, err)
		}
	})
}

func TestLongLengthsAreReadWithLeadingZerosAsNetSNMPSendsThem(t *testing.T) {
	t.Parallel()
	for _, encoded := range []string{"\x04\x03abc", "\x04\x81\x03abc", "\x04\x82\x00\x03abc", "\x04\x84\x00\x00\x00\x03abc"} {
		in := reader{[]byte(encoded)}
		if got, err := in.take(tagOctetString); err != nil || string(got) != "abc" {
			t.Errorf("% x: got %q, %v", encoded, got, err)
		}
	}
}

func TestMalformedValuesAreRefused(t *testing.T) {
	t.Parallel()
	integerOf := func(r *reader) error { _, err := r.takeInteger(); return err }
	nameOf := func(r *reader) error { _, err := r.takeObjectID(); return err }
	for story, c := range map[string]struct {
		encoded string
		take    func(*reader) error
	}{
		"nothing":                         {"", integerOf},
		"a tag alone":                     {"\x02", integerOf},
		"more length than content":        {"\x02\x02\x01", integerOf},
		"an indefinite length":            {"\x02\x80\x01\x00\x00", integerOf},
		"a length of five octets":         {"\x02\x85\x00\x00\x00\x00\x01\x01", integerOf},
		"a length that is cut":            {"\x02\x82\x00", integerOf},
		"another tag":                     {"\x04\x01\x01", integerOf},
		"an empty integer":                {"\x02\x00", integerOf},
		"an integer of five octets":       {"\x02\x05\x00\x00\x00\x00\x01", integerOf},
		"a sub-identifier that is cut":    {"\x06\x02\x2b\x86", nameOf},
		"a sub-identifier with leading 0": {"\x06\x03\x2b\x80\x01", nameOf},
		"a sub-identifier of 33 bits":     {"\x06\x06\x2b\xa0\x80\x80\x80\x00", nameOf},
		"too many sub-identifiers":        {"\x06\x81\x80" + string(bytes.Repeat([]byte{1}, 128)), nameOf},
	} {
		if err := c.take(&reader{[]byte(c.encoded)}); !errors.Is(err, errMalformed) {
			t.Errorf("%s: %v, want %v", story, err, errMalformed)
		}
	}
}
