package snmp

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/autoscaled/autoscaled/internal/monitor/reading"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/words"
)

// visit is one reading of an agent, in one call.
type visit struct {
	*Agent
	call     *call
	walked   map[string]walked // by the column's OID
	readings []reading.Reading // one for each quantity
}

// walked is a column, or why it could not be read.
type walked struct {
	column column
	err    error
}

// read gives every meter its reading. A row that has another name than the one it
// was found by is looked for again, once.
func (v *visit) read(ctx context.Context) {
	var scalars, tables []int
	for i := range v.question.quantities {
		if v.question.quantities[i].table != nil {
			tables = append(tables, i)
		} else {
			scalars = append(scalars, i)
		}
	}
	renumbered := v.get(ctx, v.locate(ctx, scalars))
	renumbered = v.get(ctx, v.locate(ctx, renumbered))
	for _, i := range renumbered {
		v.lack(i, policy.Failed, fmt.Errorf("the agent renumbers its rows while %q is looked for: the next reading looks again", v.question.quantities[i].named.name))
	}
	for _, i := range tables {
		v.table(ctx, i)
	}
}

// locate finds the rows that meters name, and returns the meters that can be read.
func (v *visit) locate(ctx context.Context, meters []int) []int {
	var found []int
	for _, i := range meters {
		q := &v.question.quantities[i]
		if wanted := q.named; wanted != (named{}) && v.index(q) == "" {
			names, err := v.column(ctx, wanted.column)
			if err != nil {
				v.lack(i, policy.Failed, err)
				continue
			}
			index, err := find(names, wanted.name)
			if err != nil {
				v.lack(i, policy.Absent, err)
				continue
			}
			v.found(wanted, index)
		}
		found = append(found, i)
	}
	return found
}

// find is the index of the one row with the name.
func find(names column, name string) (index string, err error) {
	var have []string
	for _, row := range names.rows {
		have = append(have, words.Shown(row.value.text()))
		switch {
		case row.value.text() != name:
		case index != "":
			return "", fmt.Errorf("the agent has several rows named %q: which one is meant cannot be told; give its index", name)
		default:
			index = row.index
		}
	}
	if index == "" {
		return "", fmt.Errorf("the agent has no row named %q: %s", name, words.Clip("it has "+strings.Join(have, ", "), 300))
	}
	return index, nil
}

// get reads the meters that are no tables, and returns those whose row has another
// name now.
func (v *visit) get(ctx context.Context, meters []int) (renumbered []int) {
	for len(meters) > 0 {
		own, objects := v.batch(meters)
		got, err := v.call.get(ctx, objects)
		if err != nil {
			for _, i := range meters {
				v.lack(i, policy.Failed, v.named(err))
			}
			return renumbered
		}
		for k, n := range own {
			values := got.values[:n]
			got.values = got.values[n:]
			if !v.settle(meters[k], snapshot{at: got.at, uptime: got.uptime, values: values}) {
				renumbered = append(renumbered, meters[k])
			}
		}
		meters = meters[len(own):]
	}
	return renumbered
}

// settle gives the meter its reading, unless the row has another name now.
func (v *visit) settle(i int, got snapshot) bool {
	meter := v.meter(i)
	if wanted := meter.quantity.named; wanted != (named{}) {
		last := len(got.values) - 1
		if got.values[last].text() != wanted.name {
			v.lost(wanted)
			delete(v.walked, wanted.column)
			meter.forget()
			return false
		}
		got.values = got.values[:last]
	}
	v.readings[i] = meter.read(got)
	return true
}

// batch gathers what fits into one PDU: the objects of the first of the meters, and
// how many of them are each one's own.
func (v *visit) batch(meters []int) (own []int, objects []string) {
	for _, i := range meters {
		q := &v.question.quantities[i]
		cells := q.cells(v.index(q))
		if len(own) > 0 && len(objects)+len(cells) > int(v.call.fits) {
			break
		}
		own, objects = append(own, len(cells)), append(objects, cells...)
	}
	return own, objects
}

// table reads a meter that is about a column.
func (v *visit) table(ctx context.Context, i int) {
	meter := v.meter(i)
	got, err := v.column(ctx, meter.quantity.objects[0].oid)
	if err != nil {
		v.lack(i, policy.Failed, err)
		return
	}
	after := snapshot{at: got.at, uptime: got.uptime}
	for _, row := range got.rows {
		after.values, after.indices = append(after.values, row.value), append(after.indices, row.index)
	}
	v.readings[i] = meter.read(after)
}

// column reads a column once for all meters.
func (v *visit) column(ctx context.Context, oid string) (column, error) {
	result, ok := v.walked[oid]
	if !ok {
		result.column, result.err = v.call.walk(ctx, oid)
		v.walked[oid] = result
	}
	if result.err != nil {
		return column{}, v.named(result.err)
	}
	return result.column, nil
}

// lack is the reading of a meter that could not be read.
func (v *visit) lack(i int, why policy.Absence, err error) {
	v.readings[i] = reading.None(why, time.Now(), err)
}
