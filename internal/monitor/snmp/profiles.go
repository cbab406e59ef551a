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
	perCell bool // the objects are columns; the interface's index is appended
}

// object is one object of an agent, by its name in the MIB and its OID.
type object struct {
	name string
	oid  string
	part part
}

// part is what an object is to the busy rule.
type part uint8

const (
	working part = iota // counts as work; must be there
	resting             // counts as rest; must be there
	extraWorking
	extraResting
)

func (p part) needed() bool { return p == working || p == resting }

func (p part) works() bool { return p == working || p == extraWorking }

// profiles are the quantities that configuration may name.
//
// cpu_busy is the share of all processors' time that was neither idle nor
// waiting for a disk. The objects are net-snmp's raw counters of ticks
// (UCD-SNMP-MIB, systemStats), which snmpd takes from the kernel every 5 s.
// Time stolen by the hypervisor counts as work: the instance wanted it.
// ssCpuRawKernel is left out because ssCpuRawSystem contains it, and guest time
// because ssCpuRawUser does. Agents that lack an extra are read without it.
//
// load1 is the run queue's mean over a minute; laLoadInt holds it times 100.
//
// network_in and network_out are bits per second of one interface (IF-MIB). snmpd
// answers from a copy of the kernel's counters that is up to 3 s old.
var profiles = map[string]profile{
	"cpu_busy": {
		rule:    busy,
		scale:   1,
		ceiling: 1,
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
	"load1": {
		rule:    newest,
		scale:   0.01,
		objects: []object{{name: "laLoadInt.1", oid: ".1.3.6.1.4.1.2021.10.1.5.1"}},
	},
	"network_in": {
		rule:    rate,
		scale:   8,
		refresh: 4 * time.Second,
		objects: []object{{name: "ifHCInOctets", oid: ".1.3.6.1.2.1.31.1.1.1.6"}},
		perCell: true,
	},
	"network_out": {
		rule:    rate,
		scale:   8,
		refresh: 4 * time.Second,
		objects: []object{{name: "ifHCOutOctets", oid: ".1.3.6.1.2.1.31.1.1.1.10"}},
		perCell: true,
	},
}
