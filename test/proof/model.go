package proof

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"github.com/autoscaled/autoscaled/internal/cloud"
)

// Delays are the times that the model cloud takes, all at least 0.
type Delays struct {
	Known     time.Duration // from an order until anything but its answer tells of the machine
	Prepare   time.Duration // from an order until the contract is in service
	Clone     time.Duration // from an order until the disk is there; the source is busy meanwhile
	Configure time.Duration // of a preparation
	Start     time.Duration // from a start until the operating system runs
	Boot      time.Duration // from then until the service answers
	Stop      time.Duration // from a stop until the machine is off; its service is gone at once
	Stale     time.Duration // how old the power is that reads show
}

// Cause says who made a machine or a node what it is.
type Cause string

// The causes.
const (
	Us     Cause = "us"     // a call of autoscaled
	Hand   Cause = "hand"   // a person
	Nature Cause = "nature" // nobody
)

// Machine is everything that is true of one machine of the model cloud.
type Machine struct {
	Code     string
	Type     string
	Label    string
	Location string
	Content  string // what is on its disk: its template's content when it was copied
	Group    string // the group of ours that owns it; empty: somebody else's
	Intent   string // the order that bought it; empty: it was there before
	Template bool   // orders are cloned from it
	Power    cloud.Power
	Address  netip.Addr // while it has one
	Sick     bool       // its service does not answer
	Stubborn bool       // it does not stop unless it is forced to
	From     time.Time  // wall time of its order
	LastDay  time.Time  // begin of the last paid period; zero: no end is recorded
	Over     bool       // the contract has ended
	Imports  int        // how often a key was imported since its disk was written
	Attached bool       // to the FW+LB

	knownAt     time.Time
	inServiceAt time.Time
	serviceAt   time.Time // when its service comes up, once it is on
	past        []moment  // its power, oldest first; the last is Power
	generation  int       // of what is due for it

	serves    bool
	roseAt    time.Time // when it last began to serve
	fellAt    time.Time // when it last ceased to serve
	fellBy    Cause
	stoppedAt time.Time // when we first asked it to stop, since it was last on
	handAt    time.Time // when a person last changed it
	takenAt   time.Time // when somebody took over what was ours
	disowning bool      // a person asked that it be ours no more
	pooled    bool      // somebody else put it into a pool
}

// moment is a power and the time from which it holds.
type moment struct {
	power cloud.Power
	since time.Time
}

// Serves says that requests sent to the machine are answered.
func (m *Machine) Serves() bool { return m.serves }

// Billed says that the machine costs money.
func (m *Machine) Billed() bool { return !m.Over }

// shown is the power that reads show at the given time.
func (m *Machine) shown(at time.Time) cloud.Power {
	for _, past := range slices.Backward(m.past) {
		if !past.since.After(at) {
			return past.power
		}
	}
	return m.past[0].power
}

// Pool is one pool of the model cloud's balancer.
type Pool struct {
	Name     string
	Group    string // that is to serve in it
	Port     uint16
	Capacity int
	Nodes    []netip.AddrPort

	changedAt map[netip.AddrPort]time.Time // when we last put it in or took it out
}

func (p *Pool) changed(node netip.AddrPort) { p.changedAt[node] = time.Now() }

// Has says that the node is in the pool.
func (p *Pool) Has(node netip.AddrPort) bool { return slices.Contains(p.Nodes, node) }

// Cloud is the model of one account. It does what it is asked at once or after a
// delay, as far as a machine's state allows, and knows who asked. It is not safe for
// concurrent use.
type Cloud struct {
	Delays    Delays
	Period    time.Duration // of payment
	Landing   cloud.Power   // of a clone: PowerBlank or PowerOff
	Quota     int           // machines in the account; 0: no limit
	Undated   bool          // a contract shows its begin only once it is in service
	Wandering bool          // a machine that we stopped gets another address at its next start
	Traffic   *Traffic

	wall     func() time.Time
	machines map[string]*Machine
	list     []*Machine // in the order of their codes
	pools    []*Pool
	holders  map[netip.Addr]*Machine // who has an address, or had it last
	agenda   agenda
}

