package snmp

import "time"

// profile is a ready-made quantity: the objects, and the rule that makes one
// number of them.
type profile struct {
	rule    rule
	scale   float64       // the rule's result is multiplied by this
	ceiling float64       // see Quantity.Ceiling
	refresh time.Duration // see Quantity.refresh
	objects []object
	of      kindOfRow // the objects are columns; which row is configured
	table   statistic // the one object is a column; see Quantity.table
	counts  bool      // the objects are counters
}

// kindOfRow is what the rows of a table are about.
type kindOfRow uint8

const (
	_ kindOfRow = iota
	interfaces
	storages
)

// object is one object of an agent, by its name in the MIB and its OID.
type object struct {
	name string
	oid  string
	part part
}

// part is what an object is to its rule.
type part uint8

const (
	working part = iota // counts, in rule busy as work; must be there
	resting             // counts as rest; must be there
	extraWorking
	extraResting
	linkSpeed // an interface's, in millions of bits per second; not always there
)

func (p part) needed() bool { return p == working || p == resting }

func (p part) works() bool { return p == working || p == extraWorking }

// The columns with the names of rows.
const (
	ifName         = ".1.3.6.1.2.1.31.1.1.1.1"
	hrStorageDescr = ".1.3.6.1.2.1.25.2.3.1.3"
)

var ifHighSpeed = object{name: "ifHighSpeed", oid: ".1.3.6.1.2.1.31.1.1.1.15", part: linkSpeed}

// octets is the profile of a counter of octets of an interface.
func octets(name, oid string) profile {
	return profile{
		rule: rate, scale: 8, refresh: copied, of: interfaces, counts: true,
		objects: []object{{name: name, oid: oid}, ifHighSpeed},
	}
}

// shareOfSpeed is the profile of the same counter, as a share of what the interface can carry.
func shareOfSpeed(name, oid string) profile {
	p := octets(name, oid)
	p.rule, p.ceiling = utilization, 1
	return p
}

// packets is the profile of counters of packets of an interface.
func packets(objects ...object) profile {
	return profile{rule: rate, scale: 1, refresh: copied, of: interfaces, counts: true, objects: objects}
}

// load is the profile of the run queue's mean length; laLoadInt holds it times 100.
func load(row string) profile {
	return profile{rule: newest, scale: 0.01, objects: []object{{name: "laLoadInt" + row, oid: ".1.3.6.1.4.1.2021.10.1.5" + row}}}
}

// copied is longer than snmpd's copy of the kernel's interface counters lives, 3 s.
const copied = 4 * time.Second

