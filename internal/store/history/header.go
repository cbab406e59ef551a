package history

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
)

// magic begins every segment. Its last byte but one is the version of the format.
const magic = "AS-HIS1\n"

// header is the first block of a segment. With it, a segment can be read alone: its
// chains are the names of the streams, by their numbers in the segment from 1 on, and
// where each stood when the segment began, its anchor.
type header struct {
	number    uint64 // of the segment, as in the file's name
	sealed    bool
	createdNS int64 // Unix time, from which the times in the segment are counted
	chains    []chain
}

var errForeign = errors.New("it is not a segment of history")

// encode returns the beginning of a segment's file.
func (h header) encode() []byte {
	body := binary.AppendUvarint(nil, h.number)
	body = append(body, form(h.sealed))
	body = order.AppendUint64(body, uint64(h.createdNS))
	body = binary.AppendUvarint(body, uint64(len(h.chains)))
	for _, c := range h.chains {
		body = binary.AppendUvarint(body, uint64(len(c.name)))
		body = append(body, c.name...)
		body = binary.AppendUvarint(body, c.number)
		body = append(body, c.hash[:]...)
	}
	return appendBlock([]byte(magic), body)
}

func form(sealed bool) byte {
	if sealed {
		return 's'
	}
	return 'l'
}

// readHeader reads the beginning of a segment that should be the given one, and
// returns where the next block begins.
func readHeader(file io.ReaderAt, fileBytes int64, of segmentFile) (header, int64, error) {
	found := make([]byte, len(magic))
	if _, err := file.ReadAt(found, 0); errors.Is(err, io.EOF) {
		return header{}, 0, errCut
	} else if err != nil {
		return header{}, 0, err
	}
	if string(found) != magic {
		if strings.HasPrefix(string(found), magic[:6]) {
			return header{}, 0, fmt.Errorf("its format is version %q and this autoscaled reads version %q: use the autoscaled that wrote it", found[6], magic[6])
		}
		return header{}, 0, errForeign
	}
	body, next, err := readBlock(file, fileBytes, int64(len(magic)))
	if err != nil {
		return header{}, 0, fmt.Errorf("its header: %w", err)
	}
	head, ok := parseHeader(body)
	switch {
	case !ok:
		return header{}, 0, errors.New("its header does not follow the format")
	case head.number != of.number || head.sealed != of.sealed:
		return header{}, 0, fmt.Errorf("its header is that of segment %d under another name", head.number)
	}
	return head, next, nil
}

func parseHeader(body []byte) (h header, ok bool) {
	from := cursor{rest: body}
	h.number = from.uvarint()
	if kind := from.bytes(1); kind != nil {
		h.sealed = kind[0] == form(true)
	}
	h.createdNS = int64(from.uint64())
	count := from.uvarint()
	if count > StreamsMax {
		return header{}, false
	}
	known := make(map[string]bool, min(count, uint64(len(body))))
	for range count {
		c := chain{name: string(from.bytes(from.uvarint()))}
		c.number = from.uvarint()
		copy(c.hash[:], from.bytes(uint64(len(c.hash))))
		if from.bad || !validName(c.name) || known[c.name] || c.number == 0 && c != newChain(c.name) {
			return header{}, false
		}
		known[c.name] = true
		h.chains = append(h.chains, c)
	}
	return h, !from.bad && len(from.rest) == 0
}

func validName(name string) bool { return len(name) > 0 && len(name) <= NameMaxBytes }
