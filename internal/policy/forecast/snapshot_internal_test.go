package forecast

import (
	"hash/crc32"
	"math/rand/v2"
	"reflect"
	"testing"
	"unsafe"
)

func TestASnapshotLeavesNothingOfAModelOut(t *testing.T) {
	t.Parallel()
	var m model
	fill(reflect.ValueOf(&m).Elem(), rand.New(rand.NewPCG(1, 2)))
	m.settings = settings{} // the spec has them
	var c codec
	m.pass(&c)
	read := codec{bytes: c.bytes, reads: true}
	var twin model
	twin.pass(&read)
	if c.err != nil || read.err != nil || len(read.bytes) > 0 {
		t.Fatalf("%v, %v, %d bytes left", c.err, read.err, len(read.bytes))
	}
	if twin != m {
		t.Error("what is read is not what was written")
	}
	// Another layout needs another version, and then another number here.
	if got := crc32.Checksum(c.bytes, castagnoli); got != 0x368c39b4 || snapshotVersion != 2 {
		t.Errorf("the layout is another: %#x", got)
	}
}

// fill gives every number within a value one of its own.
func fill(v reflect.Value, random *rand.Rand) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			field := v.Field(i)
			fill(reflect.NewAt(field.Type(), unsafe.Pointer(field.UnsafeAddr())).Elem(), random)
		}
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i), random)
		}
	case reflect.Float32, reflect.Float64:
		v.SetFloat(float64(1 + random.IntN(1<<20)))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Uint16:
		v.SetUint(uint64(1 + random.IntN(60_000)))
	default:
		v.SetInt(int64(1 + random.IntN(1<<20)))
	}
}
