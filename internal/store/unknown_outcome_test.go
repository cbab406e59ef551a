package store

import (
	"errors"
	"path/filepath"
	"testing"
)

// A failed last sync cannot be caused from outside, so what follows it is tested
// with the error itself.
func TestFailedLastSyncIsAnUnknownOutcomeAndEndsAllCommits(t *testing.T) {
	t.Parallel()
	s, err := Open(filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	epoch, err := s.Claim()
	if err != nil {
		t.Fatal(err)
	}
	visible, err := s.Commit(epoch, Txn{Puts: []Put{{Key: "a"}}})
	if err != nil {
		t.Fatal(err)
	}

	syncFailed := errors.New("input/output error")
	if err := s.writeFailed(visible, syncFailed); !errors.Is(err, ErrUnknownOutcome) || !errors.Is(err, syncFailed) {
		t.Errorf("got %v", err)
	}
	if _, err := s.Commit(epoch, Txn{}); !errors.Is(err, ErrUnknownOutcome) {
		t.Errorf("a later commit: %v", err)
	}
	if _, err := s.Claim(); !errors.Is(err, ErrUnknownOutcome) {
		t.Errorf("a later claim: %v", err)
	}
	if item, err := s.Get("a"); err != nil || item.Revision != visible {
		t.Errorf("reading: %+v, %v", item, err)
	}
}
