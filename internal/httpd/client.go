package httpd

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/record"
)

// Client speaks to a running daemon over its control socket.
type Client struct {
	socket string
	http   *http.Client
}

// NewClient returns a client for the socket at path.
func NewClient(path string) *Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", path)
	}
	return &Client{socket: path, http: &http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}}
}

// Status asks for the state of everything.
func (c *Client) Status(ctx context.Context) (fleet.Status, error) {
	var status fleet.Status
	return status, c.call(ctx, http.MethodGet, "/v1/status", nil, &status)
}

// Signals asks what the group's signals showed when they were last read.
func (c *Client) Signals(ctx context.Context, group string) (fleet.GroupSignals, error) {
	var signals fleet.GroupSignals
	return signals, c.call(ctx, http.MethodGet, "/v1/groups/"+url.PathEscape(group)+"/signals", nil, &signals)
}

// Preflight asks whether the group could reach its max now.
func (c *Client) Preflight(ctx context.Context, group string) (fleet.Preflight, error) {
	var preflight fleet.Preflight
	return preflight, c.call(ctx, http.MethodGet, "/v1/groups/"+url.PathEscape(group)+"/preflight", nil, &preflight)
}

// PlanDrill asks what a fire drill of the group would do, and what it costs.
func (c *Client) PlanDrill(ctx context.Context, group string) (fleet.DrillPlan, error) {
	var plan fleet.DrillPlan
	return plan, c.call(ctx, http.MethodGet, "/v1/groups/"+url.PathEscape(group)+"/drill", nil, &plan)
}

// Drill begins a fire drill of the group.
func (c *Client) Drill(ctx context.Context, group string, request fleet.DrillRequest) (fleet.Drill, error) {
	var drill fleet.Drill
	return drill, c.call(ctx, http.MethodPost, "/v1/groups/"+url.PathEscape(group)+"/drill", request, &drill)
}

// Override puts an order about a group into force.
func (c *Client) Override(ctx context.Context, group string, request OverrideRequest) error {
	return c.command(ctx, "/v1/groups/"+url.PathEscape(group)+"/override", request)
}

// Decisions asks for a group's decisions and events of a span: all, or those that
// changed something.
func (c *Client) Decisions(ctx context.Context, group string, from, to time.Time, all bool) (record.Moments, error) {
	var moments record.Moments
	query := url.Values{"from": {from.Format(time.RFC3339Nano)}, "to": {to.Format(time.RFC3339Nano)}, "all": {strconv.FormatBool(all)}}
	return moments, c.call(ctx, http.MethodGet, "/v1/groups/"+url.PathEscape(group)+"/decisions?"+query.Encode(), nil, &moments)
}

// Explain asks why the last decision at a time or before fell as it did.
func (c *Client) Explain(ctx context.Context, group string, at time.Time) (record.Explained, error) {
	var explained record.Explained
	query := url.Values{"at": {at.Format(time.RFC3339Nano)}}
	return explained, c.call(ctx, http.MethodGet, "/v1/groups/"+url.PathEscape(group)+"/explain?"+query.Encode(), nil, &explained)
}

// Promote lets the rules of a group's shadow and the active ones change places, and back
// again with promoted false.
func (c *Client) Promote(ctx context.Context, group string, promoted bool, request SignedRequest) error {
	verb := "promote"
	if !promoted {
		verb = "rollback"
	}
	return c.command(ctx, "/v1/groups/"+url.PathEscape(group)+"/"+verb, request)
}

// Resume resumes a group.
func (c *Client) Resume(ctx context.Context, group string) error {
	return c.command(ctx, "/v1/groups/"+url.PathEscape(group)+"/resume", struct{}{})
}

// Adopt takes machines on record, or settles that an order bought none.
func (c *Client) Adopt(ctx context.Context, adoption fleet.Adoption) error {
	return c.command(ctx, "/v1/adopt", adoption)
}

// Disown gives up an instance: it is left as it is.
func (c *Client) Disown(ctx context.Context, code string, request SignedRequest) error {
	return c.command(ctx, "/v1/instances/"+url.PathEscape(code)+"/disown", request)
}

// Protect keeps an instance from being removed by scaling in or replacing.
func (c *Client) Protect(ctx context.Context, code string, request SignedRequest) error {
	return c.command(ctx, "/v1/instances/"+url.PathEscape(code)+"/protect", request)
}

// Unprotect ends the protection of an instance.
func (c *Client) Unprotect(ctx context.Context, code string) error {
	return c.command(ctx, "/v1/instances/"+url.PathEscape(code)+"/unprotect", struct{}{})
}

func (c *Client) command(ctx context.Context, path string, request any) error {
	return c.call(ctx, http.MethodPost, path, request, &done{})
}

func (c *Client) call(ctx context.Context, method, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("encode the request: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://autoscaled"+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("make the request: %w", err)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return fmt.Errorf("ask the daemon at %s: %w; is it running, and may this user open its socket?", c.socket, errors.Unwrap(err))
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, 64<<20))
	if err != nil {
		return fmt.Errorf("read the daemon's answer: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		var p problem
		if json.Unmarshal(answer, &p) != nil || p.Error == "" {
			p.Error = response.Status
		}
		return errors.New(p.Error)
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("read the daemon's answer: %w", err)
	}
	return nil
}
