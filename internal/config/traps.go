package config

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"regexp"
	"strings"

	"github.com/autoscaled/autoscaled/internal/secret"
	"github.com/autoscaled/autoscaled/internal/words"
)

// Traps is where notifications of SNMP agents, traps and informs, are received, and
// whose are believed.
type Traps struct {
	Listen  string       // host:port of UDP, or systemd:NAME, a socket that systemd passes on
	Senders []TrapSender // at least one; the first that fits counts
}

// TrapSender is somebody who may send notifications: in v2c when Community is set, else
// in v3.
type TrapSender struct {
	From      netip.Prefix  // the addresses that it may send from
	Community secret.Secret // of v2c
	User      string        // of v3: 1..32 bytes
	Auth      SNMPKey       // without a protocol: nothing is authenticated
	Privacy   SNMPKey       // with Auth; without a protocol: nothing is encrypted
	EngineID  string        // in lower-case hex, 5..32 bytes: of its traps; empty: it is learnt
}

// TrapRule makes its group evaluate at once on a notification.
type TrapRule struct {
	OID  string       // numeric, without a leading dot: the notification's, or one above it
	From netip.Prefix // the addresses that it may come from; the zero Prefix: those of the group's own instances
}

func readTraps(s *section) *Traps {
	defer s.close()
	s.require("listen", "senders")
	t := &Traps{Listen: read(s, "listen", "", trapSocket)}
	for _, item := range s.some("senders", s.items("senders"), "there is no sender, so nothing would be believed: add one") {
		t.Senders = append(t.Senders, readTrapSender(item))
	}
	return t
}

func readTrapSender(s *section) TrapSender {
	defer s.close()
	s.require("from")
	sender := TrapSender{
		From:      read(s, "from", netip.Prefix{}, addresses),
		Community: read(s, "community", secret.Secret{}, s.env.communities()),
		User:      read(s, "user", "", upToBytes(32)),
		EngineID:  read(s, "engine_id", "", engineID),
	}
	sender.Auth, sender.Privacy = readKeys(s)
	if s.choice("proof of who it is", "community", "user") == "community" {
		s.exclude("community", "belongs to a user of v3; v2c has a community alone: remove it", "auth", "privacy", "engine_id")
		return sender
	}
	demandAuth(s)
	return sender
}

// readTrapRules reads on which notifications the group evaluates; known is nil when
// none is received.
func readTrapRules(s *section, known *Traps) []TrapRule {
	var rules []TrapRule
	for _, item := range s.items("traps") {
		rules = append(rules, readTrapRule(item, known))
	}
	if rules != nil && known == nil {
		s.fault("traps", "nothing is received without a section `traps` at the top: add it, with listen and senders")
	}
	return rules
}

func readTrapRule(s *section, known *Traps) TrapRule {
	defer s.close()
	s.require("oid")
	rule := TrapRule{
		OID:  read(s, "oid", "", oid),
		From: read(s, "from", netip.Prefix{}, addresses),
	}
	if rule.From.IsValid() && known != nil && !known.covers(rule.From) {
		s.fault("from", "%s is in no sender's `from`, so nothing is believed from there: add it to traps.senders", rule.From)
	}
	return rule
}

// covers says that some sender may send from some of the addresses. A sender whose
// own could not be read, which is reported already, may send from any.
func (t *Traps) covers(from netip.Prefix) bool {
	for _, sender := range t.Senders {
		if !sender.From.IsValid() || sender.From.Overlaps(from) {
			return true
		}
	}
	return len(t.Senders) == 0
}

var systemdSocket = regexp.MustCompile(`^systemd:[A-Za-z0-9._-]{1,255}$`)

// trapSocket accepts an address to listen at, or the name of a socket that systemd
// passes on (systemd.socket(5): FileDescriptorName).
var trapSocket = parser[string]{parseTrapSocket, like(systemdSocket.String()+`|`+hostPortPattern, "host:port, or `systemd:` and a name")}

func parseTrapSocket(value string) (string, error) {
	if systemdSocket.MatchString(value) {
		return value, nil
	}
	if _, err := hostPort.parse(value); err != nil {
		return "", fmt.Errorf("`%s` is neither host:port nor systemd:NAME: write for example 0.0.0.0:10162", words.Shown(value))
	}
	return value, nil
}

// addresses accepts one address, or all that begin alike.
var addresses = parser[netip.Prefix]{parseAddresses, like(`^[0-9A-Fa-f:.]+(?:/[0-9]+)?$`, "address, or range such as `10.0.0.0/8`")}

func parseAddresses(value string) (netip.Prefix, error) {
	if address, err := netip.ParseAddr(value); err == nil && address.Zone() == "" {
		address = address.Unmap()
		return netip.PrefixFrom(address, address.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(value)
	switch {
	case err != nil || prefix.Addr().Is4In6():
		return netip.Prefix{}, fmt.Errorf("`%s` is not an address or a range of addresses: write for example 10.1.2.3 or 10.0.0.0/8", words.Shown(value))
	case prefix != prefix.Masked():
		return netip.Prefix{}, fmt.Errorf("%s says more than its first %d bits: write %s", prefix, prefix.Bits(), prefix.Masked())
	}
	return prefix, nil
}

// engineID accepts an engine's ID in hex, with or without 0x (RFC 3411 §5: 5 to 32
// bytes), and returns it in lower case without.
var engineID = parser[string]{parseEngineID, func() Shape {
	return Shape{Range: "5 to 32 bytes in hex", Pattern: `^(?:0[xX])?(?:[0-9A-Fa-f]{2}){5,32}$`, Numbers: longNumbers(10)}
}}

func parseEngineID(value string) (string, error) {
	digits := strings.TrimPrefix(strings.ToLower(value), "0x")
	if id, err := hex.DecodeString(digits); err != nil || len(id) < 5 || len(id) > 32 {
		return "", fmt.Errorf("`%s` is not an engine ID: write its 5 to 32 bytes in hex, as in 80001f8880e963000001020304", words.Shown(value))
	}
	return digits, nil
}
