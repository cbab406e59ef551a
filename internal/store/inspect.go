package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
)

// The layout of a bbolt file of version 2, as its package internal/common defines
// it: pages in the byte order of the machine, the first two of them meta pages.
const (
	boltMagic   = 0xED0CDAED
	boltVersion = 2

	pageHeaderBytes   = 16 // id uint64, flags uint16, count uint16, overflow uint32
	elementBytes      = 16
	bucketHeaderBytes = 16 // root page uint64, sequence uint64
	metaBytes         = 64

	flagBranch     = 0x01
	flagLeaf       = 0x02
	flagMeta       = 0x04
	flagFreelist   = 0x10
	flagBucketLeaf = 0x01 // of an element: it holds a bucket

	maxPageBytes = 1 << 26 // of one page with its overflow: room for the free list of a file of some 30 GB
)

var order = binary.NativeEndian

// inspect walks a closed bbolt file and says what is wrong with its structure. bbolt
// itself checks its two meta pages only: it answers damage elsewhere with a panic, a
// memory fault, an endless loop, or by writing over pages in use. A file that passes
// can be opened, read and written. What is stored in it is not looked at.
//
// Either meta page being damaged is a refusal, although bbolt could go on with the
// other one, because the damaged one may have been the last commit. A crash cannot
// cause that: the content of a meta page lies within one disk sector.
func inspect(file io.ReaderAt, size int64) error {
	newest, err := newestMeta(file, size)
	if err != nil {
		return err
	}
	walk := inspection{file: file, meta: newest, owner: make(map[uint64]string)}
	if err := walk.tree(newest.root, true, nil, nil); err != nil {
		return err
	}
	return walk.freelist()
}

// boltMeta is the part of a meta page that leads to the rest.
type boltMeta struct {
	pageBytes uint64
	root      uint64 // page of the top tree, which holds the buckets
	freelist  uint64 // page of the list of unused pages
	pages     uint64 // number of pages in the file, used or not
	commit    uint64 // number of the transaction that wrote it
}

func newestMeta(file io.ReaderAt, size int64) (boltMeta, error) {
	first, err := readMeta(file, 0, 0)
	if err != nil {
		return boltMeta{}, err
	}
	second, err := readMeta(file, int64(first.pageBytes), 1)
	if err != nil {
		return boltMeta{}, err
	}
	newest, older := first, second
	if second.commit > first.commit {
		newest, older = second, first
	}
	if newest.commit != older.commit+1 { // commits write the two in turn
		return boltMeta{}, fmt.Errorf("its heads are of the commits %d and %d, which do not follow each other", first.commit, second.commit)
	}
	if newest.pages > uint64(size)/newest.pageBytes {
		return boltMeta{}, fmt.Errorf("it is cut short: %d bytes of %d pages of %d bytes", size, newest.pages, newest.pageBytes)
	}
	return newest, nil
}

// readMeta reads the meta page of the given number, which lies at offset. The commits with
// even numbers write page 0, those with odd ones page 1.
func readMeta(file io.ReaderAt, offset int64, number uint64) (boltMeta, error) {
	header := make([]byte, pageHeaderBytes+metaBytes)
	if _, err := file.ReadAt(header, offset); err != nil {
		return boltMeta{}, unreadable(err)
	}
	content := header[pageHeaderBytes:]
	if order.Uint32(content) != boltMagic || order.Uint32(content[4:]) != boltVersion {
		return boltMeta{}, errors.New("it is not a state file")
	}
	hash := fnv.New64a()
	_, _ = hash.Write(content[:metaBytes-8])
	if hash.Sum64() != order.Uint64(content[metaBytes-8:]) {
		return boltMeta{}, fmt.Errorf("its head at byte %d is damaged", offset)
	}
	meta := boltMeta{
		pageBytes: uint64(order.Uint32(content[8:])),
		root:      order.Uint64(content[16:]),
		freelist:  order.Uint64(content[32:]),
		pages:     order.Uint64(content[40:]),
		commit:    order.Uint64(content[48:]),
	}
	if order.Uint64(header) != number || order.Uint16(header[8:]) != flagMeta || meta.commit%2 != number {
		return boltMeta{}, fmt.Errorf("its head at byte %d is not the one that belongs there", offset)
	}
	if meta.pageBytes < 1<<9 || meta.pageBytes > 1<<16 {
		return boltMeta{}, fmt.Errorf("its pages of %d bytes are not those of a state file", meta.pageBytes)
	}
	return meta, nil
}

