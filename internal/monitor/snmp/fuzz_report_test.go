package snmp

import (
	"strings"
	"testing"

	"github.com/gosnmp/gosnmp"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/secret"
)

// FuzzReport feeds datagrams to all that a report passes through, for a user of each
// level: what meets an engine, and what heeds its wish for another engine or time.
// However it is written, a call heeds one and can ask again, and no message has a
// secret in it.
func FuzzReport(f *testing.F) {
	key := config.SNMPKey{Protocol: "md5", Passphrase: secret.New(passphrase)}
	levels := []Options{{User: "reader"}, {User: "reader", Auth: key}, {User: "reader", Auth: key, Privacy: config.SNMPKey{Protocol: "des", Passphrase: key.Passphrase}}}
	agents := make([]*engineer, len(levels))
	for i, level := range levels {
		agents[i] = newEngineer(f, level)
		for _, what := range []string{unsupportedSecLevels, notInTimeWindows, unknownUserNames, unknownEngineIDs, wrongDigests, decryptionErrors, unknownContexts, ".1.3"} {
			f.Add(byte(i), agents[i].report(agents[i].question(), what, gosnmp.NoAuthNoPriv))
			f.Add(byte(i), agents[i].report(agents[i].question(), what, gosnmp.AuthNoPriv&agents[i].user.level))
		}
		f.Add(byte(i), agents[i].reportAs(agents[i].question(), unknownEngineIDs, gosnmp.NoAuthNoPriv, &engine{id: "another", boots: 7}))
	}
	f.Fuzz(func(t *testing.T, which byte, datagram []byte) {
		agent := agents[int(which)%len(levels)]
		r := request{id: agent.question().RequestID, pdu: gosnmp.GetRequest, objects: twoObjects}
		check := func(p *peer, err error) {
			if err != nil {
				if strings.Contains(err.Error(), passphrase) || len(err.Error()) > 500 {
					t.Fatalf("it is explained by %q", err)
				}
				return
			}
			if n := len(p.engine.id); n < minEngineID || n > maxEngineID {
				t.Fatalf("an engine ID of %d bytes was taken", n)
			}
			if _, err := (secured{p}).seal(r); err != nil {
				t.Fatalf("the next request cannot be made: %v", err)
			}
		}

		knowing := agent.reader(t)
		if packet, ok := believed(t, secured{knowing}, datagram, r); ok && packet.PDUType == gosnmp.Report {
			c := &call{peer: knowing}
			check(knowing, c.heed(packet))
			if c.heed(packet) == nil {
				t.Fatal("the same report is heeded again")
			}
		}
		meeting := client(t, agent.options).peer(loopback)
		if packet, ok := believed(t, discovery{}, datagram, r); ok {
			check(meeting, meeting.learn(packet))
		}
	})
}
