package httpd

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/record"
)

// answerBytesMax is more than the status of ten thousand groups takes.
const answerBytesMax = 256 << 20

// Client speaks to a running daemon. What the daemon answers that is not a success is
// an [Error].
type Client struct {
	at    string // what people call the daemon's place
	base  string // of URLs, without a slash at its end
	token string
	http  *http.Client
}

// UnreachableError is the error of a call that did not reach a daemon, or got no answer.
type UnreachableError struct {
	At  string // the socket, or the URL
	Err error
}

func (e UnreachableError) Error() string {
	return fmt.Sprintf("ask the daemon at %s: %v; is it running, and may this user reach it?", e.At, e.Err)
}

// Unwrap is what kept the call from it.
func (e UnreachableError) Unwrap() error { return e.Err }

// NewClient returns a client for the control socket at path.
func NewClient(path string) *Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", path)
	}
	return &Client{at: path, base: "http://autoscaled", http: &http.Client{
		Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}, CheckRedirect: noRedirect,
	}}
}

// NewRemote returns a client for the daemon at a URL. A token, and a certificate in config, say who
// asks; both may be missing. It sends a token over https only, save to this machine.
func NewRemote(base, token string, config *tls.Config) (*Client, error) {
	at, err := url.Parse(base)
	switch {
	case err != nil:
		return nil, errors.New("the daemon's URL cannot be read: write for example https://autoscaled.example.jp:9469")
	case at.Scheme != "https" && at.Scheme != "http", at.Host == "", at.RawQuery != "", at.Fragment != "", at.User != nil:
		return nil, fmt.Errorf("%q is no URL of a daemon: write for example https://autoscaled.example.jp:9469", at.Redacted())
	case at.Scheme == "http" && token != "" && !loopback(at.Hostname()):
		return nil, fmt.Errorf("%s would be sent the token in the clear: use https", base)
	}
	transport := &http.Transport{TLSClientConfig: config, DisableKeepAlives: true, ForceAttemptHTTP2: true, Proxy: http.ProxyFromEnvironment}
	return &Client{at: base, base: strings.TrimSuffix(base, "/"), token: token, http: &http.Client{Transport: transport, CheckRedirect: noRedirect}}, nil
}

// noRedirect follows none: a token is for the place that it was meant for.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Status asks for the state of everything.
func (c *Client) Status(ctx context.Context) (fleet.Status, error) {
	return show[fleet.Status](ctx, c, "/v1/status")
}

// Groups asks for some of the groups, without their instances.
func (c *Client) Groups(ctx context.Context, q GroupsQuery) (GroupsPage, error) {
	query := url.Values{}
	if q.Limit > 0 {
		query.Set("limit", strconv.Itoa(q.Limit))
	}
	if q.After != "" {
		query.Set("after", q.After)
	}
	if q.Attention {
		query.Set("attention", "true")
	}
	return show[GroupsPage](ctx, c, "/v1/groups?"+query.Encode())
}

// Group asks for the state of one group.
func (c *Client) Group(ctx context.Context, group string) (fleet.GroupStatus, error) {
	return show[fleet.GroupStatus](ctx, c, groupPath(group, ""))
}

// Instances asks for the instances of a group.
func (c *Client) Instances(ctx context.Context, group string) ([]actions.InstanceStatus, error) {
	list, err := show[Instances](ctx, c, groupPath(group, "/instances"))
	return list.Instances, err
}

// Instance asks for the state of one instance.
func (c *Client) Instance(ctx context.Context, code string) (GroupInstance, error) {
	return show[GroupInstance](ctx, c, instancePath(code, ""))
}

// Accounts asks for the state of all accounts.
func (c *Client) Accounts(ctx context.Context) ([]fleet.AccountStatus, error) {
	list, err := show[Accounts](ctx, c, "/v1/accounts")
	return list.Accounts, err
}

