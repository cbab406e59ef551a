package soak

import (
	"fmt"
	"runtime"
	"strings"
	"testing/synctest"
)

// measure is what there is on one morning, with nothing on the move.
type measure struct {
	heapBytes  uint64 // in use, after the garbage is gone
	goroutines int
	series     int // of metrics
	values     int // that the label with the most has
	keys       int // in the store
	storeBytes int // of its keys and values
	machines   int // on record
}

func (w *world) measure() measure {
	w.t.Helper()
	synctest.Wait()
	m := measure{goroutines: runtime.NumGoroutine(), machines: w.machines()}
	m.keys, m.storeBytes = w.stored()
	m.series, m.values = w.metrics()
	m.heapBytes = heapBytes()
	return m
}

// heapBytes is how much heap is in use after the garbage is gone.
func heapBytes() uint64 {
	for range 3 { // what is pooled or finalized goes with the second and the third
		runtime.GC()
	}
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// metrics is how many series the process's metrics have, and how many different
// values the label has that has the most.
func (w *world) metrics() (series, values int) {
	w.t.Helper()
	families, err := w.registry.Gather()
	must(w.t, err)
	for _, family := range families {
		series += len(family.Metric)
		seen := map[string]map[string]bool{} // values by label
		for _, metric := range family.Metric {
			for _, pair := range metric.Label {
				if seen[pair.GetName()] == nil {
					seen[pair.GetName()] = map[string]bool{}
				}
				seen[pair.GetName()][pair.GetValue()] = true
				values = max(values, len(seen[pair.GetName()]))
			}
		}
	}
	return series, values
}

// machines is how many machines are on record.
func (w *world) machines() int {
	n := 0
	for _, g := range w.fleet.Status().Groups {
		n += len(g.Instances)
	}
	return n
}

// stored is what the store holds.
func (w *world) stored() (keys, bytes int) {
	w.t.Helper()
	items, err := w.disk.Scan("")
	must(w.t, err)
	for _, item := range items {
		bytes += len(item.Key) + len(item.Value)
	}
	return len(items), bytes
}

// How much there may be on a morning.
const (
	slackBytes  = 32 << 10 // of heap more than on the first morning: a tenth of a byte for each decision of a month, 150 bytes for each machine
	seriesBytes = 1 << 10  // of heap besides, for each series that has appeared since: steps fail in a new way now and then
	valuesMost  = 32       // of a label: phases and classes are few, machines are not
)

// grown says what grew since the first of some mornings, which was that of the given day.
func grown(mornings []measure, day int) []string {
	var all []string
	first := mornings[0]
	for _, m := range mornings {
		allowed := first.heapBytes + slackBytes + seriesBytes*uint64(max(0, m.series-first.series))
		if m.heapBytes > allowed {
			all = append(all, fmt.Sprintf("day %d: %d bytes of heap are in use, and %d may be", day, m.heapBytes, allowed))
		}
		if m.goroutines != first.goroutines {
			all = append(all, fmt.Sprintf("day %d: there are %d goroutines, and were %d", day, m.goroutines, first.goroutines))
		}
		if m.values > valuesMost {
			all = append(all, fmt.Sprintf("day %d: a label of the metrics has %d values, and may have %d", day, m.values, valuesMost))
		}
		day++
	}
	return all
}

// table shows the mornings to people.
func table(mornings []measure) string {
	var text strings.Builder
	for i, m := range mornings {
		fmt.Fprintf(&text, "  day %2d: heap %4d KiB, %d goroutines, %3d series, store %d keys with %d bytes, %d machines on record\n",
			i+1, m.heapBytes/1024, m.goroutines, m.series, m.keys, m.storeBytes, m.machines)
	}
	return text.String()
}
