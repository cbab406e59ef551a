package config

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"github.com/autoscaled/autoscaled/internal/words"
)

// excerpt is the given line (from 1) with its neighbours, numbered, and without
// what looks like a secret written out.
func excerpt(data []byte, line int) string {
	const before, after, widest = 1, 2, 120
	lines := hideSecrets(strings.Split(strings.TrimRight(string(data), "\r\n"), "\n"))
	var b strings.Builder
	for number := max(line-before, 1); number <= min(line+after, len(lines)); number++ {
		mark := " "
		if number == line {
			mark = ">"
		}
		text := words.Clip(strings.TrimRight(lines[number-1], "\r"), widest)
		fmt.Fprintf(&b, "  %s%4d | %s\n", mark, number, text)
	}
	return strings.TrimRight(b.String(), "\n")
}

// secretAssignment is the name of a secret and what follows it up to the value. Also
// what is not YAML counts as such, because that is what an excerpt is shown for. The URLs
// of chats are secrets, and there it is not known which URL is one.
var secretAssignment = regexp.MustCompile(`(?i)[\w-]*(?:key|secret|token|password|passphrase|community|url)[\w-]*["']?(?:\s*[:=：＝]\s*|\s+|$)`)

// wholeReference is a reference that cannot well be a secret behind a scheme.
var wholeReference = regexp.MustCompile(`^(?:file:/|env:[A-Z_][A-Z0-9_]*(?:[^\w-]|$)|credential:[A-Za-z0-9_])`)

// hideSecrets cuts each line off before a value that looks like a secret written
// out, and hides the lines indented below, where such a value can go on. It works
// on text because it is needed where there is no valid YAML.
func hideSecrets(lines []string) []string {
	const mark = "<secret>"
	hidden := make([]string, len(lines))
	below := -1      // the indentation of the last line that was cut off; -1: none
	awaited := false // its value has not come yet: the next line can be it, however that is indented
	for i, line := range lines {
		shown, cut := cutSecret(line)
		indentation := indent(line)
		blank := indentation == len(line)
		switch {
		case cut && (below < 0 || awaited || indentation <= below):
			hidden[i], below = shown+mark, indentation
			awaited = !strings.ContainsFunc(line[len(shown):], isLetterOrDigit)
		case awaited || below >= 0 && (indentation > below || blank):
			hidden[i], awaited = mark, awaited && blank
		default:
			hidden[i], below = line, -1
		}
	}
	return hidden
}

func cutSecret(line string) (before string, cut bool) {
	for _, assignment := range secretAssignment.FindAllStringIndex(line, -1) {
		value := strings.TrimLeft(line[assignment[1]:], `"'`)
		if !wholeReference.MatchString(value) {
			return line[:assignment[1]], true
		}
	}
	return "", false
}

func isLetterOrDigit(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// indent is the number of blanks that the line begins with.
func indent(line string) int { return len(line) - len(strings.TrimLeft(line, " \t\r")) }
