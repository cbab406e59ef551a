package gpsim

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/autoscaled/autoscaled/internal/secret"
)

// Options says how a simulator behaves. Only Accounts is required.
type Options struct {
	Accounts []Account // who may call; access keys are unique
	Delays   Delays    // how long transitions take; the zero value means RealDelays

	// Spread is how widely each delay varies around its median: the standard
	// deviation of its natural logarithm, 0 to 1. At 0 every delay is exact; at
	// 0.3 two of three lie within a third of the median.
	Spread float64

	// Seed makes repeatable what is drawn: delays, and the calls and entries that
	// faults hit.
	Seed uint64

	// Now is wall time as data: Expire, contract dates, the books. Transitions
	// follow the time package instead. The default is time.Now.
	Now func() time.Time

	Hooks Hooks

	// AddressBase is the IPv4 network from which machines get their private
	// addresses, none of them twice. The default is 127.10.0.0/16.
	AddressBase netip.Prefix

	// StaleReads says how a status can be old by Delays.StaleRead. The default is
	// StaleByLag.
	StaleReads StaleReads

	// CloneLanding is the status in which a clone lands: Initialized (the
	// default: a key import must precede the first start) or Stopped.
	CloneLanding string

	// CloneInherits is what a clone has of its source beside its disk. The default,
	// of nil, is its label.
	CloneInherits []Inheritance

	MaxMachines  int // machines with a contract in one main contract; default 100
	MaxPoolNodes int // nodes in one pool; default 50

	// Capacity is how many machines of all accounts a location, L or R, has hosts
	// for. A location that is not named has no limit.
	Capacity map[string]int

	// StateFile makes the simulator durable. It is created when missing; its
	// folder must exist. It is written whole for each change: about 13 ms for 1,000
	// machines and 70 ms for 10,000, which are 5 MB, and as much again for every
	// 20,000 changing calls in the books.
	StateFile string
}

// Inheritance is something that a clone may have of its source.
type Inheritance string

// What a clone may inherit.
const (
	InheritLabel Inheritance = "label"
	InheritFwLbs Inheritance = "fwlb" // the FW+LB options that it is attached to
)

// Account is a set of credentials with the one main contract (gp) that it may
// operate.
type Account struct {
	AccessKey     string
	SecretKey     secret.Secret
	GpServiceCode string
}

// Delays are the times that the cloud takes, all at least 0: with a Spread their
// medians.
type Delays struct {
	Prepare     time.Duration // from an order to the contract being InService
	EarlyStatus time.Duration // from an order until GetContractStatus knows the contract
	Clone       time.Duration // from an order until the clone job is over; no contract of a clone is InService before
	Configure   time.Duration // a setting being applied: key import, FW+LB attached or detached
	Start       time.Duration // Starting
	Stop        time.Duration // Stopping
	StaleRead   time.Duration // how old a machine status can be that a reading action shows
}

// RealDelays are in the order of magnitude of the real service, as far as the
// waiting times in IIJ's own tools tell: a machine takes about ten minutes.
func RealDelays() Delays {
	return Delays{
		Prepare:     4 * time.Minute,
		EarlyStatus: 30 * time.Second,
		Clone:       5 * time.Minute,
		Configure:   time.Minute,
		Start:       2 * time.Minute,
		Stop:        2 * time.Minute,
		StaleRead:   time.Minute,
	}
}

// FastDelays are the real ones at 300 times the speed, for demonstrations: from
// an order to Running about 1.6 s, from Running to Stopped 0.4 s.
func FastDelays() Delays { return RealDelays().Faster(300) }

// Faster divides all delays by speed, which is more than 0.
func (d Delays) Faster(speed float64) Delays {
	for _, delay := range d.all() {
		*delay = time.Duration(float64(*delay) / speed)
	}
	return d
}

func (d *Delays) all() []*time.Duration {
	return []*time.Duration{&d.Prepare, &d.EarlyStatus, &d.Clone, &d.Configure, &d.Start, &d.Stop, &d.StaleRead}
}