// NewCloud makes an empty account. wall is the time of its dates.
func NewCloud(wall func() time.Time, traffic *Traffic) *Cloud {
	return &Cloud{
		Period: 24 * time.Hour, Landing: cloud.PowerBlank, Traffic: traffic,
		wall: wall, machines: map[string]*Machine{}, holders: map[netip.Addr]*Machine{},
	}
}

// Machine returns the machine with the code, nil if there never was one.
func (c *Cloud) Machine(code string) *Machine { return c.machines[code] }

// Machines lists every machine that there ever was, in the order of their codes.
func (c *Cloud) Machines() []*Machine { return c.list }

// Pools lists the pools.
func (c *Cloud) Pools() []*Pool { return c.pools }

// Holder is the machine that has the address, or had it last.
func (c *Cloud) Holder(address netip.Addr) *Machine { return c.holders[address] }

// AddPool adds an empty pool.
func (c *Cloud) AddPool(name, group string, port uint16, capacity int) *Pool {
	p := &Pool{Name: name, Group: group, Port: port, Capacity: capacity, changedAt: map[netip.AddrPort]time.Time{}}
	c.pools = append(c.pools, p)
	c.Traffic.addPool(name)
	return p
}

// Add adds a machine that is there from the beginning, prepared, and on or off.
func (c *Cloud) Add(m Machine) *Machine {
	now := time.Now()
	added := c.insert(m)
	added.Imports, added.Attached = 1, true
	added.From = c.wall().Add(-30 * 24 * time.Hour)
	added.past = []moment{{added.Power, now}}
	if added.Power == cloud.PowerOn {
		added.serviceAt = now
		c.address(added)
	}
	c.judge(added, Nature)
	return added
}

func (c *Cloud) insert(m Machine) *Machine {
	added := &m
	added.Code = codeOf(len(c.list))
	added.Location = [...]string{"L", "R"}[len(c.list)%2]
	c.machines[added.Code] = added
	c.list = append(c.list, added)
	return added
}

// codeOf is the code of the n-th machine: their texts are in the same order.
func codeOf(n int) string {
	digits := []byte("gc00000000")
	for i := len(digits) - 1; n > 0; i-- {
		digits[i] = byte('0' + n%10)
		n /= 10
	}
	return string(digits)
}

// Settle lets everything happen that was due until now.
func (c *Cloud) Settle() {
	now := time.Now()
	for {
		next, ok := c.agenda.next(now)
		if !ok {
			break
		}
		if next.generation == next.machine.generation {
			c.turn(next.machine, next.power, next.at, next.cause)
		}
	}
	c.Traffic.Advance(now)
	wall := c.wall()
	for _, m := range c.list {
		if !m.LastDay.IsZero() && !m.Over && !wall.Before(m.LastDay.Add(c.Period)) {
			c.end(m, now)
		}
	}
}

// end ends the machine's contract.
func (c *Cloud) end(m *Machine, now time.Time) {
	m.Over = true
	m.generation++
	if m.Power == cloud.PowerOn || m.Power == cloud.PowerStarting {
		c.turn(m, cloud.PowerOff, now, Us)
	}
}

// turn gives the machine a power at the given time, which is not before any earlier turn.
func (c *Cloud) turn(m *Machine, power cloud.Power, at time.Time, cause Cause) {
	c.Traffic.Advance(at)
	if power != m.Power {
		m.past = append(m.past, moment{power, at})
		for len(m.past) > 1 && !m.past[1].since.After(at.Add(-c.Delays.Stale)) {
			m.past = m.past[1:]
		}
	}
	m.Power = power
	switch power {
	case cloud.PowerOn:
		m.stoppedAt = time.Time{}
		if m.serviceAt.IsZero() {
			m.serviceAt = at.Add(c.Delays.Boot)
			c.due(m, m.serviceAt, cloud.PowerOn, cause)
		}
	case cloud.PowerStarting:
		c.address(m)
		m.serviceAt = time.Time{}
	default:
		m.serviceAt = time.Time{}
	}
	c.judgeAt(m, cause, at)
	if (power == cloud.PowerOff && cause == Us || m.Over) && c.Wandering {
		m.Address = netip.Addr{}
	}
}

