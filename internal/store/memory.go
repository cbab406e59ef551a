package store

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
)

var errClosed = errors.New("store: closed")

// Memory is a Store that lives as long as the process, for tests and simulations.
type Memory struct {
	mu       sync.Mutex
	items    map[string]Item
	epoch    Epoch
	revision Revision
	closed   bool
}

// NewMemory makes an empty Memory.
func NewMemory() *Memory { return &Memory{items: make(map[string]Item)} }

// Get implements Store.
func (m *Memory) Get(key string) (Item, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return Item{}, fmt.Errorf("get key %q: %w", key, errClosed)
	}
	item, ok := m.items[key]
	if !ok {
		return Item{Key: key}, nil
	}
	return item.clone(), nil
}

// Scan implements Store.
func (m *Memory) Scan(prefix string) ([]Item, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, fmt.Errorf("scan keys %q…: %w", prefix, errClosed)
	}
	var found []Item
	for key, item := range m.items {
		if strings.HasPrefix(key, prefix) {
			found = append(found, item.clone())
		}
	}
	slices.SortFunc(found, func(a, b Item) int { return strings.Compare(a.Key, b.Key) })
	return found, nil
}

// Claim implements Store.
func (m *Memory) Claim() (Epoch, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return 0, fmt.Errorf("claim the store: %w", errClosed)
	}
	m.epoch++
	return m.epoch, nil
}

// Commit implements Store.
func (m *Memory) Commit(epoch Epoch, txn Txn) (Revision, error) {
	if err := txn.validate(); err != nil {
		return 0, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return 0, fmt.Errorf("commit: %w", errClosed)
	}
	if epoch == 0 || epoch != m.epoch {
		return 0, fmt.Errorf("commit: %w", fenced(epoch, m.epoch))
	}
	for _, compare := range txn.Compares {
		if found := m.items[compare.Key].Revision; found != compare.Revision {
			return 0, fmt.Errorf("commit: %w", conflict(compare, found))
		}
	}
	m.revision++
	for _, key := range txn.Deletes {
		delete(m.items, key)
	}
	for _, put := range txn.Puts {
		m.items[put.Key] = Item{put.Key, put.Value, m.revision}.clone()
	}
	return m.revision, nil
}

// Close implements Store.
func (m *Memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	return nil
}
