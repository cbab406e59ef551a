package prom

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"
)

const (
	maxLine      = 64 << 10 // bytes
	maxKept      = 10_000   // samples; the parser takes some 300 bytes of memory for each
	maxKeptBytes = 1 << 20
)

// sieve reads a page of any length line by line, and keeps the samples of the selectors'
// metrics. Every line is checked, also those that are not wanted: a page with nonsense
// in it is not believed anywhere.
type sieve struct {
	selectors []Selector
	lengths   uint64 // a bit for the length of each selector's metric; of 63 and more, the same
	format    format
	page      *page // is added to

	number int  // of the newest line
	line   line // if it is a sample
	ended  bool // by # EOF

	onlooker *onlooker // may be nil
}

func newSieve(selectors []Selector, to *page) sieve {
	s := sieve{selectors: selectors, page: to}
	for i := range selectors {
		s.lengths |= bitOf(len(selectors[i].Metric))
	}
	return s
}

func bitOf(length int) uint64 { return 1 << min(length, 63) }

// buffers are for lines. A page needs one for as long as it arrives.
var buffers = sync.Pool{New: func() any { return new([maxLine]byte) }}

func (s *sieve) read(from io.Reader) error {
	buffer := buffers.Get().(*[maxLine]byte)
	defer buffers.Put(buffer)
	for filled := 0; ; {
		n, readErr := from.Read(buffer[filled:])
		arrived := buffer[filled : filled+n]
		filled += n
		if bytes.IndexByte(arrived, '\n') >= 0 {
			taken, err := s.lines(buffer[:filled])
			if err != nil {
				return err
			}
			filled = copy(buffer[:], buffer[taken:filled])
		}
		switch {
		case errors.Is(readErr, io.EOF):
			return s.end(filled)
		case readErr != nil:
			return readErr
		case filled == maxLine:
			return fmt.Errorf("line %d is longer than %d KiB", s.number+1, maxLine>>10)
		}
	}
}

// end takes the end of the page, before which there were so many bytes without a newline.
func (s *sieve) end(left int) error {
	switch {
	case left > 0:
		return fmt.Errorf("the page is cut short: line %d does not end", s.number+1)
	case s.format == openMetrics && !s.ended:
		return errors.New("the page is cut short: its last line is not # EOF")
	}
	return nil
}

// lines takes the lines at the beginning of the text that end in it, and returns how many
// bytes that were.
func (s *sieve) lines(text []byte) (taken int, err error) {
	for {
		rest := text[taken:]
		length, plain := s.line.plain(rest, s.format)
		if !plain {
			if length = bytes.IndexByte(rest, '\n'); length < 0 {
				return taken, nil
			}
		}
		s.number++
		s.onlooker.line(rest[:length])
		if err := s.take(rest[:length], plain); err != nil {
			return taken, fmt.Errorf("line %d %w", s.number, err)
		}
		taken += length + 1
	}
}

// take takes a line, which if it is plain is in s.line.
func (s *sieve) take(text []byte, plain bool) error {
	if s.ended {
		return errors.New("comes after # EOF")
	}
	if !plain {
		if isComment(text) {
			s.ended = s.format == openMetrics && string(text) == "# EOF"
			return nil
		}
		var err error
		if s.line, err = parseLine(text, s.format); err != nil {
			return err
		}
	}
	s.onlooker.sample(&s.line)
	if !s.wants(&s.line) {
		return nil
	}
	return s.keep(&s.line)
}

// isComment says so also of an empty line.
func isComment(text []byte) bool {
	if len(text) > 0 && text[0] <= ' ' {
		text = bytes.TrimLeft(text, " \t")
	}
	return len(text) == 0 || text[0] == '#'
}

// wants says that the sample can be of a wanted metric. A name within braces is looked
// for anywhere in them; whether it is the name, the parser will tell.
func (s *sieve) wants(l *line) bool {
	if named := len(l.name) > 0; named && s.lengths&bitOf(len(l.name)) == 0 {
		return false
	}
	for i := range s.selectors {
		metric := s.selectors[i].Metric
		if string(l.name) == metric || len(l.name) == 0 && bytes.Contains(l.series, []byte(metric)) {
			return true
		}
	}
	return false
}

func (s *sieve) keep(l *line) error {
	value, err := parseNumber(l.value)
	if err != nil {
		return errNoNumber
	}
	p := s.page
	p.series = append(append(p.series, l.series...), '\n')
	p.samples = append(p.samples, sample{value, l.timeMs})
	if len(p.samples) > maxKept || len(p.series) > maxKeptBytes {
		return fmt.Errorf("is one sample too many of the metrics read here (more than %d, or %d MiB): let Prometheus aggregate them, and use promql",
			maxKept, maxKeptBytes>>20)
	}
	return nil
}
