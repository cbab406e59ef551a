package snmp

import (
	"reflect"
	"testing"

	"github.com/gosnmp/gosnmp"
)

// FuzzSealer feeds datagrams to sealers of all levels, and some algorithms of each. What
// they open, the rest of the package must open too, and find the same values in it. A
// datagram to be resealed is one before it is encrypted and signed, so that what is
// behind the code is reached as well.
func FuzzSealer(f *testing.F) {
	levels := []Options{
		noAuth(), authOnly("md5"), authOnly("sha512"),
		authPriv("sha256", "aes"), authPriv("sha", "aes192c"), authPriv("sha384", "aes256"),
	}
	asked := templateFor(f, twoObjects)
	agents, sealers := make([]*engineer, len(levels)), make([]*sealer, len(levels))
	for i, level := range levels {
		agents[i] = newEngineer(f, level)
		sealers[i] = sealerFor(f, agents[i])
		for j := range interesting {
			answer := agents[i].seal(sealedAnswer(asked, interesting[j], interesting[(j+1)%len(interesting)]))
			f.Add(byte(i), false, answer)
			f.Add(byte(i), true, unsealed(sealers[i], answer))
		}
		f.Add(byte(i), false, agents[i].report(sealedAnswer(asked), notInTimeWindows, gosnmp.NoAuthNoPriv))
		f.Add(byte(i), false, agents[i].report(sealedAnswer(asked), notInTimeWindows, agents[i].user.level))
		f.Add(byte(i), false, sealers[i].seal(nil, asked, sealedID, 5, 1000, 1))
	}
	f.Fuzz(func(t *testing.T, which byte, reseal bool, datagram []byte) {
		i := int(which) % len(levels)
		if reseal {
			datagram = resealed(sealers[i], datagram)
		}
		got, ok := opened(t, sealers[i], asked, datagram)
		if !ok {
			return
		}
		if want, believed := judged(t, agents[i], asked, datagram); !believed || !reflect.DeepEqual(got, want) {
			t.Errorf("%v in %x, want %v (%v)", got, datagram, want, believed)
		}
	})
}
