package snmp

import (
	"fmt"
	"math"
	"slices"
	"sync/atomic"
	"testing"
	"time"
)

// witness is a quantity that hands what the agent says of the objects to the function, once
// for each reading with a value.
func witness(objects []string, tell func(uptime time.Duration, values []Value)) Quantity {
	q := Quantity{scale: 1, floor: math.Inf(-1), rule: func(_ *Quantity, _ *baseline, after snapshot) (float64, error) {
		tell(after.uptime, slices.Clone(after.values))
		return 1, nil
	}}
	for _, oid := range objects {
		q.objects = append(q.objects, object{name: oid, oid: oid, part: extraWorking})
	}
	return q
}

func TestWhatComesToThePollerThroughAnyWeatherWasSaidByTheAgentSinceItWasAsked(t *testing.T) {
	t.Parallel()
	const readings = 40
	var began, called atomic.Int64 // in all weathers together: in the worst, each reading may need a call
	t.Cleanup(func() {
		if called.Load() == 0 || called.Load() == began.Load() {
			t.Errorf("calls were made for %d of %d readings: the test wants some", called.Load(), began.Load())
		}
	})
	for _, version := range []string{"v2c", "v3"} {
		for name, w := range map[string]weather{"moderate": moderate, "storm": storm, "damaging storm": storm.damaging(0.3)} {
			if w.damaged > 0 && version != "v3" {
				continue // damage that UDP's checksum missed could not be told from the truth
			}
			t.Run(version+" "+name, func(t *testing.T) {
				t.Parallel()
				options := versions()[version]
				a := &teller{cells: 40} // they fit into one PDU
				r := relayTo(t, a.listen(t, options), w)
				options.Port, options.Timeout, options.Retries = r.at.Port(), w.patience(), 9
				before, heard := 0, 0
				polled := client(t, options).Question([]Quantity{witness(columnOf(a.cells), func(uptime time.Duration, values []Value) {
					heard++
					if err := a.check(before, uptime, values); err != nil {
						t.Error(err)
					}
				})}).Agent(r.at.Addr())
				p, told := newTestPoller(t)
				succeeded := 0
				for range readings {
					before = a.answers()
					if got := p.readOne(t.Context(), polled); len(got) != 1 {
						t.Errorf("%d readings were told", len(got))
					} else if got[0].Err == nil {
						succeeded++
					}
				}
				w.checkSuccess(t, succeeded, readings)
				if heard != succeeded {
					t.Errorf("%d answers were believed for %d readings", heard, succeeded)
				}
				began.Add(readings)
				called.Add(int64(told.fallbacks()))
			})
		}
	}
}

// fallbacks counts the calls.
func (c *counted) fallbacks() (calls int) {
	for _, reason := range FallbackReasons {
		if reason != fallbackEncoded {
			calls += c.of("fallback " + reason)
		}
	}
	return calls
}

func TestNoWeatherMakesThePollerAskMoreOftenThanConfigured(t *testing.T) {
	t.Parallel()
	options := versions()["v2c"]
	a := &teller{cells: 2}
	r := relayTo(t, a.listen(t, options), storm)
	options.Port, options.Timeout, options.Retries = r.at.Port(), hasty/3, 3
	agent := client(t, options).Question(gauges(t, columnOf(a.cells)...)).Agent(r.at.Addr())
	p, _ := newTestPoller(t)
	const readings = 40
	for range readings {
		p.readOne(t.Context(), agent)
	}
	if times := r.arrived(); times > readings*(options.Retries+1) {
		t.Errorf("%d readings sent %d requests, want %d for each at most", readings, times, options.Retries+1)
	}
}

// arrived counts what came from callers.
func (r *relay) arrived() (times int) {
	for _, n := range r.questions() {
		times += n
	}
	return times
}

func TestDamageMakesThePollerBelieveNeitherMoreNorFewerValues(t *testing.T) {
	t.Parallel()
	options := versions()["v2c"]
	a := &teller{cells: 8}
	r := relayTo(t, a.listen(t, options), weather{damaged: 0.7})
	var counted drops
	options.Port, options.Timeout, options.Retries, options.Dropped = r.at.Port(), hasty/3, 3, counted.note
	agent := client(t, options).Question([]Quantity{witness(columnOf(a.cells), func(uptime time.Duration, values []Value) {
		if len(values) != a.cells || uptime < 0 {
			t.Errorf("%d values after %v", len(values), uptime)
		}
		for _, value := range values {
			if value.kind == nothing && value.err() == nil {
				t.Error("neither a value nor an explanation")
			}
		}
	})}).Agent(r.at.Addr())
	p := NewPoller(PollerOptions{Stray: counted.note})
	defer p.Close()
	for range 60 {
		if got := p.readOne(t.Context(), agent); len(got) != 1 {
			t.Errorf("%d readings were told", len(got))
		}
	}
	if counted.of(dropMalformed) == 0 {
		t.Errorf("dropped %v: the test wants damage", counted.counts)
	}
}

func TestWhatComesFromSnmpdToThePollerThroughAnyWeatherIsTrue(t *testing.T) {
	t.Parallel()
	for i, way := range []struct {
		version string
		weather weather
	}{{"v2c", moderate}, {"v2c", storm}, {"v3", moderate}, {"v3", storm.damaging(0.2)}} {
		t.Run(fmt.Sprint(way.version, " ", i), func(t *testing.T) {
			t.Parallel()
			agent := startSNMPd(t, fmt.Sprintf("127.54.3.%d", i+1), fmt.Sprintf("createUser reader SHA-256 %q AES %q", passphrase, otherPassphrase), "rouser reader priv")
			options := versions()[way.version]
			options.Context, options.Timeout = "", patient
			first, err := getFrom(t, agent.at, options, snmpInPkts)
			if err != nil {
				t.Fatal(err)
			}
			r := relayTo(t, agent.at, way.weather)
			options.Port, options.Timeout, options.Retries = r.at.Port(), way.weather.patience(), 9
			counted, uptime := first.values[0].count(), first.uptime
			polled := client(t, options).Question([]Quantity{witness([]string{snmpInPkts}, func(up time.Duration, values []Value) {
				now, carried := values[0], r.sent()
				if now.kind != counter32 || now.count() <= counted || now.count() > first.values[0].count()+uint64(carried) || up < uptime {
					t.Errorf("%+v after %v: before it was %d after %v, and %d arrived since the first", now, up, counted, uptime, carried)
				}
				counted, uptime = now.count(), up
			})}).Agent(r.at.Addr())
			p, told := newTestPoller(t)
			const readings = 30
			succeeded := 0
			for range readings {
				if p.readOne(t.Context(), polled)[0].Err == nil {
					succeeded++
				}
			}
			way.weather.checkSuccess(t, succeeded, readings)
			if told.fallbacks() == readings {
				t.Errorf("told %v: the test wants the poller to be answered, too", told.counts)
			}
		})
	}
}
