package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"go.etcd.io/bbolt"

	"github.com/autoscaled/autoscaled/internal/store/dir"
)

// ErrWhole refuses to replace a state file in which nothing is wrong.
var ErrWhole = errors.New("nothing is wrong with it")

// Check returns nil if Open would take the file path, and otherwise its error;
// without a file, one that is os.ErrNotExist. It changes nothing.
func Check(path string) error {
	lock, err := lockDirectory(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(check(path), lock.Close())
}

func check(path string) error {
	db, err := openWhole(path, bbolt.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	return db.Close()
}

// Renew puts a new store, which holds the documents, in the place of the file path,
// or makes one where there is none. What was there is kept under the name aside,
// which must be free; kept says that there was something. A file without damage is refused with ErrWhole, and one that
// cannot be read with the reason, unless force is set. It fails with ErrInUse when
// another process uses a store in the same directory.
//
// At every instant there is a file under path, so that no daemon can begin with an
// empty store meanwhile. The new file belongs to the owner of the directory when
// root makes it.
func Renew(path, aside string, force bool, documents ...Writable) (kept bool, err error) {
	content, err := writing(documents)
	if err != nil {
		return false, err
	}
	directory := filepath.Dir(path)
	if err := os.MkdirAll(directory, 0o700); err != nil {
		return false, fmt.Errorf("make the state directory: %w", err)
	}
	lock, err := lockDirectory(directory)
	if err != nil {
		return false, err
	}
	damage := check(path)
	missing := errors.Is(damage, os.ErrNotExist)
	if !missing && !force {
		err = replaceable(path, damage)
	}
	if err == nil {
		err = replaceFile(path, aside, missing, content)
	}
	return !missing && err == nil, errors.Join(err, lock.Close())
}

// replaceable returns nil if the file is damaged, and nothing else is wrong.
func replaceable(path string, damage error) error {
	var damaged *DamagedError
	if damage == nil {
		return fmt.Errorf("replace the state file %s: %w", path, ErrWhole)
	}
	if errors.As(damage, &damaged) {
		return nil
	}
	return damage
}

func replaceFile(path, aside string, missing bool, content Txn) error {
	passing, err := build(path, content)
	if err == nil {
		err = giveToOwner(passing, filepath.Dir(path))
	}
	if err == nil && !missing {
		err = os.Link(path, aside) // unlike a renaming, it overwrites nothing and leaves no gap
	}
	if err == nil {
		err = os.Rename(passing, path)
	}
	if err == nil {
		err = dir.Sync(filepath.Dir(path))
	}
	if err != nil {
		return fmt.Errorf("replace the state file %s: %w", path, err)
	}
	return nil
}

// giveToOwner gives a file that root has made to the owner of the directory, whose
// daemon is to use it.
func giveToOwner(path, directory string) error {
	info, err := os.Stat(directory)
	if err != nil || os.Geteuid() != 0 {
		return err
	}
	owner := info.Sys().(*syscall.Stat_t)
	return os.Chown(path, int(owner.Uid), int(owner.Gid))
}
