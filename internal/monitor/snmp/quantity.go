package snmp

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
)

// Quantity says which objects of an agent make one number, and how.
type Quantity struct {
	Ceiling float64 // the largest value that it can have; 0: none

	rule    rule
	scale   float64
	floor   float64       // a smaller value cannot be
	refresh time.Duration // a rate over less than this would be that of the agent's copying, 0 or too much
	objects []object
	named   named     // the row whose cells the objects are; zero: they are no columns, or their row is in their OIDs
	table   statistic // of the rows of the one object, a column; nil: it is none
	counts  bool      // a reading is compared with the one before
}

// cells are the OIDs that the quantity is made of; that of a row found by its name, which
// has the index, ends with the name's, so that the same PDU says whether it is still that
// row.
func (q *Quantity) cells(index string) []string {
	cells := make([]string, 0, len(q.objects)+1)
	for _, object := range q.objects {
		cells = append(cells, object.oid+index)
	}
	if index != "" {
		cells = append(cells, q.named.column+index)
	}
	return cells
}

// count is how many cells there are, once the row is found.
func (q *Quantity) count() int {
	if q.named != (named{}) {
		return len(q.objects) + 1
	}
	return len(q.objects)
}

// named is a row of a table by its name, whose number the agent chooses: an
// interface, a file system.
type named struct {
	column string // of the names
	name   string
}

// NewQuantity finds the quantity that a signal's configuration names: a profile,
// or an object by its OID.
func NewQuantity(c config.SNMP) (Quantity, error) {
	if c.Profile == "" {
		return customQuantity(c)
	}
	p, ok := profiles[c.Profile]
	if !ok {
		return Quantity{}, fmt.Errorf("snmp profile %q is unknown: use one of %s, or an oid",
			c.Profile, strings.Join(slices.Sorted(maps.Keys(profiles)), ", "))
	}
	q := Quantity{Ceiling: p.ceiling, rule: p.rule, scale: p.scale, refresh: p.refresh, objects: p.objects, table: p.table, counts: p.counts || p.table != nil}
	switch {
	case p.of == interfaces && c.InterfaceName != "":
		q.named = named{ifName, c.InterfaceName}
	case p.of == interfaces && c.Interface < 1:
		return Quantity{}, fmt.Errorf("snmp profile %s: interface %d: it must be an ifIndex, 1 or more, or a name", c.Profile, c.Interface)
	case p.of == interfaces:
		q.objects = cellsOf(q.objects, "."+strconv.Itoa(c.Interface))
	case p.of == storages && c.Path == "":
		return Quantity{}, fmt.Errorf("snmp profile %s: path is empty: it must be where the file system is mounted, such as /", c.Profile)
	case p.of == storages:
		q.named = named{hrStorageDescr, c.Path}
	}
	return q, nil
}

// cellsOf are the objects, which are columns, in the row with the index.
func cellsOf(columns []object, index string) []object {
	cells := slices.Clone(columns)
	for i := range cells {
		cells[i].name += index
		cells[i].oid += index
	}
	return cells
}

func customQuantity(c config.SNMP) (Quantity, error) {
	if c.OID == "" {
		return Quantity{}, errors.New("snmp signal has neither profile nor oid: give one")
	}
	oid := "." + strings.TrimPrefix(c.OID, ".")
	if _, err := (community{}).seal(request{objects: []string{oid}}); err != nil {
		return Quantity{}, fmt.Errorf("snmp oid %q is not one in numbers, like .1.3.6.1.2.1.1.3.0: %w", c.OID, err)
	}
	q := Quantity{Ceiling: c.Max, rule: newest, scale: c.Scale, floor: math.Inf(-1)}
	if c.Counter {
		q.rule = rate
	}
	var ok bool
	if q.table, ok = statistics[c.Table]; c.Table != "" && !ok {
		return Quantity{}, fmt.Errorf("snmp table %q is unknown: use sum, avg or max", c.Table)
	}
	q.counts = c.Counter || c.Table != ""
	q.objects = []object{{name: oid, oid: oid}}
	return q, nil
}
