package history

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
)

// A sealed segment holds what its log held, by stream: behind the header one block for
// each stream that has entries, with all its frames, deflated; then the index block;
// and in the last trailerBytes where that begins. So one stream of many can be read
// without the others, and what resembles each other lies together and becomes small.
const trailerBytes = 8

// indexItem says where a stream lies in a sealed segment, and the earliest and latest
// time of its entries.
type indexItem struct {
	stream          uint64
	offset          int64
	firstNS, lastNS int64
}

// sealing is what the log holds of one stream.
type sealing struct {
	indexItem
	frames []byte
}

// seal returns the content of the sealed segment that takes the place of a log. Its
// error is a DamagedError if the log is damaged.
func seal(log *segment) ([]byte, error) {
	head := header{number: log.number, sealed: true, createdNS: log.head.createdNS}
	head.chains = slices.Clone(log.head.chains)
	streams := map[uint64]*sealing{}
	log.walk("", always, func(e Entry, f frame) bool {
		atNS := e.At.UnixNano()
		stream := streams[f.stream]
		if stream == nil {
			stream = &sealing{indexItem: indexItem{stream: f.stream, firstNS: atNS, lastNS: atNS}}
			streams[f.stream] = stream
		}
		stream.firstNS, stream.lastNS = min(stream.firstNS, atNS), max(stream.lastNS, atNS)
		stream.frames = appendFrame(stream.frames, f)
		return true
	})
	if log.damage != nil {
		return nil, log.damage
	}
	for _, c := range log.head.chains[len(head.chains):] {
		head.chains = append(head.chains, newChain(c.name))
	}
	return encodeSealed(head, streams)
}

func encodeSealed(head header, streams map[uint64]*sealing) ([]byte, error) {
	content := head.encode()
	index := binary.AppendUvarint(nil, uint64(len(streams)))
	var small bytes.Buffer
	deflater, err := flate.NewWriter(&small, flate.BestSpeed)
	if err != nil {
		return nil, err
	}
	for _, number := range slices.Sorted(maps.Keys(streams)) {
		stream := streams[number]
		small.Reset()
		deflater.Reset(&small)
		_, err := deflater.Write(stream.frames)
		if err = errors.Join(err, deflater.Close()); err != nil {
			return nil, err
		}
		index = binary.AppendUvarint(index, number)
		index = binary.AppendUvarint(index, uint64(len(content)))
		index = binary.AppendVarint(index, stream.firstNS)
		index = binary.AppendVarint(index, stream.lastNS)
		content = appendBlock(content, small.Bytes())
	}
	offset := uint64(len(content))
	return order.AppendUint64(appendBlock(content, index), offset), nil
}

// inflate returns what was deflated, and with an error as much of it as can be had.
func inflate(deflated []byte) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(deflated)), blockMaxBytes))
	if err != nil {
		return content, fmt.Errorf("inflate it: %w", err)
	}
	return content, nil
}

func (s *segment) readIndex() ([]indexItem, error) {
	s.end = s.bytes - trailerBytes
	var trailer [trailerBytes]byte
	if _, err := s.content.ReadAt(trailer[:], max(s.end, 0)); err != nil {
		return nil, err
	}
	offset := int64(order.Uint64(trailer[:]))
	body, next, err := readBlock(s.content, s.end, offset)
	if err != nil {
		return nil, err
	}
	from := cursor{rest: body}
	count := from.uvarint()
	var index []indexItem
	for range min(count, StreamsMax) {
		item := indexItem{from.uvarint(), int64(from.uvarint()), from.varint(), from.varint()}
		if item.stream == 0 || item.stream > uint64(len(s.head.chains)) {
			from.bad = true
		}
		index = append(index, item)
	}
	if from.bad || len(from.rest) > 0 || next != s.end {
		return nil, errors.New("it does not follow the format")
	}
	return index, nil
}
