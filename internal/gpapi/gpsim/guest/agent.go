package guest

import (
	"errors"
	"slices"
)

// Versions, PDU types and error codes of SNMPv2c (RFC 1901, RFC 3416 §3).
const (
	version2c = 1

	pduGet      byte = 0xa0
	pduGetNext  byte = 0xa1
	pduResponse byte = 0xa2
	pduSet      byte = 0xa3
	pduGetBulk  byte = 0xa5

	errorTooBig      = 1
	errorNotWritable = 17
)

const (
	maxMessage  = 65507            // octets in a UDP datagram
	maxVarbinds = maxMessage - 512 // octets in a list of variable bindings; the rest is for the headers
)

var errNotForUs = errors.New("another version or community")

// request is a decoded SNMPv2c request.
type request struct {
	pdu            byte
	id             int32
	nonRepeaters   int32 // GetBulk only
	maxRepetitions int32 // GetBulk only
	names          []oid
	varbinds       []byte // as received
}

// binding is one variable binding of an answer.
type binding struct {
	name  oid
	value value
}

func (b binding) appendTo(encoded []byte) []byte {
	pair := b.value.appendTo(objectID(b.name).bytes())
	return sequence(pair).appendTo(encoded)
}

// respond answers one datagram of SNMPv2c: Get, GetNext and GetBulk from the
// reading, Set with notWritable. It returns nil, as net-snmp's agent says nothing,
// for a foreign community, another version or PDU type, and for what is no SNMP.
func respond(datagram []byte, community string, read func() reading) []byte {
	req, err := parseRequest(datagram, community)
	if err != nil {
		return nil
	}
	switch req.pdu {
	case pduGet:
		return req.answerEach(community, read().get)
	case pduGetNext:
		return req.answerEach(community, read().next)
	case pduGetBulk:
		return req.answer(community, 0, 0, read().bulk(req))
	case pduSet:
		return req.answer(community, errorNotWritable, min(1, len(req.names)), req.varbinds)
	default:
		return nil
	}
}

// answerEach answers with one binding for each name, or tooBig (RFC 3416 §4.2.1).
func (req request) answerEach(community string, find func(oid) binding) []byte {
	encoded, whole := appendBindings(nil, bindEach(req.names, find))
	if !whole {
		return req.answer(community, errorTooBig, 0, nil)
	}
	return req.answer(community, 0, 0, encoded)
}

func bindEach(names []oid, find func(oid) binding) []binding {
	bindings := make([]binding, len(names))
	for i, name := range names {
		bindings[i] = find(name)
	}
	return bindings
}

// bulk walks req's names as RFC 3416 §4.2.3 has it, until every repeater is at the
// end of the MIB or the answer is full.
func (r reading) bulk(req request) []byte {
	once := min(len(req.names), int(max(0, req.nonRepeaters)))
	encoded, whole := appendBindings(nil, bindEach(req.names[:once], r.next))
	repeaters := slices.Clone(req.names[once:])
	for repetition := int32(0); whole && repetition < req.maxRepetitions; repetition++ {
		row := bindEach(repeaters, r.next)
		encoded, whole = appendBindings(encoded, row)
		ended := true
		for i, b := range row {
			repeaters[i] = b.name
			ended = ended && b.value.tag == tagEndOfMibView
		}
		if ended {
			break
		}
	}
	return encoded
}

// appendBindings appends as many bindings as fit into a message; whole says that all did.
func appendBindings(encoded []byte, bindings []binding) (list []byte, whole bool) {
	for _, b := range bindings {
		longer := b.appendTo(encoded)
		if len(longer) > maxVarbinds {
			return encoded, false
		}
		encoded = longer
	}
	return encoded, true
}

// answer encodes the response to req (RFC 3416 §3).
func (req request) answer(community string, status, index int, varbinds []byte) []byte {
	pdu := integer(req.id).bytes()
	pdu = integer(int32(status)).appendTo(pdu)
	pdu = integer(int32(index)).appendTo(pdu)
	pdu = sequence(varbinds).appendTo(pdu)
	message := integer(version2c).bytes()
	message = octets(community).appendTo(message)
	message = value{pduResponse, pdu}.appendTo(message)
	return sequence(message).bytes()
}

// parseRequest decodes a datagram; it must be one whole SNMPv2c request of the
// given community and nothing else.
func parseRequest(datagram []byte, community string) (request, error) {
	outer := reader{datagram}
	message, err := outer.take(tagSequence)
	if err != nil || len(outer.rest) > 0 {
		return request{}, errMalformed
	}
	in := reader{message}
	if version, err := in.takeInteger(); err != nil || version != version2c {
		return request{}, errNotForUs
	}
	if sent, err := in.take(tagOctetString); err != nil || string(sent) != community {
		return request{}, errNotForUs
	}
	pdu, err := in.next()
	if err != nil || len(in.rest) > 0 {
		return request{}, errMalformed
	}
	return parsePDU(pdu)
}

func parsePDU(pdu value) (request, error) {
	req := request{pdu: pdu.tag}
	in := reader{pdu.content}
	for _, field := range []*int32{&req.id, &req.nonRepeaters, &req.maxRepetitions} {
		n, err := in.takeInteger()
		if err != nil {
			return request{}, err
		}
		*field = n
	}
	var err error
	if req.varbinds, err = in.take(tagSequence); err != nil || len(in.rest) > 0 {
		return request{}, errMalformed
	}
	for list := (reader{req.varbinds}); len(list.rest) > 0; {
		name, err := takeName(&list)
		if err != nil {
			return request{}, err
		}
		req.names = append(req.names, name)
	}
	return req, nil
}

// takeName takes one variable binding and returns its name; the value must be
// there, and is not looked at.
func takeName(list *reader) (oid, error) {
	pair, err := list.take(tagSequence)
	if err != nil {
		return nil, err
	}
	in := reader{pair}
	name, err := in.takeObjectID()
	if err != nil {
		return nil, err
	}
	if _, err := in.next(); err != nil || len(in.rest) > 0 {
		return nil, errMalformed
	}
	return name, nil
}
