package prom

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"
)

const (
	maxLine      = 64 << 10 // bytes
	maxKept      = 10_000   // samples; the parser takes some 300 bytes of memory for each
	maxKeptBytes = 1 << 20
)

// wanted are the names of the metrics that are read of a page.
type wanted map[string]bool

func newWanted(selectors []Selector) wanted {
	names := make(wanted, len(selectors))
	for _, selector := range selectors {
		names[selector.Metric] = true
	}
	return names
}

// has says that the sample can be of a wanted metric. A name within braces is
// looked for anywhere in them; whether it is the name, the parser will tell.
func (w wanted) has(l line) bool {
	if len(l.name) > 0 {
		return w[string(l.name)]
	}
	for name := range w {
		if bytes.Contains(l.series, []byte(name)) {
			return true
		}
	}
	return false
}

// sieve reads a page of any length line by line, and keeps the samples of wanted
// metrics, written in the text format. Every line is checked, also those that are
// not wanted: a page with nonsense in it is not believed anywhere.
type sieve struct {
	wanted wanted
	format format
	kept   bytes.Buffer
	count  int // of samples kept

	onlooker *onlooker // may be nil
}

// buffers are for reading lines. A page needs one for as long as it arrives.
var buffers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, maxLine) }}

func (s *sieve) read(page io.Reader) error {
	lines := buffers.Get().(*bufio.Reader)
	lines.Reset(page)
	defer func() {
		lines.Reset(nil)
		buffers.Put(lines)
	}()
	ended := false
	for number := 1; ; number++ {
		text, err := lines.ReadSlice('\n')
		switch {
		case errors.Is(err, io.EOF) && len(text) == 0:
			if s.format == openMetrics && !ended {
				return errors.New("the page is cut short: its last line is not # EOF")
			}
			return nil
		case errors.Is(err, io.EOF):
			return fmt.Errorf("the page is cut short: line %d does not end", number)
		case errors.Is(err, bufio.ErrBufferFull):
			return fmt.Errorf("line %d is longer than %d KiB", number, maxLine>>10)
		case err != nil:
			return err
		case ended:
			return fmt.Errorf("line %d comes after # EOF", number)
		}
		text = text[:len(text)-1]
		s.onlooker.line(text)
		ended = s.format == openMetrics && string(text) == "# EOF"
		if err := s.take(text); err != nil {
			return fmt.Errorf("line %d %w", number, err)
		}
	}
}

func (s *sieve) take(text []byte) error {
	text = bytes.TrimLeft(text, " \t")
	if len(text) == 0 || text[0] == '#' {
		return nil
	}
	l, err := parseLine(text, s.format)
	if err == nil {
		s.onlooker.sample(l)
	}
	if err != nil || !s.wanted.has(l) {
		return err
	}
	s.keep(l)
	if s.count++; s.count > maxKept || s.kept.Len() > maxKeptBytes {
		return fmt.Errorf("is one sample too many of the metrics read here (more than %d, or %d MiB): let Prometheus aggregate them, and use promql",
			maxKept, maxKeptBytes>>20)
	}
	return nil
}

func (s *sieve) keep(l line) {
	s.kept.Write(l.series)
	s.kept.WriteByte(' ')
	s.kept.Write(l.value)
	if l.dated {
		s.kept.WriteByte(' ')
		s.kept.Write(strconv.AppendInt(s.kept.AvailableBuffer(), l.timeMs, 10))
	}
	s.kept.WriteByte('\n')
}
