package httpd

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/words"
)

// heard is what somebody says with a push.
type heard struct {
	value   float64
	at      time.Time // when it was so
	ids     []string  // what it is about, to tell a repetition by; none: it never is one
	nothing string    // why it changes nothing; empty: it does
}

// alertBytesMax bounds a notification; alertsMax the alerts in it.
const alertBytesMax, alertsMax = 1 << 20, 1000

// bytesMax bounds the body of a push.
func (b *Inbox) bytesMax() int64 {
	if b.Format == config.PushAlertmanager || b.Format == config.PushGrafana {
		return alertBytesMax
	}
	return pushBytesMax
}

// hear reads the body of a push that came to a direction, if there is one.
func (b *Inbox) hear(content []byte, direction string, now time.Time) (says heard, err error) {
	if b.Format == config.PushValue || b.Format == "" {
		if direction != "" {
			return heard{}, Error{Code: NotFound, Text: fmt.Sprintf("this signal takes values, not directions: send {\"value\": 2} without /%s, or write format: direction in its push section", words.Shown(direction))}
		}
		says.value, says.at, err = readPush(content, now)
		return says, asInvalid(err)
	}
	if direction != "" && !slices.Contains(directions, direction) {
		return heard{}, Error{Code: NotFound, Text: fmt.Sprintf("unknown direction `%s`: %s", words.Shown(direction), words.Suggest(direction, directions))}
	}
	says, err = b.hearDirection(content, &direction, now)
	if err == nil && direction == "" {
		err = fmt.Errorf("nobody says which way: send it to /v1/push/GROUP/SIGNAL/%s", strings.Join(directions, ", or /"))
	}
	if err != nil {
		return heard{}, asInvalid(err)
	}
	says.value = float64(b.Step * ways[direction])
	return says, nil
}

// directions are the ways to push, and ways by how many steps they change the group.
var (
	directions = []string{"up", "down", "keep"}
	ways       = map[string]int{"up": 1, "down": -1, "keep": 0}
)

// hearDirection reads what goes one way. A body may say which, too.
func (b *Inbox) hearDirection(content []byte, direction *string, now time.Time) (heard, error) {
	switch b.Format {
	case config.PushDirection:
		return readDirection(content, direction, now)
	case config.PushZabbix:
		return readProblem(content, now)
	default:
		return readAlerts(content, b.Format, now)
	}
}

func asInvalid(err error) error {
	if err != nil {
		err = invalid("%v", err)
	}
	return err
}

// directionRequest is a wish to grow or to shrink.
type directionRequest struct {
	Direction string  `json:"direction"` // that of the URL, if that has one
	ID        string  `json:"id"`        // what it is about: repeated, it is the same wish
	Time      *string `json:"time"`      // RFC 3339
	Age       float64 `json:"age"`       // seconds
}

// readDirection reads a wish. Its body may be empty if the URL says which way.
func readDirection(content []byte, direction *string, now time.Time) (heard, error) {
	if len(content) == 0 {
		return heard{at: now}, nil
	}
	var request directionRequest
	if err := decodePush(content, &request, `{"direction": "up", "id": "deploy-42"}`); err != nil {
		return heard{}, fmt.Errorf("read the direction: %w", err)
	}
	switch wanted := request.Direction; {
	case wanted != "" && !slices.Contains(directions, wanted):
		return heard{}, fmt.Errorf("unknown direction `%s`: %s", words.Shown(wanted), words.Suggest(wanted, directions))
	case wanted != "" && *direction != "" && wanted != *direction:
		return heard{}, fmt.Errorf("it says %s, and was sent to /%s: send it to the one that you mean", wanted, *direction)
	case wanted != "":
		*direction = wanted
	}
	at, err := dated(request.Time, request.Age, now)
	if err != nil {
		return heard{}, fmt.Errorf("read the direction: %w", err)
	}
	says := heard{at: at}
	if request.ID != "" {
		says.ids = []string{request.ID}
	}
	return says, nil
}
