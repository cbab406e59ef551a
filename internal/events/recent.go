package events

// keptEvents is how many events are kept for those who come back, or come late.
const keptEvents = 1000

// recent are the newest events, whose numbers follow each other.
type recent struct {
	next   uint64  // number of the next event
	events []Event // oldest first
}

// add gives the events their numbers, and keeps them.
func (r *recent) add(list []Event) {
	for i := range list {
		list[i].ID = r.next
		r.next++
	}
	r.events = append(r.events, list...)
	if surplus := len(r.events) - keptEvents; surplus > 0 {
		r.events = append(r.events[:0], r.events[surplus:]...)
	}
}

// since are the events with a number above after, and whether some between are lost: they are
// too long ago, or of another start.
func (r *recent) since(after uint64) (list []Event, missed bool) {
	newest, oldest := r.next-1, r.next-uint64(len(r.events))
	switch {
	case after > newest || after < oldest-1:
		list, missed = r.events, true
	default:
		list = r.events[after+1-oldest:]
	}
	return append([]Event(nil), list...), missed
}

// of lists at most so many events, newest first: of the group, or of everything if that is empty.
func (r *recent) of(group string, most int) (list []Event) {
	for i := len(r.events) - 1; i >= 0 && len(list) < most; i-- {
		if group == "" || r.events[i].Group == group {
			list = append(list, r.events[i])
		}
	}
	return list
}
