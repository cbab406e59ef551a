package httpd

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Live asks whether the daemon's process answers.
func (c *Client) Live(ctx context.Context) error { return c.healthy(ctx, "/livez") }

// Ready asks whether the daemon can do its work: the state can be written, and goroutines get their turn
// in time. If not, the [Error] says what is wrong.
func (c *Client) Ready(ctx context.Context) error { return c.healthy(ctx, "/readyz") }

// healthy is an error if the answer is not the one word that a daemon of ours gives: at a URL another
// program may be.
func (c *Client) healthy(ctx context.Context, path string) error {
	response, err := c.send(ctx, http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(response.Body, requestBytesMax))
	if err != nil {
		return fmt.Errorf("read the daemon's answer: %w", err)
	}
	if strings.TrimSpace(string(answer)) != "ok" {
		return fmt.Errorf("%s answers to %s, but not as autoscaled does: is it another program's address?", c.at, path)
	}
	return nil
}
