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
	objects := slices.Clone(p.objects)
	if p.perCell {
		if c.Interface < 1 {
			return Quantity{}, fmt.Errorf("snmp profile %s: interface %d: it must be an ifIndex, 1 or more", c.Profile, c.Interface)
		}
		for i := range objects {
			cell := "." + strconv.Itoa(c.Interface)
			objects[i].name += cell
			objects[i].oid += cell
		}
	}
	return Quantity{Ceiling: p.ceiling, rule: p.rule, scale: p.scale, refresh: p.refresh, objects: objects}, nil
}

func customQuantity(c config.SNMP) (Quantity, error) {
	if c.OID == "" {
		return Quantity{}, errors.New("snmp signal has neither profile nor oid: give one")
	}
	oid := "." + strings.TrimPrefix(c.OID, ".")
	if _, err := (request{objects: []string{oid}}).encode(); err != nil {
		return Quantity{}, fmt.Errorf("snmp oid %q is not one in numbers, like .1.3.6.1.2.1.1.3.0: %w", c.OID, err)
	}
	q := Quantity{rule: newest, scale: c.Scale, floor: math.Inf(-1)}
	if c.Counter {
		q.rule = rate
	}
	q.objects = []object{{name: oid, oid: oid}}
	return q, nil
}
