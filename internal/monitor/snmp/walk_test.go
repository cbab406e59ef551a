package snmp

import (
	"fmt"
	"slices"
	"sort"
	"testing"
	"time"

	"github.com/gosnmp/gosnmp"
	"pgregory.net/rapid"
)

const table = ".1.3.6.1.4.1.1.2.1.5"

// rows are a table's cells of the given number, with a neighbour before and behind.
func rows(n int) []gosnmp.SnmpPDU {
	cells := []gosnmp.SnmpPDU{cell(table[:len(table)-1]+"4.1", gosnmp.Gauge32, uint32(99)), cell(table+"0.1", gosnmp.Gauge32, uint32(99))}
	for i := range n {
		cells = append(cells, cell(fmt.Sprintf("%s.%d", table, i+1), gosnmp.Gauge32, uint32(i)))
	}
	return cells
}

func TestATableIsReadToItsEnd(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]map[gosnmp.PDUType]int{
		"v1":  {gosnmp.GetNextRequest: 61},
		"v2c": {gosnmp.GetBulkRequest: 3},
	} {
		for name, cells := range map[string][]gosnmp.SnmpPDU{"with a neighbour": rows(60), "at the end of all": rows(60)[2:]} {
			t.Run(version+" "+name, func(t *testing.T) {
				t.Parallel()
				m := newMIB(time.Hour, cells...)
				got, err := walkOf(t, agent(t, m.replies), Options{Version: version, Timeout: patient}, table)
				if err != nil || len(got.rows) != 60 || got.uptime != time.Hour {
					t.Fatalf("%d rows after %v, %v", len(got.rows), got.uptime, err)
				}
				for i, row := range got.rows {
					if row.index != fmt.Sprintf(".%d", i+1) || row.value.number() != float64(i) {
						t.Errorf("row %d is %+v", i, row)
					}
				}
				if asked := m.questions(); fmt.Sprint(asked) != fmt.Sprint(want) {
					t.Errorf("asked %v, want %v", asked, want)
				}
			})
		}
	}
}

func TestAnEmptyTableHasNoRows(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"v1", "v2c"} {
		for name, cells := range map[string][]gosnmp.SnmpPDU{"with a neighbour": rows(0), "at the end of all": nil} {
			t.Run(version+" "+name, func(t *testing.T) {
				t.Parallel()
				got, err := walkOf(t, agent(t, newMIB(time.Hour, cells...).replies), Options{Version: version, Timeout: patient}, table)
				if err != nil || len(got.rows) != 0 {
					t.Errorf("%+v, %v", got, err)
				}
			})
		}
	}
}

// bulk replies to every request with the rows, as they are.
func bulk(uptime uint32, cells ...gosnmp.SnmpPDU) replies {
	return func(request *gosnmp.SnmpPacket) [][]byte {
		answer := answerTo(request)
		answer.Variables = append([]gosnmp.SnmpPDU{cell(sysUpTime, gosnmp.TimeTicks, uptime)}, cells...)
		return [][]byte{bytesOf(answer)}
	}
}

func TestOfATableThatLiesNothingIsUsed(t *testing.T) {
	t.Parallel()
	row := func(index string) gosnmp.SnmpPDU { return cell(table+index, gosnmp.Gauge32, uint32(1)) }
	inTurn := func(turns ...replies) replies {
		return func(request *gosnmp.SnmpPacket) [][]byte {
			now := turns[0]
			if len(turns) > 1 {
				turns = turns[1:]
			}
			return now(request)
		}
	}
	silence := func(*gosnmp.SnmpPacket) [][]byte { return nil }
	for name, test := range map[string]struct {
		replies replies
		about   string
	}{
		"the same rows again and again":  {bulk(10, row(".1"), row(".2")), "not in order"},
		"rows in another order":          {bulk(10, row(".2"), row(".1")), "not in order"},
		"the same row twice":             {bulk(10, row(".2"), row(".2")), "not in order"},
		"it ends in the middle":          {inTurn(bulk(10, row(".1"), row(".2")), silence), "no answer"},
		"a restart in the middle":        {inTurn(bulk(10, row(".1")), bulk(2, row(".2"))), "restarted while it was read"},
		"no rows at all":                 {bulk(10), "0 rows, up to 25"},
		"more rows than were asked for":  {bulk(10, rows(26)[2:]...), "26 rows, up to 25"},
		"no uptime":                      {altered(func(p *gosnmp.SnmpPacket) { p.Variables[0].Name = ".1.3.6.1.2.1.1.4.0" }), "asked was .1.3.6.1.2.1.1.3.0"},
		"an error":                       {altered(func(p *gosnmp.SnmpPacket) { p.Error, p.Variables = gosnmp.GenErr, nil }), "GenErr"},
		"too big however little it says": {altered(func(p *gosnmp.SnmpPacket) { p.Error, p.Variables = gosnmp.TooBig, nil }), "too big"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := walkOf(t, agent(t, test.replies), Options{Timeout: time.Second}, table)
			says(t, err, test.about)
			if len(got.rows) != 0 {
				t.Errorf("%d rows were returned", len(got.rows))
			}
		})
	}
}

