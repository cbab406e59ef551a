package store

import (
	"encoding/json"
	"fmt"
)

// PutJSON is the Put that writes value as JSON under key. It fails only for a
// value that JSON cannot express.
func PutJSON(key string, value any) (Put, error) {
	encoded, err := json.Marshal(value)
	if err != nil {
		return Put{}, fmt.Errorf("encode the value of key %q: %w", key, err)
	}
	return Put{Key: key, Value: encoded}, nil
}

// GetJSON reads the value that PutJSON wrote under key, and its revision. Without
// one it returns the zero value and revision 0.
func GetJSON[T any](s Store, key string) (T, Revision, error) {
	item, err := s.Get(key)
	if err != nil || item.Revision == 0 {
		var none T
		return none, 0, err
	}
	value, err := DecodeJSON[T](item)
	return value, item.Revision, err
}

// DecodeJSON reads the value of an item that PutJSON wrote.
func DecodeJSON[T any](item Item) (T, error) {
	var value T
	if err := json.Unmarshal(item.Value, &value); err != nil {
		return value, fmt.Errorf("decode the value of key %q: %w; was it written by a newer autoscaled?", item.Key, err)
	}
	return value, nil
}
