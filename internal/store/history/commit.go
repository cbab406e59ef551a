package history

// commit writes the block that waits, if there is one, and then what was appended since;
// afterwards it looks after the segments. Only the first is its error.
func (h *History) commit() error {
	w := &h.writer
	err := h.note("write", h.writeAll())
	if err == nil {
		_ = h.note("roll", w.roll())
		_ = h.note("seal", w.seal())
	}
	_ = h.note("retire", w.retire())
	h.count()
	return err
}

func (h *History) count() {
	w := &h.writer
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stored = Stats{Waiting: w.entries, Streams: len(w.streams), Segments: len(w.files), Bytes: w.bytes()}
}

func (h *History) writeAll() error {
	w := &h.writer
	for range 2 {
		if w.entries == 0 {
			h.take()
		}
		if w.entries == 0 {
			return nil
		}
		if err := w.write(); err != nil {
			return err
		}
	}
	return nil
}

// take makes a block of what was appended. Meanwhile, more can be appended.
func (h *History) take() {
	w := &h.writer
	h.mu.Lock()
	taken := h.buffer
	h.buffer, h.waiting, h.stored.Waiting = w.spare, 0, h.waiting
	h.mu.Unlock()

	dropped := w.encode(taken)
	w.spare = taken[:0]
	if cap(taken) > spareMaxBytes {
		w.spare = nil
	}
	h.mu.Lock()
	h.dropped += dropped
	h.mu.Unlock()
}

// note tells what goes wrong with one kind of work, when it begins to. It returns err.
func (h *History) note(work string, err error) error {
	h.mu.Lock()
	before := h.trouble[work]
	h.trouble[work] = err
	h.mu.Unlock()
	if err != nil && before == nil {
		h.options.Trouble(err)
	}
	return err
}

func (h *History) isClosed() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.closed
}
