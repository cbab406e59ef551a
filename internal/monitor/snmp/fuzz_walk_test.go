package snmp

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gosnmp/gosnmp"
)

// script turns bytes into what an agent says on a walk, answer by answer: the number
// of rows, and for each its index and what is in it.
type script struct {
	sync.Mutex
	rest  []byte
	said  map[row]bool // of the table
	asked int
}

func (s *script) byte() byte {
	if len(s.rest) == 0 {
		return 0
	}
	next := s.rest[0]
	s.rest = s.rest[1:]
	return next
}

func (s *script) answer(request *gosnmp.SnmpPacket) *gosnmp.SnmpPacket {
	s.Lock()
	defer s.Unlock()
	s.asked++
	answer := answerTo(request)
	answer.Variables = []gosnmp.SnmpPDU{cell(sysUpTime, gosnmp.TimeTicks, uint32(s.byte()/64))}
	if len(s.rest) == 0 {
		answer.Variables = append(answer.Variables, cell(table, gosnmp.EndOfMibView, nil))
		return answer
	}
	if kind := s.byte(); kind > 250 {
		answer.Error, answer.ErrorIndex = gosnmp.SNMPError(kind-250), s.byte()
		return answer
	}
	rows := 1
	if request.PDUType == gosnmp.GetBulkRequest {
		rows = 1 + int(s.byte())%(repetitions+1)
	}
	for range rows {
		answer.Variables = append(answer.Variables, s.row())
	}
	return answer
}

func (s *script) row() gosnmp.SnmpPDU {
	index := fmt.Sprintf(".%d", s.byte())
	if deep := s.byte(); deep > 200 {
		index += fmt.Sprintf(".%d", deep)
	}
	switch kind := s.byte(); {
	case kind == 255:
		return cell(table+index, gosnmp.EndOfMibView, nil)
	case kind > 250:
		return cell(table+"0"+index, gosnmp.Gauge32, uint32(kind))
	default:
		s.said[row{index, gaugeOf(float64(kind))}] = true
		return cell(table+index, gosnmp.Gauge32, uint32(kind))
	}
}

// FuzzWalk has a table read from an agent that says anything: the walk ends, and
// rows come out of it only if all of them were said, are in order, and none twice.
func FuzzWalk(f *testing.F) {
	f.Add(false, []byte{0, 0, 3, 1, 0, 7, 2, 0, 8, 3, 0, 9, 0, 0, 1, 4, 0, 5, 0, 0, 0, 1, 1, 255})
	f.Add(true, []byte{0, 0, 1, 0, 7, 0, 0, 2, 0, 8, 0, 252, 2})
	f.Add(false, []byte{200, 0, 2, 9, 201, 7, 9, 202, 8, 1, 0, 1, 10, 0, 1})
	f.Add(false, []byte{0, 251, 0, 0, 251, 0, 0, 0, 1, 1, 0, 1})
	f.Fuzz(func(t *testing.T, old bool, content []byte) {
		s := &script{rest: content, said: map[row]bool{}}
		options := Options{Version: "v2c", Timeout: 5 * time.Millisecond}
		if old {
			options.Version = "v1"
		}
		at := agent(t, func(request *gosnmp.SnmpPacket) [][]byte { return [][]byte{bytesOf(s.answer(request))} })
		got, err := walkOf(t, at, options, table)
		if err != nil {
			if got.rows != nil {
				t.Fatalf("%d rows with %v", len(got.rows), err)
			}
			return
		}
		s.Lock()
		defer s.Unlock()
		if s.asked > len(content)/2+2 {
			t.Fatalf("asked %d times", s.asked)
		}
		if !slices.IsSortedFunc(got.rows, func(a, b row) int {
			if precedes(a.index, b.index) {
				return -1
			}
			return 1
		}) {
			t.Fatalf("%v are not in order", got.rows)
		}
		for _, row := range got.rows {
			if !s.said[row] {
				t.Fatalf("row %+v was not said", row)
			}
		}
	})
}
