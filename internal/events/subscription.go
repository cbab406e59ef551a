package events

// Subscription is one listener.
type Subscription struct {
	// C has what happens, batch by batch. Batches that are not taken in time become one:
	// of each group the newest state unless those are too many, and the newest events. It is closed when
	// the watcher ends, and by Close.
	C <-chan Batch

	c       chan Batch // has room for one
	watcher *Watcher
}

// Close ends the subscription. It may be called more than once.
func (s *Subscription) Close() {
	s.watcher.mu.Lock()
	defer s.watcher.mu.Unlock()
	s.close()
}

// close is Close. The watcher's mu must be held.
func (s *Subscription) close() {
	if s.watcher.subscriptions[s] {
		delete(s.watcher.subscriptions, s)
		close(s.c)
	}
}

// deliver hands over a batch, with the one before if that was not taken. The watcher's mu must
// be held: nobody else sends.
func (s *Subscription) deliver(b Batch) {
	select {
	case waiting := <-s.c:
		b = merge(waiting, b)
	default:
	}
	s.c <- b
}

// mergedGroups is how many groups' states are kept for one who is slow alone. Beyond, it has missed
// some: many who are slow would otherwise take much memory.
const mergedGroups = 256

// merge is what two batches in a row tell, in one.
func merge(older, newer Batch) Batch {
	both := Batch{Missed: older.Missed || newer.Missed, Accounts: newer.Accounts}
	if both.Accounts == nil {
		both.Accounts = older.Accounts
	}
	both.Events = append(append(both.Events, older.Events...), newer.Events...)
	if surplus := len(both.Events) - keptEvents; surplus > 0 {
		both.Events, both.Missed = both.Events[surplus:], true
	}
	stale := make(map[string]bool, len(newer.Groups)+len(newer.Gone))
	for i := range newer.Groups {
		stale[newer.Groups[i].Name] = true
	}
	for _, name := range newer.Gone {
		stale[name] = true
	}
	for i := range older.Groups {
		if !stale[older.Groups[i].Name] {
			both.Groups = append(both.Groups, older.Groups[i])
		}
	}
	switch {
	case len(both.Groups) == 0:
		both.Groups = newer.Groups // which all listeners share
	case len(both.Groups)+len(newer.Groups) > mergedGroups:
		both.Groups, both.Missed = newer.Groups, true
	default:
		both.Groups = append(both.Groups, newer.Groups...)
	}
	for _, name := range older.Gone {
		if !stale[name] {
			both.Gone = append(both.Gone, name)
		}
	}
	both.Gone = append(both.Gone, newer.Gone...)
	return both
}
