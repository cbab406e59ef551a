package store

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/autoscaled/autoscaled/internal/store/dir"
)

var (
	itemsBucket = []byte("items") // key → record
	metaBucket  = []byte("meta")  // ledgerKey → ledger
)

// Bolt is a Store in one file. Commits are on disk (fdatasync) when they return.
// It may be used from several goroutines; commits happen one after the other.
//
// It checks the file when it opens it and every value when it reads it. That the
// file is truncated by others while it is open is not guarded against.
type Bolt struct {
	path string
	lock *os.File // held on the directory

	mu     sync.Mutex // serialises commits; guards broken
	broken error      // why no commit is taken any more

	db *bbolt.DB
}

// Open opens the store in the file path, and makes it (mode 0600, in a directory
// of mode 0700) when there is none. It fails with ErrInUse when another process uses a
// store in the same directory, and with a [DamagedError] when the file is foreign or
// damaged in any way that could change an answer; a file that it refuses is left as
// it was.
func Open(path string) (*Bolt, error) {
	directory := filepath.Dir(path)
	if err := os.MkdirAll(directory, 0o700); err != nil {
		return nil, fmt.Errorf("make the state directory: %w; let this user write there, or name another", err)
	}
	lock, err := lockDirectory(directory)
	if err != nil {
		return nil, err
	}
	db, err := openLocked(path)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return &Bolt{path: path, lock: lock, db: db}, nil
}

func openLocked(path string) (*bbolt.DB, error) {
	if _, err := os.Lstat(path); errors.Is(err, os.ErrNotExist) {
		if err := create(path); err != nil {
			return nil, fmt.Errorf("make the state file %s: %w", path, err)
		}
	}
	return openWhole(path, bbolt.Options{})
}

// openWhole opens a file that was looked through from end to end.
func openWhole(path string, options bbolt.Options) (*bbolt.DB, error) {
	if err := inspectFile(path); err != nil {
		return nil, refused(path, err)
	}
	var db *bbolt.DB
	err := guarded(func() (err error) {
		if db, err = openFile(path, options); err != nil {
			return err
		}
		return db.View(audit)
	})
	if err != nil && db != nil {
		return nil, errors.Join(refused(path, err), db.Close())
	}
	if err != nil {
		return nil, refused(path, err)
	}
	return db, nil
}

func openFile(path string, options bbolt.Options) (*bbolt.DB, error) {
	options.Timeout = lockTimeout
	return bbolt.Open(path, 0o600, &options)
}

// create makes an empty store under a passing name and gives it its own only once
// it is whole and on disk, so that a file found under path was a store once.
func create(path string) error {
	passing, err := build(path, Txn{})
	if err != nil {
		return err
	}
	if err := os.Rename(passing, path); err != nil {
		return err
	}
	return dir.Sync(filepath.Dir(path))
}

// build makes a store with the given content under a passing name beside path, and
// returns that name.
func build(path string, content Txn) (passing string, err error) {
	passing = path + ".new"
	if err := os.Remove(passing); err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	db, err := openFile(passing, bbolt.Options{})
	if err != nil {
		return "", err
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		items, err := tx.CreateBucket(itemsBucket)
		if err != nil {
			return err
		}
		meta, err := tx.CreateBucket(metaBucket)
		if err != nil {
			return err
		}
		beginning := ledger{revision: 1}
		if err := carryOut(content, &beginning, items); err != nil {
			return err
		}
		return meta.Put([]byte(ledgerKey), beginning.encode())
	})
	return passing, errors.Join(err, db.Close())
}

func inspectFile(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errNotRegular
	}
	if err == nil {
		err = inspect(file, info.Size())
	}
	return errors.Join(err, file.Close())
}

// audit compares all records with the ledger, and the ledger with the file's head:
// each commit raises the revision and bbolt's own number of the commit, so that a
// ledger which is behind was left by an earlier commit, and so were the records.
func audit(tx *bbolt.Tx) error {
	items, meta := tx.Bucket(itemsBucket), tx.Bucket(metaBucket)
	if items == nil || meta == nil {
		return errors.New("it is not a state file of autoscaled")
	}
	want, err := decodeLedger(meta.Get([]byte(ledgerKey)))
	if err != nil {
		return err
	}
	if uint64(want.revision)+1 < uint64(tx.ID()) { // the first revision is of bbolt's second commit
		return fmt.Errorf("its head is of a later commit than its values: %w", ErrCorrupt)
	}
	var found ledger
	err = items.ForEach(func(key, record []byte) error {
		revision, _, err := decodeRecord(string(key), record)
		if err != nil || revision > want.revision {
			return fmt.Errorf("key %q: %w", key, ErrCorrupt)
		}
		found.add(record)
		return nil
	})
	if err != nil {
		return err
	}
	if found.records != want.records || found.sum != want.sum {
		return fmt.Errorf("it holds %d values and its ledger says %d, or others: %w", found.records, want.records, ErrCorrupt)
	}
	return nil
}

// Get implements Store.
func (b *Bolt) Get(key string) (Item, error) {
	item := Item{Key: key}
	err := b.db.View(func(tx *bbolt.Tx) error {
		record := tx.Bucket(itemsBucket).Get([]byte(key))
		if record == nil {
			return nil
		}
		var err error
		item, err = decodeItem(key, record)
		return err
	})
	if err != nil {
		return Item{}, fmt.Errorf("get key %q of %s: %w", key, b.path, err)
	}
	return item, nil
}

