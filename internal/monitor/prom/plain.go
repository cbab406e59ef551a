package prom

// Nearly all lines of all pages are plain: a name, perhaps labels, a decimal number,
// perhaps a time, and nothing in them that could be read in another way. They are taken
// apart here, at a fraction of the cost; of each other line parseLine says what it is.

// What a byte may be part of, in a plain line. A newline is part of nothing.
const (
	ofNames  = 1 << iota // of metrics
	ofLabels             // names, and what joins them
	ofQuotes             // the value of a label
	ofDigits
)

var parts = func() (of [256]uint8) {
	for c := range byte(0x80) {
		if c != '"' && c != '\\' && c != '\n' {
			of[c] |= ofQuotes
		}
		if isInLabelName(c) {
			of[c] |= ofNames | ofLabels
		}
		if c >= '0' && c <= '9' {
			of[c] |= ofDigits
		}
	}
	of[':'] |= ofNames
	of[','] |= ofLabels
	of['='] |= ofLabels
	return of
}()

// run is where the bytes from the given one on cease to be part of it. Most runs are long,
// and looked at by four.
func run(text []byte, from int, of uint8) int {
	for ; from+4 <= len(text); from += 4 {
		if four := text[from : from+4 : from+4]; parts[four[0]]&parts[four[1]]&parts[four[2]]&parts[four[3]]&of == 0 {
			break
		}
	}
	for ; from < len(text) && parts[text[from]]&of != 0; from++ {
	}
	return from
}

// plain reads the line at the beginning of the text as parseLine does, and says how long
// it is. If it is not plain, or does not end, what was read means nothing.
func (l *line) plain(text []byte, format format) (length int, ok bool) {
	at := run(text, 0, ofNames)
	if at == 0 || at == len(text) || parts[text[0]]&ofDigits != 0 {
		return 0, false
	}
	l.name, l.timeMs = text[:at], undated
	if text[at] == '{' {
		if at, ok = plainLabels(text, at+1); !ok {
			return 0, false
		}
	}
	if at == len(text) || text[at] != ' ' {
		return 0, false
	}
	l.series = text[:at]
	end := plainNumber(text, at+1)
	l.value = text[at+1 : end]
	if end < len(text) && text[end] == ' ' && format == textFormat {
		if end, l.timeMs, ok = plainTime(text, end+1); !ok {
			return 0, false
		}
	}
	return end, len(l.value) > 0 && end < len(text) && text[end] == '\n'
}

// plainLabels is where the braces end whose inside begins at the given byte.
func plainLabels(text []byte, at int) (end int, ok bool) {
	within, quotes := uint8(ofLabels), 0
	for {
		at = run(text, at, within)
		switch {
		case at == len(text):
			return 0, false
		case text[at] == '"':
			within ^= ofLabels | ofQuotes
			quotes++
		default:
			return at + 1, text[at] == '}' && quotes/2 <= maxLabelsInLine
		}
		at++
	}
}

// plainNumber is where the number ends that begins at the given byte; there if none does.
// It is never too large to be one.
func plainNumber(text []byte, from int) int {
	at := from
	if at < len(text) && text[at] == '-' {
		at++
	}
	whole := at
	if at = run(text, at, ofDigits); at == whole {
		return from
	}
	if at < len(text) && text[at] == '.' {
		at = run(text, at+1, ofDigits)
	}
	if at-from > 32 {
		return from
	}
	if at+2 < len(text) && text[at] == 'e' && (text[at+1] == '+' || text[at+1] == '-') {
		digits := at + 2
		if at = run(text, digits, ofDigits); at == digits || at-digits > 2 {
			return from
		}
	}
	return at
}

// plainTime reads whole milliseconds, and says where they end.
func plainTime(text []byte, from int) (end int, timeMs int64, ok bool) {
	end = run(text, from, ofDigits)
	if end == from || end-from > 15 {
		return 0, 0, false
	}
	for _, digit := range text[from:end] {
		timeMs = 10*timeMs + int64(digit-'0')
	}
	return end, timeMs, true
}