// Orders asks for the orders that are not settled.
func (c *Client) Orders(ctx context.Context) ([]AccountOrder, error) {
	list, err := show[Orders](ctx, c, "/v1/orders")
	return list.Orders, err
}

// Drift asks for the instances that somebody else changed.
func (c *Client) Drift(ctx context.Context) ([]DriftedInstance, error) {
	list, err := show[Drifts](ctx, c, "/v1/drift")
	return list.Drift, err
}

// Signals asks what the group's signals showed when they were last read.
func (c *Client) Signals(ctx context.Context, group string) (fleet.GroupSignals, error) {
	return show[fleet.GroupSignals](ctx, c, groupPath(group, "/signals"))
}

// Preflight asks whether the group could reach its max now.
func (c *Client) Preflight(ctx context.Context, group string) (fleet.Preflight, error) {
	return show[fleet.Preflight](ctx, c, groupPath(group, "/preflight"))
}

// PlanDrill asks what a fire drill of the group would do, and what it costs.
func (c *Client) PlanDrill(ctx context.Context, group string) (fleet.DrillPlan, error) {
	return show[fleet.DrillPlan](ctx, c, groupPath(group, "/drill"))
}

// Cost asks what the group costs.
func (c *Client) Cost(ctx context.Context, group string) (Cost, error) {
	return show[Cost](ctx, c, groupPath(group, "/cost"))
}

// Decisions asks for a group's decisions and events of a span: all, or those that
// changed something.
func (c *Client) Decisions(ctx context.Context, group string, from, to time.Time, all bool) (record.Moments, error) {
	query := url.Values{"from": {from.Format(time.RFC3339Nano)}, "to": {to.Format(time.RFC3339Nano)}, "all": {strconv.FormatBool(all)}}
	return show[record.Moments](ctx, c, groupPath(group, "/decisions?")+query.Encode())
}

// Series asks what a group had and wanted over a span, in about so many points; 0: as many as the
// daemon thinks best.
func (c *Client) Series(ctx context.Context, group string, from, to time.Time, points int) (record.Series, error) {
	query := url.Values{"from": {from.Format(time.RFC3339Nano)}, "to": {to.Format(time.RFC3339Nano)}}
	if points > 0 {
		query.Set("points", strconv.Itoa(points))
	}
	return show[record.Series](ctx, c, groupPath(group, "/series?")+query.Encode())
}

// Explain asks why the last decision at a time or before fell as it did.
func (c *Client) Explain(ctx context.Context, group string, at time.Time) (record.Explained, error) {
	query := url.Values{"at": {at.Format(time.RFC3339Nano)}}
	return show[record.Explained](ctx, c, groupPath(group, "/explain?")+query.Encode())
}

// Config asks for the configuration in force.
func (c *Client) Config(ctx context.Context) (ConfigInForce, error) {
	return show[ConfigInForce](ctx, c, "/v1/config")
}

// Reload lets the daemon take over its file as it is now, or only tell what that would change.
func (c *Client) Reload(ctx context.Context, request ReloadRequest) (ReloadReport, error) {
	var report ReloadReport
	return report, c.call(ctx, http.MethodPost, "/v1/reload", request, &report)
}

// TestNotifier sends a test by the named notifier.
func (c *Client) TestNotifier(ctx context.Context, name string, request SignedRequest) error {
	return c.command(ctx, "/v1/notifiers/"+url.PathEscape(name)+"/test", request)
}

// Drill begins a fire drill of the group.
func (c *Client) Drill(ctx context.Context, group string, request fleet.DrillRequest) (fleet.Drill, error) {
	var drill fleet.Drill
	return drill, c.call(ctx, http.MethodPost, groupPath(group, "/drill"), request, &drill)
}

// Override puts an order about a group into force.
func (c *Client) Override(ctx context.Context, group string, request OverrideRequest) error {
	return c.command(ctx, groupPath(group, "/override"), request)
}

