package page

import (
	"fmt"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/events"
	"github.com/autoscaled/autoscaled/internal/fleet"
)

// BenchmarkAChangeOfTenThousandGroups is what one look costs while 200 pages are open that all show
// something else, and a hundred groups changed.
func BenchmarkAChangeOfTenThousandGroups(b *testing.B) {
	s := newScene(b)
	s.change(func(status *fleet.Status) { status.Groups = many(10000) })
	d := &dashboard{Options: s.options()}
	d.Now, d.live = time.Now, newLive(d)
	var keys []viewKey
	var readers []*reader
	for i := range 200 {
		key := viewKey{lang: languages()[i%2], query: listQuery{Page: 1 + i/2}}
		r, _ := d.live.join(key)
		keys, readers = append(keys, key), append(readers, r)
	}
	batch := events.Batch{Groups: many(100)}
	for b.Loop() {
		d.live.spread(&batch)
		for _, r := range readers {
			r.take()
		}
	}
	for i, key := range keys {
		d.live.leave(key, readers[i])
	}
}

// BenchmarkPages is what a page costs.
func BenchmarkPages(b *testing.B) {
	s := newScene(b)
	for _, target := range []string{"/", "/groups/web", "/?groups=10000"} {
		if target == "/?groups=10000" {
			s.change(func(status *fleet.Status) { status.Groups = many(10000) })
		}
		b.Run(fmt.Sprintf("%q", target), func(b *testing.B) {
			for b.Loop() {
				s.get(1, target)
			}
		})
	}
}
