package forecast

import "unsafe"

// Bytes is what the forecaster holds in memory.
func (f *Forecaster) Bytes() int {
	n := int(unsafe.Sizeof(*f)) + cap(f.settings)
	for i := range f.watches {
		n += int(unsafe.Sizeof(f.watches[i].outlook) + unsafe.Sizeof(f.watches[i]) - unsafe.Sizeof(f.watches[i].far))
		n += len(f.watches[i].horizons()) * int(unsafe.Sizeof(horizon{})+tailMost*unsafe.Sizeof(Fed{}))
	}
	return n
}
