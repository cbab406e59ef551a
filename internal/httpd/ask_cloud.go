package httpd

import (
	"context"
	"net/http"
	"sync"
)

// questions are what people ask the cloud. How often an account may be called is bounded, and scaling out
// needs those calls: so one question at a time goes to an account, and whoever asks the same meanwhile gets its
// answer.
type questions struct {
	mu    sync.Mutex
	under map[string]*question // way, by account
}

type question struct {
	path   string
	done   chan struct{}
	answer any
	err    error
	left   bool // whoever asked left before the end: the answer is none
}

// asksCloud is a route that shows what the cloud says of a group.
func asksCloud[Answer any](s *server, path string, find func(ctx context.Context, group string) (Answer, error)) route {
	return get(path, nil, func(ctx context.Context, r *http.Request) (Answer, error) {
		name := r.PathValue("group")
		group, _ := s.Fleet.Group(name) // find says what is wrong with it
		found, err := s.asked.ask(ctx, group.Account, r.URL.Path, func(ctx context.Context) (any, error) { return find(ctx, name) })
		answer, _ := found.(Answer)
		return answer, err
	})
}

// ask puts a question to an account, or waits for the answer to the same. Another one is refused meanwhile.
func (q *questions) ask(ctx context.Context, account, path string, find func(context.Context) (any, error)) (any, error) {
	for {
		asked, first := q.enter(account, path)
		switch {
		case first:
			q.answer(ctx, account, asked, find)
			return asked.answer, asked.err
		case asked.path != path:
			return nil, Error{Code: TooMany, Text: "the account's cloud is being asked about something else: ask again in a second"}
		}
		select {
		case <-asked.done:
			if !asked.left {
				return asked.answer, asked.err
			}
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// enter finds the question that is under way at an account, or makes it the one of path.
func (q *questions) enter(account, path string) (asked *question, first bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if asked := q.under[account]; asked != nil {
		return asked, false
	}
	if q.under == nil {
		q.under = map[string]*question{}
	}
	asked = &question{path: path, done: make(chan struct{}), err: internal} // which stays if finding it out panics
	q.under[account] = asked
	return asked, true
}

func (q *questions) answer(ctx context.Context, account string, asked *question, find func(context.Context) (any, error)) {
	defer func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		delete(q.under, account)
		asked.left = ctx.Err() != nil
		close(asked.done)
	}()
	asked.answer, asked.err = find(ctx)
}
