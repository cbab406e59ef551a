package snmp

import (
	"slices"
	"time"

	"github.com/autoscaled/autoscaled/internal/monitor/reading"
)

// baseline is what the next reading of a quantity is compared with: the snapshot before, as
// far as rules need it, and what it gave. Every agent keeps one for each quantity of
// counters, so it is small. The zero baseline is none.
type baseline struct {
	at     reading.Instant
	uptime uint32   // of the agent, in hundredths of a second
	kinds  uint32   // of the values, kindBits each
	counts []uint32 // the lower halves of all; behind them the upper ones, if one is a counter64
	number float64  // the reading's value
	odd    *oddBaseline
}

// oddBaseline is what few baselines have; nil: nothing of it.
type oddBaseline struct {
	reading reading.Reading // one without a value
	values  []Value         // of a table, in place of kinds and counts
	indices []string        // of a table
}

const (
	// kindBits leave room for 16 values, which are more than any profile has.
	kindBits = 2
	// lowBits has the lower bit of each kind.
	lowBits = 0x55555555
)

// keep makes the snapshot and its reading the baseline.
func (b *baseline) keep(after snapshot, read reading.Reading, table bool) {
	b.at, b.uptime, b.odd = reading.InstantOf(after.at), uint32(after.uptime/hundredth), nil
	b.number, _ = read.Sample.Value()
	if table {
		b.odd = &oddBaseline{values: slices.Clone(after.values), indices: after.indices}
	} else {
		b.count(after.values)
	}
	if read.Err == nil {
		return
	}
	if b.odd == nil {
		b.odd = &oddBaseline{}
	}
	b.odd.reading = read
}

func (b *baseline) count(values []Value) {
	b.kinds, b.counts = 0, slices.Grow(b.counts[:0], len(values))
	for i := range values {
		b.kinds |= uint32(values[i].kind) << (kindBits * i)
		b.counts = append(b.counts, uint32(values[i].count()))
	}
	if !b.wide() {
		return
	}
	for i := range values {
		b.counts = append(b.counts, uint32(values[i].count()>>32))
	}
}

// wide says that one of the values is a counter64, which is the kind of which both bits are
// set.
func (b *baseline) wide() bool { return b.kinds&(b.kinds>>1)&lowBits != 0 }

// value is the ith one, of which no more is known than its kind and its count.
func (b *baseline) value(i int) Value {
	if b.odd != nil && b.odd.values != nil {
		return b.odd.values[i]
	}
	v := Value{kind: kind(b.kinds >> (kindBits * i) & (1<<kindBits - 1))}
	if v.kind == counter32 || v.kind == counter64 {
		v.bits = uint64(b.counts[i])
	}
	if v.kind == counter64 {
		v.bits |= uint64(b.counts[len(b.counts)/2+i]) << 32
	}
	return v
}

// row is the baseline of one row of a table.
func (b *baseline) row(i int) *baseline {
	return &baseline{at: b.at, uptime: b.uptime, odd: &oddBaseline{values: b.odd.values[i : i+1]}}
}

// indices are those of a table.
func (b *baseline) indices() []string {
	if b.odd == nil {
		return nil
	}
	return b.odd.indices
}

// reading is what the snapshot gave, seen from a later moment.
func (b *baseline) reading(now time.Time) reading.Reading {
	if b.odd != nil && b.odd.reading.Err != nil {
		return b.odd.reading
	}
	return reading.Of(b.number, b.at.Time(now))
}
