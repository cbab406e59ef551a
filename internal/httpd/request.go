package httpd

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// textMax is the longest text of a request, in characters: who asks, and why, are kept and
// shown for as long as the history.
const textMax = 500

// readRequest reads a request. What is in its texts will be shown on terminals, so they
// must be plain: nothing in them may be obeyed, or look like a line of its own.
func readRequest(body io.Reader, request any) error {
	content, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(strings.NewReader(string(content)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(request); err != nil {
		return err
	}
	var all any
	if err := json.Unmarshal(content, &all); err != nil {
		return err
	}
	return plain(all)
}

// plain refuses texts, anywhere in a decoded document, that are too long or not plain.
func plain(value any) error {
	switch value := value.(type) {
	case string:
		if utf8.RuneCountInString(value) > textMax {
			return fmt.Errorf("a text in it is longer than %d characters: shorten it", textMax)
		}
		if i := strings.IndexFunc(value, func(r rune) bool { return !unicode.IsGraphic(r) }); i >= 0 {
			return fmt.Errorf("a text in it has the character %q, which cannot be printed: leave it out", []rune(value[i:])[0])
		}
	case []any:
		for _, element := range value {
			if err := plain(element); err != nil {
				return err
			}
		}
	case map[string]any:
		for _, element := range value {
			if err := plain(element); err != nil {
				return err
			}
		}
	}
	return nil
}