// profiles are the quantities that configuration may name. docs/snmp.md has them
// with their units, ceilings and agents. UCD-SNMP-MIB is net-snmp's own.
//
// cpu_busy is the share of all processors' time that was neither idle nor
// waiting for a disk. The objects are net-snmp's raw counters of ticks
// (UCD-SNMP-MIB, systemStats), which snmpd takes from the kernel every 5 s.
// Time stolen by the hypervisor counts as work: the instance wanted it.
// ssCpuRawKernel is left out because ssCpuRawSystem contains it, and guest time
// because ssCpuRawUser does. Agents that lack an extra are read without it.
//
// cpu_load_hr is the mean over the processors of the percentage of the last
// minute in which they were not idle (HOST-RESOURCES-MIB), as a share.
//
// load1, load5 and load15 are the run queue's means over so many minutes.
//
// memory_used is the share of memory that could not be had without swapping:
// what the kernel says is available is not in it (memSysAvail, of net-snmp 5.9 on
// Linux); where the agent does not tell, what is free, in buffers and in the page
// cache is not. swap_used is the share of swap space; a host without any has none.
//
// disk_used is the share of a mounted file system's blocks (hrStorageTable); what
// is reserved for root counts as free.
//
// tcp_connections are those established or waiting to be closed (TCP-MIB).
//
// network_in and network_out are bits per second of one interface (IF-MIB), and
// their utilization is the share of ifHighSpeed; network_in_packets and
// network_out_packets are unicast, multicast and broadcast packets per second, and
// network_errors faulty packets of both directions per second. snmpd answers from
// a copy of the kernel's counters that is up to 3 s old.
var profiles = map[string]profile{
	"cpu_busy": {
		rule:    busy,
		scale:   1,
		ceiling: 1,
		counts:  true,
		objects: []object{
			{name: "ssCpuRawUser", oid: ".1.3.6.1.4.1.2021.11.50.0"},
			{name: "ssCpuRawNice", oid: ".1.3.6.1.4.1.2021.11.51.0", part: extraWorking},
			{name: "ssCpuRawSystem", oid: ".1.3.6.1.4.1.2021.11.52.0"},
			{name: "ssCpuRawIdle", oid: ".1.3.6.1.4.1.2021.11.53.0", part: resting},
			{name: "ssCpuRawWait", oid: ".1.3.6.1.4.1.2021.11.54.0", part: extraResting},
			{name: "ssCpuRawInterrupt", oid: ".1.3.6.1.4.1.2021.11.56.0", part: extraWorking},
			{name: "ssCpuRawSoftIRQ", oid: ".1.3.6.1.4.1.2021.11.61.0", part: extraWorking},
			{name: "ssCpuRawSteal", oid: ".1.3.6.1.4.1.2021.11.64.0", part: extraWorking},
		},
	},
	"cpu_load_hr": {
		rule:    newest,
		scale:   0.01,
		ceiling: 1,
		table:   mean,
		objects: []object{{name: "hrProcessorLoad", oid: ".1.3.6.1.2.1.25.3.3.1.2"}},
	},
	"load1":  load(".1"),
	"load5":  load(".2"),
	"load15": load(".3"),
	"memory_used": {
		rule:    notFree,
		scale:   1,
		ceiling: 1,
		objects: []object{
			{name: "memTotalReal", oid: ".1.3.6.1.4.1.2021.4.5.0"},
			{name: "memAvailReal", oid: ".1.3.6.1.4.1.2021.4.6.0"},
			{name: "memBuffer", oid: ".1.3.6.1.4.1.2021.4.14.0"},
			{name: "memCached", oid: ".1.3.6.1.4.1.2021.4.15.0"},
			{name: "memSysAvail", oid: ".1.3.6.1.4.1.2021.4.27.0", part: extraResting},
		},
	},
	"swap_used": {
		rule:    notFree,
		scale:   1,
		ceiling: 1,
		objects: []object{
			{name: "memTotalSwap", oid: ".1.3.6.1.4.1.2021.4.3.0"},
			{name: "memAvailSwap", oid: ".1.3.6.1.4.1.2021.4.4.0"},
		},
	},
	"disk_used": {
		rule:    used,
		scale:   1,
		ceiling: 1,
		of:      storages,
		objects: []object{
			{name: "hrStorageUsed", oid: ".1.3.6.1.2.1.25.2.3.1.6"},
			{name: "hrStorageSize", oid: ".1.3.6.1.2.1.25.2.3.1.5"},
		},
	},
	"tcp_connections": {
		rule:    newest,
		scale:   1,
		objects: []object{{name: "tcpCurrEstab", oid: ".1.3.6.1.2.1.6.9.0"}},
	},
	"network_in":              octets("ifHCInOctets", ".1.3.6.1.2.1.31.1.1.1.6"),
	"network_out":             octets("ifHCOutOctets", ".1.3.6.1.2.1.31.1.1.1.10"),
	"network_in_utilization":  shareOfSpeed("ifHCInOctets", ".1.3.6.1.2.1.31.1.1.1.6"),
	"network_out_utilization": shareOfSpeed("ifHCOutOctets", ".1.3.6.1.2.1.31.1.1.1.10"),
	"network_in_packets": packets(
		object{name: "ifHCInUcastPkts", oid: ".1.3.6.1.2.1.31.1.1.1.7"},
		object{name: "ifHCInMulticastPkts", oid: ".1.3.6.1.2.1.31.1.1.1.8", part: extraWorking},
		object{name: "ifHCInBroadcastPkts", oid: ".1.3.6.1.2.1.31.1.1.1.9", part: extraWorking},
	),
	"network_out_packets": packets(
		object{name: "ifHCOutUcastPkts", oid: ".1.3.6.1.2.1.31.1.1.1.11"},
		object{name: "ifHCOutMulticastPkts", oid: ".1.3.6.1.2.1.31.1.1.1.12", part: extraWorking},
		object{name: "ifHCOutBroadcastPkts", oid: ".1.3.6.1.2.1.31.1.1.1.13", part: extraWorking},
	),
	"network_errors": packets(
		object{name: "ifInErrors", oid: ".1.3.6.1.2.1.2.2.1.14"},
		object{name: "ifOutErrors", oid: ".1.3.6.1.2.1.2.2.1.20"},
	),
}