// Scan implements Store.
func (b *Bolt) Scan(prefix string) ([]Item, error) {
	var found []Item
	err := b.db.View(func(tx *bbolt.Tx) error {
		cursor := tx.Bucket(itemsBucket).Cursor()
		for key, record := cursor.Seek([]byte(prefix)); key != nil && bytes.HasPrefix(key, []byte(prefix)); key, record = cursor.Next() {
			item, err := decodeItem(string(key), record)
			if err != nil {
				return fmt.Errorf("key %q: %w", key, err)
			}
			found = append(found, item)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("scan keys %q… of %s: %w", prefix, b.path, err)
	}
	return found, nil
}

// Claim implements Store.
func (b *Bolt) Claim() (Epoch, error) {
	account, err := b.update(func(account *ledger, _ *bbolt.Bucket) error {
		account.epoch++
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("claim %s: %w", b.path, err)
	}
	return account.epoch, nil
}

// Commit implements Store.
func (b *Bolt) Commit(epoch Epoch, txn Txn) (Revision, error) {
	if err := txn.validate(); err != nil {
		return 0, err
	}
	account, err := b.update(func(account *ledger, items *bbolt.Bucket) error {
		if epoch == 0 || epoch != account.epoch {
			return fenced(epoch, account.epoch)
		}
		return carryOut(txn, account, items)
	})
	if err != nil {
		return 0, fmt.Errorf("commit to %s: %w", b.path, err)
	}
	return account.revision, nil
}

func carryOut(txn Txn, account *ledger, items *bbolt.Bucket) error {
	for _, compare := range txn.Compares {
		found, err := revisionOf(items, compare.Key)
		if err != nil {
			return err
		}
		if found != compare.Revision {
			return conflict(compare, found)
		}
	}
	for _, key := range txn.Deletes {
		if err := replace(items, account, key, nil); err != nil {
			return err
		}
	}
	for _, put := range txn.Puts {
		if err := replace(items, account, put.Key, encodeRecord(put.Key, account.revision, put.Value)); err != nil {
			return err
		}
	}
	return nil
}

// replace puts record in the place of the one under key; a nil record is none.
func replace(items *bbolt.Bucket, account *ledger, key string, record []byte) error {
	if before := items.Get([]byte(key)); before != nil {
		if _, _, err := decodeRecord(key, before); err != nil {
			return fmt.Errorf("key %q: %w", key, err)
		}
		account.remove(before)
	}
	if record == nil {
		return items.Delete([]byte(key))
	}
	account.add(record)
	return items.Put([]byte(key), record)
}

// update carries out change in one transaction and returns the ledger as it is
// afterwards. The ledger given to change bears the new revision.
func (b *Bolt) update(change func(*ledger, *bbolt.Bucket) error) (ledger, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.broken != nil {
		return ledger{}, b.broken
	}
	var account ledger
	var refusal error
	err := b.db.Update(func(tx *bbolt.Tx) error {
		account, refusal = readLedger(tx)
		if refusal != nil {
			return refusal
		}
		account.revision++
		if refusal = change(&account, tx.Bucket(itemsBucket)); refusal != nil {
			return refusal
		}
		refusal = tx.Bucket(metaBucket).Put([]byte(ledgerKey), account.encode())
		return refusal
	})
	switch {
	case err == nil:
		return account, nil
	case refusal != nil || errors.Is(err, bolterrors.ErrDatabaseNotOpen):
		return ledger{}, err
	default:
		return ledger{}, b.writeFailed(account.revision, err)
	}
}

// writeFailed finds out whether a commit that the disk refused has taken effect. Up
// to the last write it has not. When only the last sync failed, this process sees
// the new revision and nobody knows what the disk holds.
func (b *Bolt) writeFailed(attempted Revision, cause error) error {
	var account ledger
	err := b.db.View(func(tx *bbolt.Tx) (err error) {
		account, err = readLedger(tx)
		return err
	})
	if err == nil && account.revision < attempted {
		return fmt.Errorf("%w; nothing was written: free space on the file system and check its disk", cause)
	}
	b.broken = fmt.Errorf("%w (%w): check the disk, then start again", ErrUnknownOutcome, errors.Join(cause, err))
	return b.broken
}

// Close implements Store. It waits for a running commit.
func (b *Bolt) Close() error {
	if err := errors.Join(b.db.Close(), b.lock.Close()); err != nil && !errors.Is(err, os.ErrClosed) {
		return fmt.Errorf("close %s: %w", b.path, err)
	}
	return nil
}

func readLedger(tx *bbolt.Tx) (ledger, error) {
	return decodeLedger(tx.Bucket(metaBucket).Get([]byte(ledgerKey)))
}

func revisionOf(items *bbolt.Bucket, key string) (Revision, error) {
	record := items.Get([]byte(key))
	if record == nil {
		return 0, nil
	}
	revision, _, err := decodeRecord(key, record)
	if err != nil {
		return 0, fmt.Errorf("key %q: %w", key, err)
	}
	return revision, nil
}

// decodeItem copies the item out of a record, which ends with its transaction.
func decodeItem(key string, record []byte) (Item, error) {
	revision, payload, err := decodeRecord(key, record)
	if err != nil {
		return Item{}, err
	}
	return Item{key, payload, revision}.clone(), nil
}
