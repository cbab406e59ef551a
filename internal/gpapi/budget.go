package gpapi

import (
	"context"
	"sync"
	"time"
)

// purpose says which share of the account's call budget an action draws on.
type purpose uint8

const (
	poll   purpose = iota // looking: every reading action
	order                 // buying machines and bringing them into service
	remove                // taking them out of service
	purposes
)

var shares = [purposes]float64{poll: 0.3, order: 0.5, remove: 0.2}

// budget limits the calls of an account. Tokens arrive at a steady rate. Each
// purpose has a purse that fills at its share of the rate; what a full purse
// cannot take goes into the common purse, from which every purpose may borrow.
// So nobody can take another's share, and a share that is idle helps the rest.
//
// A purse holds what arrives in one second, at least one token. In t seconds
// there are therefore at most rate·t calls beyond those that full purses allow.
type budget struct {
	rate  float64                 // tokens per second
	turns [purposes]chan struct{} // full while one caller of the purpose waits for its token

	mu     sync.Mutex // guards what follows
	own    [purposes]float64
	common float64
	filled time.Time // when tokens were last added
}

func newBudget(callsPerSecond float64) *budget {
	b := &budget{rate: callsPerSecond, common: purse(callsPerSecond), filled: time.Now()}
	for p, share := range shares {
		b.own[p] = purse(share * callsPerSecond)
		b.turns[p] = make(chan struct{}, 1)
	}
	return b
}

// purse is how many tokens a purse holds that fills at the given rate per second.
func purse(rate float64) float64 { return max(1, rate) }

// wait blocks until the budget allows a call for p, in order of arrival, or ctx ends.
func (b *budget) wait(ctx context.Context, p purpose) error {
	select {
	case b.turns[p] <- struct{}{}:
		defer func() { <-b.turns[p] }()
	case <-ctx.Done():
		return ctx.Err()
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		taken, missing := b.take(p)
		if taken {
			return nil
		}
		if err := sleep(ctx, missing); err != nil {
			return err
		}
	}
}

// take takes a token for p. If there is none, it says after how long it is worth
// another try.
func (b *budget) take(p purpose) (taken bool, missing time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	overflow := b.fill()
	for _, purse := range []*float64{&b.own[p], &b.common} {
		if *purse >= 1 {
			*purse--
			return true, 0
		}
	}
	seconds := (1 - b.own[p]) / (shares[p] * b.rate)
	if overflow > 0 {
		seconds = min(seconds, (1-b.common)/(overflow*b.rate))
	}
	return false, time.Duration(seconds*float64(time.Second)) + 1
}

// fill adds the tokens that arrived since the last time. It returns which share
// of the rate goes into the common purse now.
func (b *budget) fill() (overflow float64) {
	now := time.Now()
	arrived := now.Sub(b.filled).Seconds() * b.rate
	b.filled = now
	for p, share := range shares {
		b.own[p] += share * arrived
		if excess := b.own[p] - purse(share*b.rate); excess >= 0 {
			b.own[p] -= excess
			b.common += excess
			overflow += share
		}
	}
	b.common = min(b.common, purse(b.rate))
	return overflow
}

// sleep waits for d, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