// Hooks tell what becomes visible outside the API. They are called one at a
// time, in the order of the changes, before the answer to the call that caused
// them leaves. They must not call the simulator over HTTP, which would wait for
// them. Nil hooks are skipped.
type Hooks struct {
	// Power says that a machine's operating system now runs, or no longer does.
	Power func(code string, address netip.Addr, on bool)
	// Pool says which nodes a pool has from now on.
	Pool func(gl, pool string, nodes []netip.AddrPort)
}

func (o Options) withDefaults() Options {
	if o.Delays == (Delays{}) {
		o.Delays = RealDelays()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if !o.AddressBase.IsValid() {
		o.AddressBase = netip.MustParsePrefix("127.10.0.0/16")
	}
	if o.CloneInherits == nil {
		o.CloneInherits = []Inheritance{InheritLabel}
	}
	if o.CloneLanding == "" {
		o.CloneLanding = StatusInitialized
	}
	if o.MaxMachines == 0 {
		o.MaxMachines = 100
	}
	if o.MaxPoolNodes == 0 {
		o.MaxPoolNodes = 50
	}
	return o
}

func (o Options) validate() error {
	return errors.Join(o.validateAccounts(), o.Delays.validate(), o.validateRanges())
}

func (o Options) validateAccounts() error {
	if len(o.Accounts) == 0 {
		return errors.New("gpsim options: Accounts is empty: give at least one")
	}
	seen := map[string]bool{}
	for i, account := range o.Accounts {
		if account.AccessKey == "" || account.SecretKey.Empty() || !isServiceCode(account.GpServiceCode, "gp") {
			return fmt.Errorf("gpsim options: Accounts[%d] needs an access key, a secret key and a main contract like gp00000001", i)
		}
		if seen[account.AccessKey] {
			return fmt.Errorf("gpsim options: Accounts[%d]: access key %q occurs twice: make it unique", i, account.AccessKey)
		}
		seen[account.AccessKey] = true
	}
	return nil
}

func (d Delays) validate() error {
	for _, delay := range d.all() {
		if *delay < 0 {
			return fmt.Errorf("gpsim options: Delays has %v: a delay is at least 0", *delay)
		}
	}
	return nil
}

func (o Options) validateRanges() error {
	switch {
	case !(o.Spread >= 0 && o.Spread <= 1):
		return fmt.Errorf("gpsim options: Spread is %v: give a number from 0 to 1", o.Spread)
	case !o.AddressBase.Addr().Is4():
		return fmt.Errorf("gpsim options: AddressBase is %v: give an IPv4 network", o.AddressBase)
	case slices.ContainsFunc(o.CloneInherits, func(i Inheritance) bool { return i != InheritLabel && i != InheritFwLbs }):
		return fmt.Errorf("gpsim options: CloneInherits is %q: give %s, %s, both or none", o.CloneInherits, InheritLabel, InheritFwLbs)
	case o.CloneLanding != StatusInitialized && o.CloneLanding != StatusStopped:
		return fmt.Errorf("gpsim options: CloneLanding is %q: give %s or %s", o.CloneLanding, StatusInitialized, StatusStopped)
	case o.MaxMachines < 0 || o.MaxPoolNodes < 0:
		return errors.New("gpsim options: MaxMachines and MaxPoolNodes must be positive, or 0 for their default")
	}
	return o.validateCapacity()
}

func (o Options) validateCapacity() error {
	for location, machines := range o.Capacity {
		if location != locationL && location != locationR || machines < 0 {
			return fmt.Errorf("gpsim options: Capacity has %d machines for %q: give at least 0 for %s or %s", machines, location, locationL, locationR)
		}
	}
	return nil
}

func (o Options) account(accessKey string) (Account, bool) {
	for _, account := range o.Accounts {
		if account.AccessKey == accessKey {
			return account, true
		}
	}
	return Account{}, false
}
