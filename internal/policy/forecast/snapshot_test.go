package forecast_test

import (
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/policy/forecast"
	"github.com/autoscaled/autoscaled/internal/raced"
)

// life is a group's by chance: loads, failures, leads that change, evaluations that come
// late or twice, and a clock that is set.
type life struct {
	random *rand.Rand
	at     time.Time
	leads  forecast.Leads
}

func newLife(random *rand.Rand) *life { return &life{random: random, at: monday.In(berlin)} }

// next is the next evaluation.
func (l *life) next() (*policy.Inputs, time.Time, forecast.Leads) {
	r := l.random
	l.at = l.at.Add(time.Duration(10+r.IntN(80)) * time.Second)
	switch r.IntN(400) {
	case 0:
		l.leads.Serve = time.Duration(r.IntN(40)) * time.Minute
	case 1:
		l.leads.Return = time.Duration(r.IntN(10)) * time.Minute
	case 2:
		l.at = l.at.Add(time.Duration(r.IntN(7200)-3600) * time.Second)
	}
	minute := int(l.at.Sub(monday) / time.Minute)
	load := season(minute) * math.Exp(0.1*r.NormFloat64())
	if r.IntN(20) == 0 {
		load = math.NaN()
	}
	in := showing(load, 5+r.IntN(30))
	in.Standby = r.IntN(2)
	return in, l.at, l.leads
}

func TestAForecasterGoesOnFromSnapshotAndTail(t *testing.T) {
	t.Parallel()
	for range raced.Sample(6, 6) {
		random, seed := seeded(t)
		spec := ruled(keepsStandby, func(s *policy.Spec, f *policy.Forecast) {
			second := *f
			second.Value, second.Budget, second.Quantile, second.TimeToServe = 100, 0, 0.9, time.Hour
			s.Policies = append(s.Policies, policy.Rule{Name: "second", Forecast: &second})
		})
		l, f := newLife(random), forecast.NewForecaster(spec)
		foresee := func(n int) {
			for range n {
				in, at, leads := l.next()
				f.Foresee(in, at, leads)
			}
		}
		foresee(1000 + random.IntN(2000))
		snapshot := f.Snapshot()
		foresee(random.IntN(21)) // as many as a tail holds, at most
		tail := passed(t, f.Tail())
		if random.IntN(2) == 0 { // the tail may be older than the snapshot as well
			snapshot = f.Snapshot()
		}
		twin, err := forecast.Restore(spec, snapshot)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		twin.Follow(tail)
		for i := range 1000 {
			in, at, leads := l.next()
			other := *in
			f.Foresee(in, at, leads)
			twin.Foresee(&other, at, leads)
			if !reflect.DeepEqual(in.Outlooks, other.Outlooks) {
				t.Fatalf("seed %d: evaluation %d: %+v, and restored %+v", seed, i, in.Outlooks, other.Outlooks)
			}
		}
		if string(f.Snapshot()) != string(twin.Snapshot()) {
			t.Fatalf("seed %d: their snapshots differ", seed)
		}
	}
}

// passed is the tail after it was kept as JSON.
func passed(t *testing.T, tail forecast.Tail) (read forecast.Tail) {
	t.Helper()
	said, err := json.Marshal(tail)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(said, &read); err != nil {
		t.Fatal(err)
	}
	return read
}

func TestATailIsSmall(t *testing.T) {
	t.Parallel()
	f := forecast.NewForecaster(ruled())
	minute := 0
	size := func() int {
		said, _ := json.Marshal(f.Tail())
		return len(said)
	}
	more := func(n int) {
		for range n {
			f.Foresee(showing(season(minute), 30), monday.Add(time.Duration(minute)*time.Minute), forecast.Leads{})
			minute++
		}
	}
	more(100)
	f.Snapshot()
	if n := size(); n > 120 {
		t.Errorf("%d bytes right after a snapshot", n)
	}
	more(15)
	if n := size(); n > 1500 {
		t.Errorf("%d bytes of fifteen readings", n)
	}
	more(1000)
	if n := size(); n > 6000 {
		t.Errorf("%d bytes where no snapshot is ever taken", n)
	}
}

func TestATailThatLostReadingsIsAGap(t *testing.T) {
	t.Parallel()
	spec := ruled()
	f, minute := forecast.NewForecaster(spec), 0
	foresee := func(f *forecast.Forecaster) policy.Outlook {
		in := showing(season(minute), 30)
		f.Foresee(in, monday.Add(time.Duration(minute)*time.Minute), forecast.Leads{})
		return in.Outlooks[0]
	}
	for ; minute < 8*minutesADay; minute++ {
		foresee(f)
	}
	snapshot := f.Snapshot()
	for ; minute < 8*minutesADay+300; minute++ {
		foresee(f)
	}
	twin, err := forecast.Restore(spec, snapshot)
	if err != nil {
		t.Fatal(err)
	}
	twin.Follow(f.Tail())
	a, b := foresee(f), foresee(twin)
	if math.Abs(a.Expected-b.Expected) > 0.05*a.Expected || b.Abstains != "" {
		t.Errorf("%+v, and with the gap %+v", a, b)
	}
}

