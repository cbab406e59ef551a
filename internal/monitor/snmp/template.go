package snmp

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"time"
	"unique"

	"github.com/gosnmp/gosnmp"
)

const (
	version2c = 1

	tagGetRequest     = 0xa0
	tagGetResponse    = 0xa2
	tagOID            = 0x06
	tagCounter32      = 0x41
	tagGauge32        = 0x42
	tagTimeTicks      = 0x43
	tagCounter64      = 0x46
	tagNoSuchObject   = 0x80
	tagNoSuchInstance = 0x81
	tagEndOfMibView   = 0x82
)

// template is a GetRequest that is encoded once. From one request to the next only the
// four octets of its ID change.
//
// It opens answers without making anything of them but values. It takes those alone that
// are written in the plainest way; what is odd is for gosnmp to judge, which takes and
// refuses what it always did.
type template struct {
	encoded unique.Handle[encoded] // the same for all that ask the same: there are thousands
	count   int                    // of the objects, sysUpTime first
	texts   []Value                // what is most likely said of each object, if that is a text; nil: numbers
}

// encoded is what a template is made of.
type encoded struct {
	message string // in v2c
	pdu     int    // where it begins; it ends with the message
	id      int    // where its four octets begin
	names   string // of the objects as they are encoded, with tag and length, each behind one octet with the length of that
}

// minTemplateID is the smallest request ID that takes four octets (X.690 §8.3.2).
const minTemplateID = 1 << 23

// newTemplate asks for the objects, numeric OIDs with a leading dot, behind sysUpTime.0.
// The community is that of v2c.
func newTemplate(name string, objects []string, texts []Value) (*template, error) {
	objects = append([]string{sysUpTime}, objects...)
	message, err := community{gosnmp.Version2c, name}.seal(request{id: minTemplateID, pdu: gosnmp.GetRequest, objects: objects})
	if err != nil {
		return nil, err
	}
	whole := ber{rest: message}
	content := whole.within(tagSequence)
	content.take(tagInteger)
	content.take(tagOctetString)
	e := encoded{message: string(message), pdu: len(message) - len(content.rest)}
	pdu := content.within(tagGetRequest)
	id := pdu.take(tagInteger)
	if pdu.bad || len(id) != 4 {
		return nil, fmt.Errorf("encode the request for %d objects: it cannot be found again in what was encoded", len(objects))
	}
	e.id = len(message) - len(pdu.rest) - 4
	pdu.take(tagInteger)
	pdu.take(tagInteger)
	if e.names, err = namesIn(pdu.within(tagSequence), objects); err != nil {
		return nil, err
	}
	t := &template{encoded: unique.Make(e), count: len(objects), texts: texts}
	return t, t.check(objects)
}

// namesIn are the names in an encoded list of the objects; see encoded.
func namesIn(list ber, objects []string) (string, error) {
	var names []byte
	for _, object := range objects {
		variable := list.within(tagSequence)
		name := variable.rest
		variable.take(tagOID)
		length := len(name) - len(variable.rest)
		if variable.bad || length > math.MaxUint8 {
			return "", fmt.Errorf("encode the request for %s: its name, of %d bytes, cannot be found in what was encoded, or is too long", object, length)
		}
		names = append(append(names, byte(length)), name[:length]...)
	}
	return string(names), nil
}

// objects are the OIDs asked for, sysUpTime first.
func (t *template) objects() (objects []string) {
	packet, err := decode([]byte(t.encoded.Value().message))
	if err != nil {
		return nil // it was decoded when the template was made
	}
	for _, variable := range packet.Variables {
		objects = append(objects, variable.Name)
	}
	return objects
}

// check holds that gosnmp reads out of the encoded names what was asked for: whoever
// writes the same names then speaks of the same objects.
func (t *template) check(objects []string) error {
	if read := t.objects(); !slices.Equal(read, objects) {
		return fmt.Errorf("encode the request for %s: it is read as one for %s", objects, read)
	}
	return nil
}

// append writes the PDU behind what is there, with the ID, which is minTemplateID to 2³¹−1.
func (t *template) append(to []byte, id uint32) []byte {
	return t.appendFrom(to, t.encoded.Value().pdu, id)
}

// appendMessage writes the message of v2c likewise.
func (t *template) appendMessage(to []byte, id uint32) []byte { return t.appendFrom(to, 0, id) }

