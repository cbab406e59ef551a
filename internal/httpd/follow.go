package httpd

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/autoscaled/autoscaled/internal/events"
	"github.com/autoscaled/autoscaled/internal/fleet"
)

// EventsQuery says what a listener wants to hear.
type EventsQuery struct {
	After      uint64   // also what has happened since the event of this number; 0: from now on
	Groups     []string // nil: all
	EventsOnly bool     // and not the states of groups and accounts
}

// Update is one message of a stream: one of its members is set.
type Update struct {
	Event    *events.Event
	Group    *fleet.GroupStatus // as it is now
	Gone     string             // a group that is configured no more
	Accounts []fleet.AccountStatus
	Missed   bool // events were lost: read the lists again
}

// Events tells what happens until ctx ends or the daemon goes. The last element has the error why it
// ended, which is [io.EOF] when the daemon ended it.
func (c *Client) Events(ctx context.Context, q EventsQuery) iter.Seq2[Update, error] {
	return func(yield func(Update, error) bool) {
		response, err := c.send(ctx, http.MethodGet, "/v1/events?"+q.encode(), nil)
		if err != nil {
			yield(Update{}, err)
			return
		}
		defer response.Body.Close()
		lines := bufio.NewScanner(response.Body)
		lines.Buffer(nil, answerBytesMax)
		var kind, data string
		for lines.Scan() {
			name, value, _ := strings.Cut(lines.Text(), ": ")
			switch {
			case name == "event":
				kind = value
			case name == "data":
				data = value
			case name == "" && value == "" && data != "": // the message is whole
				update, err := readUpdate(kind, data)
				if kind, data = "", ""; !yield(update, err) || err != nil {
					return
				}
			}
		}
		err = io.EOF
		if fault := cmp.Or(ctx.Err(), lines.Err()); fault != nil {
			err = fmt.Errorf("follow the daemon's events: %w", fault)
		}
		yield(Update{}, err)
	}
}

func (q EventsQuery) encode() string {
	query := url.Values{}
	if q.After > 0 {
		query.Set("after", strconv.FormatUint(q.After, 10))
	}
	if q.Groups != nil {
		query.Set("groups", strings.Join(q.Groups, ","))
	}
	if q.EventsOnly {
		query.Set("only", "events")
	}
	return query.Encode()
}

// readUpdate reads one message.
func readUpdate(kind, data string) (u Update, err error) {
	switch kind {
	case "group":
		err = json.Unmarshal([]byte(data), &u.Group)
	case "gone":
		var gone Gone
		err = json.Unmarshal([]byte(data), &gone)
		u.Gone = gone.Group
	case "accounts":
		var accounts Accounts
		err = json.Unmarshal([]byte(data), &accounts)
		u.Accounts = accounts.Accounts
	case "missed":
		u.Missed = true
	default:
		err = json.Unmarshal([]byte(data), &u.Event)
	}
	if err != nil {
		return u, fmt.Errorf("read the daemon's events: %w", err)
	}
	return u, nil
}
