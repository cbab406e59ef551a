package store

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestRecordComesBackAsItWas(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		key := rapid.String().Draw(r, "key")
		revision := Revision(rapid.Uint64Min(1).Draw(r, "revision"))
		payload := rapid.SliceOf(rapid.Byte()).Draw(r, "payload")
		record := encodeRecord(key, revision, payload)
		gotRevision, gotPayload, err := decodeRecord(key, record)
		if err != nil || gotRevision != revision || !bytes.Equal(gotPayload, payload) {
			r.Fatalf("got %d %x %v", gotRevision, gotPayload, err)
		}
		if _, _, err := decodeRecord(key+"x", record); !errors.Is(err, ErrCorrupt) {
			r.Fatalf("believed under another key: %v", err)
		}
		record[rapid.IntRange(0, len(record)-1).Draw(r, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(r, "bit")
		if _, _, err := decodeRecord(key, record); !errors.Is(err, ErrCorrupt) {
			r.Fatalf("believed although damaged: %v", err)
		}
	})
}

func TestLedgerOfANewerFormatNamesBothVersions(t *testing.T) {
	t.Parallel()
	_, err := decodeLedger(encodeRecord(ledgerKey, 1, []byte{0, 0, 0, 9, 1, 2, 3}))
	if err == nil || !strings.Contains(err.Error(), "version 9 and this autoscaled reads version 1") {
		t.Errorf("got %v", err)
	}
}

func FuzzDecodeRecord(f *testing.F) {
	f.Add("", []byte{})
	f.Add("a", encodeRecord("a", 7, []byte("value")))
	f.Add("a", encodeRecord("b", 7, nil))
	f.Fuzz(func(t *testing.T, key string, record []byte) {
		revision, payload, err := decodeRecord(key, record)
		if err == nil && !bytes.Equal(encodeRecord(key, revision, payload), record) {
			t.Errorf("accepted %x, which is not how it is written", record)
		}
		if l, err := decodeLedger(record); err == nil && !bytes.Equal(l.encode(), record) {
			t.Errorf("accepted the ledger %x, which is not how it is written", record)
		}
	})
}
