package proof

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/store"
)

// Disk is the store as the invariants see it: every document of instances, orders
// and groups, decoded as it was committed.
type Disk struct {
	memory    *store.Memory
	instances map[string]*Record // by code
	orders    map[string]*actions.Intent
	groups    map[string]*GroupRecord
	lengths   map[string]int      // of each value, in bytes, by key
	addresses map[netip.Addr]bool // that were ever on record
}

// Record is what is on disk of one instance.
type Record struct {
	Code   string
	Group  string
	Goal   policy.Goal
	GoalAt time.Time   // when the goal was committed
	Before policy.Goal // the goal before it
	Facts  actions.Facts

	asideAt time.Time // when its quarantine was committed
}

// GroupRecord is what is on disk of one group.
type GroupRecord struct {
	Desired struct{ Count int } `json:"desired"`
	Memory  policy.Memory       `json:"memory"`
	Drill   *fleet.Drill        `json:"drill"`

	Commits  int       `json:"-"`
	PausedAt time.Time `json:"-"` // when the pause was committed
}

// NewDisk makes an empty disk.
func NewDisk() *Disk {
	return &Disk{
		memory: store.NewMemory(), instances: map[string]*Record{}, orders: map[string]*actions.Intent{},
		groups: map[string]*GroupRecord{}, lengths: map[string]int{}, addresses: map[netip.Addr]bool{},
	}
}

// Record returns what is on disk of the machine; nil if nothing is.
func (d *Disk) Record(code string) *Record { return d.instances[code] }

// Group returns what is on disk of the group.
func (d *Disk) Group(name string) GroupRecord {
	if g := d.groups[name]; g != nil {
		return *g
	}
	return GroupRecord{}
}

// Keys and Bytes are how much is on disk.
func (d *Disk) Keys() int { return len(d.lengths) }

// Bytes is the length of all values together.
func (d *Disk) Bytes() int {
	n := 0
	for _, length := range d.lengths {
		n += length
	}
	return n
}

// Active is how many instances of the group are to serve, or are in a fire drill, as to
// their goals.
func (d *Disk) Active(group string) int {
	n := 0
	for _, r := range d.instances {
		if r.Group == group && occupies(r.Goal) {
			n++
		}
	}
	return n
}

// occupies says that an instance with this goal counts against max and surge.
func occupies(goal policy.Goal) bool { return goal == policy.InService || goal == policy.Ready }

// Unsettled lists the orders of which it is not known what they bought.
func (d *Disk) Unsettled() []*actions.Intent {
	var list []*actions.Intent
	for _, order := range d.orders {
		if unsettled(order) {
			list = append(list, order)
		}
	}
	return list
}

func unsettled(order *actions.Intent) bool {
	switch order.State {
	case actions.IntentSettled, actions.IntentVoid:
		return false
	default:
		return true
	}
}

// change is what one commit changed.
type change struct {
	keys      []string
	enlisted  []*Record // machines that are on record now, and were not
	dropped   []*Record // the other way round
	doubled   []string  // machines that another group has on record
	goals     []*Record // those whose goal changed
	orders    []*actions.Intent
	forgotten []*actions.Intent
	decided   map[string]int // what each group's desired count was before, where it was decided anew
}

// absorb takes over what was committed.
func (d *Disk) absorb(txn store.Txn) (change, error) {
	ch := change{decided: map[string]int{}}
	for _, key := range txn.Deletes {
		ch.keys = append(ch.keys, key)
		delete(d.lengths, key)
		d.remove(key, &ch)
	}
	for _, put := range txn.Puts {
		ch.keys = append(ch.keys, put.Key)
		d.lengths[put.Key] = len(put.Value)
		if err := d.put(put, &ch); err != nil {
			return ch, fmt.Errorf("read %s, as it was committed: %w", put.Key, err)
		}
	}
	return ch, nil
}

func (d *Disk) remove(key string, ch *change) {
	parts := strings.Split(key, "/")
	switch {
	case len(parts) == 5 && parts[2] == "instance":
		if r := d.instances[parts[3]]; r != nil {
			ch.dropped = append(ch.dropped, r)
			delete(d.instances, parts[3])
		}
	case len(parts) == 4 && parts[2] == "order":
		if order := d.orders[parts[3]]; order != nil {
			ch.forgotten = append(ch.forgotten, order)
			delete(d.orders, parts[3])
		}
	}
}

func (d *Disk) put(put store.Put, ch *change) error {
	parts := strings.Split(put.Key, "/")
	switch {
	case len(parts) == 5 && parts[2] == "instance" && parts[4] == "goal":
		return d.putGoal(d.record(parts[1], parts[3], ch), put.Value, ch)
	case len(parts) == 5 && parts[2] == "instance" && parts[4] == "facts":
		r := d.record(parts[1], parts[3], ch)
		wasAside := r.Facts.Quarantine != nil
		r.Facts = actions.Facts{}
		err := json.Unmarshal(put.Value, &r.Facts)
		d.addresses[r.Facts.Address] = true
		if !wasAside {
			r.asideAt = time.Now()
		}
		return err
	case len(parts) == 4 && parts[2] == "order":
		order := &actions.Intent{}
		if err := json.Unmarshal(put.Value, order); err != nil {
			return err
		}
		d.orders[parts[3]] = order
		ch.orders = append(ch.orders, order)
	case len(parts) == 3 && parts[0] == "group" && parts[2] == "state":
		return d.putGroup(parts[1], put.Value, ch)
	}
	return nil
}

func (d *Disk) record(group, code string, ch *change) *Record {
	r := d.instances[code]
	if r != nil && r.Group != group {
		ch.doubled = append(ch.doubled, code)
	}
	if r == nil || r.Group != group {
		r = &Record{Code: code, Group: group}
		d.instances[code] = r
		ch.enlisted = append(ch.enlisted, r)
	}
	return r
}

func (d *Disk) putGoal(r *Record, value []byte, ch *change) error {
	var goal struct{ Goal policy.Goal }
	if err := json.Unmarshal(value, &goal); err != nil {
		return err
	}
	if goal.Goal != r.Goal {
		r.Before, r.Goal, r.GoalAt = r.Goal, goal.Goal, time.Now()
		ch.goals = append(ch.goals, r)
	}
	return nil
}

func (d *Disk) putGroup(name string, value []byte, ch *change) error {
	g := &GroupRecord{}
	if err := json.Unmarshal(value, g); err != nil {
		return err
	}
	if before := d.groups[name]; before != nil {
		ch.decided[name] = before.Desired.Count
		g.Commits, g.PausedAt = before.Commits, before.PausedAt
	}
	if before := d.groups[name]; before == nil || !before.Memory.Override.Pauses() {
		g.PausedAt = time.Now()
	}
	g.Commits++
	d.groups[name] = g
	return nil
}
