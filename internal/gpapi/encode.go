package gpapi

import (
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"strconv"
)

var errEmpty = errors.New("it is missing")

// encode turns a request into parameters. The fields of a request are named as
// the API names them and are of type string, int, bool or []string. A field
// tagged `gp:"optional"` is left out when it is empty (a number: below 1). Any
// other empty field is an error: an action without its target might hit another.
func encode(request any) (url.Values, error) {
	params := url.Values{}
	fields := reflect.ValueOf(request)
	for i := range fields.NumField() {
		field := fields.Type().Field(i)
		err := encodeField(params, field.Name, fields.Field(i).Interface())
		if errors.Is(err, errEmpty) && field.Tag.Get("gp") == "optional" {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("parameter %s: %w", field.Name, err)
		}
	}
	return params, nil
}

// encodeField sets one parameter, or for a list the parameters Name.1, Name.2, …
func encodeField(params url.Values, name string, content any) error {
	switch content := content.(type) {
	case string:
		if content == "" {
			return errEmpty
		}
		params.Set(name, content)
	case int:
		if content < 1 {
			return errEmpty
		}
		params.Set(name, strconv.Itoa(content))
	case bool:
		params.Set(name, map[bool]string{true: "Yes", false: "No"}[content])
	case []string:
		if len(content) == 0 {
			return errEmpty
		}
		for i, element := range content {
			if err := encodeField(params, name+"."+strconv.Itoa(i+1), element); err != nil {
				return err
			}
		}
	default:
		return fmt.Errorf("the API has no parameters of type %T", content)
	}
	return nil
}
