package prom

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	maxIdle     = 2 // connections to one host
	idleTimeout = 90 * time.Second
)

// connections lead to servers of pages, and are kept between fetches. Whoever fetches
// writes the request and reads the answer himself, with net/http's parser: that is half
// the work of an http.Transport, and what is kept has no goroutines and no buffers.
type connections struct {
	dialContext func(ctx context.Context, network, address string) (net.Conn, error)
	tls         *tls.Config

	mu     sync.Mutex
	idle   map[origin][]*connection
	swept  time.Time // when those that had been idle for too long were last closed
	closed bool      // nothing is kept any more
}

// origin is whom a request goes to.
type origin struct {
	secure bool   // by https
	host   string // with its port, if the URL has one
}

// connection is one, for one goroutine at a time.
type connection struct {
	net.Conn
	socket     net.Conn // the same, or what TLS goes over
	reader     *bufio.Reader
	headerLeft int // bytes
	idleSince  time.Time
	stop       func() bool // no longer ends with its context
}

// readers are for answers. A connection has one while there is a request under way.
var readers = sync.Pool{New: func() any { return bufio.NewReader(nil) }}

// begin returns the answer to the request, of which the header was read, and the
// connection to read it from; finish must be called. It asks by a connection that was
// kept, or else by a new one, also if a kept one turns out to have ended.
func (c *connections) begin(ctx context.Context, r *request) (*connection, *http.Response, error) {
	if kept := c.take(r.to); kept != nil {
		response, err := kept.ask(ctx, r.text)
		if err == nil {
			return kept, response, nil
		}
		kept.end()
		_ = kept.Close()
	}
	opened, err := c.dial(ctx, r.to)
	if err != nil {
		return nil, nil, causeOr(ctx, err)
	}
	response, err := opened.ask(ctx, r.text)
	if err != nil {
		opened.end()
		_ = opened.Close()
		return nil, nil, causeOr(ctx, err)
	}
	return opened, response, nil
}

// finish keeps the connection if another request may follow the answer. That is never
// closed: its body would be read to its end then, which a server may never send.
func (c *connections) finish(to origin, used *connection, response *http.Response, complete bool) {
	if used.end() && complete && !response.Close {
		c.keep(to, used)
	} else {
		_ = used.Close()
	}
}

// causeOr is why ctx ended, which is then why there is an error.
func causeOr(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

func (c *connections) dial(ctx context.Context, to origin) (*connection, error) {
	socket, err := c.dialContext(ctx, "tcp", to.address())
	if err != nil || !to.secure {
		return &connection{Conn: socket, socket: socket}, err
	}
	settings := c.tls
	if settings.ServerName == "" {
		settings = settings.Clone()
		settings.ServerName, _, _ = net.SplitHostPort(to.address())
	}
	secured := tls.Client(socket, settings)
	if err := secured.HandshakeContext(ctx); err != nil {
		_ = socket.Close()
		return nil, err
	}
	return &connection{Conn: secured, socket: socket}, nil
}

// address is the host with its port.
func (o origin) address() string {
	if _, _, err := net.SplitHostPort(o.host); err == nil {
		return o.host
	}
	if o.secure {
		return o.host + ":443"
	}
	return o.host + ":80"
}

// ask returns the answer to the request, of which the header was read. The connection
// fails when ctx ends before end is called.
func (c *connection) ask(ctx context.Context, request []byte) (*http.Response, error) {
	c.stop = context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	c.reader = readers.Get().(*bufio.Reader)
	c.reader.Reset(c)
	c.headerLeft = maxHeader
	if _, err := c.Write(request); err != nil {
		return nil, err
	}
	for {
		response, err := http.ReadResponse(c.reader, nil)
		if err != nil {
			return nil, noEOF(err)
		}
		if response.StatusCode >= http.StatusOK || response.StatusCode == http.StatusSwitchingProtocols {
			c.headerLeft = math.MaxInt
			return response, nil
		}
	}
}

// Read is for the reader, which looks ahead.
func (c *connection) Read(into []byte) (int, error) {
	if c.headerLeft <= 0 {
		return 0, fmt.Errorf("the header of the answer is longer than %d KiB", maxHeader>>10)
	}
	n, err := c.Conn.Read(into)
	c.headerLeft -= n
	return n, err
}

// end says whether another request may follow, if all of the answer was read.
func (c *connection) end() bool {
	inTime, clean := c.stop(), c.reader.Buffered() == 0
	c.reader.Reset(nil)
	readers.Put(c.reader)
	c.reader = nil
	return inTime && clean
}

// silent says that nothing has come since the last answer: no end, and nothing that could
// be taken for an answer to what is asked next.
func (c *connection) silent() bool {
	socket, ok := c.socket.(syscall.Conn)
	if !ok {
		return true
	}
	control, err := socket.SyscallConn()
	if err != nil {
		return false
	}
	events := -1
	err = control.Control(func(descriptor uintptr) {
		events, _ = unix.Poll([]unix.PollFd{{Fd: int32(descriptor), Events: unix.POLLIN}}, 0)
	})
	return err == nil && events == 0 && c.unread()
}

// unread says that nothing is left of what TLS has read ahead.
func (c *connection) unread() bool {
	secured, ok := c.Conn.(*tls.Conn)
	if !ok {
		return true
	}
	if secured.SetReadDeadline(time.Unix(1, 0)) != nil {
		return false
	}
	n, err := secured.Read(make([]byte, 1))
	return n == 0 && errors.Is(err, os.ErrDeadlineExceeded) && secured.SetReadDeadline(time.Time{}) == nil
}

// take returns a silent connection, the one that was used last; nil: there is none.
func (c *connections) take(to origin) *connection {
	for {
		last := c.takeLast(to)
		if last == nil || last.silent() {
			return last
		}
		_ = last.Close()
	}
}

func (c *connections) takeLast(to origin) *connection {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := c.idle[to]
	if len(list) == 0 {
		return nil
	}
	last := list[len(list)-1]
	list[len(list)-1] = nil
	c.idle[to] = list[:len(list)-1]
	return last
}

// keep is for connections of which end said so.
func (c *connections) keep(to origin, used *connection) {
	used.idleSince = time.Now()
	c.mu.Lock()
	var surplus []*connection
	switch {
	case c.closed || len(c.idle[to]) >= maxIdle:
		surplus = []*connection{used}
	default:
		c.idle[to] = append(c.idle[to], used)
		if used.idleSince.Sub(c.swept) > idleTimeout {
			c.swept = used.idleSince
			surplus = c.sweep(used.idleSince.Add(-idleTimeout))
		}
	}
	c.mu.Unlock()
	closeAll(surplus)
}

// sweep forgets and returns what has been idle since before the given time; c.mu must
// be held.
func (c *connections) sweep(before time.Time) (swept []*connection) {
	for to, list := range c.idle {
		c.idle[to] = slices.DeleteFunc(list, func(one *connection) bool {
			old := one.idleSince.Before(before)
			if old {
				swept = append(swept, one)
			}
			return old
		})
		if len(c.idle[to]) == 0 {
			delete(c.idle, to)
		}
	}
	return swept
}

// close closes what is idle, and keeps nothing from now on.
func (c *connections) close() {
	c.mu.Lock()
	var idle []*connection
	for _, list := range c.idle {
		idle = append(idle, list...)
	}
	c.idle, c.closed = nil, true
	c.mu.Unlock()
	closeAll(idle)
}

func closeAll(list []*connection) {
	for _, one := range list {
		_ = one.Close()
	}
}
