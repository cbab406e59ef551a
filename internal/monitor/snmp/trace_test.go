package snmp

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gosnmp/gosnmp"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/secret"
)

func TestEveryDatagramOfACallIsTold(t *testing.T) {
	t.Parallel()
	at := agent(t, func(request *gosnmp.SnmpPacket) [][]byte {
		forged := answerTo(request)
		forged.RequestID = 0
		return [][]byte{bytesOf(forged), bytesOf(answerTo(request))}
	})
	var told []Traced
	options := Options{Timeout: patient, Community: secret.New("hush-hush"), Trace: func(traced Traced) { told = append(told, traced) }}
	reader(t, at, options, config.SNMP{Profile: "load1"}).Read(t.Context())
	for i := range told {
		if told[i].Bytes < 20 {
			t.Errorf("%d bytes in %+v", told[i].Bytes, told[i])
		}
		told[i].Bytes = 0
	}
	const load1 = ".1.3.6.1.4.1.2021.10.1.5.1"
	want := []Traced{
		{Sent: true, PDU: "GetRequest", Objects: []TracedObject{{OID: sysUpTime, Name: "sysUpTime.0"}, {OID: load1, Name: "laLoadInt.1"}}},
		{Reason: dropIDZero, Why: "its request ID is 0"},
		{PDU: "GetResponse", Objects: []TracedObject{
			{OID: sysUpTime, Name: "sysUpTime.0", Type: "TimeTicks", Value: "1234"}, {OID: load1, Name: "laLoadInt.1", Type: "Gauge32", Value: "7"},
		}},
	}
	if !reflect.DeepEqual(told, want) {
		t.Errorf("told\n%+v\nwant\n%+v", told, want)
	}
	if text := fmt.Sprintf("%+v", told); strings.Contains(text, "hush-hush") {
		t.Errorf("told %s", text)
	}
}

func TestRequestsThatAreNotAnsweredAreTold(t *testing.T) {
	t.Parallel()
	var sent atomic.Int32
	at := responder(t, func([]byte) [][]byte { return nil })
	_, err := getFrom(t, at, Options{Timeout: 10 * hasty, Retries: 2, Trace: func(traced Traced) {
		if traced.Sent {
			sent.Add(1)
		}
	}})
	if says(t, err, "no answer"); sent.Load() != 3 {
		t.Errorf("told of %d requests", sent.Load())
	}
}

func TestAnErrorStatusIsTold(t *testing.T) {
	t.Parallel()
	var told []string
	at := agent(t, altered(func(answer *gosnmp.SnmpPacket) { answer.Error, answer.ErrorIndex = gosnmp.GenErr, 1 }))
	_, _ = getFrom(t, at, Options{Timeout: patient, Trace: func(traced Traced) { told = append(told, traced.Status) }})
	if !slices.Equal(told, []string{"", "GenErr"}) {
		t.Errorf("told %q", told)
	}
}

func TestForeignTextIsToldSafely(t *testing.T) {
	t.Parallel()
	for want, value := range map[string]any{
		`"eth0"`: []byte("eth0"), `"\x1b[31m\n"`: []byte("\x1b[31m\n"), "ff 00 12": []byte{0xff, 0, 0x12}, `""`: []byte{},
		"42": uint32(42), "1.5": float32(1.5), ".1.3.6": ".1.3.6", "": nil, "a�b": "a\x1bb",
		`"` + strings.Repeat("a", 80) + `…"`: []byte(strings.Repeat("a", 5000)),
	} {
		if got := shown(gosnmp.SnmpPDU{Value: value}); got != want {
			t.Errorf("%v is told as %s, want %s", value, got, want)
		}
	}
}

func TestObjectsAreNamedAsInTheProfiles(t *testing.T) {
	t.Parallel()
	for oid, want := range map[string]string{
		".1.3.6.1.4.1.2021.11.50.0": "ssCpuRawUser", ".1.3.6.1.2.1.31.1.1.1.6.12": "ifHCInOctets.12", ifName + ".3": "ifName.3",
		sysUpTime: "sysUpTime.0", ".1.3.6.1.2.1.1.3": "sysUpTime", unknownEngineIDs: "usmStatsUnknownEngineIDs.0",
		".1.3.6.1.4.1.2021.11.5": "", ".1.3.6.1.2.1.31.1.1.1.60": "", "": "",
	} {
		if got := NameOf(oid); got != want {
			t.Errorf("%s is named %q, want %q", oid, got, want)
		}
	}
}

func TestAWalkToldInFullCountsWhatIsBeneath(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"v1", "v2c"} {
		at := agent(t, newMIB(time.Hour, rows(60)...).replies)
		beneathRoot := map[string]bool{}
		c := client(t, Options{Version: version, Timeout: patient, Port: at.Port(), Trace: func(traced Traced) {
			for _, object := range traced.Objects {
				if !traced.Sent && beneath(object.OID, table) {
					beneathRoot[object.OID] = true
				}
			}
		}})
		n, err := Walk(t.Context(), c, at.Addr(), table)
		if err != nil || n != 60 || len(beneathRoot) != 60 {
			t.Errorf("%s: %d objects and %d told, want 60; %v", version, n, len(beneathRoot), err)
		}
	}
}

func TestAWalkThatIsCutShortHasFailed(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	m := newMIB(time.Hour, rows(60)...)
	at := agent(t, func(request *gosnmp.SnmpPacket) [][]byte {
		if asked.Add(1) > 1 {
			return nil
		}
		return m.replies(request)
	})
	c := client(t, Options{Timeout: hasty, Port: at.Port()})
	n, err := Walk(context.Background(), c, at.Addr(), table)
	if says(t, err, "no answer"); n != 0 || !strings.HasPrefix(err.Error(), "snmp 127.0.0.1:") {
		t.Errorf("%d objects, %v", n, err)
	}
}
