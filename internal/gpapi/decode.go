package gpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// errorResponse is the API's way of refusing.
type errorResponse struct {
	RequestID    string `json:"RequestId"`
	ErrorType    string
	ErrorMessage string
}

const errorResponseName = "ErrorResponse"

// wholeness is implemented by responses in which the absence of a field must
// not be taken for emptiness.
type wholeness interface {
	// missing names a field that the answer lacks; empty when it is whole.
	missing() string
}

// partsMax bounds the memory that an answer takes once it is read. The longest listing,
// of 10,000 machines, has 90,000.
const partsMax = 1 << 17

// envelope is an answer: a JSON object whose one key, <action>Response or
// ErrorResponse, says what its content is.
type envelope map[string]json.RawMessage

// open reads the envelope of an answer to the action.
func (a *account) open(act *action, body []byte) (envelope, error) {
	if a.inXML() {
		var err error
		if body, err = jsonOfXML(body, act); err != nil {
			return nil, err
		}
	}
	if bytes.Count(body, []byte{','}) > partsMax {
		return nil, fmt.Errorf("the answer has more than %d parts", partsMax)
	}
	var content envelope
	if err := json.Unmarshal(body, &content); err != nil {
		return nil, fmt.Errorf("the answer is not a JSON object: %w", err)
	}
	return content, nil
}

// read reads the answer to the action of that name into response, a pointer.
func (e envelope) read(action string, response any) error {
	name := action + "Response"
	content, ok := e[name]
	if !ok {
		return errors.New("the answer has no " + name)
	}
	if err := unmarshalObject(content, response); err != nil {
		return fmt.Errorf("the answer is not a %s: %w", name, err)
	}
	if response, ok := response.(wholeness); ok && response.missing() != "" {
		return errors.New("the answer lacks " + response.missing())
	}
	return nil
}

// refusal reads an ErrorResponse; ok is false when there is none.
func (e envelope) refusal() (refusal errorResponse, ok bool) {
	content, ok := e[errorResponseName]
	if ok && unmarshalObject(content, &refusal) != nil {
		refusal = errorResponse{} // it refuses, whatever it says
	}
	return refusal, ok
}

// unmarshalObject reads a JSON object. Our types have strings for all that is no
// object or list, as the API has; numbers and truth values are taken as their text.
// Any other part that is not of the type it ought to be counts as absent: most of an
// answer is of no use to us, and what is has to be there (see wholeness).
func unmarshalObject(content []byte, into any) error {
	if len(content) == 0 || content[0] != '{' {
		return errors.New("it is not an object")
	}
	reflect.ValueOf(into).Elem().SetZero() // an earlier attempt may have left something
	err := json.Unmarshal(content, into)
	var mismatch *json.UnmarshalTypeError
	if !errors.As(err, &mismatch) {
		return err
	}
	text, err := withTextAlone(content)
	if err != nil {
		return err
	}
	reflect.ValueOf(into).Elem().SetZero()
	return besidesMismatches(json.Unmarshal(text, into))
}

// besidesMismatches is err unless it says that parts have another type than ours,
// which the decoder skips.
func besidesMismatches(err error) error {
	var mismatch *json.UnmarshalTypeError
	if errors.As(err, &mismatch) {
		return nil
	}
	return err
}

// withTextAlone returns the JSON with numbers and truth values as strings.
func withTextAlone(content []byte) ([]byte, error) {
	decoder := json.NewDecoder(strings.NewReader(string(content)))
	decoder.UseNumber()
	var tree any
	if err := decoder.Decode(&tree); err != nil {
		return nil, err
	}
	return json.Marshal(textAlone(tree))
}

func textAlone(tree any) any {
	switch tree := tree.(type) {
	case json.Number:
		return tree.String()
	case bool:
		return fmt.Sprint(tree)
	case []any:
		for i, element := range tree {
			tree[i] = textAlone(element)
		}
	case map[string]any:
		for name, content := range tree {
			tree[name] = textAlone(content)
		}
	}
	return tree
}

// ifNil returns the name of a list that is not there. A list of null counts as such.
func ifNil[T any](list []T, name string) string {
	if list == nil {
		return name
	}
	return ""
}

func ifEmpty(text, name string) string {
	if text == "" {
		return name
	}
	return ""
}