// inspection is one walk through a file. owner says what each page met so far
// is used for; meeting one twice is a fault, which also ends every loop.
type inspection struct {
	file  io.ReaderAt
	meta  boltMeta
	owner map[uint64]string
}

// page is one page, with its overflow, or one that lies inside a value.
type page struct {
	id    uint64
	flags uint16
	count int
	bytes []byte // with the header
}

func (p page) fault(what string) error { return fmt.Errorf("page %d is damaged: %s", p.id, what) }

// element cuts the i-th element out of a leaf or branch page, whose payload begins
// at the given distance from the element.
func (p page) element(i int) ([]byte, error) {
	start := pageHeaderBytes + i*elementBytes
	if start+elementBytes > len(p.bytes) {
		return nil, p.fault("its elements reach beyond its end")
	}
	return p.bytes[start:], nil
}

// cut returns the bytes of element from distance on, of the given length.
func (p page) cut(element []byte, distance uint64, length uint32) ([]byte, error) {
	end := distance + uint64(length)
	if distance < elementBytes || end > uint64(len(element)) {
		return nil, p.fault("a key or value reaches beyond its end")
	}
	return element[distance:end], nil
}

// use reads a page and notes what it is used for.
func (w *inspection) use(id uint64, purpose string) (page, error) {
	if err := w.take(id, purpose); err != nil {
		return page{}, err
	}
	header := make([]byte, pageHeaderBytes)
	offset := int64(id * w.meta.pageBytes)
	if _, err := w.file.ReadAt(header, offset); err != nil {
		return page{}, unreadable(err)
	}
	found := page{id: id, flags: order.Uint16(header[8:]), count: int(order.Uint16(header[10:]))}
	if order.Uint64(header) != id {
		return page{}, found.fault("it bears another number")
	}
	overflow := uint64(order.Uint32(header[12:]))
	if (overflow+1)*w.meta.pageBytes > maxPageBytes || id+overflow >= w.meta.pages {
		return page{}, found.fault("it reaches beyond the file")
	}
	for next := id + 1; next <= id+overflow; next++ {
		if err := w.take(next, purpose); err != nil {
			return page{}, err
		}
	}
	found.bytes = make([]byte, (overflow+1)*w.meta.pageBytes)
	if _, err := w.file.ReadAt(found.bytes, offset); err != nil {
		return page{}, unreadable(err)
	}
	return found, nil
}

func (w *inspection) take(id uint64, purpose string) error {
	if id < 2 || id >= w.meta.pages {
		return fmt.Errorf("it refers to page %d and has pages 2 to %d", id, w.meta.pages-1)
	}
	if before, taken := w.owner[id]; taken {
		return fmt.Errorf("page %d is damaged: used as %s and as %s", id, before, purpose)
	}
	w.owner[id] = purpose
	return nil
}

// tree walks the tree under a page, all of whose keys must lie in [low, high); nil
// is no bound. The elements of the top tree must be buckets, all others values.
func (w *inspection) tree(id uint64, top bool, low, high []byte) error {
	found, err := w.use(id, "tree")
	if err != nil {
		return err
	}
	switch found.flags {
	case flagLeaf:
		return w.leaf(found, top, low, high)
	case flagBranch:
		return w.branch(found, top, low, high)
	default:
		return found.fault("it is of no known kind")
	}
}

