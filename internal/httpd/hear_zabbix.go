package httpd

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/autoscaled/autoscaled/internal/words"
)

// problemRequest is what the script of a Zabbix media type sends: macros, as texts. What
// else it sends does not matter.
type problemRequest struct {
	EventID macro   `json:"event_id"` // {EVENT.ID}
	Value   macro   `json:"value"`    // {EVENT.VALUE}: 1 of a problem, 0 when it is over
	Update  macro   `json:"update"`   // {EVENT.UPDATE.STATUS}: 1 when somebody acknowledged or commented it
	Time    *string `json:"time"`     // when the script ran, RFC 3339
}

// macro is a text, or a number that a script made of it.
type macro string

// UnmarshalJSON takes a text or a number.
func (m *macro) UnmarshalJSON(data []byte) error {
	var text string
	if bytes.HasPrefix(data, []byte(`"`)) {
		if err := json.Unmarshal(data, &text); err != nil {
			return err
		}
		*m = macro(text)
		return nil
	}
	var number json.Number
	if err := json.Unmarshal(data, &number); err != nil {
		return errors.New("a macro is neither a text nor a number")
	}
	*m = macro(number)
	return nil
}

const problemExample = `{"event_id": "{EVENT.ID}", "value": "{EVENT.VALUE}"}, with the macros as parameters of the script`

// readProblem reads an event of Zabbix.
func readProblem(content []byte, now time.Time) (heard, error) {
	var p problemRequest
	if err := json.Unmarshal(content, &p); err != nil {
		return heard{}, fmt.Errorf("read the event: %w", inWords(err, problemExample))
	}
	for _, text := range []macro{p.EventID, p.Value, p.Update} {
		if strings.HasPrefix(string(text), "{") {
			return heard{}, fmt.Errorf("read the event: Zabbix did not fill in `%s`: let an action send it, or write a value in its place when you test the media type", words.Shown(string(text)))
		}
	}
	switch {
	case p.EventID == "":
		return heard{}, fmt.Errorf("read the event: it has no event_id: send %s", problemExample)
	case p.Value != "0" && p.Value != "1":
		return heard{}, fmt.Errorf("read the event: its value is `%s`, and not 1 (a problem) or 0 (it is over): send %s", words.Shown(string(p.Value)), problemExample)
	}
	at, err := dated(p.Time, 0, now)
	if err != nil {
		return heard{}, fmt.Errorf("read the event: %w", err)
	}
	says := heard{at: at, ids: []string{string(p.EventID)}}
	switch {
	case p.Value == "0":
		says.nothing = "the problem is over"
	case p.Update == "1":
		says.nothing = "the problem was acknowledged or commented, and is the same"
	}
	return says, nil
}
