package config

import (
	"net/netip"
	"reflect"
	"testing"

	"github.com/autoscaled/autoscaled/internal/secret"
)

func TestTheExamplesTrapsAreReadAsWritten(t *testing.T) {
	t.Parallel()
	example := shipped(t, "autoscaled.example.yaml")
	ten := netip.MustParsePrefix("10.0.0.0/8")
	want := &Traps{Listen: "0.0.0.0:10162", Senders: []TrapSender{
		{From: ten, Community: secret.New("content-of-community")},
		{
			From: ten, User: "autoscaled", EngineID: "80001f8880e963000001020304",
			Auth:    SNMPKey{"sha256", secret.New("content-of-auth")},
			Privacy: SNMPKey{"aes", secret.New("content-of-privacy")},
		},
	}}
	if !reflect.DeepEqual(example.Traps, want) {
		t.Errorf("got %+v, want %+v", example.Traps, want)
	}
	rules := []TrapRule{{OID: "1.3.6.1.2.1.88.2.0.1", From: netip.MustParsePrefix("10.1.2.3/32")}}
	if got := example.Groups["web"].Traps; !reflect.DeepEqual(got, rules) {
		t.Errorf("the group decides on %+v, want %+v", got, rules)
	}
	if minimal := shipped(t, "minimal.yaml"); minimal.Traps != nil || minimal.Groups["web"].Traps != nil {
		t.Errorf("without the key there are %+v, %+v", minimal.Traps, minimal.Groups["web"].Traps)
	}
}

func TestWhereTrapsArriveIsAnAddressOrASocketOfSystemds(t *testing.T) {
	t.Parallel()
	for value, good := range map[string]bool{
		"0.0.0.0:10162": true, ":10162": true, "[::1]:162": true, "systemd:traps": true, "systemd:autoscaled-traps.socket": true,
		"10162": false, "systemd:": false, "systemd:a:b": false, "systemd:a b": false, "0.0.0.0:snmptrap": false,
	} {
		if got, err := trapSocket.parse(value); (err == nil) != good || good && got != value {
			t.Errorf("%s: %q, %v", value, got, err)
		}
	}
}

func TestAddressesAreOneOrARange(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"10.1.2.3": "10.1.2.3/32", "10.0.0.0/8": "10.0.0.0/8", "::ffff:10.1.2.3": "10.1.2.3/32", "fd00::/8": "fd00::/8",
		"fd00::1": "fd00::1/128", "0.0.0.0/0": "0.0.0.0/0",
		"10.0.0.1/8": "", "::ffff:10.0.0.0/104": "", "fe80::1%eth0": "", "10.0.0.0/33": "", "localhost": "", "10.0.0": "",
	} {
		got, err := addresses.parse(value)
		if (err == nil) != (want != "") || err == nil && got.String() != want {
			t.Errorf("%s: %v, %v", value, got, err)
		}
	}
}

func TestEngineIDsAreReadWithAndWithoutTheirMark(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"80001f8880e963000001020304": "80001f8880e963000001020304", "0x80001F8880AABBCCDD": "80001f8880aabbccdd", "0X8000000005": "8000000005",
		"80001f88": "", "80001f8880e": "", "engine": "", "0x": "",
		"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff00": "",
	} {
		if got, err := engineID.parse(value); got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v", value, got, err)
		}
	}
}
