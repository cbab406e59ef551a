package forecast

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// snapshotVersion is that of the layout and of what the numbers mean.
const snapshotVersion = 2

// snapshotMagic begins every snapshot.
var snapshotMagic = [4]byte{'a', 's', 'f', 'c'}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Snapshot is the forecaster as bytes, for [Restore]: at most 64 KiB, little-endian, with a
// checksum. The tail begins anew with it. Of a nil Forecaster it is nil.
func (f *Forecaster) Snapshot() []byte {
	if f == nil {
		return nil
	}
	c := codec{}
	magic, version, length := snapshotMagic, uint16(snapshotVersion), uint32(len(f.settings))
	c.pass(&magic, &version, &length, f.settings)
	for _, h := range f.horizons() {
		h.pass(&c)
		h.tail.begin()
	}
	return binary.LittleEndian.AppendUint32(c.bytes, crc32.Checksum(c.bytes, castagnoli))
}

// Restore is the forecaster of the spec that [Forecaster.Snapshot] made the bytes of. It
// refuses those of other settings, of another version, and what was damaged: then a new one is
// to learn from the history. Another fallback or another assumed time to serve or to return is
// no other setting: they hold from now on, the times until the group has learned its own. It
// is nil where no rule of the spec forecasts.
func Restore(spec *policy.Spec, snapshot []byte) (*Forecaster, error) {
	f := NewForecaster(spec)
	if f == nil {
		return nil, nil
	}
	if err := f.restore(snapshot); err != nil {
		return nil, fmt.Errorf("restore what was learned for forecasts: %w: they begin anew, from the history", err)
	}
	return f, nil
}

func (f *Forecaster) restore(snapshot []byte) error {
	end := len(snapshot) - crc32.Size
	if end < 0 {
		return errors.New("it is cut short")
	}
	if crc32.Checksum(snapshot[:end], castagnoli) != binary.LittleEndian.Uint32(snapshot[end:]) {
		return errors.New("its checksum is wrong")
	}
	c := codec{bytes: snapshot[:end], reads: true}
	var magic [4]byte
	var version uint16
	var length uint32
	c.pass(&magic, &version, &length)
	switch {
	case c.err != nil || magic != snapshotMagic:
		return errors.New("it is no snapshot of a forecaster")
	case version != snapshotVersion:
		return fmt.Errorf("it is of version %d, and this is version %d", version, snapshotVersion)
	case !bytes.Equal(c.take(int(length)), f.settings):
		return errors.New("it was learned with other settings")
	}
	for _, h := range f.horizons() {
		h.restore(&c)
	}
	if c.err == nil && len(c.bytes) > 0 {
		c.err = errors.New("it is longer than it should be")
	}
	return c.err
}

func (h *horizon) restore(c *codec) {
	assumed := h.lead
	h.pass(c)
	switch {
	case c.err != nil:
	case !h.sound():
		c.err = errors.New("its numbers make no sense")
	case !h.learned && h.lead != assumed:
		h.lookAhead(assumed)
	}
	h.tail.begin()
}

// settingsOf is what of the spec shapes what a forecaster learns.
func settingsOf(spec *policy.Spec) []byte {
	type rule struct {
		Name     string
		Forecast policy.Forecast
	}
	var shaping struct {
		Interval time.Duration
		Standby  bool
		Rules    []rule
	}
	shaping.Interval, shaping.Standby = spec.Interval, spec.Standby > 0
	for i := range spec.Policies {
		if forecast := spec.Policies[i].Forecast; forecast != nil {
			r := rule{spec.Policies[i].Name, *forecast}
			r.Forecast.Fallback, r.Forecast.TimeToServe, r.Forecast.TimeToReturn = 0, 0, 0
			shaping.Rules = append(shaping.Rules, r)
		}
	}
	said, err := json.Marshal(shaping)
	if err != nil { // of a value that is not finite, which no configuration has
		return fmt.Append(nil, shaping)
	}
	return said
}

// codec writes values, or reads them where they were written: one list of them serves both.
type codec struct {
	bytes []byte // written so far, or left to be read
	reads bool
	err   error
}

// pass writes or reads values of fixed size, each given by a pointer or as a slice.
func (c *codec) pass(values ...any) {
	for _, value := range values {
		if c.err != nil {
			return
		}
		if !c.reads {
			c.bytes, c.err = binary.Append(c.bytes, binary.LittleEndian, value)
			continue
		}
		var n int
		if n, c.err = binary.Decode(c.bytes, binary.LittleEndian, value); c.err != nil {
			c.err = errors.New("it ends too early")
		}
		c.bytes = c.bytes[n:]
	}
}

// ints writes or reads integers whose size depends on the machine.
func (c *codec) ints(values ...*int) {
	for _, value := range values {
		wide := int64(*value)
		c.pass(&wide)
		*value = int(wide)
	}
}

// take reads so many bytes, or as many as there are.
func (c *codec) take(n int) []byte {
	n = max(0, min(n, len(c.bytes)))
	taken := c.bytes[:n]
	c.bytes = c.bytes[n:]
	return taken
}

func (h *horizon) pass(c *codec) {
	o := &h.open
	c.pass(&h.lead, &h.learned, &h.tail.count, &o.Step, &o.Begun, &o.Minute, &o.Load, &o.AtLeast, &o.Sums.Load, &o.Sums.Unknown)
	c.ints(&o.Past, &o.Serving, &o.Known, &o.Short, &o.Sums.Read, &o.Sums.Full, &o.Sums.Serving)
	h.model.pass(c)
}

// sound says whether what was read cannot lead astray.
func (h *horizon) sound() bool {
	m := &h.model
	return h.lead >= 0 && h.lead <= leadMost && h.tail.count >= 0 && m.stepSec >= 60 && m.stepSec <= int64(week/time.Second) &&
		m.ahead >= 1 && m.ahead <= farthest && m.recent.n >= 0 && m.recent.n < 2*kept
}

func (m *model) pass(c *codec) {
	c.pass(&m.ahead, &m.stepSec, &m.step, &m.zone, &m.shift, &m.begun, &m.readings, &m.silent, &m.odd, m.peaks[:], &m.seen, &m.taught)
	r, s, e, t, b, d := &m.recent, &m.season, &m.ensemble, &m.trials, &m.budget, &m.record
	c.pass(r.ring[:], &r.n, r.means[:])
	c.pass(s.hour[:], s.day[:], s.week[:])
	for _, u := range []*visit{&s.dayNow, &s.weekNow} {
		c.pass(&u.slot, &u.sum, &u.many)
	}
	for _, g := range []*regression{&e.slow, &e.quick} {
		c.pass(&g.spread, g.weight[:])
	}
	c.pass(e.lasting[:], e.lastly[:], &e.times)
	for i := range e.misses {
		c.pass(e.misses[i].beyond[:], &e.misses[i].unit)
	}
	c.pass(e.votes.score[:], e.votes.weight[:])
	for i := range m.made {
		f := &m.made[i]
		c.pass(f.in[:], &f.from, f.centre[:], f.scale[:], &f.ok)
	}
	c.pass(&t.plans, &t.wanted, t.short[:], t.cost[:], &t.need, &t.known)
	c.pass(&b.owed, &b.last, &b.short, &b.known)
	c.pass(m.plans[:], m.react[:])
	c.pass(d.planned[:], d.reacted[:], &d.own, &d.reaction, &d.bad)
}
