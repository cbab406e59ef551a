package words

import "strings"

// AsAbove stands for what was said before.
const AsAbove = "as above"

// tailLeast is how long the end of a text must be, in bytes, to be worth replacing.
const tailLeast = 30

// Unsaid is what a text says that others did not say yet: nothing when one of them
// has all of it. An error ends with its cause: where that is long, and one of them has it,
// [AsAbove] stands for it.
func Unsaid(text string, said ...string) string {
	for from := 0; ; {
		tail := text[from:]
		switch {
		case !has(said, tail):
		case from == 0:
			return ""
		case len(tail) >= tailLeast:
			return text[:from] + AsAbove
		default:
			return text
		}
		next := strings.Index(tail, ": ")
		if next < 0 {
			return text
		}
		from += next + len(": ")
	}
}

func has(texts []string, part string) bool {
	for _, text := range texts {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}
