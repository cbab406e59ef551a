package snmp

import (
	"context"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gosnmp/gosnmp"

	"github.com/autoscaled/autoscaled/internal/words"
)

// Traced is a datagram as a person sees it: one that was sent, or one that arrived,
// with what was made of it. It shows no community, key or passphrase.
type Traced struct {
	Sent    bool
	Bytes   int
	PDU     string         // of what was sent or believed, such as GetRequest
	Objects []TracedObject // of what was sent or believed
	Status  string         // of what was believed: the agent's error-status; empty: none
	Reason  string         // of what was dropped: one of DropReasons
	Why     string         // the same in words
}

// TracedObject is an object by its numeric OID, and in answers with its value.
type TracedObject struct {
	OID   string
	Name  string // as in the profiles; empty: in none
	Type  string // such as Counter32; empty in requests
	Value string
}

// traceSent tells of a request.
func (o Options) traceSent(r request, bytes int) {
	if o.Trace == nil {
		return
	}
	traced := Traced{Sent: true, Bytes: bytes, PDU: r.pdu.String()}
	for _, oid := range r.objects {
		traced.Objects = append(traced.Objects, TracedObject{OID: oid, Name: NameOf(oid)})
	}
	o.Trace(traced)
}

// traceAnswer tells of an answer that was believed.
func (o Options) traceAnswer(answer *gosnmp.SnmpPacket, bytes int) {
	if o.Trace == nil || answer == nil {
		return
	}
	traced := Traced{Bytes: bytes, PDU: answer.PDUType.String()}
	if answer.Error != gosnmp.NoError {
		traced.Status = answer.Error.String()
	}
	for _, variable := range answer.Variables {
		traced.Objects = append(traced.Objects, TracedObject{
			OID: variable.Name, Name: NameOf(variable.Name), Type: variable.Type.String(), Value: shown(variable),
		})
	}
	o.Trace(traced)
}

// traceDrop tells of a datagram that was not believed.
func (o Options) traceDrop(dropped *drop, bytes int) {
	if o.Trace != nil {
		o.Trace(Traced{Bytes: bytes, Reason: dropped.reason, Why: dropped.why})
	}
}

// shown is the value as the agent wrote it: text in quotes, or in hexadecimal when it
// is none.
func shown(variable gosnmp.SnmpPDU) string {
	switch content := variable.Value.(type) {
	case nil:
		return ""
	case []byte:
		if utf8.Valid(content) {
			return strconv.Quote(words.Clip(string(content), 80))
		}
		return words.Clip(fmt.Sprintf("% x", content), 80)
	default:
		return words.Shown(fmt.Sprint(content))
	}
}

// NameOf is what the profiles call an object, with its index; empty when none has it.
// The OID has a leading dot.
func NameOf(oid string) string {
	for root, name := range objectNames {
		if oid == root {
			return name
		}
		if beneath(oid, root) {
			return name + oid[len(root):]
		}
	}
	return ""
}

// objectNames are the names by OID: of columns, and of cells.
var objectNames = func() map[string]string {
	names := map[string]string{
		strings.TrimSuffix(sysUpTime, ".0"): "sysUpTime", ifName: "ifName", hrStorageDescr: "hrStorageDescr",
		strings.TrimSuffix(unsupportedSecLevels, ".0"): "usmStatsUnsupportedSecLevels",
		strings.TrimSuffix(notInTimeWindows, ".0"):     "usmStatsNotInTimeWindows",
		strings.TrimSuffix(unknownUserNames, ".0"):     "usmStatsUnknownUserNames",
		strings.TrimSuffix(unknownEngineIDs, ".0"):     "usmStatsUnknownEngineIDs",
		strings.TrimSuffix(wrongDigests, ".0"):         "usmStatsWrongDigests",
		strings.TrimSuffix(decryptionErrors, ".0"):     "usmStatsDecryptionErrors",
	}
	for _, profile := range profiles {
		for _, object := range profile.objects {
			names[object.oid] = object.name
		}
	}
	return names
}()

// Walk reads all objects beneath the OID, one with a leading dot, from the agent at
// address, and returns how many there are; Options.Trace is told of them. The error
// says why they could not be read to the end.
func Walk(ctx context.Context, client *Client, address netip.Addr, oid string) (int, error) {
	call, err := client.peer(address).dial(ctx)
	if err != nil {
		return 0, err
	}
	defer call.close()
	column, err := call.walk(ctx, oid)
	if err != nil {
		return 0, call.named(err)
	}
	return len(column.rows), nil
}
