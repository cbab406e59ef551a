package gpapi

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// callsWithin counts the calls of each purpose that a budget of 10 calls per
// second allows in the given time, when so many callers of each ask all the time.
func callsWithin(t *testing.T, span time.Duration, callers [purposes]int) (calls [purposes]int) {
	t.Helper()
	b := newBudget(10)
	ctx, cancel := context.WithTimeout(t.Context(), span)
	defer cancel()
	var mu sync.Mutex
	var wg sync.WaitGroup
	for p, n := range callers {
		for range n {
			wg.Go(func() {
				for b.wait(ctx, purpose(p)) == nil {
					mu.Lock()
					calls[p]++
					mu.Unlock()
				}
			})
		}
	}
	wg.Wait()
	return calls
}

func TestEachPurposeGetsItsShareWhenAllAreBusy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		calls := callsWithin(t, 100*time.Second, [purposes]int{poll: 20, order: 1, remove: 1})
		for p, share := range shares {
			if want := share * 1000; float64(calls[p]) < want-1 {
				t.Errorf("purpose %d made %d calls, its share is %v", p, calls[p], want)
			}
		}
	})
}

func TestAnIdleShareIsLent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for p := range purposes {
			var callers [purposes]int
			callers[p] = 2
			calls := callsWithin(t, 100*time.Second, callers)
			if calls[p] < 1000-1 {
				t.Errorf("purpose %d made %d calls alone, the budget is 1000", p, calls[p])
			}
		}
	})
}

func TestTheWholeBudgetIsNeverExceeded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, callers := range [][purposes]int{{1, 1, 1}, {5, 0, 1}, {0, 7, 0}, {3, 3, 3}} {
			calls := callsWithin(t, 100*time.Second, callers)
			if total := calls[poll] + calls[order] + calls[remove]; total > 1000+20 {
				t.Errorf("callers %v made %d calls, the budget is 1000 and a burst of 20", callers, total)
			}
		}
	})
}

func TestAnOrderDoesNotWaitBehindPolls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBudget(0.1)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		for range 10 {
			go func() {
				for b.wait(ctx, poll) == nil {
				}
			}()
		}
		time.Sleep(time.Hour)
		start := time.Now()
		if err := b.wait(ctx, order); err != nil || time.Since(start) != 0 {
			t.Fatalf("the order waited %v: %v", time.Since(start), err)
		}
	})
}

func TestWaitingEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBudget(0.001)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() {
				for {
					if err := b.wait(ctx, order); err != nil {
						if !errors.Is(err, context.DeadlineExceeded) {
							t.Error(err)
						}
						return
					}
				}
			})
		}
		start := time.Now()
		wg.Wait()
		if waited := time.Since(start); waited != time.Second {
			t.Fatalf("ended after %v", waited)
		}
	})
}
