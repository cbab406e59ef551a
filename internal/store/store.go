// Package store keeps what must survive: intents, facts, goals and timers, as
// small values under slash-separated keys, committed synchronously and only by
// compare-and-swap.
//
// It promises that a commit which returned nil is on disk whole, that one which
// returned an error left nothing (save where the error says that the outcome is
// unknown), that no commit of an older epoch succeeds once a newer one has been
// claimed, and that every value read is byte for byte the one written
// (checksummed). A damaged file is refused and left as it is, never guessed from.
// It keeps no history of values.
//
// Fleet and actions call it; it calls its own dir. Package storetest is the suite
// that every implementation passes.
package store

import "errors"

// Revision identifies one write of a key. It grows with every commit; 0 means
// that the key does not exist.
type Revision uint64

// Epoch numbers the owners of a store. Each owner claims the next one when it
// starts, and thereby shuts out all earlier owners.
type Epoch uint64

// Item is a key with its value.
type Item struct {
	Key      string
	Value    []byte
	Revision Revision
}

// Compare demands that a key still has the revision at which it was read (0: that
// it does not exist).
type Compare struct {
	Key      string
	Revision Revision
}

// Txn is a set of changes that happen together or not at all. Puts and Deletes
// are carried out only if every Compare holds.
type Txn struct {
	Compares []Compare
	Puts     []Put
	Deletes  []string
}

// Put writes a value under a key.
type Put struct {
	Key   string
	Value []byte
}

// The errors of a store.
var (
	ErrConflict = errors.New("store: a compared key has changed")
	ErrFenced   = errors.New("store: another owner has taken over (a newer epoch was claimed)")
	ErrCorrupt  = errors.New("store: a value does not match its checksum")

	// ErrUnknownOutcome comes from a Commit or Claim that may or may not be on
	// disk. The store takes no further commits: open it anew and look.
	ErrUnknownOutcome = errors.New("store: whether the commit is on disk is unknown")
)

// Store is a durable map from keys to values.
type Store interface {
	// Get returns the item under key; Revision is 0 and Value nil when there is none.
	Get(key string) (Item, error)

	// Scan returns all items whose key begins with prefix, in byte order of their keys.
	Scan(prefix string) ([]Item, error)

	// Claim makes the caller the owner and returns its epoch, larger than every
	// epoch claimed before.
	Claim() (Epoch, error)

	// Commit carries out txn for the owner of the given epoch and returns the
	// revision that all its puts now have. It returns ErrFenced when the epoch is
	// not the newest, and ErrConflict when a compare does not hold.
	Commit(epoch Epoch, txn Txn) (Revision, error)

	// Close releases the store. Commits afterwards fail.
	Close() error
}
