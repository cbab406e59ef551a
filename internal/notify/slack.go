package notify

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/words"
)

// slack sends messages to an incoming webhook as Slack has them. Mattermost and Rocket.Chat show
// the text, Slack the blocks.
type slack struct{ poster }

func newSlack(c *config.NotifySlack) slack { return slack{newPoster(c.URL)} }

type slackMessage struct {
	Text   string       `json:"text"`
	Blocks []slackBlock `json:"blocks"`
}

type slackBlock struct {
	Type string    `json:"type"`
	Text slackText `json:"text"`
}

type slackText struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

func (s slack) send(ctx context.Context, m *message) error {
	body, err := json.Marshal(newSlackMessage(m))
	if err != nil {
		return err
	}
	return s.post(ctx, body, http.Header{})
}

// What fits into a block is 3,000 characters, and what of a line is worth showing is less
// than it may have.
const (
	slackBlockMax = 2900
	slackLineMax  = 300
)

// newSlackMessage is the message as chats show it. What comes from elsewhere stands where it is taken by
// the letter.
func newSlackMessage(m *message) slackMessage {
	head := "*" + harmless(m.subject()) + "*"
	blocks := []slackBlock{section(head)}
	text := head
	for _, part := range parts(m.Lines) {
		quoted := "```\n" + part + "```"
		text += "\n" + quoted
		blocks = append(blocks, section(quoted))
	}
	if m.URL != "" {
		text += "\n" + m.URL
		blocks = append(blocks, section(m.URL))
	}
	return slackMessage{text, blocks}
}

func section(text string) slackBlock { return slackBlock{"section", slackText{"mrkdwn", text}} }

// parts are the lines, in as few texts as fit into blocks.
func parts(lines []string) (list []string) {
	part := ""
	for _, line := range lines {
		line = harmless(words.Clip(line, slackLineMax)) + "\n"
		if part != "" && len([]rune(part))+len([]rune(line)) > slackBlockMax {
			list, part = append(list, part), ""
		}
		part += line
	}
	if part != "" {
		list = append(list, part)
	}
	return list
}

// harmless takes from a text what a chat would obey: <!channel>, links, @all, the end of a
// quotation.
var harmless = strings.NewReplacer("<", "‹", ">", "›", "`", "'", "@", "@\u200b").Replace
