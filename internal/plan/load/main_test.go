package load

import (
	"bufio"
	"io"
	"math"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// noon is where histories begin.
var noon = time.Date(2026, time.April, 1, 12, 0, 0, 0, time.UTC)

// same says that two series are equal; nothing known is equal to itself.
func same(a, b []float64) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] && !(math.IsNaN(a[i]) && math.IsNaN(b[i])) {
			return false
		}
	}
	return true
}

func texts(warnings []Warning) []string {
	list := []string{}
	for _, w := range warnings {
		list = append(list, w.String())
	}
	return list
}

func bufioOf(from io.Reader) *bufio.Reader { return bufio.NewReaderSize(from, lineMaxBytes) }
