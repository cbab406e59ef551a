package access

import (
	"context"
	"fmt"
	"net/netip"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestAnUnknownUserIsComparedLikeAKnownOne(t *testing.T) {
	t.Parallel()
	users := hashes(t, map[string]string{"alice": "correct horse", "bob": "correct horse"})
	p := newPasswords()
	picked := map[string]bool{}
	for i := range 100 {
		a := p.attempt(users, fmt.Sprint("nobody", i), "correct horse")
		picked[a.hash.Reveal()] = true
		if a.known || a.hash.Empty() || i == 0 && (a.compare() || a.proven()) {
			t.Fatalf("nobody%d: known %v, with the hash %q", i, a.known, a.hash.Reveal())
		}
		if again := p.attempt(users, fmt.Sprint("nobody", i), "x"); again.hash != a.hash {
			t.Errorf("nobody%d takes a different time at the second attempt", i)
		}
	}
	if len(picked) != 2 {
		t.Errorf("all unknown users take as long as %d of 2 users", len(picked))
	}
}

func TestAPasswordThatWasRightIsNotComparedAgain(t *testing.T) {
	t.Parallel()
	s := guarded(t, people(t))
	right := as("alice", "correct horse")
	s.wants(s.gets(right), 200, "alice")
	for i := range cap(s.guard.passwords.turns) { // nobody can compare any more
		if _, ok := s.guard.passwords.enter(t.Context(), somewhere(i)); !ok {
			t.Fatal("no turn")
		}
	}
	for range 1000 {
		s.wants(s.gets(right), 200, "alice")
	}
	s.guard.passwords.waiting = waitingMax
	w := s.gets(as("alice", "correct horsE"))
	s.wants(w, 503, `"unavailable"`)
	if w.Header().Get("Retry-After") != "1" {
		t.Errorf("headers are %v", w.Header())
	}
}

func TestWhoeverFailsWhileItWaitsIsNotComparedAnyMore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := guarded(t, people(t))
		most := max(runtime.GOMAXPROCS(0)/2, 1)
		for i := range most {
			if leave, ok := s.guard.passwords.enter(t.Context(), somewhere(i)); ok {
				defer leave()
			}
		}
		answers := make(chan int, 1)
		go func() { answers <- s.gets(as("alice", "correct horse")).Code }()
		synctest.Wait()
		if len(answers) > 0 {
			t.Fatalf("more than %d passwords are compared at a time", most)
		}
		for range failuresMax {
			s.guard.failures.add(netip.MustParseAddr("192.0.2.7"), s.clock.time())
		}
		<-s.guard.passwords.turns
		if got := <-answers; got != 429 {
			t.Errorf("answered %d", got)
		}
		s.guard.passwords.turns <- struct{}{}
	})
}

func TestNoMoreThanABoundedNumberOfPasswordsWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPasswords()
		ctx, cancel := context.WithCancel(t.Context())
		var leaves []func()
		for i := range cap(p.turns) {
			leave, _ := p.enter(ctx, somewhere(i))
			leaves = append(leaves, leave)
		}
		var entered, refused atomic.Int32
		for i := range waitingMax + 5 {
			go func() {
				if leave, ok := p.enter(ctx, somewhere(i)); ok {
					entered.Add(1)
					leave()
				} else {
					refused.Add(1)
				}
			}()
		}
		synctest.Wait()
		if entered.Load() != 0 || refused.Load() != 5 {
			t.Errorf("%d entered and %d were refused while all turns are taken, want 0 and 5", entered.Load(), refused.Load())
		}
		leaves[0]()
		synctest.Wait()
		if entered.Load() != waitingMax {
			t.Errorf("%d entered after a turn became free", entered.Load())
		}
		if leave, ok := p.enter(ctx, somewhere(0)); !ok {
			t.Error("nobody waits, and yet there is no room")
		} else {
			defer leave()
		}
		cancel()
		if _, ok := p.enter(ctx, somewhere(1)); ok && cap(p.turns) == 1 {
			t.Error("entered although the request has ended")
		}
	})
}

// somewhere is an address of a network that has no other one.
func somewhere(i int) netip.Addr { return netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}) }

func TestOneNetworkDoesNotKeepOthersFromShowingTheirPassword(t *testing.T) {
	t.Parallel()
	for what, address := range map[string]func(i int) netip.Addr{
		"loopback": func(i int) netip.Addr { return netip.AddrFrom4([4]byte{127, byte(i), 0, 1}) },
		"IPv6":     func(i int) netip.Addr { return netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 15: byte(i)}) },
	} {
		synctest.Test(t, func(t *testing.T) {
			p := newPasswords()
			ctx, cancel := context.WithCancel(t.Context())
			for i := range cap(p.turns) {
				_, _ = p.enter(ctx, somewhere(i))
			}
			var refused atomic.Int32
			for i := range 200 {
				go func() {
					if _, ok := p.enter(ctx, address(i)); !ok {
						refused.Add(1)
					}
				}()
			}
			synctest.Wait()
			if p.waiting != waitingMaxOf || refused.Load() != 200-waitingMaxOf {
				t.Errorf("%s: %d wait and %d were refused", what, p.waiting, refused.Load())
			}
			go func() { _, _ = p.enter(ctx, somewhere(200)) }()
			synctest.Wait()
			if p.waiting != waitingMaxOf+1 {
				t.Errorf("%s: another network has no room", what)
			}
			cancel()
			synctest.Wait()
			if p.waiting != 0 || len(p.queues) != 0 {
				t.Errorf("%s: %d wait who have gone, in %d queues", what, p.waiting, len(p.queues))
			}
		})
	}
}

func TestManyAddressesTakeBoundedMemory(t *testing.T) {
	t.Parallel()
	f, now := newFailures(), time.Now()
	address := func(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}) }
	const many = 3 * addressesMax
	for i := range many {
		for range failuresMax {
			f.add(address(i), now)
		}
		if len(f.of) > addressesMax || len(f.of) != len(f.order) {
			t.Fatalf("%d addresses in %d places", len(f.of), len(f.order))
		}
	}
	if f.wait(address(many-1), now) == 0 || f.wait(address(many-addressesMax), now) == 0 || f.wait(address(0), now) != 0 {
		t.Error("others than the newest are remembered")
	}
	f.add(address(0), now.Add(failuresSpan))
	if len(f.of) != 1 || len(f.order) != 1 {
		t.Errorf("%d are remembered for longer than they count", len(f.of)-1)
	}
}

func TestRolesAreOrderedAndNamed(t *testing.T) {
	t.Parallel()
	for i, role := range []Role{None, Read, Operate, Admin} {
		if int(role) != i || ParseRole(role.String()) != role {
			t.Errorf("%d is %s, which is %d", i, role, ParseRole(role.String()))
		}
	}
	if ParseRole("root") != None || ParseRole("") != None || Role(9).String() != "admin" {
		t.Error("there is a role root")
	}
}
