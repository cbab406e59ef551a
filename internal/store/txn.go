package store

import "fmt"

// Bounds of what a store takes, chosen to fit bbolt and etcd alike.
const (
	MaxKeyBytes   = 1 << 10
	MaxValueBytes = 1 << 20
)

// validate refuses what no store can carry out, with the same words everywhere.
func (txn Txn) validate() error {
	changed := make(map[string]bool, len(txn.Puts)+len(txn.Deletes))
	change := func(key string) error {
		switch {
		case key == "":
			return fmt.Errorf("change a key: the empty key cannot be stored")
		case len(key) > MaxKeyBytes:
			return fmt.Errorf("change key %.40q: it has %d bytes and a key may have %d", key, len(key), MaxKeyBytes)
		case changed[key]:
			return fmt.Errorf("change key %q: a transaction may change a key only once", key)
		}
		changed[key] = true
		return nil
	}
	for _, put := range txn.Puts {
		if err := change(put.Key); err != nil {
			return err
		}
		if len(put.Value) > MaxValueBytes {
			return fmt.Errorf("put key %q: its value has %d bytes and a value may have %d", put.Key, len(put.Value), MaxValueBytes)
		}
	}
	for _, key := range txn.Deletes {
		if err := change(key); err != nil {
			return err
		}
	}
	return nil
}

func conflict(compare Compare, found Revision) error {
	return fmt.Errorf("key %q was read at revision %d and is now at %d: %w", compare.Key, compare.Revision, found, ErrConflict)
}

func fenced(epoch, newest Epoch) error {
	return fmt.Errorf("epoch %d is not the newest, %d: %w", epoch, newest, ErrFenced)
}

// clone gives the item a value of its own, never nil.
func (i Item) clone() Item {
	i.Value = append([]byte{}, i.Value...)
	return i
}
