package report

import "math"

// table is runs, or circumstances, side by side.
type table struct {
	Caption string
	First   string // heading of the names
	Columns []column
	Rows    []row
}

type column struct {
	Name string
	Help string
}

type row struct {
	Name  string
	Role  Role
	Note  string
	Run   int // index of the run that the page can show; −1: none
	Cells []cell
}

type cell struct {
	Text  string
	Sort  string // the number to sort by; empty: not known
	Best  bool
	Delta string // the change against the first row; empty: not shown
}

// measured is something with metrics.
type measured struct {
	name    string
	role    Role
	note    string
	run     int
	metrics []Metric
}

// policies is the table of all runs.
func (p *Page) policies() table {
	var rows []measured
	for i := range p.Runs {
		run := &p.Runs[i]
		rows = append(rows, measured{run.Name, run.Role, run.Note, i, run.Metrics})
	}
	t := compare(rows)
	t.markBest(rows)
	t.Caption, t.First = "Policies on the same load. Press a heading to sort. ★ marks the best of a column.", "Policy"
	return t
}

// whatIfs is the table of the first run, as it is and under other circumstances.
func (p *Page) whatIfs() table {
	if len(p.WhatIfs) == 0 {
		return table{}
	}
	rows := []measured{{name: "as it is", note: p.Runs[0].Name, run: -1, metrics: p.Runs[0].Metrics}}
	for _, w := range p.WhatIfs {
		rows = append(rows, measured{name: w.Name, note: w.Words, run: -1, metrics: w.Metrics})
	}
	t := compare(rows)
	t.addDeltas(rows)
	t.Caption, t.First = "The same policy under other circumstances, with the change against the first row.", "What if"
	return t
}

// compare lays rows out in the columns that any of them has, in order of appearance.
func compare(rows []measured) table {
	var t table
	index := map[string]int{}
	for _, r := range rows {
		for _, m := range r.metrics {
			if _, known := index[m.Name]; !known {
				index[m.Name] = len(t.Columns)
				t.Columns = append(t.Columns, column{m.Name, m.Help})
			}
		}
	}
	for _, r := range rows {
		cells := make([]cell, len(t.Columns))
		for i := range cells {
			cells[i].Text = unknown
		}
		for _, m := range r.metrics {
			cells[index[m.Name]] = m.cell()
		}
		t.Rows = append(t.Rows, row{r.name, r.role, r.note, r.run, cells})
	}
	return t
}

func (m *Metric) cell() cell {
	if !finite(m.Value) {
		return cell{Text: m.text()}
	}
	return cell{Text: m.text(), Sort: sortable(m.Value)}
}

func (m *Metric) text() string {
	if m.Text != "" {
		return m.Text
	}
	if m.Unit == "" || !finite(m.Value) {
		return number(m.Value)
	}
	return number(m.Value) + nbsp + m.Unit
}

// markBest marks the best of each column that has a direction, if not all are alike.
// What sees the future does not compete.
func (t *table) markBest(rows []measured) {
	for c := range t.Columns {
		contenders, best, better := t.contenders(rows, c)
		if len(best) == len(contenders) || better == Neither {
			continue
		}
		for _, r := range best {
			t.Rows[r].Cells[c].Best = true
		}
	}
}

// contenders are the rows that have a value in a column, and those of them with the best.
func (t *table) contenders(rows []measured, c int) (contenders, best []int, better Better) {
	var record float64
	for r := range rows {
		m := rows[r].metric(t.Columns[c].Name)
		if m == nil || !finite(m.Value) || rows[r].role == Limit {
			continue
		}
		better = m.Better
		contenders = append(contenders, r)
		switch {
		case len(best) > 0 && m.Value == record:
			best = append(best, r)
		case len(best) == 0 || (m.Value < record) == (better == Lower):
			record, best = m.Value, []int{r}
		}
	}
	return contenders, best, better
}

func (r *measured) metric(name string) *Metric {
	for i := range r.metrics {
		if r.metrics[i].Name == name {
			return &r.metrics[i]
		}
	}
	return nil
}

// addDeltas says in each row what changed against the first.
func (t *table) addDeltas(rows []measured) {
	for r := 1; r < len(rows); r++ {
		for c, column := range t.Columns {
			before, now := rows[0].metric(column.Name), rows[r].metric(column.Name)
			if before != nil && now != nil {
				t.Rows[r].Cells[c].Delta = now.delta(before.Value)
			}
		}
	}
}

// delta is a metric's change in words: relative where the value before is large, else
// in the metric's unit.
func (m *Metric) delta(before float64) string {
	const large = 100
	switch change := m.Value - before; {
	case !finite(change):
		return ""
	case change == 0:
		return "±0"
	case m.Unit == "%":
		return signed(change, number(change)) + nbsp + "points"
	case math.Abs(before) >= large:
		return share(m.Value, before)
	default:
		return signed(change, (&Metric{Value: change, Unit: m.Unit}).text())
	}
}
