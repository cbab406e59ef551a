package store_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/autoscaled/autoscaled/internal/store"
)

const sectorBytes = 512 // what a disk writes whole or not at all

// image is a state file between two commits.
type image struct {
	bytes   []byte
	content string
}

// A commit writes its pages and then, all before being on disk, the head. So a crash leaves any
// of the pages, and the head only after all of them.
func TestACommitThatACrashCutsLeavesThePreviousStateOrItself(t *testing.T) {
	t.Parallel()
	random := seeded(t)
	path := filepath.Join(t.TempDir(), "state.db")
	images := history(t, 40)
	for i, after := range images[1:] {
		before := images[i]
		pages, head := changed(before.bytes, after.bytes)
		for range 3 {
			some := subset(random, pages)
			torn := patched(before.bytes, after.bytes, some)
			if !checkDamaged(t, path, torn, before.content, fmt.Sprintf("commit %d with %d of %d pages' sectors and without its head", i+1, len(some), len(pages))) {
				t.Errorf("commit %d with %d of %d pages' sectors and without its head: refused", i+1, len(some), len(pages))
			}
		}
		whole := patched(before.bytes, after.bytes, append(head, pages...))
		if !checkDamaged(t, path, whole, after.content, fmt.Sprintf("commit %d as a whole", i+1)) {
			t.Errorf("commit %d as a whole: refused", i+1)
		}
	}
}

// A disk that loses writes which it has confirmed, or does them in another order, may
// leave the head of a commit without some of its pages.
func TestAHeadWithoutItsPagesIsRefused(t *testing.T) {
	t.Parallel()
	random := seeded(t)
	path := filepath.Join(t.TempDir(), "state.db")
	images := history(t, 40)
	refused, harmless := 0, 0
	for i, after := range images[1:] {
		before := images[i]
		pages, head := changed(before.bytes, after.bytes)
		for n := range 5 {
			some := subset(random, pages)
			if n == 0 {
				some = nil // all of them are lost
			}
			torn := patched(before.bytes, after.bytes, append(some, head...))
			if checkDamaged(t, path, torn, after.content, fmt.Sprintf("head of commit %d with %d of %d sectors", i+1, len(some), len(pages))) {
				harmless++
			} else {
				refused++
			}
		}
	}
	t.Logf("%d refused, %d harmless", refused, harmless)
	if refused < harmless {
		t.Error("most of them lost nothing: nothing is tested")
	}
}

// The head of the last commit is all that tells it from the one before, so the two heads
// must be those of two commits in a row, each in its own place.
func TestHeadsThatDoNotBelongTogetherAreRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	images := history(t, 8)
	page := os.Getpagesize()
	final := images[len(images)-1].bytes
	for at, old := range images[:len(images)-1] {
		for _, number := range []int{0, 1} {
			offset := number * page
			if bytes.Equal(old.bytes[offset:offset+page], final[offset:offset+page]) {
				continue
			}
			torn := bytes.Clone(final)
			copy(torn[offset:offset+page], old.bytes[offset:])
			want := images[len(images)-2].content // a crash before the last head is written leaves just that
			if checkDamaged(t, path, torn, want, fmt.Sprintf("head %d of commit %d", number, at)) && at < len(images)-3 {
				t.Errorf("head %d of commit %d was taken", number, at)
			}
		}
	}
	for _, number := range []int{0, 1} {
		torn := bytes.Clone(final)
		copy(torn[number*page:(number+1)*page], final[(1-number)*page:])
		if checkDamaged(t, path, torn, "", fmt.Sprintf("head %d in both places", 1-number)) {
			t.Errorf("head %d in both places was taken", 1-number)
		}
	}
}

// history is a store after each of some commits: small values that come, change and go,
// so that pages are used again.
func history(t *testing.T, commits int) []image {
	t.Helper()
	path := filepath.Join(t.TempDir(), "state.db")
	living := open(t, path)
	epoch := claim(t, living)
	images := make([]image, 0, commits)
	for i := range commits {
		txn := store.Txn{Puts: []store.Put{{Key: fmt.Sprintf("group/web/instance/%02d", i%9), Value: bytes.Repeat([]byte{byte(i)}, 40+300*(i%4))}}}
		if i%3 == 2 {
			txn.Deletes = []string{fmt.Sprintf("group/web/instance/%02d", (i+4)%9)}
		}
		if _, err := living.Commit(epoch, txn); err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		images = append(images, image{content, contentOf(t, living)})
	}
	return images
}

// changed lists the sectors in which two images differ: those of the pages, and those
// of the two heads. Sectors that only the later one has count as changed.
func changed(before, after []byte) (pages, head []int) {
	for offset := 0; offset < len(after); offset += sectorBytes {
		if offset+sectorBytes <= len(before) && bytes.Equal(before[offset:offset+sectorBytes], after[offset:offset+sectorBytes]) {
			continue
		}
		if offset < 2*os.Getpagesize() {
			head = append(head, offset)
		} else {
			pages = append(pages, offset)
		}
	}
	return pages, head
}

// patched is the earlier image, at the length of the later one, with the given
// sectors of the later one.
func patched(before, after []byte, sectors []int) []byte {
	torn := make([]byte, max(len(before), len(after)))
	copy(torn, before)
	for _, offset := range sectors {
		copy(torn[offset:offset+sectorBytes], after[offset:])
	}
	return torn
}

func subset(random *rand.Rand, of []int) []int {
	share := random.Float64()
	var some []int
	for _, one := range of {
		if random.Float64() < share {
			some = append(some, one)
		}
	}
	return some
}