// due makes the machine turn at the given time, unless it is told otherwise before.
func (c *Cloud) due(m *Machine, at time.Time, power cloud.Power, cause Cause) {
	c.agenda.add(turn{at: at, machine: m, generation: m.generation, power: power, cause: cause})
}

// pass puts the machine into a passing power now, and into the next one after delay.
func (c *Cloud) pass(m *Machine, passing cloud.Power, delay time.Duration, next cloud.Power, cause Cause) {
	now := time.Now()
	m.generation++
	if cause == Hand {
		m.handAt = now
	}
	c.turn(m, passing, now, cause)
	c.due(m, now.Add(delay), next, cause)
}

// address gives the machine a private address: the lowest one that nobody has and
// no pool names.
func (c *Cloud) address(m *Machine) {
	if m.Address.IsValid() {
		return
	}
	for i := 1; ; i++ {
		address := netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})
		holder := c.holders[address]
		taken := holder != nil && (holder == m || holder.Address == address && !holder.Over)
		if taken || c.pooled(address) {
			continue
		}
		m.Address, c.holders[address] = address, m
		return
	}
}

func (c *Cloud) pooled(address netip.Addr) bool {
	return slices.ContainsFunc(c.pools, func(p *Pool) bool { return p.Has(netip.AddrPortFrom(address, p.Port)) })
}

func (c *Cloud) judge(m *Machine, cause Cause) { c.judgeAt(m, cause, time.Now()) }

// judgeAt finds out whether the machine serves from the given time on, and tells the traffic.
func (c *Cloud) judgeAt(m *Machine, cause Cause, at time.Time) {
	on := m.Power == cloud.PowerOn && !m.Over
	serves := on && !m.serviceAt.IsZero() && !at.Before(m.serviceAt) && !m.Sick
	if !serves && m.serves {
		m.fellAt, m.fellBy = at, cause
	}
	if serves && !m.serves {
		m.roseAt = at
	}
	changed := serves != m.serves
	m.serves = serves
	if changed || !on {
		c.Traffic.turned(m.Address, serves, on, cause, at)
	}
}

// Heal makes the machine's service answer again; Sicken makes it cease to.
func (c *Cloud) Heal(m *Machine) {
	c.Settle()
	m.Sick, m.Stubborn = false, false
	c.judge(m, Nature)
}

// Sicken makes the machine's service cease to answer.
func (c *Cloud) Sicken(m *Machine) {
	c.Settle()
	m.Sick = true
	c.judge(m, Nature)
}

// Crash turns the machine off as a power cut does.
func (c *Cloud) Crash(m *Machine, cause Cause) {
	c.Settle()
	if m.Power != cloud.PowerOn {
		return
	}
	c.pass(m, cloud.PowerOff, 0, cloud.PowerOff, cause)
}

// turn is something that is due for a machine.
type turn struct {
	at         time.Time
	number     int // of turns that are due at the same time, the first to be added comes first
	machine    *Machine
	generation int
	power      cloud.Power
	cause      Cause
}

// agenda is a heap of turns, the next one first.
type agenda struct {
	turns []turn
	count int
}

func (t turn) before(other turn) bool {
	return cmp.Or(t.at.Compare(other.at), cmp.Compare(t.number, other.number)) < 0
}

func (a *agenda) add(t turn) {
	a.count++
	t.number = a.count
	a.turns = append(a.turns, t)
	for i := len(a.turns) - 1; i > 0; {
		parent := (i - 1) / 2
		if !a.turns[i].before(a.turns[parent]) {
			break
		}
		a.turns[i], a.turns[parent] = a.turns[parent], a.turns[i]
		i = parent
	}
}

// next takes out the next turn that is due at now.
func (a *agenda) next(now time.Time) (turn, bool) {
	if len(a.turns) == 0 || a.turns[0].at.After(now) {
		return turn{}, false
	}
	first, last := a.turns[0], len(a.turns)-1
	a.turns[0] = a.turns[last]
	a.turns = a.turns[:last]
	for i := 0; ; {
		least := i
		for _, child := range []int{2*i + 1, 2*i + 2} {
			if child < last && a.turns[child].before(a.turns[least]) {
				least = child
			}
		}
		if least == i {
			break
		}
		a.turns[i], a.turns[least] = a.turns[least], a.turns[i]
		i = least
	}
	return first, true
}
