package store

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"go.etcd.io/bbolt"
)

// The structure of these files is whole, so that only the ledger and the checksums of
// the values can tell.
func TestRecordsThatAreNotThoseOfTheLastCommitAreRefused(t *testing.T) {
	t.Parallel()
	put := func(items *bbolt.Bucket, key string, record []byte) error { return items.Put([]byte(key), record) }
	for name, tamper := range map[string]func(items, meta *bbolt.Bucket, earlier map[string][]byte) error{
		"a bit of a value": func(items, _ *bbolt.Bucket, _ map[string][]byte) error {
			record := bytes.Clone(items.Get([]byte("a")))
			record[len(record)-1] ^= 4
			return put(items, "a", record)
		},
		"a bit of a revision": func(items, _ *bbolt.Bucket, _ map[string][]byte) error {
			record := bytes.Clone(items.Get([]byte("a")))
			record[7] ^= 1
			return put(items, "a", record)
		},
		"a bit of a checksum": func(items, _ *bbolt.Bucket, _ map[string][]byte) error {
			record := bytes.Clone(items.Get([]byte("a")))
			record[8] ^= 1
			return put(items, "a", record)
		},
		"a value cut short": func(items, _ *bbolt.Bucket, _ map[string][]byte) error {
			return put(items, "a", bytes.Clone(items.Get([]byte("a")))[:recordHeaderBytes+1])
		},
		"a value without its head": func(items, _ *bbolt.Bucket, _ map[string][]byte) error {
			return put(items, "a", []byte("short"))
		},
		"a value under another key": func(items, _ *bbolt.Bucket, _ map[string][]byte) error {
			return put(items, "a", bytes.Clone(items.Get([]byte("b"))))
		},
		"an earlier value": func(items, _ *bbolt.Bucket, earlier map[string][]byte) error {
			return put(items, "a", earlier["a"])
		},
		"a value that is gone": func(items, _ *bbolt.Bucket, _ map[string][]byte) error { return items.Delete([]byte("a")) },
		"a deleted value that is back": func(items, _ *bbolt.Bucket, earlier map[string][]byte) error {
			return put(items, "deleted", earlier["deleted"])
		},
		"a value of the future": func(items, _ *bbolt.Bucket, _ map[string][]byte) error {
			return put(items, "a", encodeRecord("a", 1000, []byte("value")))
		},
		"the ledger gone":  func(_, meta *bbolt.Bucket, _ map[string][]byte) error { return meta.Delete([]byte(ledgerKey)) },
		"the ledger empty": func(_, meta *bbolt.Bucket, _ map[string][]byte) error { return put(meta, ledgerKey, nil) },
		"the ledger of before": func(_, meta *bbolt.Bucket, earlier map[string][]byte) error {
			return put(meta, ledgerKey, earlier[ledgerKey])
		},
		"a bit of the ledger":   func(_, meta *bbolt.Bucket, _ map[string][]byte) error { return flipLedger(meta, recordHeaderBytes+5) },
		"a bit of its revision": func(_, meta *bbolt.Bucket, _ map[string][]byte) error { return flipLedger(meta, 7) },
		"all values of before":  func(items, _ *bbolt.Bucket, earlier map[string][]byte) error { return restore(items, earlier) },
		"everything as it was once": func(items, meta *bbolt.Bucket, earlier map[string][]byte) error {
			return errors.Join(restore(items, earlier), put(meta, ledgerKey, earlier[ledgerKey]))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "state.db")
			earlier := twoCommits(t, path)
			db, err := openFile(path, bbolt.Options{})
			if err != nil {
				t.Fatal(err)
			}
			err = db.Update(func(tx *bbolt.Tx) error { return tamper(tx.Bucket(itemsBucket), tx.Bucket(metaBucket), earlier) })
			if err := errors.Join(err, db.Close()); err != nil {
				t.Fatal(err)
			}
			var damaged *DamagedError
			if opened, err := Open(path); !errors.As(err, &damaged) {
				t.Errorf("got %v, %v", opened, err)
			}
			if err := Check(path); !errors.As(err, &damaged) {
				t.Errorf("checked: got %v", err)
			}
		})
	}
}

// twoCommits makes a store, and returns the records and the ledger as they were before
// its last commit.
func twoCommits(t *testing.T, path string) map[string][]byte {
	t.Helper()
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	epoch, err := s.Claim()
	if err != nil {
		t.Fatal(err)
	}
	commit := func(txn Txn) {
		t.Helper()
		if _, err := s.Commit(epoch, txn); err != nil {
			t.Fatal(err)
		}
	}
	commit(Txn{Puts: []Put{{"a", []byte("first")}, {"b", []byte("first")}, {"deleted", []byte("first")}}})
	earlier := map[string][]byte{}
	err = s.db.View(func(tx *bbolt.Tx) error {
		keep := func(key, record []byte) error { earlier[string(key)] = bytes.Clone(record); return nil }
		return errors.Join(tx.Bucket(itemsBucket).ForEach(keep), tx.Bucket(metaBucket).ForEach(keep))
	})
	if err != nil {
		t.Fatal(err)
	}
	commit(Txn{Puts: []Put{{"a", []byte("second")}, {"b", []byte("second")}}, Deletes: []string{"deleted"}})
	return earlier
}

func restore(items *bbolt.Bucket, earlier map[string][]byte) error {
	var errs []error
	for key, record := range earlier {
		if key != ledgerKey {
			errs = append(errs, items.Put([]byte(key), record))
		}
	}
	return errors.Join(errs...)
}

func flipLedger(meta *bbolt.Bucket, at int) error {
	record := bytes.Clone(meta.Get([]byte(ledgerKey)))
	record[at] ^= 1
	return meta.Put([]byte(ledgerKey), record)
}

// A newer autoscaled's file is no damaged one: nobody should be told to replace it.
func TestAFileOfANewerAutoscaledIsRefusedButNotCalledDamaged(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	if err := create(path); err != nil {
		t.Fatal(err)
	}
	db, err := openFile(path, bbolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		return tx.Bucket(metaBucket).Put([]byte(ledgerKey), encodeRecord(ledgerKey, 2, []byte{0, 0, 0, 9}))
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	for what, err := range map[string]error{"open": second(Open(path)), "renew": second(Renew(path, path+".aside", false))} {
		var damaged *DamagedError
		if err == nil || errors.As(err, &damaged) || !strings.Contains(err.Error(), "version 9") {
			t.Errorf("%s: got %v", what, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// A file that shrinks while it is mapped answers a read with a fault, which would end
// the program.
func TestAFaultOnAMappedFileIsAnError(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "mapped")
	if err := os.WriteFile(path, make([]byte, 4*os.Getpagesize()), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	mapped, err := syscall.Mmap(int(file.Fd()), 0, 4*os.Getpagesize(), syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syscall.Munmap(mapped) }()
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	sum := 0
	if err := guarded(func() error { sum += int(mapped[3*os.Getpagesize()]); return nil }); err == nil {
		t.Error("no error")
	}
	if err := guarded(func() error { panic("page 7 already freed") }); err == nil || !strings.Contains(err.Error(), "page 7 already freed") {
		t.Errorf("got %v", err)
	}
	want := errors.New("as it is")
	if err := guarded(func() error { return want }); !errors.Is(err, want) || sum != 0 {
		t.Errorf("got %v, %d", err, sum)
	}
}
