package forecast

import (
	"testing"
	"unsafe"
)

func TestTheModelFitsInto16KiB(t *testing.T) {
	if size := unsafe.Sizeof(model{}); size > 16<<10 {
		t.Errorf("%d bytes: misses %d, made %d, trials %d, season %d, sizes %d, regressions %d", size, unsafe.Sizeof(ensemble{}.misses), unsafe.Sizeof([farthest]made{}), unsafe.Sizeof(trials{}), unsafe.Sizeof(season{}), unsafe.Sizeof(sizes{}), 2*unsafe.Sizeof(regression{}))
	}
}
