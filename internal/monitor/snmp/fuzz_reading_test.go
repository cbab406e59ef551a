package snmp

import (
	"math"
	"testing"
	"time"

	"github.com/gosnmp/gosnmp"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// FuzzReadings makes readings of two datagrams, which answer a GET one after the
// other, by every kind of rule. A reading has either a value that can be, or a
// reason.
func FuzzReadings(f *testing.F) {
	var quantities []Quantity
	asked := request{id: 77, pdu: gosnmp.GetRequest, objects: []string{sysUpTime}}
	for _, of := range []config.SNMP{
		{Profile: "cpu_busy"}, {Profile: "memory_used"}, {Profile: "network_in", Interface: 2}, {Profile: "network_out_utilization", Interface: 2},
		{OID: table + ".1", Counter: true, Scale: 1}, {OID: table + ".2", Scale: -2, Max: 10}, {Profile: "load1"},
	} {
		q, err := NewQuantity(of)
		if err != nil {
			f.Fatal(err)
		}
		quantities = append(quantities, q)
		for _, object := range q.objects {
			asked.objects = append(asked.objects, object.oid)
		}
	}
	for _, version := range []gosnmp.SnmpVersion{gosnmp.Version1, gosnmp.Version2c} {
		for _, variable := range interesting {
			answers := [2][]byte{}
			for i := range answers {
				answer := &gosnmp.SnmpPacket{
					Version: version, Community: "public", PDUType: gosnmp.GetResponse, RequestID: asked.id,
					Variables: []gosnmp.SnmpPDU{cell(sysUpTime, gosnmp.TimeTicks, uint32(i))},
				}
				for k, name := range asked.objects[1:] {
					variable.Name = name
					if number, ok := variable.Value.(uint32); ok {
						variable.Value = number + uint32(i*k)
					}
					answer.Variables = append(answer.Variables, variable)
				}
				answers[i] = bytesOf(answer)
			}
			f.Add(version == gosnmp.Version1, answers[0], answers[1])
		}
	}
	f.Fuzz(func(t *testing.T, old bool, first, second []byte) {
		envelope := community{gosnmp.Version2c, "public"}
		if old {
			envelope.version = gosnmp.Version1
		}
		before := make([]baseline, len(quantities))
		for i, datagram := range [][]byte{first, second} {
			packet, ok := believed(t, envelope, datagram, asked)
			at := epoch.Add(time.Duration(i) * 10 * time.Second)
			got := reply{packet, at}
			if !ok || got.Error == gosnmp.NoError && exactly(got, asked.objects) != nil {
				return
			}
			answer, err := gather(got, make([]bool, len(asked.objects)-1))
			if err != nil {
				return
			}
			values := answer.values
			for k, q := range quantities {
				n := len(q.objects)
				read := meter{&q, &before[k]}.read(snapshot{at: at, uptime: answer.uptime, values: values[:n:n]})
				values = values[n:]
				value, has := read.Sample.Value()
				switch {
				case has != (read.Err == nil), has != (read.Sample.Why() == policy.Present):
					t.Fatalf("%s: %v (%v) with %v", q.objects[0].name, value, read.Sample.Why(), read.Err)
				case has && (math.IsNaN(value) || math.IsInf(value, 0) || value < q.floor || q.Ceiling > 0 && value > q.Ceiling*(1+rounding)):
					t.Fatalf("%s is %v", q.objects[0].name, value)
				}
			}
		}
	})
}

func TestOnlyDecimalTextsAreNumbers(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{"12.5": true, " -3e2\n": true, "0x1p4": false, "0X10": false, "1_000": false, "": false, "twelve": false} {
		if value := valueOfText([]byte(text)); (value.err() == nil) != want {
			t.Errorf("%q: a number is %v, want %v", text, value.err() == nil, want)
		}
	}
}
