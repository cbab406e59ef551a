package guest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"slices"
	"sync"
	"time"
)

// Balancer is one pool of the simulated FW+LB: an HTTP proxy that hands requests to
// its nodes in turn. A node in the pool gets its share whatever its state: there is
// no health check, and a failed request is not tried on another node. Where HTTP
// lets a client repeat a request (a GET, on a kept-alive connection that closed
// before any of the answer came), it is repeated on the same node.
type Balancer struct {
	timeout   time.Duration
	transport *http.Transport
	server    *http.Server
	address   netip.AddrPort
	books     books
	serving   sync.WaitGroup // the acceptor and one for each connection
	ended     chan error     // how the acceptor ended

	mu    sync.Mutex
	nodes []netip.AddrPort // guarded by mu
	turn  int              // guarded by mu
}

// NewBalancer opens a balancer with an empty pool at listen ("127.0.0.1:0" picks a
// port). A node that has not answered in full after timeout has lost the request.
func NewBalancer(listen string, timeout time.Duration) (*Balancer, error) {
	if timeout <= 0 {
		return nil, fmt.Errorf("open balancer at %s: timeout is %v: give more than 0", listen, timeout)
	}
	var config net.ListenConfig
	listener, err := config.Listen(context.Background(), "tcp", listen)
	if err != nil {
		return nil, fmt.Errorf("open balancer at %s: %w; free the port or choose another", listen, err)
	}
	b := &Balancer{
		timeout: timeout,
		transport: &http.Transport{
			DialContext:         (&net.Dialer{}).DialContext,
			MaxIdleConnsPerHost: 256,
			IdleConnTimeout:     30 * time.Second,
		},
		address: listener.Addr().(*net.TCPAddr).AddrPort(),
		ended:   make(chan error, 1),
	}
	b.server = &http.Server{
		Handler:           b,
		ReadHeaderTimeout: 10 * time.Second,
		ConnState:         countConns(&b.serving),
		ErrorLog:          log.New(io.Discard, "", 0),
	}
	b.serving.Go(func() { b.ended <- b.server.Serve(listener) })
	return b, nil
}

// Addr is where the balancer listens.
func (b *Balancer) Addr() netip.AddrPort { return b.address }

// Ledger reads the balancer's books.
func (b *Balancer) Ledger() Ledger { return b.books.read() }

// SetNodes replaces the pool. Requests that a removed node is serving go on; no
// new one is sent to it, and connections kept open for it are closed.
func (b *Balancer) SetNodes(nodes []netip.AddrPort) {
	b.mu.Lock()
	b.nodes = slices.Clone(nodes)
	b.mu.Unlock()
	b.transport.CloseIdleConnections()
}

// Close stops listening, cuts all connections, and returns when all that the
// balancer ran has ended. The requests that this cuts count as abandoned.
func (b *Balancer) Close() error {
	err := b.server.Close()
	if ended := <-b.ended; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	err = errors.Join(err, b.server.Close()) // cuts what was accepted while the first call ran
	b.serving.Wait()
	b.transport.CloseIdleConnections()
	if err != nil {
		return fmt.Errorf("close balancer at %s: %w", b.address, err)
	}
	return nil
}

// next is the node whose turn it is.
func (b *Balancer) next() (node netip.AddrPort, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.nodes) == 0 {
		return netip.AddrPort{}, false
	}
	b.turn = (b.turn + 1) % len(b.nodes)
	return b.nodes[b.turn], true
}

// ServeHTTP forwards one request and books how it ended.
func (b *Balancer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	node, ok := b.next()
	if !ok {
		b.books.count(func(c *Counts) { c.NoNode++ })
		http.Error(w, "no node", http.StatusServiceUnavailable)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), b.timeout)
	defer cancel()
	var end ending
	defer func() { b.book(node, end, r.Context().Err() != nil) }() // also when the proxy panics to cut the answer off
	proxy := &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(&url.URL{Scheme: "http", Host: node.String()})
			p.SetXForwarded()
		},
		Transport: b.transport,
		ModifyResponse: func(response *http.Response) error {
			end.status = response.StatusCode
			response.Body = watchedBody{response.Body, &end}
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			end.failure = err
			w.WriteHeader(http.StatusBadGateway)
		},
		ErrorLog: log.New(io.Discard, "", 0),
	}
	proxy.ServeHTTP(w, r.WithContext(ctx))
}

// ending is how a node dealt with a request.
type ending struct {
	status  int   // of its answer; 0 without one
	whole   bool  // the answer was read to its end
	failure error // why there was no answer, or not all of it
}

// book counts one request. A failure that the visitor caused by hanging up is not the node's.
func (b *Balancer) book(node netip.AddrPort, end ending, hungUp bool) {
	switch {
	case end.whole && end.status == http.StatusServiceUnavailable:
		b.books.count(func(c *Counts) { c.Overloaded++ })
	case end.whole && end.status < http.StatusInternalServerError:
		b.books.count(func(c *Counts) { c.Served++ })
	case end.whole:
		b.books.lose(Loss{time.Now(), node, fmt.Sprintf("answered %d", end.status)})
	case hungUp || end.failure == nil:
		b.books.count(func(c *Counts) { c.Abandoned++ })
	default:
		b.books.lose(Loss{time.Now(), node, b.reason(end.failure)})
	}
}

func (b *Balancer) reason(failure error) string {
	if errors.Is(failure, context.DeadlineExceeded) {
		return fmt.Sprintf("no answer within %v", b.timeout)
	}
	return failure.Error()
}

// watchedBody notes how reading a node's answer ends.
type watchedBody struct {
	io.ReadCloser
	end *ending
}

func (b watchedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	switch {
	case errors.Is(err, io.EOF):
		b.end.whole = true
	case err != nil:
		b.end.failure = err
	}
	return n, err
}
