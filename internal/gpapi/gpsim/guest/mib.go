package guest

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// tick is the unit of sysUpTime and of the UCD CPU counters (UCD-SNMP-MIB).
const tick = 10 * time.Millisecond

// The shape of the machines that the agent describes.
const (
	loopback      = 1 // ifIndex
	ethernet      = 2
	ethernetMbps  = 1000
	loopbackMbps  = 10
	firstCPUIndex = 196608 // hrDeviceIndex that net-snmp gives the first processor
)

// reading is what a machine shows of itself at one instant.
type reading struct {
	name              string
	uptime            time.Duration
	busy              time.Duration // processor time used, <= uptime
	minuteRatio       float64       // share of the last minute for which the processor was busy
	load              [3]float64    // load averages over 1, 5 and 15 minutes
	inBytes, outBytes uint64        // through the ethernet interface, since boot
}

// busyTicks is cut to whole ticks once, and then divided, so that user and system
// together lag behind the true time by less than one tick and never go back.
func (r reading) busyTicks() uint64   { return uint64(r.busy / tick) }
func (r reading) systemTicks() uint64 { return r.busyTicks() / 5 }
func (r reading) userTicks() uint64   { return r.busyTicks() - r.systemTicks() }
func (r reading) idleTicks() uint64   { return uint64((r.uptime - r.busy) / tick) }
func (r reading) upTicks() uint64     { return uint64(r.uptime / tick) }

// object is one instance of a managed object, with its value in a reading.
type object struct {
	name  oid // the column and one sub-identifier of index
	value func(reading) value
}

var (
	mib2       = oid{1, 3, 6, 1, 2, 1}
	system     = mib2.with(1)
	ifEntry    = mib2.with(2, 2, 1)
	hrSystem   = mib2.with(25, 1)
	hrCPULoad  = mib2.with(25, 3, 3, 1, 2)
	ifXEntry   = mib2.with(31, 1, 1, 1)
	ucd        = oid{1, 3, 6, 1, 4, 1, 2021}
	loadEntry  = ucd.with(10, 1)
	systemStat = ucd.with(11)
	linuxAgent = oid{1, 3, 6, 1, 4, 1, 8072, 3, 2, 10}
)

// mib is every object that the agent has, in lexicographic order. Names, types and
// indices are those of net-snmp's agent on Linux (SNMPv2-MIB, IF-MIB,
// HOST-RESOURCES-MIB, UCD-SNMP-MIB); unlike that agent, which reads its counters
// every few seconds, each answer is of the moment.
var mib = objects()

func objects() []object {
	var all []object
	add := func(column oid, index uint32, value func(reading) value) {
		all = append(all, object{name: column.with(index), value: value})
	}

	add(system.with(1), 0, func(r reading) value { return octets("Linux " + r.name + " simulated") })
	add(system.with(2), 0, func(reading) value { return objectID(linuxAgent) })
	add(system.with(3), 0, func(r reading) value { return timeTicks(r.upTicks()) })
	add(system.with(5), 0, func(r reading) value { return octets(r.name) })

	add(ifEntry.with(2), loopback, func(reading) value { return octets("lo") })
	add(ifEntry.with(2), ethernet, func(reading) value { return octets("eth0") })

	add(hrSystem.with(1), 0, func(r reading) value { return timeTicks(r.upTicks()) })
	add(hrCPULoad, firstCPUIndex, func(r reading) value { return integer(int32(math.Round(100 * r.minuteRatio))) })

	add(ifXEntry.with(1), loopback, func(reading) value { return octets("lo") })
	add(ifXEntry.with(1), ethernet, func(reading) value { return octets("eth0") })
	add(ifXEntry.with(6), loopback, func(reading) value { return counter64(0) })
	add(ifXEntry.with(6), ethernet, func(r reading) value { return counter64(r.inBytes) })
	add(ifXEntry.with(10), loopback, func(reading) value { return counter64(0) })
	add(ifXEntry.with(10), ethernet, func(r reading) value { return counter64(r.outBytes) })
	add(ifXEntry.with(15), loopback, func(reading) value { return gauge32(loopbackMbps) })
	add(ifXEntry.with(15), ethernet, func(reading) value { return gauge32(ethernetMbps) })

	for i := range loadHorizons {
		row := uint32(i + 1)
		add(loadEntry.with(1), row, func(reading) value { return integer(int32(row)) })
		add(loadEntry.with(2), row, func(reading) value {
			return octets(fmt.Sprintf("Load-%.0f", loadHorizons[i].Minutes()))
		})
		add(loadEntry.with(3), row, func(r reading) value { return octets(fmt.Sprintf("%.2f", r.load[i])) })
		add(loadEntry.with(5), row, func(r reading) value { return integer(int32(100 * r.load[i])) })
	}

	add(systemStat.with(50), 0, func(r reading) value { return counter32(r.userTicks()) })
	add(systemStat.with(52), 0, func(r reading) value { return counter32(r.systemTicks()) })
	add(systemStat.with(53), 0, func(r reading) value { return counter32(r.idleTicks()) })
	for _, unused := range []uint32{51, 54, 55, 56, 61, 64, 65, 66} { // nice, wait, kernel, interrupt, softirq, steal, guest, guest nice
		add(systemStat.with(unused), 0, func(reading) value { return counter32(0) })
	}
	add(systemStat.with(67), 0, func(reading) value { return integer(1) }) // processors

	slices.SortFunc(all, func(a, b object) int { return slices.Compare(a.name, b.name) })
	return all
}

// find returns where name is in mib, or would be.
func find(name oid) (at int, found bool) {
	return slices.BinarySearchFunc(mib, name, func(o object, name oid) int { return slices.Compare(o.name, name) })
}

// get is the named instance with its value, or with the exception that RFC 3416
// §4.2.1 asks for.
func (r reading) get(name oid) binding {
	if at, found := find(name); found {
		return binding{name, mib[at].value(r)}
	}
	for _, o := range mib {
		column := o.name[:len(o.name)-1]
		if len(name) >= len(column) && slices.Equal(name[:len(column)], column) {
			return binding{name, exception(tagNoSuchInstance)}
		}
	}
	return binding{name, exception(tagNoSuchObject)}
}

// next is the first instance behind name, or name itself with endOfMibView
// (RFC 3416 §4.2.2).
func (r reading) next(name oid) binding {
	at, found := find(name)
	if found {
		at++
	}
	if at == len(mib) {
		return binding{name, exception(tagEndOfMibView)}
	}
	return binding{mib[at].name, mib[at].value(r)}
}