// Resume resumes a group.
func (c *Client) Resume(ctx context.Context, group string, request SignedRequest) error {
	return c.command(ctx, groupPath(group, "/resume"), request)
}

// Scale sets a group's size once.
func (c *Client) Scale(ctx context.Context, group string, count int, request SignedRequest) error {
	return c.command(ctx, groupPath(group, "/scale"), ScaleRequest{count, request.By, request.Why})
}

// Promote lets the rules of a group's shadow and the active ones change places, and back
// again with promoted false.
func (c *Client) Promote(ctx context.Context, group string, promoted bool, request SignedRequest) error {
	verb := "/promote"
	if !promoted {
		verb = "/rollback"
	}
	return c.command(ctx, groupPath(group, verb), request)
}

// Adopt takes machines on record, or settles that an order bought none.
func (c *Client) Adopt(ctx context.Context, adoption fleet.Adoption) error {
	return c.command(ctx, "/v1/adopt", adoption)
}

// Disown gives up an instance: it is left as it is.
func (c *Client) Disown(ctx context.Context, code string, request SignedRequest) error {
	return c.command(ctx, instancePath(code, "/disown"), request)
}

// Protect keeps an instance from being removed by scaling in or replacing.
func (c *Client) Protect(ctx context.Context, code string, request SignedRequest) error {
	return c.command(ctx, instancePath(code, "/protect"), request)
}

// Unprotect ends the protection of an instance.
func (c *Client) Unprotect(ctx context.Context, code string, request SignedRequest) error {
	return c.command(ctx, instancePath(code, "/unprotect"), request)
}

// Retry lifts the quarantine of an instance.
func (c *Client) Retry(ctx context.Context, code string, request SignedRequest) error {
	return c.command(ctx, instancePath(code, "/retry"), request)
}

// Release ends the contract of a quarantined instance.
func (c *Client) Release(ctx context.Context, code string, request SignedRequest) error {
	return c.command(ctx, instancePath(code, "/release"), request)
}

func groupPath(group, rest string) string { return "/v1/groups/" + url.PathEscape(group) + rest }

func instancePath(code, rest string) string { return "/v1/instances/" + url.PathEscape(code) + rest }

func show[Answer any](ctx context.Context, c *Client, path string) (Answer, error) {
	var answer Answer
	return answer, c.call(ctx, http.MethodGet, path, nil, &answer)
}

func (c *Client) command(ctx context.Context, path string, request any) error {
	return c.call(ctx, http.MethodPost, path, request, &done{})
}

func (c *Client) call(ctx context.Context, method, path string, in, out any) error {
	response, err := c.send(ctx, method, path, in)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, answerBytesMax))
	if err == nil {
		err = json.Unmarshal(answer, out)
	}
	if err != nil {
		return fmt.Errorf("read the daemon's answer: %w", err)
	}
	return nil
}

// send asks, and returns the answer if it is a success. The caller closes its body.
func (c *Client) send(ctx context.Context, method, path string, in any) (*http.Response, error) {
	var content io.Reader
	if in != nil {
		body, err := json.Marshal(in)
		if err != nil {
			return nil, fmt.Errorf("encode the request: %w", err)
		}
		content = bytes.NewReader(body)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, content)
	if err != nil {
		return nil, fmt.Errorf("make the request: %w", err)
	}
	if in != nil {
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Idempotency-Key", rand.Text()) // the transport may send it twice
	}
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, UnreachableError{c.at, errors.Unwrap(err)}
	}
	if response.StatusCode == http.StatusOK {
		return response, nil
	}
	defer response.Body.Close()
	p := Error{Status: response.StatusCode}
	answer, _ := io.ReadAll(io.LimitReader(response.Body, requestBytesMax))
	if json.Unmarshal(answer, &p) != nil || p.Text == "" {
		p = Error{Code: codeOf(response.StatusCode), Text: c.at + " answers " + response.Status, Status: response.StatusCode}
	}
	return nil, p
}
