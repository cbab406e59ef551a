package history

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
)

// A block is what is written and believed as one: 4 bytes of length, 4 of CRC-32C of
// the body, 4 of CRC-32C of the block's place and of those 8 (all big-endian), then
// the body. The head has a sum of its own so that a damaged body does not hide
// where the next block begins.
const (
	headBytes     = 12
	blockMaxBytes = 256 << 20 // of a body, also when inflated
)

var (
	order      = binary.BigEndian
	castagnoli = crc32.MakeTable(crc32.Castagnoli)

	errCut  = errors.New("it is cut short")
	errHead = errors.New("the head of a block does not match its checksum")
	errBody = errors.New("the body of a block does not match its checksum")
)

// putHead fills the first headBytes of a block that is to lie at offset of its file.
func putHead(block []byte, offset int64) {
	body := block[headBytes:]
	order.PutUint32(block, uint32(len(body)))
	order.PutUint32(block[4:], crc32.Checksum(body, castagnoli))
	order.PutUint32(block[8:], headSum(block, offset))
}

// appendBlock appends body as a block to a file's content.
func appendBlock(content, body []byte) []byte {
	start := len(content)
	content = append(content, make([]byte, headBytes)...)
	content = append(content, body...)
	putHead(content[start:], int64(start))
	return content
}

func headSum(head []byte, offset int64) uint32 {
	var summed [16]byte
	order.PutUint64(summed[:], uint64(offset))
	copy(summed[8:], head[:8])
	return crc32.Checksum(summed[:], castagnoli)
}

// isHead says that a block's head lies at the beginning of content, itself at offset.
func isHead(content []byte, offset int64) bool {
	length := order.Uint32(content)
	return length > 0 && length <= blockMaxBytes && order.Uint32(content[8:]) == headSum(content, offset)
}

// readBlock returns the body of the block at offset of a file, and where the next one
// begins. With errBody it returns both as well: the body that does not match.
func readBlock(file io.ReaderAt, fileBytes, offset int64) (body []byte, next int64, err error) {
	if offset < 0 || fileBytes-offset < headBytes {
		return nil, 0, errCut
	}
	var head [headBytes]byte
	if _, err := file.ReadAt(head[:], offset); err != nil {
		return nil, 0, err
	}
	if !isHead(head[:], offset) {
		return nil, 0, errHead
	}
	length := int64(order.Uint32(head[:]))
	if length > fileBytes-offset-headBytes {
		return nil, 0, errCut
	}
	body, next = make([]byte, length), offset+headBytes+length
	if _, err := file.ReadAt(body, offset+headBytes); err != nil {
		return nil, 0, err
	}
	if crc32.Checksum(body, castagnoli) != order.Uint32(head[4:]) {
		return body, next, errBody
	}
	return body, next, nil
}

// isTail says that no block begins after offset, where a bad one does. A block is only
// begun when the one before is on disk. So a bad one is what a crash left of it if it
// is the last, and damaged if it is not.
func isTail(file []byte, offset int64) bool {
	for next := offset + 1; next+headBytes <= int64(len(file)); next++ {
		if isHead(file[next:], next) {
			return false
		}
	}
	return true
}
