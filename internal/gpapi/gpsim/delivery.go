package gpsim

import (
	"net/http"
	"slices"
	"strconv"
	"time"
)

// deliver performs a call as far as the fault that hits it lets it, and writes it
// into the books.
func (s *Sim) deliver(c *call, name string, action action) reply {
	fault := s.nextFault(name)
	answer := s.attempt(c, name, action, fault)
	if fault != nil && fault.Kind == FaultDuplicate {
		again := *c
		again.requestID = newRequestID()
		s.attempt(&again, name, action, fault)
	}
	return answer
}

func (s *Sim) attempt(c *call, name string, action action, fault *Fault) reply {
	answer := reply{requestID: c.requestID, action: name}
	if fault.performs() {
		answer.fields, answer.refusal = action.perform(c)
	}
	effect := answer.refusal == nil && answer.fields != nil
	if effect && fault != nil {
		s.disturb(c, fault, answer.fields)
	}
	if effect && !action.mutates {
		answer.fields = s.hideLate(answer.fields, c.now)
	}
	answer = fault.apply(answer)
	s.record(c, name, action.mutates, effect, answer, fault)
	return answer
}

// performs says whether the call is performed at all.
func (f *Fault) performs() bool {
	if f == nil {
		return true
	}
	switch f.Kind {
	case FaultAnswer, FaultHang, FaultReset:
		return f.Effect
	default:
		return true
	}
}

// disturb does to the cloud what the fault does to it beyond the answer.
func (s *Sim) disturb(c *call, fault *Fault, answer fields) {
	switch fault.Kind {
	case FaultLate:
		for _, code := range movedCodes(c, answer) {
			s.late[code] = c.now.Add(fault.For)
		}
	case FaultStuck:
		s.eachMoved(c, answer, func(m *machine) { m.linger(c.now, fault.For) })
	case FaultNeverBoots:
		s.eachMoved(c, answer, func(m *machine) { m.neverBoot(c.now) })
	case FaultPartial:
		weed(answer, func(any) bool { return s.chance.Float64() < fault.Share })
	}
}

// eachMoved changes the machines that a call has set in motion.
func (s *Sim) eachMoved(c *call, answer fields, change func(*machine)) {
	for _, code := range movedCodes(c, answer) {
		if m := s.state.byCode[code]; m != nil {
			change(m)
			for _, moment := range m.Timeline {
				s.state.turns.add(moment.Since, m)
			}
		}
	}
}

// movedCodes are the machines that a call names as its object or has bought.
func movedCodes(c *call, answer fields) []string {
	bought, _ := answer.value("GcServiceCodeList").([]string)
	return slices.Concat(bought, []string{c.text("GcServiceCode"), c.text("DestGcServiceCode")})
}

// linger puts off by delay all that is to become of the machine.
func (m *machine) linger(now time.Time, delay time.Duration) {
	for i := range m.Timeline {
		if m.Timeline[i].Since.After(now) {
			m.Timeline[i].Since = m.Timeline[i].Since.Add(delay)
		}
	}
	if m.InServiceAt.After(now) {
		m.InServiceAt = m.InServiceAt.Add(delay)
	}
}

// neverBoot takes from the machine's future that it runs.
func (m *machine) neverBoot(now time.Time) {
	i := slices.IndexFunc(m.Timeline, func(moment moment) bool {
		return moment.Status == StatusRunning && moment.Since.After(now)
	})
	if i >= 0 {
		m.Timeline = m.Timeline[:i]
	}
}

// hideLate takes the machines that are not to be seen yet out of all lists.
func (s *Sim) hideLate(answer fields, now time.Time) fields {
	for code, until := range s.late {
		if !now.Before(until) {
			delete(s.late, code)
		}
	}
	if len(s.late) > 0 {
		weed(answer, s.isLate)
	}
	return answer
}

func (s *Sim) isLate(entry any) bool {
	if object, ok := entry.(fields); ok {
		entry = object.value("GcServiceCode")
	}
	code, _ := entry.(string)
	_, late := s.late[code]
	return late
}

// cut says what becomes of an answer on its way.
type cut uint8

const (
	notCut       cut = iota
	cutByHanging     // it does not come, and the connection stays until the client gives up
	cutByReset       // the connection ends instead
	cutShort         // the connection ends in the middle of it
	cutToNothing     // it has no body
	cutForPage       // it has another body
)

// arrives says whether the client gets to see a status.
func (c cut) arrives() bool { return c != cutByHanging && c != cutByReset }

// apply turns an answer into what the client sees; a nil fault leaves it alone.
func (f *Fault) apply(answer reply) reply {
	if f == nil {
		return answer
	}
	switch f.Kind {
	case FaultAnswer:
		answer.refusal = injected(f.Status)
	case FaultHang:
		answer.cut = cutByHanging
	case FaultReset:
		answer.cut = cutByReset
	case FaultTruncated:
		answer.cut = cutShort
	case FaultEmpty, FaultHTML:
		answer.cut = cutToNothing
		if f.Kind == FaultHTML {
			answer.cut = cutForPage
		}
		if f.Status != 0 {
			answer.refusal = injected(f.Status)
		}
	case FaultHalf:
		if answer.refusal == nil {
			answer.refusal = injected(http.StatusOK)
		}
	}
	return answer
}

// proxyPage is what a proxy has to say.
const proxyPage = "<!DOCTYPE html>\n<html><head><title>Gateway</title></head><body><h1>The gateway cannot show this.</h1></body></html>\n"

// writeSpoiled writes what write writes, spoiled. net/http cuts the connection of
// an answer that is shorter than its Content-Length.
func (c cut) writeSpoiled(w http.ResponseWriter, write func(http.ResponseWriter)) {
	whole := &recorder{header: w.Header()}
	write(whole)
	body := whole.body.Bytes()
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	switch c {
	case cutShort:
		body = body[:len(body)/2]
	case cutToNothing:
		w.Header().Set("Content-Length", "0")
		body = nil
	case cutForPage:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Length", strconv.Itoa(len(proxyPage)))
		body = []byte(proxyPage)
	}
	w.WriteHeader(whole.status)
	_, _ = w.Write(body) // a client that has gone away misses it
}
