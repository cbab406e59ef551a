package main

import (
	"bytes"
	"encoding/binary"
	"math"
	"time"
)

// community is what the stand-ins for agents are asked with in v2c.
const community = "public"

// objectsMost is how many one request may name.
const objectsMost = 64

// object is one that the agents have.
type object struct {
	oid   []byte // as it is encoded
	tag   byte
	value func(of *moment) uint64
}

// moment is what an agent could tell at one time.
type moment struct {
	at     float64 // seconds since 1970
	idle   float64 // seconds, of all there were, in which its processors had nothing to do
	busy   float64 // seconds in which they had
	uptime float64 // seconds
	wave   float64 // -1 to 1, another for each agent
}

// ticksPerSecond are those of a machine with a thousand processors: its counters have moved
// even if it was asked a millisecond ago.
const ticksPerSecond = 100_000

// The agents are between 40 and 50 % busy. Each swings once a minute, at its own time.
const (
	busyShare = 0.45
	swing     = 0.05
	period    = 60.0
)

// started is so long ago that uptimes look like those of servers.
var started = time.Now().Add(-24 * time.Hour)

// momentOf is what the agent at the address could tell now.
func momentOf(address [4]byte, now time.Time) (m moment) {
	phase := float64(binary.BigEndian.Uint32(address[:])&0xffff) / 0x10000
	m.at, m.uptime = float64(now.UnixMicro())/1e6, now.Sub(started).Seconds()
	sin, cos := math.Sincos(2 * math.Pi * (math.Mod(m.at, period)/period + phase))
	m.wave = sin
	m.busy = busyShare*m.at - swing*period/(2*math.Pi)*cos
	m.idle = m.at - m.busy
	return m
}

func busyTicks(share float64) func(*moment) uint64 {
	return func(m *moment) uint64 { return uint64(uint32(uint64(m.busy * share * ticksPerSecond))) }
}

func idleTicks(share float64) func(*moment) uint64 {
	return func(m *moment) uint64 { return uint64(uint32(uint64(m.idle * share * ticksPerSecond))) }
}

// around is a number of kilobytes that moves by a hundredth.
func around(kilobytes float64) func(*moment) uint64 {
	return func(m *moment) uint64 { return uint64(kilobytes * (1 + 0.01*m.wave)) }
}

func always(n uint64) func(*moment) uint64 { return func(*moment) uint64 { return n } }

// ucd is the begin of net-snmp's own objects, .1.3.6.1.4.1.2021, encoded.
func ucd(rest ...byte) []byte { return append([]byte{0x2b, 6, 1, 4, 1, 0x8f, 0x65}, rest...) }

// objects are sixteen: the uptime, and what the profiles cpu_busy, memory_used and swap_used ask
// for. One request names all of them.
var objects = []object{
	{[]byte{0x2b, 6, 1, 2, 1, 1, 3, 0}, tagTimeTicks, func(m *moment) uint64 { return uint64(m.uptime * 100) }}, // sysUpTime
	{ucd(11, 50, 0), tagCounter32, busyTicks(0.6)},                                                              // ssCpuRawUser
	{ucd(11, 51, 0), tagCounter32, always(0)},                                                                   // ssCpuRawNice
	{ucd(11, 52, 0), tagCounter32, busyTicks(0.3)},                                                              // ssCpuRawSystem
	{ucd(11, 53, 0), tagCounter32, idleTicks(0.98)},                                                             // ssCpuRawIdle
	{ucd(11, 54, 0), tagCounter32, idleTicks(0.02)},                                                             // ssCpuRawWait
	{ucd(11, 56, 0), tagCounter32, busyTicks(0.04)},                                                             // ssCpuRawInterrupt
	{ucd(11, 61, 0), tagCounter32, busyTicks(0.05)},                                                             // ssCpuRawSoftIRQ
	{ucd(11, 64, 0), tagCounter32, busyTicks(0.01)},                                                             // ssCpuRawSteal
	{ucd(4, 5, 0), tagInteger, always(16 << 20)},                                                                // memTotalReal
	{ucd(4, 6, 0), tagInteger, around(2 << 20)},                                                                 // memAvailReal
	{ucd(4, 14, 0), tagInteger, around(300 << 10)},                                                              // memBuffer
	{ucd(4, 15, 0), tagInteger, around(6 << 20)},                                                                // memCached
	{ucd(4, 27, 0), tagCounter64, around(8 << 20)},                                                              // memSysAvail
	{ucd(4, 3, 0), tagInteger, always(2 << 20)},                                                                 // memTotalSwap
	{ucd(4, 4, 0), tagInteger, around(1900 << 10)},                                                              // memAvailSwap
}

// oids are those of the objects, as people write them.
func oids() []string {
	texts := make([]string, len(objects))
	for i, o := range objects {
		texts[i] = oidText(o.oid)
	}
	return texts
}

// respond writes the answer to a GetRequest-PDU. ok is false when it is something else.
func respond(pdu []byte, m *moment, w *writer) (ok bool) {
	content, _, ok := inside(pdu, tagGet)
	id, rest, ok1 := inside(content, tagInteger)
	_, rest, ok2 := inside(rest, tagInteger)
	_, rest, ok3 := inside(rest, tagInteger)
	list, _, ok4 := inside(rest, tagSequence)
	if !ok || !ok1 || !ok2 || !ok3 || !ok4 {
		return false
	}
	var asked [objectsMost][]byte
	count := 0
	for len(list) > 0 && count < objectsMost {
		var pair []byte
		if pair, list, ok = inside(list, tagSequence); !ok {
			return false
		}
		if asked[count], _, ok = inside(pair, tagOID); !ok {
			return false
		}
		count++
	}
	end := w.at
	for i := count - 1; i >= 0; i-- {
		pair := w.at
		show(i, asked[i], m, w)
		w.element(tagOID, asked[i])
		w.wrap(tagSequence, pair)
	}
	w.wrap(tagSequence, end)
	w.number(tagInteger, 0)
	w.number(tagInteger, 0)
	w.element(tagInteger, id)
	w.wrap(tagResponse, end)
	return true
}

// show writes the value of the object, which as a rule is where it was asked for.
func show(place int, oid []byte, m *moment, w *writer) {
	if place < len(objects) && bytes.Equal(objects[place].oid, oid) {
		w.number(objects[place].tag, objects[place].value(m))
		return
	}
	for _, o := range objects {
		if bytes.Equal(o.oid, oid) {
			w.number(o.tag, o.value(m))
			return
		}
	}
	w.element(tagNoObject, nil)
}

// answerPlain writes the answer to a message of v2c.
func answerPlain(message []byte, m *moment, w *writer) (ok bool) {
	content, _, ok := inside(message, tagSequence)
	version, rest, ok1 := inside(content, tagInteger)
	said, pdu, ok2 := inside(rest, tagOctets)
	if !ok || !ok1 || !ok2 || number(version) != 1 || string(said) != community {
		return false
	}
	end := w.at
	if !respond(pdu, m, w) {
		return false
	}
	w.element(tagOctets, said)
	w.number(tagInteger, 1)
	w.wrap(tagSequence, end)
	return true
}
