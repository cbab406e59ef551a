package daemon

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/httpd"
)

// takeOverMost is the longest pause between two tries to take over what is on record.
const takeOverMost = 30 * time.Second

// swap is a reload that is being put in force. Everything in it that waits for another waits
// for itself alone: an account for its groups to halt, a group for its account.
type swap struct {
	*reloading
	jobs   sync.WaitGroup
	halted map[string]*sync.WaitGroup // by account in force: of those of its groups that do not go on as they are
	ready  map[string]chan struct{}   // by account to be: closed when it can serve its groups
	turns  chan struct{}              // of groups to be put: each takes a deep stack, and ten thousand of them all the memory there is
}

// apply puts in force what was prepared, and returns when it is, or ctx has ended.
func (next *reloading) apply(ctx context.Context) error {
	s := &swap{
		reloading: next, halted: map[string]*sync.WaitGroup{}, ready: map[string]chan struct{}{}, turns: make(chan struct{}, 2*runtime.GOMAXPROCS(0)),
	}
	if err := next.identifyAgain(); err != nil {
		next.discard()
		return err
	}
	var gone []string
	for name, fate := range next.accountFates {
		s.halted[name] = &sync.WaitGroup{}
		if fate != httpd.GroupRemoved {
			s.ready[name] = make(chan struct{})
		}
	}
	for name, fate := range next.groupFates {
		if fate == httpd.GroupRemoved {
			gone = append(gone, name)
		}
		if fate == httpd.GroupRemoved || fate == httpd.GroupRebuilt {
			s.halted[next.works.groups[name].account].Add(1)
		}
	}
	next.exchange(gone, next.planned)
	for name, fate := range next.accountFates {
		s.jobs.Go(func() { s.swapAccount(ctx, name, fate) })
	}
	for name, fate := range next.groupFates {
		if fate != httpd.GroupKept {
			s.jobs.Go(func() { s.swapGroup(ctx, name, fate) })
		}
	}
	s.jobs.Wait()
	s.settle(gone)
	if ctx.Err() != nil {
		return fmt.Errorf("autoscaled ended in the midst of a reload: the next start takes it up")
	}
	return nil
}

// swapAccount does what becomes of an account.
func (s *swap) swapAccount(ctx context.Context, name string, fate fate) {
	switch fate {
	case httpd.GroupKept:
		s.adapt(ctx, s.works.accounts[name])
		return
	case httpd.GroupRebuilt, httpd.GroupRemoved:
		s.halted[name].Wait()
		s.Fleet.HaltObserver(name)
		s.Fleet.CloseOrders(name)
	}
	if fate == httpd.GroupRemoved {
		s.Fleet.DropOrders(name)
		s.Fleet.DropObserver(name)
		s.actions.ForgetAccount(name)
		s.metrics.forgetAccount(name)
		return
	}
	a := s.accounts[name]
	s.insist(ctx, "account "+name, func() error { return s.openAccount(a, groupsOf(s.config, a.provider)) })
	if a.orders == nil {
		s.Fleet.DropOrders(name)
	}
	close(s.ready[name])
}

// adapt lets an account that goes on serve other groups: it looks at their pools, and orders as long as one
// of them acts.
func (s *swap) adapt(ctx context.Context, a *account) {
	groups, name := groupsOf(s.config, a.provider), a.provider.Name
	a.observer.Watch(poolReaders(a.reader, a.provider, groups))
	acting := false
	for _, group := range groups {
		acting = acting || s.acts(group)
	}
	if acting && a.orders == nil {
		s.insist(ctx, "account "+name, func() error { return s.openOrders(a) })
	}
	close(s.ready[name])
	if !acting && a.orders != nil {
		s.halted[name].Wait()
		s.Fleet.CloseOrders(name)
		a.observer.SettleBy(nil)
		s.Fleet.DropOrders(name)
		a.orders = nil
	}
}

// swapGroup does what becomes of a group that does not go on as it is.
func (s *swap) swapGroup(ctx context.Context, name string, fate fate) {
	before, known := s.works.groups[name]
	if known {
		s.Fleet.Halt(name)
		if fate == httpd.GroupRebuilt && s.accountFates[before.account] == httpd.GroupKept {
			s.Fleet.AwaitOrder(ctx, name) // else the account does it
		}
		s.halted[before.account].Done()
	}
	if fate == httpd.GroupRemoved {
		s.Fleet.Drop(name)
		s.forgetSeries(name)
		return
	}
	p := s.plans[name]
	select {
	case <-s.ready[p.built.account]:
	case <-ctx.Done():
		return
	}
	s.Fleet.Dismiss(name)
	if before.acts && !p.acts {
		s.actions.Forget(name)
	}
	s.insist(ctx, "group "+name, func() error {
		s.turns <- struct{}{}
		defer func() { <-s.turns }()
		return p.put()
	})
}

// forgetSeries drops the series of a group that is gone.
func (s *swap) forgetSeries(group string) {
	s.actions.Forget(group)
	s.metrics.forgetGroup(group)
}

// insist does what can fail only because the store cannot be read or written, again and
// again until it succeeds or ctx ends.
func (s *swap) insist(ctx context.Context, what string, do func() error) {
	for pause := time.Second; ; pause = min(2*pause, takeOverMost) {
		err := do()
		if err == nil || ctx.Err() != nil {
			return
		}
		s.options.Log.Error("what is on record cannot be taken over: it stands still meanwhile, and is tried again", zap.String("of", what), zap.Duration("again_in", pause), zap.Error(err))
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// settle notes what is built now, and closes what nobody uses any more.
func (s *swap) settle(gone []string) {
	works := &s.works
	for _, name := range gone {
		works.groups[name].monitor.Close()
		delete(works.groups, name)
	}
	for _, p := range s.planned {
		if before, known := works.groups[p.name]; known {
			before.monitor.Close()
		}
		works.groups[p.name] = p.built
	}
	for name, fate := range s.accountFates {
		if fate == httpd.GroupRemoved {
			delete(works.accounts, name)
		} else {
			works.accounts[name] = s.accounts[name]
		}
	}
	if works.server != nil && works.server != s.server {
		works.server.Close()
	}
	works.server, works.asked = s.server, s.asked
	s.keepInForce(s.config, s.prices, s.text)
	for _, follow := range s.followed {
		follow()
	}
}
