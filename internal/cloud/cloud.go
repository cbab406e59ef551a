// Package cloud holds the ports through which the rest of the program reaches a
// cloud: what a provider of machines and a balancer can be asked, in words that
// fit every cloud, and the classes of error on which retrying is decided.
//
// It promises that nothing here knows a particular cloud, and that reading and
// writing are two interfaces: whoever holds only [Reader] cannot change a thing.
// The adapters (cloud/gp) implement the ports and hold no policy; package
// cloudtest is the suite that each adapter passes. This package calls nobody.
package cloud

import (
	"context"
	"net/netip"
	"time"
)

// ContractState says whether a machine's contract can be worked with.
type ContractState uint8

// The states of a contract.
const (
	ContractUnknown   ContractState = iota // a value that the adapter does not know: busy, never usable
	ContractPreparing                      // ordered, not there yet
	ContractInService                      // there
	ContractEnded                          // over
)

var contractNames = [...]string{"unknown", "preparing", "in_service", "ended"}

func (s ContractState) String() string { return contractNames[s] }

// Power says what a machine is doing.
type Power uint8

// The power states.
const (
	PowerUnknown  Power = iota // not read, or a value that the adapter does not know: busy
	PowerBlank                 // off, and cannot be started before it is prepared
	PowerOff                   // off, startable
	PowerStarting              // going up
	PowerOn                    // the operating system runs; says nothing of the service
	PowerStopping              // going down
	PowerBusy                  // the cloud is changing the machine (configuring, cloning, wiping)
)

var powerNames = [...]string{"unknown", "blank", "off", "starting", "on", "stopping", "busy"}

func (p Power) String() string { return powerNames[p] }

// Machine is what the cloud shows of one machine.
type Machine struct {
	Code     string        // the provider's own name of the machine, unique in the account
	Label    string        // free text on the machine; holds the evidence of ownership
	Type     string        // plan or size; empty when the listing does not tell
	Contract ContractState //
	Power    Power         //
	Status   string        // the provider's own word for the state, for people
	Start    time.Time     // day on which the contract began; zero when not told
	Stop     time.Time     // day after which the contract is over; zero when no end is set
	Address  netip.Addr    // private address; invalid when not known
	Location string        // part of the cloud in which it stands; empty when the reading does not tell
}

// Ending says that an end of the contract is recorded.
func (m Machine) Ending() bool { return !m.Stop.IsZero() || m.Contract == ContractEnded }

// Node is one member of a balancer's pool.
type Node struct {
	Address netip.AddrPort
	Status  string // the provider's own word, for people
}

// Template says what an instance is made from.
type Template struct {
	Source  string // code of the machine that is cloned
	Type    string // plan or size of the new machines
	Version string // what its owner calls its content; empty when never named
}

// ID names what an instance made from the template is made from: gc00000001, or
// gc00000001@v2 when its version is named. The type is no part of it.
func (t Template) ID() string {
	if t.Version == "" {
		return t.Source
	}
	return t.Source + "@" + t.Version
}

// Preparation is a piece of work that a machine needs once, between its delivery
// and its first start, and that the cloud cannot be asked about afterwards.
type Preparation struct {
	Name   string // short, in lower_snake_case; the name of the fact that records it
	Repeat Repeat // what a repeat does when the fact was lost
	OnDisk bool   // overwriting the machine from a template undoes it
}

// Repeat says how a step may be repeated when it is not known whether an earlier
// attempt had its effect.
type Repeat uint8

// The repeat classes.
const (
	RepeatSafe      Repeat = iota // repeating gives the same end state
	RepeatLookFirst               // look whether it is still needed, then do it
	RepeatNever                   // a purchase: never repeated, only settled by looking
)

var repeatNames = [...]string{"safe", "look_first", "never"}

func (r Repeat) String() string { return repeatNames[r] }

