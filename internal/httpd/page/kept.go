package page

import (
	"sync"

	"github.com/autoscaled/autoscaled/internal/fleet"
)

// keptMost bounds the pages that are kept.
const keptMost = 64

// kept are overviews as they were rendered for the newest state: hundreds of rows take long,
// and everybody who reads the same in between is given the same. The zero kept has none.
type kept struct {
	mu    sync.Mutex
	of    *fleet.Status // that they show
	pages map[keptKey][]byte
}

// keptKey is all that an overview depends on beside the state.
type keptKey struct {
	frame Frame
	query listQuery
}

// page is the one of the key, rendered if nobody has asked for it yet. Nil is not kept.
func (k *kept) page(of *fleet.Status, key keptKey, render func() []byte) []byte {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.of != of || len(k.pages) == keptMost {
		k.of, k.pages = of, map[keptKey][]byte{}
	}
	page, known := k.pages[key]
	if !known {
		if page = render(); page != nil {
			k.pages[key] = page
		}
	}
	return page
}