func (w *inspection) leaf(p page, top bool, low, high []byte) error {
	previous := low
	for i := range p.count {
		element, err := p.element(i)
		if err != nil {
			return err
		}
		flags, distance := order.Uint32(element), order.Uint32(element[4:])
		keyBytes, valueBytes := order.Uint32(element[8:]), order.Uint32(element[12:])
		key, err := p.cut(element, uint64(distance), keyBytes)
		if err != nil {
			return err
		}
		if !inOrder(previous, key, high, i == 0) {
			return p.fault("its keys are out of order")
		}
		previous = key
		if top != (flags == flagBucketLeaf) || !top && flags != 0 {
			return p.fault("an element is of no known kind")
		}
		value, err := p.cut(element, uint64(distance)+uint64(keyBytes), valueBytes)
		if err != nil {
			return err
		}
		if top {
			if err := w.bucket(p, value); err != nil {
				return err
			}
		}
	}
	return nil
}

// bucket walks the tree of a bucket: its own pages, or, for a small one, a leaf
// inside its value.
func (w *inspection) bucket(p page, value []byte) error {
	if len(value) < bucketHeaderBytes {
		return p.fault("a bucket is cut short")
	}
	if root := order.Uint64(value); root != 0 {
		return w.tree(root, false, nil, nil)
	}
	inline := value[bucketHeaderBytes:]
	if len(inline) < pageHeaderBytes || order.Uint16(inline[8:]) != flagLeaf || order.Uint64(inline) != 0 {
		return p.fault("a bucket inside it is of no known kind")
	}
	return w.leaf(page{id: p.id, count: int(order.Uint16(inline[10:])), bytes: inline}, false, nil, nil)
}

func (w *inspection) branch(p page, top bool, low, high []byte) error {
	if p.count == 0 {
		return p.fault("it leads nowhere")
	}
	keys, children := make([][]byte, p.count), make([]uint64, p.count)
	previous := low
	for i := range p.count {
		element, err := p.element(i)
		if err != nil {
			return err
		}
		if keys[i], err = p.cut(element, uint64(order.Uint32(element)), order.Uint32(element[4:])); err != nil {
			return err
		}
		if !inOrder(previous, keys[i], high, i == 0) {
			return p.fault("its keys are out of order")
		}
		previous, children[i] = keys[i], order.Uint64(element[8:])
	}
	for i, child := range children {
		next := high
		if i+1 < len(keys) {
			next = keys[i+1]
		}
		if err := w.tree(child, top, keys[i], next); err != nil {
			return err
		}
	}
	return nil
}

// inOrder says that key is not empty, follows previous (or equals it, where it is
// the first of its page) and comes before high.
func inOrder(previous, key, high []byte, first bool) bool {
	if len(key) == 0 || (high != nil && bytes.Compare(key, high) >= 0) {
		return false
	}
	if first {
		return bytes.Compare(previous, key) <= 0
	}
	return bytes.Compare(previous, key) < 0
}

// freelist demands that the pages which the tree does not use are exactly those
// listed as unused.
func (w *inspection) freelist() error {
	list, err := w.use(w.meta.freelist, "list of unused pages")
	if err != nil {
		return err
	}
	if list.flags != flagFreelist {
		return list.fault("it is not a list of unused pages")
	}
	ids := list.bytes[pageHeaderBytes:]
	count := uint64(list.count)
	if count == 0xFFFF && len(ids) >= 8 { // too many for the header: the number comes first
		count, ids = order.Uint64(ids), ids[8:]
	}
	if count > uint64(len(ids))/8 {
		return list.fault("it reaches beyond its end")
	}
	for i := range count {
		if err := w.take(order.Uint64(ids[8*i:]), "unused page"); err != nil {
			return err
		}
	}
	if known := uint64(len(w.owner)) + 2; known != w.meta.pages {
		return fmt.Errorf("%d of its %d pages are neither used nor listed as unused", w.meta.pages-known, w.meta.pages)
	}
	return nil
}

func unreadable(err error) error {
	if errors.Is(err, io.EOF) {
		return errors.New("it is cut short")
	}
	return err
}
