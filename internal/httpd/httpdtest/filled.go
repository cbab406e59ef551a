package httpdtest

import (
	"fmt"
	"reflect"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// Noon is the time that filled values have.
var Noon = time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)

// Filled is a value of which no member is empty, at any depth: what has a new member has it filled too. Of a type
// that has a fixed list of values it takes the first that values has for it, by the name of the type.
func Filled[T any](values map[string]string) T {
	var value T
	fill(reflect.ValueOf(&value).Elem(), values)
	return value
}

func fill(v reflect.Value, values map[string]string) {
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(Noon))
		return
	case policy.Sample:
		v.Set(reflect.ValueOf(policy.ValueAt(0.5, Noon)))
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), values)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(v.Field(i), values)
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), values)
	case reflect.Map:
		element := reflect.New(v.Type().Elem()).Elem()
		fill(element, values)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf("web").Convert(v.Type().Key()), element)
	case reflect.String:
		v.SetString(textOf(v.Type(), values))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Float64:
		v.SetFloat(0.5)
	case reflect.Uint8: // a verdict
		v.SetUint(1)
	default:
		fillNumber(v)
	}
}

func fillNumber(v reflect.Value) {
	if v.CanUint() {
		v.SetUint(1)
		return
	}
	v.SetInt(1)
}

func textOf(of reflect.Type, values map[string]string) string {
	if of.PkgPath() == "" {
		return "web"
	}
	value, known := values[of.Name()]
	if !known {
		panic(fmt.Sprintf("the values of %v are not known", of))
	}
	return value
}