func (t *template) appendFrom(to []byte, from int, id uint32) []byte {
	e := t.encoded.Value()
	start := len(to) - from
	to = append(to, e.message[from:]...)
	binary.BigEndian.PutUint32(to[start+e.id:], id)
	return to
}

// openMessage is open for a whole message of v2c.
func (t *template) openMessage(datagram []byte, community string, id uint32, into []Value) bool {
	whole := ber{rest: datagram}
	content := whole.within(tagSequence)
	version, name := content.number(), content.take(tagOctetString)
	return !content.bad && len(whole.rest) == 0 && version == version2c && string(name) == community && t.open(content.rest, id, into)
}

// open takes the values out of a whole PDU: of the answer with that ID, without an
// error-status, that has exactly the objects asked for, in their order. It says false of
// everything else, and of what is written in an odd way; then into, with room for all
// objects, is undefined.
func (t *template) open(pdu []byte, id uint32, into []Value) bool {
	whole := ber{rest: pdu}
	content := whole.within(tagGetResponse)
	said, status, index := content.number(), content.number(), content.number()
	list := content.within(tagSequence)
	if list.bad || said != id || status != 0 || index != 0 || len(whole.rest) > 0 || len(content.rest) > 0 {
		return false
	}
	rest, names := list.rest, t.encoded.Value().names
	for i := range t.count {
		end := 1 + int(names[0])
		name := names[1:end]
		names = names[end:]
		variable, following := first(rest, tagSequence)
		if len(variable) < len(name) || string(variable[:len(name)]) != name {
			return false
		}
		value := variable[len(name):]
		if len(value) == 0 || i == 0 && value[0] != tagTimeTicks {
			return false
		}
		content, behind := first(value, value[0])
		var ok bool
		if into[i], ok = t.valueIn(i, value[0], content); !ok || content == nil || len(behind) > 0 {
			return false
		}
		rest = following
	}
	return len(rest) == 0
}

// first is the content of the first value, of that tag, and what follows it; nil if there is
// none. Nearly all lengths are written in one octet.
func first(data []byte, tag byte) (content, rest []byte) {
	if len(data) < 2 || data[0] != tag {
		return nil, nil
	}
	if end := 2 + int(data[1]); data[1] < 0x80 && end <= len(data) {
		return data[2:end:end], data[end:]
	}
	b := ber{rest: data}
	if content = b.take(tag); b.bad {
		return nil, nil
	}
	return content, b.rest
}

// uptimeIn is the agent's uptime in what open took out of its answer.
func uptimeIn(values []Value) time.Duration {
	return time.Duration(values[0].number()) * hundredth
}

// valueIn is the value of the ith object with that tag and content, if it is of an ordinary
// kind. A text that is as expected makes no new one.
func (t *template) valueIn(i int, tag byte, content []byte) (Value, bool) {
	switch tag {
	case tagInteger:
		number, ok := signed(content)
		return gaugeOf(float64(number)), ok
	case tagGauge32, tagTimeTicks:
		number, ok := unsigned(content, 5)
		return gaugeOf(float64(number)), ok
	case tagCounter32:
		count, ok := unsigned(content, 5)
		return Value{kind: counter32, bits: count}, ok
	case tagCounter64:
		count, ok := unsigned(content, 9)
		return Value{kind: counter64, bits: count}, ok
	case tagOctetString:
		if t.texts != nil && t.texts[i].more != nil && string(content) == t.texts[i].more.text {
			return t.texts[i], true
		}
		return valueOfText(content), true
	case tagNoSuchObject, tagNoSuchInstance, tagEndOfMibView:
		return lacked[gosnmp.Asn1BER(tag)], len(content) == 0
	}
	return Value{}, false
}

// unsigned is a number of 1 octet to so many, the first of which is 0 if all are there.
func unsigned(content []byte, most int) (number uint64, ok bool) {
	if len(content) == 0 || len(content) > most || len(content) == most && content[0] != 0 {
		return 0, false
	}
	for _, octet := range content {
		number = number<<8 | uint64(octet)
	}
	return number, true
}

// signed is an INTEGER of 32 bits at most.
func signed(content []byte) (int32, bool) {
	if len(content) == 0 || len(content) > 4 {
		return 0, false
	}
	number := int32(int8(content[0]))
	for _, octet := range content[1:] {
		number = number<<8 | int32(octet)
	}
	return number, true
}
