package proof

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/autoscaled/autoscaled/internal/cloud"
)

// The preparations of the model cloud.
const (
	prepAttach = "attach_fwlb"
	prepKey    = "import_ssh_key"
)

// rotten is how a content ends with which no service answers.
const rotten = "-rotten"

// justFell is how long before a node is attached its service can have gone without that
// being noticed.
const justFell = 20 * time.Second

func (c *Cloud) preparations() []cloud.Preparation {
	return []cloud.Preparation{
		{Name: prepAttach, Repeat: cloud.RepeatSafe},
		{Name: prepKey, Repeat: cloud.RepeatSafe, OnDisk: true},
	}
}

func refused(format string, args ...any) error {
	return cloud.Errorf(cloud.ClassInvalid, format, args...)
}

// find returns a machine that the cloud tells of.
func (c *Cloud) find(code string) (*Machine, error) {
	m := c.machines[code]
	if m == nil || m.Over || time.Now().Before(m.knownAt) {
		return nil, cloud.Errorf(cloud.ClassNotFound, "there is no machine %s, or not yet", code)
	}
	return m, nil
}

// inService returns a machine whose contract is in service and whose power is one of
// those given; none given: whatever it is.
func (c *Cloud) inService(code string, powers ...cloud.Power) (*Machine, error) {
	m, err := c.find(code)
	switch {
	case err != nil:
		return nil, err
	case time.Now().Before(m.inServiceAt):
		return nil, refused("machine %s is not in service yet", code)
	case len(powers) > 0 && !slices.Contains(powers, m.Power):
		return nil, refused("machine %s is %v", code, m.Power)
	}
	return m, nil
}

// Listing is what a listing shows.
func (c *Cloud) Listing() []cloud.Machine {
	now := time.Now()
	list := make([]cloud.Machine, 0, len(c.list))
	for _, m := range c.list {
		if m.Over || now.Before(m.knownAt) {
			continue
		}
		shown := c.show(m, now)
		shown.Label, shown.Stop, shown.Start = m.Label, m.LastDay, m.From.Truncate(24*time.Hour)
		if c.Undated && shown.Contract == cloud.ContractPreparing {
			shown.Start = time.Time{}
		}
		list = append(list, shown)
	}
	return list
}

func (c *Cloud) show(m *Machine, now time.Time) cloud.Machine {
	if now.Before(m.inServiceAt) {
		return cloud.Machine{Code: m.Code, Contract: cloud.ContractPreparing, Status: "preparing"}
	}
	power := m.shown(now.Add(-c.Delays.Stale))
	return cloud.Machine{Code: m.Code, Contract: cloud.ContractInService, Power: power, Status: power.String()}
}

// Describe is what a look at one machine shows.
func (c *Cloud) Describe(code string) (cloud.Machine, error) {
	m, err := c.find(code)
	if err != nil {
		return cloud.Machine{}, err
	}
	shown := c.show(m, time.Now())
	if shown.Power == cloud.PowerOn {
		shown.Type, shown.Label, shown.Location, shown.Address = m.Type, m.Label, m.Location, m.Address
	}
	return shown, nil
}

// ReadLabel reads a machine's label and its last day.
func (c *Cloud) ReadLabel(code string) (string, time.Time, error) {
	m, err := c.find(code)
	if err != nil {
		return "", time.Time{}, err
	}
	return m.Label, m.LastDay, nil
}

// ReadType shows what kind of machine it is.
func (c *Cloud) ReadType(code string) (string, error) {
	m, err := c.find(code)
	if err != nil {
		return "", err
	}
	return m.Type, nil
}

// Billing says when the paid period around the given wall time ends.
func (c *Cloud) Billing(now time.Time) cloud.Billing {
	begin := now.Truncate(c.Period)
	return cloud.Billing{PeriodEnd: begin.Add(c.Period), LastDay: begin}
}

// Order clones machines for a group, on behalf of the given order.
func (c *Cloud) Order(template cloud.Template, count int, group, intent string) ([]string, error) {
	source, err := c.inService(template.Source, cloud.PowerOff)
	if err != nil {
		return nil, err
	}
	if count < 1 || c.Quota > 0 && c.billed()+count > c.Quota {
		return nil, refused("order %d machines: the quota is %d", count, c.Quota)
	}
	now := time.Now()
	c.pass(source, cloud.PowerBusy, c.Delays.Clone, cloud.PowerOff, Us)
	codes := make([]string, count)
	for i := range codes {
		m := c.insert(Machine{
			Type: template.Type, Label: source.Label, Content: source.Content, Group: group, Intent: intent, From: c.wall(),
			Power: cloud.PowerBusy, Sick: strings.HasSuffix(source.Content, rotten), knownAt: now.Add(c.Delays.Known), inServiceAt: now.Add(c.Delays.Prepare),
		})
		m.past = []moment{{cloud.PowerBusy, now}}
		c.due(m, now.Add(c.Delays.Clone), c.Landing, Nature)
		codes[i] = m.Code
	}
	return codes, nil
}

func (c *Cloud) billed() int {
	n := 0
	for _, m := range c.list {
		if m.Billed() {
			n++
		}
	}
	return n
}

