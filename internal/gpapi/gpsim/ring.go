package gpsim

import (
	"net/url"
	"strings"
)

// RecentMax is how many of the last calls are remembered.
const RecentMax = 200

// RecentCalls returns the last calls, the oldest first: also those that read, and,
// without their parameters, those whose signature or action was wrong. They are
// forgotten when the simulator ends.
func (s *Sim) RecentCalls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.recent.calls()
}

// turnAway refuses a call that nobody may make or that does not exist. It is not in
// the books, and its parameters are anybody's, so of them it keeps little.
func (s *Sim) turnAway(parameters url.Values, why *refusal) reply {
	answer := reply{requestID: newRequestID(), refusal: why}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.recent.add(Call{
		At: s.options.Now(), Action: cutText(parameters.Get("Action")), AccessKey: cutText(parameters.Get("AccessKeyId")),
		Parameters: map[string]string{}, RequestID: answer.requestID, HTTPStatus: why.status, ErrorType: why.errorType,
	})
	return answer
}

// cutText is a text short enough for a page.
func cutText(text string) string {
	const most = 120 // bytes
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

// ring holds the last RecentMax calls.
type ring struct {
	entries []Call
	oldest  int // place of the oldest one, once the ring is full
}

func (r *ring) add(entry Call) {
	if len(r.entries) < RecentMax {
		r.entries = append(r.entries, entry)
		return
	}
	r.entries[r.oldest] = entry
	r.oldest = (r.oldest + 1) % RecentMax
}

// calls lists what the ring holds, the oldest first.
func (r *ring) calls() []Call {
	return append(append(make([]Call, 0, len(r.entries)), r.entries[r.oldest:]...), r.entries[:r.oldest]...)
}
