package gpapi

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"
)

var errMissing = errors.New("it is missing")

// pair is one parameter as it is sent.
type pair struct{ name, value string }

// field is a field of a request. It is named as the API names the parameter, and
// is of type string, int, bool, []string, or a list of structs of such fields.
//
// Tags: `gp:"optional"` leaves it out when it is empty (a number: below 1). Any other
// empty field is an error: an action without its target might hit another.
// `known:"A B"` are values that are known.
//
// The fields of a list of structs are sent as Disk.1.Space. Tagged `gp:"inline"`, the
// list's own name is left out: Address.1 with Port.1, which is how the API writes
// lists that belong together.
type field struct {
	name                   string
	optional, inline, list bool
	known                  []string
	element                []field // of each struct of a list
}

func fieldsOf(request reflect.Type) []field {
	var fields []field
	for i := range request.NumField() {
		of := request.Field(i)
		f := field{
			name:     of.Name,
			optional: strings.Contains(of.Tag.Get("gp"), "optional"),
			inline:   strings.Contains(of.Tag.Get("gp"), "inline"),
			list:     of.Type.Kind() == reflect.Slice,
		}
		if known, ok := of.Tag.Lookup("known"); ok {
			f.known = strings.Fields(known)
		}
		if of.Type.Kind() == reflect.Bool {
			f.known = []string{"Yes", "No"}
		}
		if f.list && of.Type.Elem().Kind() == reflect.Struct {
			f.element = fieldsOf(of.Type.Elem())
		}
		fields = append(fields, f)
	}
	return fields
}

// checked is implemented by requests with a rule that their fields cannot say.
type checked interface{ check() error }

// encode turns a request into parameters.
func encode(fields []field, request any) ([]pair, error) {
	if request, ok := request.(checked); ok {
		if err := request.check(); err != nil {
			return nil, err
		}
	}
	return appendStruct(make([]pair, 0, len(fields)), fields, reflect.ValueOf(request), "", "")
}

// appendStruct adds the fields of a struct, each with its name between the prefix
// and the suffix.
func appendStruct(params []pair, fields []field, content reflect.Value, prefix, suffix string) ([]pair, error) {
	for i, f := range fields {
		var err error
		name := prefix + f.name + suffix
		switch {
		case !isEmpty(content.Field(i)):
			params, err = appendField(params, f, content.Field(i), name)
		case !f.optional:
			err = fmt.Errorf("parameter %s: %w", name, errMissing)
		}
		if err != nil {
			return nil, err
		}
	}
	return params, nil
}

// appendField adds one parameter, or for a list the parameters Name.1, Name.2, …
func appendField(params []pair, f field, content reflect.Value, name string) ([]pair, error) {
	if !f.list {
		return appendScalar(params, name, content)
	}
	for i := range content.Len() {
		var err error
		before := len(params)
		switch number := "." + strconv.Itoa(i+1); {
		case f.element == nil:
			params, err = appendScalar(params, name+number, content.Index(i))
		case f.inline:
			params, err = appendStruct(params, f.element, content.Index(i), "", number)
		default:
			params, err = appendStruct(params, f.element, content.Index(i), name+number+".", "")
		}
		if err == nil && len(params) == before {
			err = fmt.Errorf("entry %d of %s: %w", i+1, name, errMissing)
		}
		if err != nil {
			return nil, err
		}
	}
	return params, nil
}

func appendScalar(params []pair, name string, content reflect.Value) ([]pair, error) {
	if isEmpty(content) {
		return nil, fmt.Errorf("parameter %s: %w", name, errMissing)
	}
	var value string
	switch content.Kind() {
	case reflect.String:
		value = content.String()
	case reflect.Int:
		value = strconv.FormatInt(content.Int(), 10)
	case reflect.Bool:
		value = map[bool]string{true: "Yes", false: "No"}[content.Bool()]
	default:
		return nil, fmt.Errorf("parameter %s: the API has none of type %v", name, content.Type())
	}
	if err := checkText(value); err != nil {
		return nil, fmt.Errorf("parameter %s: %w", name, err)
	}
	return append(params, pair{name, value}), nil
}

func isEmpty(content reflect.Value) bool {
	switch content.Kind() {
	case reflect.String, reflect.Slice:
		return content.Len() == 0
	case reflect.Int:
		return content.Int() < 1
	default:
		return false
	}
}

// checkText refuses what no server could take for the text that was meant.
func checkText(value string) error {
	switch {
	case !utf8.ValidString(value):
		return errors.New("it is not UTF-8")
	case strings.ContainsRune(value, 0):
		return errors.New("it holds a zero byte")
	default:
		return nil
	}
}
