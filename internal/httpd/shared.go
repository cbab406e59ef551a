package httpd

import "sync"

// shared creates an answer for everybody who asks at about the same time. Nobody gets one whose making
// began before they asked, so that whoever changed something sees it; and one at a time is
// made, however many ask.
type shared struct {
	create func() (encoded, error)

	turn chan struct{} // has room for the one who makes one
	mu   sync.Mutex
	next *share // nil: nobody waits for the next one
}

func newShared(create func() (encoded, error)) *shared {
	return &shared{create: create, turn: make(chan struct{}, 1)}
}

type share struct {
	ready   chan struct{}
	content encoded
	err     error
}

func (s *shared) get() (encoded, error) {
	s.mu.Lock()
	mine, first := s.next, s.next == nil
	if first {
		mine = &share{ready: make(chan struct{}), err: internal} // which stays if making it panics
		s.next = mine
	}
	s.mu.Unlock()
	if !first {
		<-mine.ready
		return mine.content, mine.err
	}
	s.turn <- struct{}{}
	defer func() { <-s.turn }()
	s.mu.Lock()
	s.next = nil // whoever asks from here on waits for the one after
	s.mu.Unlock()
	defer close(mine.ready)
	mine.content, mine.err = s.create()
	return mine.content, mine.err
}
