package gpapi

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"sync"
)

const (
	xmlDepthMax    = 32
	xmlElementsMax = partsMax
)

// element is a part of an XML answer. Attributes are left out: the API uses none.
type element struct {
	name     string
	text     strings.Builder
	children []*element
}

// jsonOfXML returns the JSON that says the same as the XML answer to an action. In
// XML one entry of a list looks like an object, so the type of the answer decides.
func jsonOfXML(body []byte, act *action) ([]byte, error) {
	root, err := parseXML(body)
	if err != nil {
		return nil, fmt.Errorf("the answer is not XML: %w", err)
	}
	var content any
	switch {
	case strings.EqualFold(root.name, errorResponseName):
		root.name = errorResponseName
		content, err = root.object(reflect.TypeFor[errorResponse]())
	case strings.EqualFold(root.name, act.name+"Response"):
		root.name = act.name + "Response"
		content, err = root.object(act.response)
	}
	if err != nil {
		return nil, fmt.Errorf("the answer is not a %s: %w", root.name, err)
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	err = encoder.Encode(map[string]any{root.name: content})
	return text.Bytes(), err
}

// parseXML reads a document of elements and text alone. The parser knows no
// entities beyond XML's five, and a document type is refused.
func parseXML(body []byte) (*element, error) {
	decoder := xml.NewDecoder(bytes.NewReader(body))
	document := &element{}
	open := []*element{document}
	for elements := 0; ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		inner := open[len(open)-1]
		switch token := token.(type) {
		case xml.StartElement:
			if elements++; elements > xmlElementsMax || len(open) > xmlDepthMax {
				return nil, errors.New("it has too many elements, or too deep ones")
			}
			child := &element{name: token.Name.Local}
			inner.children = append(inner.children, child)
			open = append(open, child)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			inner.text.Write(token)
		case xml.Directive:
			return nil, errors.New("it has a document type")
		}
	}
	if len(document.children) != 1 || !document.blank() {
		return nil, errors.New("it is not one element")
	}
	return document.children[0], nil
}

func (e *element) blank() bool { return strings.TrimSpace(e.text.String()) == "" }

// value is the element's content as JSON would have it, when it ought to be of type t;
// nil: any.
func (e *element) value(t reflect.Type) (any, error) {
	switch {
	case t != nil && t.Kind() == reflect.Struct:
		return e.object(t)
	case t != nil && t.Kind() == reflect.Slice:
		return listOf([]*element{e}, t.Elem())
	case len(e.children) > 0:
		return e.object(nil)
	default:
		return e.text.String(), nil
	}
}

// object is the element as a JSON object. What is not in type t has no known type.
func (e *element) object(t reflect.Type) (any, error) {
	if len(e.children) == 0 && !e.blank() {
		return e.text.String(), nil // which the decoder skips
	}
	named := map[string][]*element{} // by the type's own spelling
	fields := wireFields(t)
	for _, child := range e.children {
		name := child.name
		if f, ok := fields[strings.ToLower(name)]; ok {
			name = f.name
		}
		named[name] = append(named[name], child)
	}
	object := make(map[string]any, len(named))
	for name, children := range named {
		content, err := contentOf(children, fields[strings.ToLower(name)].typ)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		object[name] = content
	}
	return object, nil
}

// contentOf is what the elements of one name say together.
func contentOf(elements []*element, t reflect.Type) (any, error) {
	switch {
	case t != nil && t.Kind() == reflect.Slice:
		return listOf(elements, t.Elem())
	case len(elements) == 1:
		return elements[0].value(t)
	default: // a list, which the decoder skips where there ought to be none
		return valuesOf(elements, t)
	}
}

// listOf is a list of entries of type t. How the API writes lists is not known:
// one element around all entries and the list's own element repeated are both
// taken. A single element is an entry if it is as an entry is.
func listOf(elements []*element, t reflect.Type) (any, error) {
	if len(elements) > 1 || elements[0].isEntry(t) {
		return valuesOf(elements, t)
	}
	if len(elements[0].children) == 0 && !elements[0].blank() {
		return elements[0].text.String(), nil // which the decoder skips
	}
	entries := elements[0].children
	for _, entry := range entries {
		if entry.name != entries[0].name {
			return nil, fmt.Errorf("a list of %s and %s", entries[0].name, entry.name)
		}
	}
	return valuesOf(entries, t)
}

// isEntry reports whether the element looks like an entry of type t, and not like
// a list of such entries.
func (e *element) isEntry(t reflect.Type) bool {
	if t.Kind() != reflect.Struct {
		return len(e.children) == 0 && !e.blank()
	}
	fields := wireFields(t)
	for _, child := range e.children {
		if _, ok := fields[strings.ToLower(child.name)]; ok {
			return true
		}
	}
	return false
}

func valuesOf(elements []*element, t reflect.Type) (any, error) {
	values := make([]any, 0, len(elements))
	for _, e := range elements {
		value, err := e.value(t)
		if err != nil {
			return nil, err
		}
		values = append(values, value)
	}
	return values, nil
}

// wireField is a field of a response: its name in an answer, and its type.
type wireField struct {
	name string
	typ  reflect.Type
}

var wireFieldsKnown sync.Map // of type reflect.Type to map[string]wireField

// wireFields are the fields of a struct by their names in lower case; of other types
// there are none.
func wireFields(t reflect.Type) map[string]wireField {
	if t == nil || t.Kind() != reflect.Struct {
		return nil
	}
	if known, ok := wireFieldsKnown.Load(t); ok {
		return known.(map[string]wireField)
	}
	fields := map[string]wireField{}
	for _, f := range reflect.VisibleFields(t) {
		if f.Anonymous {
			continue
		}
		name := f.Tag.Get("json")
		if name == "" {
			name = f.Name
		}
		fields[strings.ToLower(name)] = wireField{name, f.Type}
	}
	wireFieldsKnown.Store(t, fields)
	return fields
}
