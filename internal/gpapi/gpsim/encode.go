package gpsim

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
)

// field is one member of an answer: a string, fields, or a list of either. GP-API
// gives every scalar, numbers included, as a string, and a list also when it is
// empty.
type field struct {
	name  string
	value any
}

// fields are the members of an answer, in the order in which they are written.
type fields []field

// value is that of a member; nil when there is none.
func (f fields) value(name string) any {
	for _, member := range f {
		if member.name == name {
			return member.value
		}
	}
	return nil
}

// format is how an answer is written; the path of the request picks it.
type format uint8

const (
	formatJSON format = iota
	formatXML
)

func formatOf(path string) format {
	if path == "/xml" {
		return formatXML
	}
	return formatJSON
}

func (f format) contentType() string {
	if f == formatXML {
		return xmlContentType
	}
	return "application/json; charset=utf-8"
}

// encode writes a whole answer: one object with the one member name, or a
// document with the root element name.
func (f format) encode(name string, members fields) []byte {
	if f == formatXML {
		return append(appendXML([]byte(xml.Header), name, members), '\n')
	}
	return append(appendJSON(nil, fields{{name, members}}), '\n')
}

func appendJSON(body []byte, value any) []byte {
	switch value := value.(type) {
	case string:
		return appendJSONText(body, value)
	case fields:
		return appendJSONObject(body, value)
	case []string:
		return appendJSONList(body, value)
	case []fields:
		return appendJSONList(body, value)
	default:
		panic(fmt.Sprintf("gpsim: an answer holds a %T", value))
	}
}

func appendJSONObject(body []byte, members fields) []byte {
	body = append(body, '{')
	for i, member := range members {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(appendJSONText(body, member.name), ':')
		body = appendJSON(body, member.value)
	}
	return append(body, '}')
}

func appendJSONList[T any](body []byte, list []T) []byte {
	body = append(body, '[')
	for i, entry := range list {
		if i > 0 {
			body = append(body, ',')
		}
		body = appendJSON(body, entry)
	}
	return append(body, ']')
}

func appendJSONText(body []byte, text string) []byte {
	if !isPlain(text) {
		escaped, _ := json.Marshal(text) // never fails on a string
		return append(body, escaped...)
	}
	body = append(body, '"')
	body = append(body, text...)
	return append(body, '"')
}

// isPlain says whether a text needs no escape in either format, which holds for
// almost all of a long listing.
func isPlain(text string) bool {
	for i := range len(text) {
		switch c := text[i]; {
		case c < ' ' || c > '~', c == '"', c == '\\', c == '<', c == '>', c == '&', c == '\'':
			return false
		}
	}
	return true
}

// appendXML writes an element: members and the entries of lists are its children.
func appendXML(body []byte, name string, value any) []byte {
	body = append(append(append(body, '<'), name...), '>')
	switch value := value.(type) {
	case string:
		body = appendXMLText(body, value)
	case fields:
		for _, member := range value {
			body = appendXML(body, member.name, member.value)
		}
	case []string:
		for _, entry := range value {
			body = appendXML(body, xmlListEntry, entry)
		}
	case []fields:
		for _, entry := range value {
			body = appendXML(body, xmlListEntry, entry)
		}
	default:
		panic(fmt.Sprintf("gpsim: an answer holds a %T", value))
	}
	return append(append(append(body, "</"...), name...), '>')
}

// appendXMLText shows what XML cannot hold, such as a NUL, as U+FFFD.
func appendXMLText(body []byte, text string) []byte {
	if isPlain(text) {
		return append(body, text...)
	}
	var escaped bytes.Buffer
	_ = xml.EscapeText(&escaped, []byte(text)) // a buffer takes everything
	return append(body, escaped.Bytes()...)
}
