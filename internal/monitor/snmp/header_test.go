package snmp

import (
	"math"
	"slices"
	"testing"

	"github.com/gosnmp/gosnmp"
)

func TestNumbersOfAHeaderAreReadInTheirRange(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		encoded []byte
		want    uint32
		bad     bool
	}{
		"zero":             {[]byte{2, 1, 0}, 0, false},
		"the largest":      {[]byte{2, 4, 0x7f, 0xff, 0xff, 0xff}, math.MaxInt32, false},
		"a long length":    {[]byte{2, 0x84, 0, 0, 0, 2, 1, 0}, 256, false},
		"negative":         {[]byte{2, 1, 0xff}, 0, true},
		"too large":        {[]byte{2, 5, 0, 0xff, 0xff, 0xff, 0xff}, 0, true},
		"empty":            {[]byte{2, 0}, 0, true},
		"cut short":        {[]byte{2, 4, 1, 0}, 0, true},
		"another type":     {[]byte{4, 1, 7}, 0, true},
		"without a length": {[]byte{2}, 0, true},
		"endless":          {[]byte{2, 0x80, 1, 0, 0}, 0, true},
		"a huge length":    {[]byte{2, 0x85, 0, 0, 0, 0, 1, 1}, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := ber{rest: test.encoded}
			if got := b.number(); got != test.want || b.bad != test.bad {
				t.Errorf("%d (bad: %v), want %d", got, b.bad, test.want)
			}
		})
	}
}

func TestAHeaderThatIsCutShortAnywhereIsMalformed(t *testing.T) {
	t.Parallel()
	e := newEngineer(t, authPriv("sha256", "aes"))
	whole := e.seal(answerTo(e.question()))
	h, dropped := readHeader(whole)
	if dropped != nil || h.id != 77 || h.flags != byte(gosnmp.AuthPriv) || h.model != 3 || h.engineID != e.engine.id || h.boots != 5 || h.user != "reader" || !h.encrypted {
		t.Fatalf("%+v, %v", h, dropped)
	}
	for length := range whole {
		if _, dropped := readHeader(slices.Clone(whole[:length])); dropped == nil || dropped.reason != dropMalformed {
			t.Errorf("of %d bytes, %d: %v", len(whole), length, dropped)
		}
	}
}
