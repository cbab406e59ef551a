package store

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"
)

// FuzzInspect feeds whole files. What the inspection lets pass, bbolt must be able
// to read from end to end; a crash of the target is the finding.
func FuzzInspect(f *testing.F) {
	path := filepath.Join(f.TempDir(), "state.db")
	if err := create(path); err != nil {
		f.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, content []byte) {
		if inspect(bytes.NewReader(content), int64(len(content))) != nil {
			return
		}
		path := filepath.Join(t.TempDir(), "state.db")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		db, err := openFile(path, bbolt.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = db.Close() }()
		if err := db.View(func(tx *bbolt.Tx) error { _ = audit(tx); return nil }); err != nil {
			t.Fatal(err)
		}
	})
}
