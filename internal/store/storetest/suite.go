// Package storetest is the suite that every implementation of store.Store passes.
//
// Run checks what the interface promises while a store is open, RunDurable what
// must hold across closing and opening it again. A failing random test prints the
// seed that repeats it.
//
// Tests of implementations call it; it calls only package store.
package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/autoscaled/autoscaled/internal/store"
)

// Run checks stores made by open, each of which is empty and open at first.
func Run(t *testing.T, open func(t *testing.T) store.Store) {
	for name, behaviour := range map[string]func(*testing.T, store.Store){
		"a missing key has revision 0 and no value":                       missingKey,
		"an empty value differs from a missing one":                       emptyValue,
		"every put of a commit has the revision that it returned":         oneRevision,
		"revisions grow over all keys":                                    revisionsGrow,
		"a scan is ordered and keeps to its prefix":                       scanOrder,
		"a large scan is whole":                                           largeScan,
		"binary keys and values come back as they were":                   binaryContent,
		"a value belongs to its reader and its writer":                    noAliasing,
		"a compare that does not hold leaves everything":                  conflictIsAtomic,
		"a compare with 0 demands a missing key":                          compareWithMissing,
		"a deleted and recreated key conflicts with its earlier revision": recreation,
		"deleting a missing key is no fault":                              deleteMissing,
		"a newer claim fences the older owner":                            fencing,
		"no commit without a claim":                                       unclaimed,
		"a transaction that cannot be carried out changes nothing":        invalidTxn,
		"concurrent increments lose none":                                 concurrentIncrements,
		"a closed store answers with errors":                              closed,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			t.Cleanup(func() { _ = s.Close() })
			behaviour(t, s)
		})
	}
	t.Run("any sequence of commits equals that of a plain map", func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(r *rapid.T) { equalsMap(r, open(t)) })
	})
}

