package gpsim

import "slices"

// weed takes out of an answer's lists, at any depth, the entries that are gone.
// Lists are copied: they may belong to the state.
func weed(answer fields, gone func(entry any) bool) {
	for i := range answer {
		answer[i].value = weeded(answer[i].value, gone)
	}
}

func weeded(value any, gone func(entry any) bool) any {
	switch value := value.(type) {
	case fields:
		weed(value, gone)
	case []string:
		return slices.DeleteFunc(slices.Clone(value), func(entry string) bool { return gone(entry) })
	case []fields:
		left := slices.DeleteFunc(slices.Clone(value), func(entry fields) bool { return gone(entry) })
		for _, entry := range left {
			weed(entry, gone)
		}
		return left
	}
	return value
}
