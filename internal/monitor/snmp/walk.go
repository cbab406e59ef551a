package snmp

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gosnmp/gosnmp"
)

const (
	maxRows     = 4096 // of one column; an agent that has more is not one of a server
	repetitions = 25   // rows asked for in one PDU
)

// column is one column of a table, read from its first row to its last.
type column struct {
	at     time.Time     // when the first rows were received
	uptime time.Duration // of the agent, at that time
	rows   []row
}

// row is one cell, by the arcs behind the column's OID: ".3", or ".1.10.0.0.1".
type row struct {
	index string
	value Value
}

// walk reads the whole column of the given OID. Of a column that could not be read
// to its end, or whose rows do not come in order, nothing is returned.
func (c *call) walk(ctx context.Context, oid string) (column, error) {
	var whole column
	last, rows := oid, uint32(repetitions)
	for {
		got, err := c.next(ctx, last, rows)
		if errors.Is(err, errTooBig) && rows > 1 {
			rows /= 2
			continue
		}
		if err != nil {
			return column{}, fmt.Errorf("table column %s: %w", oid, err)
		}
		switch {
		case got.cells == nil:
			return whole, nil
		case whole.rows == nil:
			whole.at, whole.uptime = got.at, got.uptime
		case got.uptime < whole.uptime:
			return column{}, fmt.Errorf("table column %s: %w", oid, errRestartedMeanwhile)
		}
		for _, cell := range got.cells {
			if cell.Type == gosnmp.EndOfMibView || !beneath(cell.Name, oid) {
				return whole, nil
			}
			if !precedes(last, cell.Name) {
				return column{}, fmt.Errorf("table column %s: the agent's rows are not in order (%s follows %s): its table is not used", oid, cell.Name, last)
			}
			if len(whole.rows) == maxRows {
				return column{}, fmt.Errorf("table column %s: it has more than %d rows: its table is not used", oid, maxRows)
			}
			last = cell.Name
			whole.rows = append(whole.rows, row{index: cell.Name[len(oid):], value: valueOf(cell)})
		}
	}
}

// cells are what follows an object in the agent's order.
type cells struct {
	at     time.Time
	uptime time.Duration
	cells  []gosnmp.SnmpPDU // nil: nothing follows, says an agent of v1
}

// next asks for the objects that follow the given one: rows of them, in v1 one.
func (c *call) next(ctx context.Context, after string, rows uint32) (cells, error) {
	pdu := gosnmp.GetBulkRequest
	if c.options.Version == "v1" {
		pdu, rows = gosnmp.GetNextRequest, 1
	}
	// What follows sysUpTime, the object, is sysUpTime.0, its instance.
	asked := []string{strings.TrimSuffix(sysUpTime, ".0"), after}
	got, err := c.ask(ctx, pdu, asked, rows, func(got reply) error { return following(got, int(rows)) })
	if err != nil {
		return cells{}, err
	}
	if got.Error == gosnmp.NoSuchName && pdu == gosnmp.GetNextRequest && got.ErrorIndex == 2 {
		return cells{}, nil
	}
	uptime, err := uptimeOf(got)
	if err != nil {
		return cells{}, err
	}
	return cells{got.at, uptime, got.Variables[1:]}, nil
}

// following says that the answer has sysUpTime.0, and 1 to rows objects.
func following(got reply, rows int) error {
	if n := len(got.Variables) - 1; n < 1 || n > rows {
		return dropf(dropObjects, "it has %d rows, up to %d were asked", max(n, 0), rows)
	}
	if got.Variables[0].Name != sysUpTime {
		return dropf(dropObjects, "it has object %s, asked was %s", got.Variables[0].Name, sysUpTime)
	}
	return nil
}