// RunDurable checks stores that open reads from directory, where it makes one when
// there is none. At most one is open at a time.
func RunDurable(t *testing.T, open func(t *testing.T, directory string) store.Store) {
	t.Run("what was committed is there after opening again", func(t *testing.T) {
		t.Parallel()
		directory := t.TempDir()
		first := open(t, directory)
		epoch := claim(t, first)
		revision := commit(t, first, epoch, store.Txn{Puts: []store.Put{{Key: "a", Value: []byte("1")}, {Key: "b"}}})
		commit(t, first, epoch, store.Txn{Deletes: []string{"b"}})
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}

		second := open(t, directory)
		t.Cleanup(func() { _ = second.Close() })
		wantItems(t, second, "", store.Item{Key: "a", Value: []byte("1"), Revision: revision})
		if next := claim(t, second); next <= epoch {
			t.Errorf("epoch %d was claimed after %d", next, epoch)
		}
		if _, err := second.Commit(epoch, store.Txn{}); !errors.Is(err, store.ErrFenced) {
			t.Errorf("the owner of before may still commit: %v", err)
		}
	})
	t.Run("a revision is not used twice across openings", func(t *testing.T) {
		t.Parallel()
		directory := t.TempDir()
		var last store.Revision
		for range 3 {
			s := open(t, directory)
			revision := commit(t, s, claim(t, s), store.Txn{Puts: []store.Put{{Key: "a"}}, Deletes: nil})
			if revision <= last {
				t.Errorf("revision %d came after %d", revision, last)
			}
			last = revision
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func claim(t testing.TB, s store.Store) store.Epoch {
	t.Helper()
	epoch, err := s.Claim()
	if err != nil {
		t.Fatal(err)
	}
	return epoch
}

func commit(t testing.TB, s store.Store, epoch store.Epoch, txn store.Txn) store.Revision {
	t.Helper()
	revision, err := s.Commit(epoch, txn)
	if err != nil {
		t.Fatal(err)
	}
	return revision
}

func get(t testing.TB, s store.Store, key string) store.Item {
	t.Helper()
	item, err := s.Get(key)
	if err != nil {
		t.Fatal(err)
	}
	return item
}

func wantItems(t testing.TB, s store.Store, prefix string, want ...store.Item) {
	t.Helper()
	found, err := s.Scan(prefix)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.EqualFunc(found, want, equalItems) {
		t.Errorf("scan of %q found %v, want %v", prefix, found, want)
	}
}

func equalItems(a, b store.Item) bool {
	return a.Key == b.Key && a.Revision == b.Revision && bytes.Equal(a.Value, b.Value)
}

func missingKey(t *testing.T, s store.Store) {
	if item := get(t, s, "none"); item.Revision != 0 || item.Value != nil || item.Key != "none" {
		t.Errorf("got %+v", item)
	}
	wantItems(t, s, "")
}

func emptyValue(t *testing.T, s store.Store) {
	revision := commit(t, s, claim(t, s), store.Txn{Puts: []store.Put{{Key: "nil"}, {Key: "empty", Value: []byte{}}}})
	for _, key := range []string{"nil", "empty"} {
		if item := get(t, s, key); item.Revision != revision || item.Value == nil || len(item.Value) != 0 {
			t.Errorf("got %+v", item)
		}
	}
}

func oneRevision(t *testing.T, s store.Store) {
	revision := commit(t, s, claim(t, s), store.Txn{Puts: []store.Put{{Key: "a"}, {Key: "b"}}})
	wantItems(t, s, "", store.Item{Key: "a", Revision: revision}, store.Item{Key: "b", Revision: revision})
}

func revisionsGrow(t *testing.T, s store.Store) {
	epoch := claim(t, s)
	var last store.Revision
	for _, txn := range []store.Txn{
		{Puts: []store.Put{{Key: "a"}}},
		{Puts: []store.Put{{Key: "b"}}},
		{Puts: []store.Put{{Key: "a"}}},
		{Deletes: []string{"a"}},
		{},
		{Puts: []store.Put{{Key: "a"}}},
	} {
		revision := commit(t, s, epoch, txn)
		if revision <= last {
			t.Errorf("revision %d came after %d", revision, last)
		}
		last = revision
	}
}

func scanOrder(t *testing.T, s store.Store) {
	revision := commit(t, s, claim(t, s), store.Txn{Puts: []store.Put{
		{Key: "b/2"}, {Key: "a"}, {Key: "b/10"}, {Key: "b"}, {Key: "b/1"}, {Key: "b0"}, {Key: "c"}, {Key: "b/\xff"},
	}})
	var want []store.Item
	for _, key := range []string{"b/1", "b/10", "b/2", "b/\xff"} {
		want = append(want, store.Item{Key: key, Revision: revision})
	}
	wantItems(t, s, "b/", want...)
	wantItems(t, s, "b/1", want[:2]...)
	wantItems(t, s, "d")
}

func largeScan(t *testing.T, s store.Store) {
	const count = 3000
	epoch := claim(t, s)
	for batch := range 3 {
		var txn store.Txn
		for i := batch; i < count; i += 3 {
			txn.Puts = append(txn.Puts, store.Put{Key: fmt.Sprintf("k/%06d", i), Value: bytes.Repeat([]byte{byte(i)}, i%300)})
		}
		commit(t, s, epoch, txn)
	}
	found, err := s.Scan("k/")
	if err != nil || len(found) != count {
		t.Fatalf("found %d of %d: %v", len(found), count, err)
	}
	for i, item := range found {
		if item.Key != fmt.Sprintf("k/%06d", i) || !bytes.Equal(item.Value, bytes.Repeat([]byte{byte(i)}, i%300)) {
			t.Fatalf("item %d is %+v", i, item)
		}
	}
}

func binaryContent(t *testing.T, s store.Store) {
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	keys := []string{"\x00", "\x00\x00", string(every), "\xff\xfe", "日本"}
	var txn store.Txn
	for _, key := range keys {
		txn.Puts = append(txn.Puts, store.Put{Key: key, Value: every})
	}
	commit(t, s, claim(t, s), txn)
	for _, key := range keys {
		if item := get(t, s, key); !bytes.Equal(item.Value, every) {
			t.Errorf("key %q: got %q", key, item.Value)
		}
	}
}

func noAliasing(t *testing.T, s store.Store) {
	written := []byte("value")
	commit(t, s, claim(t, s), store.Txn{Puts: []store.Put{{Key: "a", Value: written}}})
	written[0] = 'X'
	read := get(t, s, "a")
	read.Value[1] = 'X'
	if again := get(t, s, "a"); string(again.Value) != "value" {
		t.Errorf("got %q", again.Value)
	}
}

func conflictIsAtomic(t *testing.T, s store.Store) {
	epoch := claim(t, s)
	before := commit(t, s, epoch, store.Txn{Puts: []store.Put{{Key: "a", Value: []byte("1")}, {Key: "b", Value: []byte("1")}}})
	_, err := s.Commit(epoch, store.Txn{
		Compares: []store.Compare{{Key: "a", Revision: before}, {Key: "b", Revision: before + 1}},
		Puts:     []store.Put{{Key: "a", Value: []byte("2")}, {Key: "c"}},
		Deletes:  []string{"b"},
	})
	if !errors.Is(err, store.ErrConflict) {
		t.Errorf("got %v", err)
	}
	wantItems(t, s, "", store.Item{Key: "a", Value: []byte("1"), Revision: before}, store.Item{Key: "b", Value: []byte("1"), Revision: before})
}

func compareWithMissing(t *testing.T, s store.Store) {
	epoch := claim(t, s)
	create := store.Txn{Compares: []store.Compare{{Key: "a"}}, Puts: []store.Put{{Key: "a"}}}
	commit(t, s, epoch, create)
	if _, err := s.Commit(epoch, create); !errors.Is(err, store.ErrConflict) {
		t.Errorf("created twice: %v", err)
	}
	if _, err := s.Commit(epoch, store.Txn{Compares: []store.Compare{{Key: "none", Revision: 1}}}); !errors.Is(err, store.ErrConflict) {
		t.Errorf("a missing key has revision 1: %v", err)
	}
}

func recreation(t *testing.T, s store.Store) {
	epoch := claim(t, s)
	put := store.Txn{Puts: []store.Put{{Key: "a", Value: []byte("same")}}}
	first := commit(t, s, epoch, put)
	commit(t, s, epoch, store.Txn{Deletes: []string{"a"}})
	if item := get(t, s, "a"); item.Revision != 0 || item.Value != nil {
		t.Errorf("deleted, yet got %+v", item)
	}
	commit(t, s, epoch, put)
	if _, err := s.Commit(epoch, store.Txn{Compares: []store.Compare{{Key: "a", Revision: first}}}); !errors.Is(err, store.ErrConflict) {
		t.Errorf("got %v", err)
	}
}

func deleteMissing(t *testing.T, s store.Store) {
	commit(t, s, claim(t, s), store.Txn{Deletes: []string{"none"}})
	wantItems(t, s, "")
}

func fencing(t *testing.T, s store.Store) {
	older := claim(t, s)
	commit(t, s, older, store.Txn{Puts: []store.Put{{Key: "a", Value: []byte("older")}}})
	newer := claim(t, s)
	if newer <= older {
		t.Errorf("epoch %d was claimed after %d", newer, older)
	}
	if _, err := s.Commit(older, store.Txn{Puts: []store.Put{{Key: "a", Value: []byte("late")}}}); !errors.Is(err, store.ErrFenced) {
		t.Errorf("the older owner's commit: %v", err)
	}
	if item := get(t, s, "a"); string(item.Value) != "older" {
		t.Errorf("the older owner wrote %q", item.Value)
	}
	commit(t, s, newer, store.Txn{Puts: []store.Put{{Key: "a", Value: []byte("newer")}}})
}

func unclaimed(t *testing.T, s store.Store) {
	for _, epoch := range []store.Epoch{0, 1, 7} {
		if _, err := s.Commit(epoch, store.Txn{}); !errors.Is(err, store.ErrFenced) {
			t.Errorf("epoch %d: %v", epoch, err)
		}
	}
}

func invalidTxn(t *testing.T, s store.Store) {
	epoch := claim(t, s)
	for name, txn := range map[string]store.Txn{
		"empty key":      {Puts: []store.Put{{Key: "a"}, {Key: ""}}},
		"put twice":      {Puts: []store.Put{{Key: "a"}, {Key: "a"}}},
		"put and delete": {Puts: []store.Put{{Key: "a"}}, Deletes: []string{"a"}},
		"long key":       {Puts: []store.Put{{Key: "a"}, {Key: strings.Repeat("k", store.MaxKeyBytes+1)}}},
		"large value":    {Puts: []store.Put{{Key: "a"}, {Key: "b", Value: make([]byte, store.MaxValueBytes+1)}}},
	} {
		if _, err := s.Commit(epoch, txn); err == nil {
			t.Errorf("%s: carried out", name)
		}
	}
	wantItems(t, s, "")
	commit(t, s, epoch, store.Txn{Puts: []store.Put{{Key: strings.Repeat("k", store.MaxKeyBytes), Value: make([]byte, store.MaxValueBytes)}}})
}

func concurrentIncrements(t *testing.T, s store.Store) {
	const writers, increments = 4, 25
	epoch := claim(t, s)
	var running sync.WaitGroup
	for range writers {
		running.Go(func() {
			for range increments {
				for !increment(t, s, epoch) {
				}
			}
		})
	}
	running.Wait()
	if item := get(t, s, "count"); len(item.Value) != writers*increments {
		t.Errorf("counted %d of %d", len(item.Value), writers*increments)
	}
}

// increment adds one byte to a value, and says false when another did so meanwhile.
func increment(t *testing.T, s store.Store, epoch store.Epoch) bool {
	item, err := s.Get("count")
	if err != nil {
		t.Error(err)
		return true
	}
	_, err = s.Commit(epoch, store.Txn{
		Compares: []store.Compare{{Key: "count", Revision: item.Revision}},
		Puts:     []store.Put{{Key: "count", Value: append(item.Value, '+')}},
	})
	if err != nil && !errors.Is(err, store.ErrConflict) {
		t.Error(err)
		return true
	}
	return err == nil
}

func closed(t *testing.T, s store.Store) {
	epoch := claim(t, s)
	for range 2 {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
	if _, err := s.Get("a"); err == nil {
		t.Error("get succeeded")
	}
	if _, err := s.Scan(""); err == nil {
		t.Error("scan succeeded")
	}
	if _, err := s.Claim(); err == nil {
		t.Error("claim succeeded")
	}
	if _, err := s.Commit(epoch, store.Txn{}); err == nil {
		t.Error("commit succeeded")
	}
}

// equalsMap draws transactions over few keys, with compares that mostly hold, and
// compares the store with a plain map after each.
func equalsMap(r *rapid.T, s store.Store) {
	defer func() { _ = s.Close() }()
	epoch, err := s.Claim()
	if err != nil {
		r.Fatal(err)
	}
	model := map[string]store.Item{}
	for range rapid.IntRange(1, 12).Draw(r, "transactions") {
		txn := drawTxn(r, model)
		holds := !slices.ContainsFunc(txn.Compares, func(c store.Compare) bool { return model[c.Key].Revision != c.Revision })
		revision, err := s.Commit(epoch, txn)
		if holds != (err == nil) || err != nil && !errors.Is(err, store.ErrConflict) {
			r.Fatalf("compares hold: %v, commit: %v", holds, err)
		}
		if holds {
			apply(model, txn, revision)
		}
		found, err := s.Scan("")
		if err != nil {
			r.Fatal(err)
		}
		want := slices.SortedFunc(maps.Values(model), func(a, b store.Item) int { return strings.Compare(a.Key, b.Key) })
		if !slices.EqualFunc(found, want, equalItems) {
			r.Fatalf("store holds %v, want %v", found, want)
		}
	}
}

func drawTxn(r *rapid.T, model map[string]store.Item) store.Txn {
	var txn store.Txn
	key := rapid.SampledFrom([]string{"a", "a/b", "a/c", "b", "\x00", "\xff"})
	for _, changed := range rapid.SliceOfNDistinct(key, 0, 4, rapid.ID).Draw(r, "changed") {
		if rapid.IntRange(0, 3).Draw(r, "kind") == 0 {
			txn.Deletes = append(txn.Deletes, changed)
		} else {
			txn.Puts = append(txn.Puts, store.Put{Key: changed, Value: rapid.SliceOfN(rapid.Byte(), 0, 2000).Draw(r, "value")})
		}
	}
	for _, compared := range rapid.SliceOfN(key, 0, 2).Draw(r, "compared") {
		revision := model[compared].Revision
		if rapid.IntRange(0, 4).Draw(r, "outdated") == 0 {
			revision++
		}
		txn.Compares = append(txn.Compares, store.Compare{Key: compared, Revision: revision})
	}
	return txn
}

func apply(model map[string]store.Item, txn store.Txn, revision store.Revision) {
	for _, deleted := range txn.Deletes {
		delete(model, deleted)
	}
	for _, put := range txn.Puts {
		model[put.Key] = store.Item{Key: put.Key, Value: put.Value, Revision: revision}
	}
}
