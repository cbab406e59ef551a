package store_test

import (
	"math"
	"testing"

	"github.com/autoscaled/autoscaled/internal/store"
)

type fact struct {
	Name  string
	Count int
}

func TestJSONComesBackWithItsRevision(t *testing.T) {
	t.Parallel()
	s := store.NewMemory()
	put, err := store.PutJSON("facts/1", fact{"attached", 2})
	if err != nil {
		t.Fatal(err)
	}
	want, err := s.Commit(claim(t, s), store.Txn{Puts: []store.Put{put}})
	if err != nil {
		t.Fatal(err)
	}
	got, revision, err := store.GetJSON[fact](s, "facts/1")
	if err != nil || got != (fact{"attached", 2}) || revision != want {
		t.Errorf("got %+v at %d: %v", got, revision, err)
	}
}

func TestJSONMissingIsTheZeroValueAtRevisionZero(t *testing.T) {
	t.Parallel()
	got, revision, err := store.GetJSON[fact](store.NewMemory(), "none")
	if err != nil || got != (fact{}) || revision != 0 {
		t.Errorf("got %+v at %d: %v", got, revision, err)
	}
}

func TestJSONThatDoesNotFitIsAnError(t *testing.T) {
	t.Parallel()
	if _, err := store.DecodeJSON[fact](store.Item{Key: "a", Value: []byte(`{"Count":"two"}`)}); err == nil {
		t.Error("text was read as a number")
	}
	if _, err := store.PutJSON("a", math.NaN()); err == nil {
		t.Error("NaN was written as JSON")
	}
}
