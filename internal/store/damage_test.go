package store_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/autoscaled/autoscaled/internal/store"
)

var (
	flips = flag.Int("flips", 150, "how many bits are flipped of each of the two samples")
	seed  = flag.Uint64("seed", 0, "chance of an earlier run")
)

// Every damaged copy of a store either opens with exactly the right content, and
// can then be written to, or is refused. It never panics, hangs or answers wrongly.
func TestDamageIsRefusedOrHarmless(t *testing.T) {
	t.Parallel()
	for name, fill := range map[string]func(*testing.T, *store.Bolt){
		"small store, whose buckets lie inside their parent": fillSmall,
		"large store, with branch pages and long values":     fillLarge,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			whole := filepath.Join(t.TempDir(), "state.db")
			original := open(t, whole)
			fill(t, original)
			want := contentOf(t, original)
			if err := original.Close(); err != nil {
				t.Fatal(err)
			}
			content, err := os.ReadFile(whole)
			if err != nil {
				t.Fatal(err)
			}
			damaged := filepath.Join(t.TempDir(), "state.db")
			for _, bit := range bitsToFlip(t, content) {
				content[bit/8] ^= 1 << (bit % 8)
				checkDamaged(t, damaged, content, want, fmt.Sprintf("bit %d of byte %d", bit%8, bit/8))
				content[bit/8] ^= 1 << (bit % 8)
			}
			for end := 0; end < len(content); end += 512 {
				checkDamaged(t, damaged, content[:end], want, fmt.Sprintf("cut at %d", end))
			}
		})
	}
}

func fillSmall(t *testing.T, s *store.Bolt) {
	epoch := claim(t, s)
	for _, key := range []string{"groups/web", "intents/1", "facts/gc00000001"} {
		if _, err := s.Commit(epoch, store.Txn{Puts: []store.Put{{Key: key, Value: []byte("value of " + key)}}}); err != nil {
			t.Fatal(err)
		}
	}
}

func fillLarge(t *testing.T, s *store.Bolt) {
	epoch := claim(t, s)
	for batch := range 8 {
		var txn store.Txn
		for i := range 20 {
			size := 20
			if i == 0 {
				size = 5000
			}
			txn.Puts = append(txn.Puts, store.Put{Key: fmt.Sprintf("facts/gc%08d", 8*i+batch), Value: bytes.Repeat([]byte{byte(i)}, size)})
		}
		if _, err := s.Commit(epoch, txn); err != nil {
			t.Fatal(err)
		}
	}
}

// bitsToFlip are two random samples: of the bits at the beginning of used pages (their
// headers and first elements), and of all bits.
func bitsToFlip(t *testing.T, content []byte) []int {
	random := seeded(t)
	pageBytes := os.Getpagesize()
	var bits []int
	for page := range len(content) / pageBytes {
		if !used(content[page*pageBytes : (page+1)*pageBytes]) {
			continue
		}
		dense := 40 * 8
		if page < 2 {
			dense = 80 * 8
		}
		for bit := range dense {
			bits = append(bits, page*pageBytes*8+bit)
		}
	}
	random.Shuffle(len(bits), func(i, j int) { bits[i], bits[j] = bits[j], bits[i] })
	bits = bits[:min(len(bits), *flips)]
	for range *flips {
		bits = append(bits, random.IntN(8*len(content)))
	}
	return bits
}

// seeded is chance whose seed a failing test tells.
func seeded(t *testing.T) *rand.Rand {
	t.Helper()
	chosen := *seed
	if chosen == 0 {
		chosen = rand.Uint64()
	}
	t.Logf("repeat with -seed %d", chosen)
	return rand.New(rand.NewPCG(chosen, 0))
}

func used(page []byte) bool { return len(bytes.Trim(page, "\x00")) > 0 }

// checkDamaged opens a damaged copy, and says whether it was taken. One that is taken
// must hold just what is wanted, and take and keep a further commit.
func checkDamaged(t *testing.T, path string, content []byte, want, damage string) (taken bool) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	opened, err := store.Open(path)
	var damaged *store.DamagedError
	if errors.As(err, &damaged) && damaged.Path == path {
		return false
	}
	if err != nil {
		t.Errorf("%s: refused, but not as damaged: %v", damage, err)
		return false
	}
	if got := contentOf(t, opened); got != want {
		t.Errorf("%s: opened with another content", damage)
	}
	if _, err := opened.Commit(claim(t, opened), store.Txn{Puts: []store.Put{{Key: "new", Value: make([]byte, 5000)}}}); err != nil {
		t.Errorf("%s: opened, yet takes no commit: %v", damage, err)
	}
	if _, err := opened.Get("new"); err != nil {
		t.Errorf("%s: %v", damage, err)
	}
	if err := opened.Close(); err != nil {
		t.Errorf("%s: %v", damage, err)
	}
	if opened, err = store.Open(path); err != nil {
		t.Errorf("%s: opened once, and not again after a commit: %v", damage, err)
		return true
	}
	_ = opened.Close()
	return true
}

// wantDamaged demands that the file is refused as damaged.
func wantDamaged(t *testing.T, path string) {
	t.Helper()
	opened, err := store.Open(path)
	if err == nil {
		_ = opened.Close()
	}
	var damaged *store.DamagedError
	if !errors.As(err, &damaged) || damaged.Path != path || !strings.Contains(err.Error(), "the state file "+path+" is damaged: ") {
		t.Errorf("got %v", err)
	}
}

func contentOf(t testing.TB, s store.Store) string {
	t.Helper()
	items, err := s.Scan("")
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(items)
}
