package history

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/autoscaled/autoscaled/internal/store/dir"
)

// A segment lies in a file named after its number: a log while it grows, sealed
// afterwards. A passing name is that of a file which is not yet whole.
const (
	logSuffix     = ".log"
	sealedSuffix  = ".sealed"
	passingSuffix = ".new"

	listingsMax = 20
)

// ErrInUse is the error for a history that another process writes.
var ErrInUse = errors.New("another autoscaled already writes this history")

type segmentFile struct {
	number uint64
	sealed bool
	bytes  int64
}

func (f segmentFile) name() string {
	if f.sealed {
		return f.sealedName()
	}
	return f.logName()
}

func (f segmentFile) logName() string    { return fmt.Sprintf("%08d%s", f.number, logSuffix) }
func (f segmentFile) sealedName() string { return fmt.Sprintf("%08d%s", f.number, sealedSuffix) }

func parseName(name string) (segmentFile, bool) {
	digits, sealed := strings.CutSuffix(name, sealedSuffix)
	digits = strings.TrimSuffix(digits, logSuffix)
	number, err := strconv.ParseUint(digits, 10, 64)
	found := segmentFile{number: number, sealed: sealed}
	return found, err == nil && found.name() == name
}

// listSegments returns the segments in directory, oldest first. Of one that is there as
// a log and sealed, it returns the sealed one.
//
// A listing can miss a file that is renamed meanwhile, as by a daemon that seals a
// segment. So it is repeated until two in a row agree.
func listSegments(directory string) ([]segmentFile, error) {
	var before []segmentFile
	for try := 1; ; try++ {
		found, err := listOnce(directory)
		same := slices.EqualFunc(before, found, func(a, b segmentFile) bool { return a.name() == b.name() })
		if err != nil || try > 1 && (same || try == listingsMax) {
			return found, err
		}
		before = found
	}
}

func listOnce(directory string) ([]segmentFile, error) {
	entries, err := os.ReadDir(directory)
	if err != nil {
		return nil, fmt.Errorf("list the history: %w", err)
	}
	var found []segmentFile
	for _, entry := range entries {
		file, ok := parseName(entry.Name())
		if !ok {
			continue
		}
		info, err := entry.Info()
		if errors.Is(err, os.ErrNotExist) {
			continue // sealed or removed by the daemon just now
		}
		if err != nil {
			return nil, fmt.Errorf("list the history: %w", err)
		}
		file.bytes = info.Size()
		found = append(found, file)
	}
	slices.SortFunc(found, func(a, b segmentFile) int {
		if a.number == b.number && a.sealed {
			return -1
		}
		return cmp.Or(cmp.Compare(a.number, b.number), 1)
	})
	return slices.CompactFunc(found, func(a, b segmentFile) bool { return a.number == b.number }), nil
}

// place makes a file that is whole and on disk before it has its name, and returns it
// open for writing. If it fails, there is none of that name.
func place(directory, name string, content []byte) (*os.File, error) {
	path := filepath.Join(directory, name)
	file, err := os.OpenFile(path+passingSuffix, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	if _, err = file.Write(content); err == nil {
		err = file.Sync()
	}
	if err == nil {
		err = os.Rename(path+passingSuffix, path)
	}
	if err == nil {
		err = dir.Sync(directory)
	}
	if err != nil {
		_ = os.Remove(path + passingSuffix) // its room may be what is missing
		_ = os.Remove(path)
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// makeDirectory makes a directory, and what leads to it, for good.
func makeDirectory(path string) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return err
	}
	return dir.Sync(filepath.Dir(path))
}

// remove removes files for good, as far as they are there.
func remove(directory string, names ...string) error {
	for _, name := range names {
		if err := os.Remove(filepath.Join(directory, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return dir.Sync(directory)
}
