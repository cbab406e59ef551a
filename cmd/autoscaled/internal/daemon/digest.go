package daemon

import (
	"crypto/sha256"
	"encoding"
	"encoding/binary"
	"hash"
	"math"
	"reflect"
	"slices"
	"strings"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/secret"
)

// digest stands for a part of a configuration with the contents of its secrets: of equal
// ones it is equal, and it tells nothing of them.
type digest [16]byte

// digestOf is that of any value made of what configurations are made of.
func digestOf(parts ...any) (d digest) {
	h := sha256.New()
	for _, part := range parts {
		digestInto(h, reflect.ValueOf(part))
	}
	copy(d[:], h.Sum(nil))
	return d
}

func digestInto(h hash.Hash, v reflect.Value) {
	if !v.IsValid() {
		digestNumber(h, 0)
		return
	}
	if v.CanInterface() && v.Kind() != reflect.Pointer {
		switch known := v.Interface().(type) {
		case secret.Secret:
			digestText(h, known.Reveal())
			return
		case encoding.TextMarshaler: // a time, an address
			text, _ := known.MarshalText()
			digestText(h, string(text))
			return
		}
	}
	switch v.Kind() {
	case reflect.Bool:
		digestNumber(h, map[bool]uint64{true: 1}[v.Bool()])
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		digestNumber(h, uint64(v.Int()))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		digestNumber(h, v.Uint())
	case reflect.String:
		digestText(h, v.String())
	default:
		digestParts(h, v)
	}
}

// digestParts is digestInto of what has parts, or is a float.
func digestParts(h hash.Hash, v reflect.Value) {
	switch v.Kind() {
	case reflect.Float32, reflect.Float64:
		digestNumber(h, math.Float64bits(v.Float()))
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			digestNumber(h, 0)
			return
		}
		digestNumber(h, 1)
		digestInto(h, v.Elem())
	case reflect.Slice, reflect.Array:
		digestNumber(h, uint64(v.Len()))
		for i := range v.Len() {
			digestInto(h, v.Index(i))
		}
	case reflect.Map:
		digestNumber(h, uint64(v.Len()))
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		for _, key := range keys {
			digestText(h, key.String())
			digestInto(h, v.MapIndex(key))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			digestInto(h, v.Field(i))
		}
	}
}

func digestText(h hash.Hash, text string) {
	digestNumber(h, uint64(len(text)))
	_, _ = h.Write([]byte(text))
}

func digestNumber(h hash.Hash, n uint64) {
	_, _ = h.Write(binary.BigEndian.AppendUint64(nil, n))
}

// digestOfProvider is that of what an account is built of.
func digestOfProvider(provider config.Provider) digest {
	provider.Billing = "" // it is only reckoned with
	return digestOf(provider)
}

// digestOf is that of everything that the group depends on, but its provider.
func (next *draft) digestOf(group config.Group) digest {
	parts := []any{group, next.acts(group)}
	for _, signal := range group.Signals {
		if signal.Query != "" {
			parts = append(parts, next.config.Queries[signal.Query])
		}
	}
	if asksInPromQL(group) {
		parts = append(parts, next.config.Prometheus)
	}
	if len(group.Hooks) > 0 {
		parts = append(parts, next.config.Web.URL)
	}
	return digestOf(parts...)
}

// asksInPromQL says that the group asks the Prometheus server.
func asksInPromQL(group config.Group) bool {
	policies := group.Policies
	if group.Shadow != nil {
		policies = slices.Concat(policies, group.Shadow.Policies)
	}
	return slices.ContainsFunc(group.Signals, func(s config.Signal) bool { return s.PromQL != "" || s.Query != "" }) ||
		slices.ContainsFunc(policies, func(p config.Policy) bool { return p.Forecast != nil && p.Forecast.Backfill.PromQL != "" })
}