// SetLabel labels a machine.
func (c *Cloud) SetLabel(code, label string, cause Cause) error {
	m, err := c.inService(code)
	if err != nil {
		return err
	}
	m.Label = label
	if cause == Hand {
		m.handAt = time.Now()
	}
	return nil
}

// Prepare does a preparation. The machine is busy for a while.
func (c *Cloud) Prepare(code, preparation string) (busy bool, err error) {
	m, err := c.inService(code, cloud.PowerOff, cloud.PowerBlank)
	if err != nil {
		return false, err
	}
	next := m.Power
	switch preparation {
	case prepAttach:
		if m.Attached {
			return false, refused("machine %s is attached already", code)
		}
		m.Attached = true
	case prepKey:
		m.Imports++
		next = cloud.PowerOff
	default:
		return false, refused("there is no preparation %q", preparation)
	}
	c.pass(m, cloud.PowerBusy, c.Delays.Configure, next, Us)
	return true, nil
}

// Start turns a machine on.
func (c *Cloud) Start(code string, cause Cause) error {
	m, err := c.inService(code, cloud.PowerOff)
	if err != nil {
		return err
	}
	c.pass(m, cloud.PowerStarting, c.Delays.Start, cloud.PowerOn, cause)
	return nil
}

// Stop turns a machine off. A stubborn one goes on stopping until it is forced.
func (c *Cloud) Stop(code string, force bool, cause Cause) error {
	powers := []cloud.Power{cloud.PowerOn}
	if force {
		powers = append(powers, cloud.PowerStarting, cloud.PowerStopping)
	}
	m, err := c.inService(code, powers...)
	if err != nil {
		return err
	}
	if m.stoppedAt.IsZero() && cause == Us {
		m.stoppedAt = time.Now()
	}
	if m.Stubborn && !force {
		c.pass(m, cloud.PowerStopping, 1000*time.Hour, cloud.PowerOff, cause)
		return nil
	}
	c.pass(m, cloud.PowerStopping, c.Delays.Stop, cloud.PowerOff, cause)
	return nil
}

// Refresh overwrites a machine that is off with its template's disk.
func (c *Cloud) Refresh(code string, template cloud.Template) error {
	m, err := c.inService(code, cloud.PowerOff, cloud.PowerBlank)
	if err != nil {
		return err
	}
	source, err := c.inService(template.Source, cloud.PowerOff)
	if err != nil {
		return err
	}
	if m == source {
		return refused("machine %s cannot be overwritten with itself", code)
	}
	c.pass(source, cloud.PowerBusy, c.Delays.Clone, cloud.PowerOff, Us)
	c.pass(m, cloud.PowerBusy, c.Delays.Clone, c.Landing, Us)
	m.Content, m.Imports, m.Sick = source.Content, 0, strings.HasSuffix(source.Content, rotten)
	return nil
}

// Release ends a machine's contract with the paid period that begins with lastDay.
func (c *Cloud) Release(code string, lastDay time.Time, cause Cause) error {
	m, err := c.inService(code)
	switch {
	case err != nil:
		return err
	case !m.LastDay.IsZero():
		return refused("the contract of machine %s ends already", code)
	case !c.wall().Before(lastDay.Add(c.Period)):
		return refused("release machine %s: %v has passed", code, lastDay)
	}
	m.LastDay = lastDay
	if cause == Hand {
		m.handAt = time.Now()
	}
	return nil
}

// Pool returns the pool with the name.
func (c *Cloud) Pool(name string) *Pool {
	for _, p := range c.pools {
		if p.Name == name {
			return p
		}
	}
	return nil
}

// Attach adds a node to a pool.
func (c *Cloud) Attach(p *Pool, node netip.AddrPort, cause Cause) error {
	switch {
	case p.Has(node):
		return refused("%v is in pool %s already", node, p.Name)
	case p.Capacity > 0 && len(p.Nodes) >= p.Capacity:
		return refused("pool %s takes %d nodes", p.Name, p.Capacity)
	}
	p.Nodes = append(p.Nodes, node)
	holder := c.holders[node.Addr()]
	serves := holder != nil && holder.serves && holder.Address == node.Addr()
	if holder != nil && holder.Address == node.Addr() && time.Since(holder.fellAt) < justFell {
		cause = holder.fellBy // when it was asked last, it answered
	}
	c.Traffic.joined(p.Name, node.Addr(), serves, cause)
	if cause == Hand && holder != nil {
		holder.handAt = time.Now()
	}
	return nil
}

// Detach takes a node out of a pool.
func (c *Cloud) Detach(p *Pool, node netip.AddrPort, cause Cause) error {
	i := slices.Index(p.Nodes, node)
	if i < 0 {
		return refused("%v is not in pool %s", node, p.Name)
	}
	p.Nodes = slices.Delete(slices.Clone(p.Nodes), i, i+1)
	c.Traffic.left(p.Name, node.Addr())
	if holder := c.holders[node.Addr()]; cause == Hand && holder != nil {
		holder.handAt = time.Now()
	}
	return nil
}
