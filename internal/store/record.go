package store

import (
	"encoding/binary"
	"hash/crc32"
)

// A record is what lies in the file under a key: 8 bytes of revision, 4 bytes of
// CRC-32C over key, revision and payload (all big-endian), then the payload. The
// key is in the checksum so that a record found under another key is not believed.
const recordHeaderBytes = 12

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(key string, revision Revision, payload []byte) uint32 {
	sum := crc32.Update(0, castagnoli, []byte(key))
	sum = crc32.Update(sum, castagnoli, binary.BigEndian.AppendUint64(nil, uint64(revision)))
	return crc32.Update(sum, castagnoli, payload)
}

func encodeRecord(key string, revision Revision, payload []byte) []byte {
	record := make([]byte, 0, recordHeaderBytes+len(payload))
	record = binary.BigEndian.AppendUint64(record, uint64(revision))
	record = binary.BigEndian.AppendUint32(record, checksum(key, revision, payload))
	return append(record, payload...)
}

// decodeRecord returns what encodeRecord was given, or ErrCorrupt. The payload
// lies inside record.
func decodeRecord(key string, record []byte) (Revision, []byte, error) {
	if len(record) < recordHeaderBytes {
		return 0, nil, ErrCorrupt
	}
	revision := Revision(binary.BigEndian.Uint64(record))
	payload := record[recordHeaderBytes:]
	if revision == 0 || recordChecksum(record) != checksum(key, revision, payload) {
		return 0, nil, ErrCorrupt
	}
	return revision, payload, nil
}

// recordChecksum is the checksum that a record of at least recordHeaderBytes carries.
func recordChecksum(record []byte) uint32 { return binary.BigEndian.Uint32(record[8:]) }
