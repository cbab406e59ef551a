package report

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"
)

// encoded is the data that the page's script draws. Times are in seconds since the
// first step unless they say otherwise. Lines that several runs share are there once:
// a run names its lines by their index.
type encoded struct {
	Start     int64          `json:"start"` // Unix seconds
	Step      int            `json:"step"`
	Steps     int            `json:"steps"`
	Scored    int            `json:"scored"` // first step that counts
	Zone      string         `json:"zone"`
	Symbol    string         `json:"symbol"`
	Digits    int            `json:"digits"`
	Instants  [][]int        `json:"instants"` // steps that are drawn, each as its distance to the one before
	Curves    []curve        `json:"curves"`
	Stairs    [][]int        `json:"stairs"` // value, number of instants, value, …
	Runs      []encodedRun   `json:"runs"`
	Points    []encodedPoint `json:"points"`
	PointCost string         `json:"pointCost"`
}

type encodedRun struct {
	Name      string            `json:"name"`
	Role      Role              `json:"role"`
	Instants  *int              `json:"instants"` // null: every step
	Load      int               `json:"load"`
	Need      int               `json:"need"`
	Serving   int               `json:"serving"`
	Paid      *int              `json:"paid"`
	Desired   *int              `json:"desired"`
	Expected  *int              `json:"expected"`
	Low       *int              `json:"low"`
	High      *int              `json:"high"`
	Censored  [][2]int          `json:"censored"`  // first step, number of steps
	Shortages [][4]int          `json:"shortages"` // first step, number of steps, instances that lacked at most and added up
	Decisions []encodedDecision `json:"decisions"`
	Days      []encodedDay      `json:"days"`
}

type encodedDecision struct {
	At     int64    `json:"at"`
	From   int      `json:"from"`
	To     int      `json:"to"`
	Reason string   `json:"reason"`
	Words  []string `json:"words,omitempty"`
}

type encodedDay struct {
	Start  int64 `json:"start"` // Unix seconds
	Amount int64 `json:"amount"`
}

type encodedPoint struct {
	Name     string  `json:"name"`
	Settings string  `json:"settings"`
	Role     Role    `json:"role"`
	Cost     float64 `json:"cost"`
	Minutes  float64 `json:"minutes"`
	Front    bool    `json:"front"`
}

// curve is a line of numbers, four digits of each.
type curve []float64

// MarshalJSON writes what is not finite as null.
func (c curve) MarshalJSON() ([]byte, error) {
	text := []byte{'['}
	for i, value := range c {
		if i > 0 {
			text = append(text, ',')
		}
		if finite(value) {
			text = strconv.AppendFloat(text, value, 'g', 4, 64)
		} else {
			text = append(text, "null"...)
		}
	}
	return append(text, ']'), nil
}

// encode is the data as JSON. Nothing in it can end the script element that it stands
// in: the encoder writes <, > and & as \u00XX.
func (p *Page) encode() (json.RawMessage, error) {
	data := encoded{
		Start: p.Start.Unix(), Step: int(p.Step / time.Second), Steps: len(p.Runs[0].Load), Scored: p.Scored,
		Zone: p.zone().String(), Symbol: p.Currency.Symbol, Digits: p.Currency.Digits, PointCost: p.PointCost,
		Instants: [][]int{}, Curves: []curve{}, Stairs: [][]int{}, Points: []encodedPoint{},
	}
	lines := lines{data: &data, known: map[string]int{}}
	for i := range p.Runs {
		run, err := p.encodeRun(&p.Runs[i], &lines)
		if err != nil {
			return nil, err
		}
		data.Runs = append(data.Runs, run)
	}
	for _, point := range p.Points {
		data.Points = append(data.Points, encodedPoint{point.Name, point.Settings, point.Role, point.Cost, point.OverloadMinutes, point.Front})
	}
	return json.Marshal(data)
}