func TestASnapshotOfSomethingElseIsRefused(t *testing.T) {
	t.Parallel()
	spec := ruled(keepsStandby)
	f := forecast.NewForecaster(spec)
	for minute := range 500 {
		f.Foresee(showing(season(minute), 30), monday.Add(time.Duration(minute)*time.Minute), forecast.Leads{})
	}
	right := f.Snapshot()
	changed := func(change func(s *policy.Spec, f *policy.Forecast)) *policy.Spec { return ruled(keepsStandby, change) }
	sealed := func(b []byte) []byte {
		return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)))
	}
	body := right[:len(right)-4]
	for name, c := range map[string]struct {
		spec  *policy.Spec
		bytes []byte
		says  string
	}{
		"another value":      {changed(func(_ *policy.Spec, f *policy.Forecast) { f.Value++ }), right, "other settings"},
		"another budget":     {changed(func(_ *policy.Spec, f *policy.Forecast) { f.Budget = 0.02 }), right, "other settings"},
		"another interval":   {changed(func(s *policy.Spec, _ *policy.Forecast) { s.Interval *= 2 }), right, "other settings"},
		"another name":       {changed(func(s *policy.Spec, _ *policy.Forecast) { s.Policies[0].Name = "x" }), right, "other settings"},
		"no standby":         {changed(func(s *policy.Spec, _ *policy.Forecast) { s.Standby = 0 }), right, "other settings"},
		"nothing":            {spec, nil, "cut short"},
		"half":               {spec, right[:len(right)/2], "checksum"},
		"a flipped bit":      {spec, append([]byte{right[0] ^ 1}, right[1:]...), "checksum"},
		"something else":     {spec, sealed([]byte("something else")), "no snapshot"},
		"another version":    {spec, sealed(append([]byte{body[0], body[1], body[2], body[3], 99}, body[5:]...)), "version 99"},
		"too much":           {spec, sealed(append(append([]byte(nil), body...), 0)), "longer"},
		"too little":         {spec, sealed(append([]byte(nil), body[:len(body)-1]...)), "too early"},
		"steps of no length": {spec, sealed(zeroed(body)), "no sense"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if f, err := forecast.Restore(c.spec, c.bytes); f != nil || err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, %v", f != nil, err)
			}
		})
	}
	same := changed(func(s *policy.Spec, _ *policy.Forecast) {
		s.Max, s.Standby = 7, 9
		s.Policies = append(s.Policies, policy.Rule{Name: "t", Target: &policy.Target{Signal: "rate", Value: 1}})
	})
	if _, err := forecast.Restore(same, right); err != nil {
		t.Errorf("of what does not matter: %v", err)
	}
}

// zeroed is the snapshot with the first numbers of its first model at 0.
func zeroed(body []byte) []byte {
	at := 10 + int(binary.LittleEndian.Uint32(body[6:])) + horizonBytes
	out := append([]byte(nil), body...)
	clear(out[at : at+12])
	return out
}

// horizonBytes are those of a horizon before its model.
const horizonBytes = 6*8 + 4 + 7*8

func FuzzRestore(f *testing.F) {
	spec := ruled()
	full := forecast.NewForecaster(spec)
	for minute := range 3 * minutesADay {
		full.Foresee(showing(season(minute), 30), monday.Add(time.Duration(minute)*time.Minute), forecast.Leads{})
	}
	for _, seed := range [][]byte{nil, {1, 2, 3}, full.Snapshot(), forecast.NewForecaster(spec).Snapshot()} {
		f.Add(seed, uint16(0), byte(0), false)
		f.Add(seed, uint16(20_000), byte(255), true)
	}
	f.Fuzz(func(_ *testing.T, bytes []byte, at uint16, to byte, seal bool) {
		if seal && len(bytes) > 4 { // as a foreign writer would that knows the checksum
			body := append([]byte(nil), bytes[:len(bytes)-4]...)
			body[int(at)%len(body)] = to
			bytes = binary.LittleEndian.AppendUint32(body, crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli)))
		}
		restored, err := forecast.Restore(spec, bytes)
		if err != nil {
			return
		}
		for minute := range 10 {
			in := showing(season(minute), 3)
			restored.Foresee(in, monday.Add(time.Duration(3*minutesADay+minute)*time.Minute), forecast.Leads{Serve: time.Duration(4*minute) * time.Minute})
		}
	})
}
