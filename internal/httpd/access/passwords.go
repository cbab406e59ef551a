package access

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"net/netip"
	"runtime"
	"slices"
	"sync"

	"golang.org/x/crypto/bcrypt"

	"github.com/autoscaled/autoscaled/internal/secret"
)

// How many passwords may wait to be compared, of all and of one network.
const (
	waitingMax   = 64
	waitingMaxOf = 2
)

// passwords compares passwords with their hashes, which is slow on purpose: only a part of
// the processors does so, and what was right is remembered.
type passwords struct {
	key     [32]byte // of this process: what is remembered is of no use elsewhere
	turns   chan struct{}
	mu      sync.Mutex
	waiting int
	queues  map[netip.Prefix]int         // how many of them wait, by network
	proven  map[string][sha256.Size]byte // by user: mark of the hash and the password that matched
}

func newPasswords() *passwords {
	p := &passwords{turns: make(chan struct{}, max(runtime.GOMAXPROCS(0)/2, 1)), queues: map[netip.Prefix]int{}, proven: map[string][sha256.Size]byte{}}
	_, _ = rand.Read(p.key[:]) // it does not fail
	return p
}

// enter waits for a turn to compare. It returns false when too many wait, of all or of the
// network of from, or ctx ends.
func (p *passwords) enter(ctx context.Context, from netip.Addr) (leave func(), ok bool) {
	of := network(from)
	if !p.queue(of) {
		return nil, false
	}
	defer p.unqueue(of)
	select {
	case p.turns <- struct{}{}:
		return func() { <-p.turns }, true
	case <-ctx.Done():
		return nil, false
	}
}

func (p *passwords) queue(of netip.Prefix) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.waiting == waitingMax || p.queues[of] == waitingMaxOf {
		return false
	}
	p.waiting++
	p.queues[of]++
	return true
}

func (p *passwords) unqueue(of netip.Prefix) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting--
	if p.queues[of]--; p.queues[of] == 0 {
		delete(p.queues, of)
	}
}

// attempt is one password that somebody shows.
type attempt struct {
	passwords *passwords
	user      string
	password  string
	hash      secret.Secret // of the user's password, or of another one's when there is no such user
	known     bool          // there is such a user
	mark      [sha256.Size]byte
}

func (p *passwords) attempt(users map[string]secret.Secret, user, password string) attempt {
	hash, known := users[user]
	if !known {
		names := slices.Sorted(maps.Keys(users))
		hash = users[names[binary.BigEndian.Uint64(p.sum(user))%uint64(len(names))]]
	}
	a := attempt{passwords: p, user: user, password: password, hash: hash, known: known}
	a.mark = [sha256.Size]byte(p.sum(hash.Reveal() + "\x00" + password))
	return a
}

func (p *passwords) sum(text string) []byte {
	mac := hmac.New(sha256.New, p.key[:])
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

// proven says that the same user has shown the same password before, and it was right.
func (a attempt) proven() bool {
	a.passwords.mu.Lock()
	defer a.passwords.mu.Unlock()
	mark := a.passwords.proven[a.user]
	return a.known && hmac.Equal(mark[:], a.mark[:])
}

// compare says that the password is the user's.
func (a attempt) compare() bool {
	right := bcrypt.CompareHashAndPassword([]byte(a.hash.Reveal()), []byte(a.password)) == nil
	if !right || !a.known {
		return false
	}
	a.passwords.mu.Lock()
	defer a.passwords.mu.Unlock()
	a.passwords.proven[a.user] = a.mark
	return true
}

// knownUser is the user, and empty when there is none: what was typed there may be a password.
func (a attempt) knownUser() string {
	if a.known {
		return a.user
	}
	return ""
}
