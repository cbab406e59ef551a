package store

import "fmt"

// Document is a JSON value under a key, together with the revision at which its
// holder last read or wrote it. The zero Revision means that it is not stored yet.
type Document[T any] struct {
	Key      string
	Value    T
	Revision Revision
}

// Writable is a document of any type on its way into a commit.
type Writable interface {
	compare() Compare
	put() (Put, error)
	written(Revision)
}

func (d *Document[T]) compare() Compare          { return Compare{d.Key, d.Revision} }
func (d *Document[T]) put() (Put, error)         { return PutJSON(d.Key, d.Value) }
func (d *Document[T]) written(revision Revision) { d.Revision = revision }

// Journal writes documents for one owner of a store.
type Journal struct {
	Store Store
	Epoch Epoch
}

// Write writes the documents together, or none of them if one was changed since
// its holder last read or wrote it (ErrConflict) or the owner has been shut out
// (ErrFenced).
func (j Journal) Write(documents ...Writable) error {
	txn, err := writing(documents)
	if err != nil {
		return err
	}
	revision, err := j.Store.Commit(j.Epoch, txn)
	if err != nil {
		return fmt.Errorf("write %s: %w", txn.Puts[0].Key, err)
	}
	for _, d := range documents {
		d.written(revision)
	}
	return nil
}

// writing is the transaction that writes the documents.
func writing(documents []Writable) (txn Txn, err error) {
	for _, d := range documents {
		put, err := d.put()
		if err != nil {
			return Txn{}, err
		}
		txn.Compares = append(txn.Compares, d.compare())
		txn.Puts = append(txn.Puts, put)
	}
	return txn, nil
}

// Forget deletes the keys.
func (j Journal) Forget(keys ...string) error {
	if _, err := j.Store.Commit(j.Epoch, Txn{Deletes: keys}); err != nil {
		return fmt.Errorf("delete %v: %w", keys, err)
	}
	return nil
}

// Read returns the document under key; one that is not stored yet if there is none.
func Read[T any](s Store, key string) (*Document[T], error) {
	value, revision, err := GetJSON[T](s, key)
	if err != nil {
		return nil, err
	}
	return &Document[T]{Key: key, Value: value, Revision: revision}, nil
}

// ReadAll returns the documents whose key begins with prefix and is wanted.
func ReadAll[T any](s Store, prefix string, wanted func(key string) bool) ([]*Document[T], error) {
	items, err := s.Scan(prefix)
	if err != nil {
		return nil, err
	}
	var documents []*Document[T]
	for _, item := range items {
		if !wanted(item.Key) {
			continue
		}
		value, err := DecodeJSON[T](item)
		if err != nil {
			return nil, err
		}
		documents = append(documents, &Document[T]{Key: item.Key, Value: value, Revision: item.Revision})
	}
	return documents, nil
}