// Billing is what a machine's contract costs in time: the paid period rolls at
// each End, and a machine released before it costs nothing beyond it.
type Billing struct {
	PeriodEnd time.Time // end of the paid period that contains the asked instant
	LastDay   time.Time // the date to give to Release so that the contract ends with that period
}

// Reader reads a provider's machines. Every method honours the context's
// deadline, and returns errors that have a [Class] and say what was being done, and
// to what. So do those of the other ports.
type Reader interface {
	// Access is nil when the credentials may work with the account, and an error
	// of class Denied when they may not.
	Access(ctx context.Context) error

	// List returns every machine that the account knows, also those not yet in
	// service. A listing that is known to be incomplete is an error.
	List(ctx context.Context) ([]Machine, error)

	// Describe reads one machine afresh: its contract, its power, and its
	// address once it is on. Fields that only a listing shows (label, dates)
	// may be empty. A code that the provider does not know yet, because it was
	// ordered a moment ago, is ContractPreparing when the provider says so and
	// otherwise an error of class NotFound.
	Describe(ctx context.Context, code string) (Machine, error)

	// Type reads what kind of machine one in service is, as an order names it.
	Type(ctx context.Context, code string) (string, error)

	// Label reads one machine's label and end date afresh.
	Label(ctx context.Context, code string) (label string, stop time.Time, err error)

	// Billing says when the paid period around now ends.
	Billing(now time.Time) Billing

	// Preparations lists what a new machine needs before its first start, in
	// order. It does not include the label.
	Preparations() []Preparation
}

// Writer changes a provider's machines. Only package actions calls it.
type Writer interface {
	Reader

	// Order buys count machines and returns their codes. RepeatNever: an error
	// of class UnknownOutcome means that the machines may have been bought.
	Order(ctx context.Context, template Template, count int) (codes []string, err error)

	// SetLabel replaces the machine's label. RepeatSafe.
	SetLabel(ctx context.Context, code, label string) error

	// Prepare does the named preparation. The machine may be busy afterwards;
	// busy says that it is.
	Prepare(ctx context.Context, code, preparation string) (busy bool, err error)

	// Start turns the machine on; Stop turns it off, by force if asked. Both
	// return at once; RepeatLookFirst.
	Start(ctx context.Context, code string) error
	Stop(ctx context.Context, code string, force bool) error

	// Refresh overwrites the disk of a machine that is PowerOff (a blank one may be
	// refused) with that of the template's source, which must be PowerOff, too. Both
	// are busy for a while afterwards. Contract, label, address and pools stay;
	// preparations that are OnDisk are undone. It cannot be taken back.
	// RepeatLookFirst.
	Refresh(ctx context.Context, code string, template Template) error

	// Release ends the contract with the given day. It cannot be taken back.
	// RepeatLookFirst.
	Release(ctx context.Context, code string, lastDay time.Time) error
}

// BalancerReader reads one pool of one balancer.
type BalancerReader interface {
	// Name identifies the pool for people and metrics, e.g. "gl00000001/web".
	Name() string
	// Port is the port at which instances serve in this pool.
	Port() uint16
	// Capacity is the most nodes that the pool takes; 0 when not known.
	Capacity() int
	// Nodes returns the pool's members. RepeatSafe.
	Nodes(ctx context.Context) ([]Node, error)
}

// Balancer changes one pool of one balancer. Only package actions calls it.
type Balancer interface {
	BalancerReader

	// Attach adds a node; Detach takes it away. Both RepeatLookFirst: adding a
	// present node or removing an absent one may be an error.
	Attach(ctx context.Context, node netip.AddrPort) error
	Detach(ctx context.Context, node netip.AddrPort) error
}

// Snapshot is what one look at an account showed. It is never changed once made.
type Snapshot struct {
	Started  time.Time          // before the first read
	Finished time.Time          // after the last read
	Machines map[string]Machine // by code
	Pools    map[string][]Node  // by BalancerReader.Name; lacks the pools that could not be read
}
