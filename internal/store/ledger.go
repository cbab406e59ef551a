package store

import (
	"encoding/binary"
	"fmt"
)

const (
	formatVersion = 1
	ledgerKey     = "ledger"
	ledgerBytes   = 4 + 8 + 8 + 8
)

// ledger is the store's account of itself, kept as one more record: the owner's
// epoch, the newest revision, and how many records there are with the sum of their
// checksums. The last two let an opening store notice a record that went missing
// as a whole, which no checksum of a single record can.
type ledger struct {
	epoch    Epoch
	revision Revision
	records  uint64
	sum      uint64 // of the records' checksums, modulo 2^64
}

func (l *ledger) add(record []byte) {
	l.records++
	l.sum += uint64(recordChecksum(record))
}

func (l *ledger) remove(record []byte) {
	l.records--
	l.sum -= uint64(recordChecksum(record))
}

func (l *ledger) encode() []byte {
	payload := make([]byte, 0, ledgerBytes)
	payload = binary.BigEndian.AppendUint32(payload, formatVersion)
	payload = binary.BigEndian.AppendUint64(payload, uint64(l.epoch))
	payload = binary.BigEndian.AppendUint64(payload, l.records)
	payload = binary.BigEndian.AppendUint64(payload, l.sum)
	return encodeRecord(ledgerKey, l.revision, payload)
}

// versionError is the format of a file that another autoscaled wrote.
type versionError uint32

func (v versionError) Error() string {
	return fmt.Sprintf("its format is version %d and this autoscaled reads version %d: use the autoscaled that wrote it", uint32(v), formatVersion)
}

func decodeLedger(record []byte) (ledger, error) {
	revision, payload, err := decodeRecord(ledgerKey, record)
	if err != nil || len(payload) < 4 {
		return ledger{}, ErrCorrupt
	}
	if version := binary.BigEndian.Uint32(payload); version != formatVersion {
		return ledger{}, versionError(version)
	}
	if len(payload) != ledgerBytes {
		return ledger{}, ErrCorrupt
	}
	return ledger{
		epoch:    Epoch(binary.BigEndian.Uint64(payload[4:])),
		revision: revision,
		records:  binary.BigEndian.Uint64(payload[12:]),
		sum:      binary.BigEndian.Uint64(payload[20:]),
	}, nil
}