func (p *Page) encodeRun(run *Run, lines *lines) (encodedRun, error) {
	e := encodedRun{
		Name: run.Name, Role: run.Role,
		Censored: spans(run.Censored), Shortages: [][4]int{},
		Decisions: p.encodeDecisions(run), Days: p.encodeDays(run.Bill),
	}
	for _, s := range run.shortages(p.Scored) {
		e.Shortages = append(e.Shortages, [4]int{s.from, s.steps, s.worst, s.lacking})
	}
	drawn := instants(run, mostDrawnOf(len(p.Runs)))
	e.Instants = lines.instants(drawn)
	e.Load = lines.curve(pick(run.Load, drawn))
	e.Need = lines.stairs(pick(run.Need, drawn))
	e.Serving = lines.stairs(pick(run.Serving, drawn))
	if run.Paid != nil {
		e.Paid = new(lines.stairs(pick(run.Paid, drawn)))
	}
	if run.Desired != nil {
		e.Desired = new(lines.stairs(pick(run.Desired, drawn)))
	}
	if band := run.Expected; band != nil {
		e.Expected = new(lines.curve(pick(band.Middle, drawn)))
		e.Low, e.High = new(lines.curve(pick(band.Low, drawn))), new(lines.curve(pick(band.High, drawn)))
	}
	return e, lines.err
}

// lines keeps each line once, by its encoding.
type lines struct {
	data  *encoded
	known map[string]int
	err   error // of encoding one
}

// index is where a line is kept, which is at next if it is new.
func (l *lines) index(kind string, line any, next int) (index int, isNew bool) {
	text, err := json.Marshal(line)
	if err != nil {
		l.err = err
	}
	key := kind + string(text)
	if index, ok := l.known[key]; ok {
		return index, false
	}
	l.known[key] = next
	return next, true
}

func (l *lines) curve(values []float64) int {
	index, isNew := l.index("curve", curve(values), len(l.data.Curves))
	if isNew {
		l.data.Curves = append(l.data.Curves, values)
	}
	return index
}

func (l *lines) stairs(values []int) int {
	steps := runLengths(values)
	index, isNew := l.index("stairs", steps, len(l.data.Stairs))
	if isNew {
		l.data.Stairs = append(l.data.Stairs, steps)
	}
	return index
}

func (l *lines) instants(drawn []int) *int {
	if drawn == nil {
		return nil
	}
	index, isNew := l.index("instants", drawn, len(l.data.Instants))
	if isNew {
		l.data.Instants = append(l.data.Instants, distances(drawn))
	}
	return &index
}

func distances(steps []int) []int {
	apart, before := make([]int, len(steps)), 0
	for i, step := range steps {
		apart[i], before = step-before, step
	}
	return apart
}

func runLengths(values []int) []int {
	var steps []int
	for i, value := range values {
		if i > 0 && value == values[i-1] {
			steps[len(steps)-1]++
		} else {
			steps = append(steps, value, 1)
		}
	}
	return steps
}

// pick takes the drawn steps of a line; nil: all.
func pick[T any](line []T, drawn []int) []T {
	if drawn == nil {
		return line
	}
	picked := make([]T, len(drawn))
	for i, step := range drawn {
		picked[i] = line[step]
	}
	return picked
}

// mostExplained bounds the explanations in a page, over all its runs.
const mostExplained = 8_000

// encodeDecisions keeps all decisions, and the explanations of the largest changes when
// there are too many.
func (p *Page) encodeDecisions(run *Run) []encodedDecision {
	decisions := slices.Clone(run.Decisions)
	slices.SortStableFunc(decisions, func(a, b Decision) int { return a.At.Compare(b.At) })
	all := make([]encodedDecision, len(decisions))
	for i, d := range decisions {
		all[i] = encodedDecision{At: int64(d.At.Sub(p.Start) / time.Second), From: d.From, To: d.To, Reason: d.Reason}
	}
	for _, i := range largest(decisions, mostExplained/len(p.Runs)) {
		all[i].Words = decisions[i].Words
	}
	return all
}

// largest are the indices of the largest changes, at most so many; of equal ones the
// first.
func largest(decisions []Decision, most int) []int {
	all := make([]int, len(decisions))
	for i := range all {
		all[i] = i
	}
	slices.SortStableFunc(all, func(a, b int) int { return change(decisions[b]) - change(decisions[a]) })
	return all[:min(most, len(all))]
}

func change(d Decision) int { return max(d.To-d.From, d.From-d.To) }

func (p *Page) encodeDays(bill *Bill) []encodedDay {
	if bill == nil {
		return []encodedDay{}
	}
	all := make([]encodedDay, len(bill.Days))
	for i, day := range bill.Days {
		all[i] = encodedDay{p.midnight(day.Date).Unix(), day.Amount}
	}
	return all
}

// midnight is the beginning of a date in the page's zone.
func (p *Page) midnight(date time.Time) time.Time {
	return time.Date(date.Year(), date.Month(), date.Day(), 0, 0, 0, 0, p.zone())
}