func TestATableWithoutAnEndIsNotReadOn(t *testing.T) {
	t.Parallel()
	asked, next := 0, 0
	at := agent(t, func(request *gosnmp.SnmpPacket) [][]byte {
		if asked++; asked > maxRows/repetitions+1 {
			t.Error("it is read on and on")
		}
		var cells []gosnmp.SnmpPDU
		for range repetitions {
			next++
			cells = append(cells, cell(fmt.Sprintf("%s.%d", table, next), gosnmp.Gauge32, uint32(1)))
		}
		return bulk(10, cells...)(request)
	})
	_, err := walkOf(t, at, Options{Timeout: patient}, table)
	says(t, err, "more than 4096 rows")
}

func TestATableIsReadInSmallerPartsFromAnAgentThatSaysTooBig(t *testing.T) {
	t.Parallel()
	m := newMIB(time.Hour, rows(10)...)
	at := agent(t, func(request *gosnmp.SnmpPacket) [][]byte {
		if request.MaxRepetitions > 4 {
			return altered(func(p *gosnmp.SnmpPacket) { p.Error, p.Variables = gosnmp.TooBig, nil })(request)
		}
		return m.replies(request)
	})
	if got, err := walkOf(t, at, Options{Timeout: patient}, table); err != nil || len(got.rows) != 10 {
		t.Errorf("%d rows, %v", len(got.rows), err)
	}
}

func TestObjectsPrecedeOneAnotherAsNumbers(t *testing.T) {
	t.Parallel()
	inOrder := []string{".1.3", ".1.3.6", ".1.3.6.1", ".1.3.6.2", ".1.3.6.2.0", ".1.3.6.9", ".1.3.6.10", ".1.3.6.10.4294967295", ".1.3.7", ".1.4"}
	for i, a := range inOrder {
		for j, b := range inOrder {
			if precedes(a, b) != (i < j) {
				t.Errorf("%s precedes %s is %v", a, b, precedes(a, b))
			}
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		var names []string
		arcs := rapid.SliceOfN(rapid.Uint32(), 1, 6)
		for range rapid.IntRange(2, 8).Draw(t, "names") {
			name := ""
			for _, arc := range arcs.Draw(t, "arcs") {
				name += fmt.Sprintf(".%d", arc%20)
			}
			names = append(names, name)
		}
		sort.Slice(names, func(i, j int) bool { return precedes(names[i], names[j]) })
		for i := range len(names) - 1 {
			if precedes(names[i+1], names[i]) {
				t.Fatalf("%q are sorted", names)
			}
		}
		names = slices.Compact(names)
		if a, b := names[0], names[len(names)-1]; a != b && !precedes(a, b) {
			t.Fatalf("%s does not precede %s", a, b)
		}
	})
}

func TestWhatIsInATableIsBeneathIt(t *testing.T) {
	t.Parallel()
	for oid, want := range map[string]bool{table + ".1": true, table + ".1.2": true, table: false, table + "0.1": false, table[:len(table)-2] + ".4.1": false} {
		if beneath(oid, table) != want {
			t.Errorf("%s beneath %s is %v", oid, table, !want)
		}
	}
}
