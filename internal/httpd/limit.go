package httpd

import (
	"net"
	"net/netip"
	"sync"

	"github.com/autoscaled/autoscaled/internal/httpd/access"
)

// connectionsMax is how many connections a face has at a time. Whoever may connect could
// otherwise take the memory and the files that the daemon needs to see and to act.
const (
	connectionsMax  = 1024
	connectionsEach = 128 // that every network may have
	requestsMax     = 16  // at a time over one connection
	bufferBytes     = 64 << 10
)

// headerBytesMax bounds a request's header, to some 4 KiB more as net/http counts. The
// socket, which its owner alone can open, takes more.
func headerBytesMax(at net.Addr) int {
	if at.Network() == "unix" {
		return 8 << 10
	}
	return 4 << 10
}

// limited accepts so many connections at a time. The next ones wait in the kernel until
// earlier ones are closed. One network alone does not get all of them.
type limited struct {
	net.Listener
	open   chan struct{} // has an element for each open connection
	by     *room         // the same, by network
	closed chan struct{}
	close  func()
}

func limit(listener net.Listener, most int) *limited {
	l := &limited{Listener: listener, open: make(chan struct{}, most), by: newRoom(most, min(connectionsEach, most)), closed: make(chan struct{})}
	l.close = sync.OnceFunc(func() { close(l.closed) })
	return l
}

func (l *limited) Accept() (net.Conn, error) {
	select {
	case l.open <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			<-l.open
			return nil, err
		}
		from := networkOf(conn.RemoteAddr())
		if from == "" {
			return &counted{conn, sync.OnceFunc(func() { <-l.open })}, nil
		}
		if !l.by.enter(from, 1) {
			_ = conn.Close() // of whoever has enough of them
			continue
		}
		lessBuffered(conn)
		return &counted{conn, sync.OnceFunc(func() { l.by.leave(from, 1); <-l.open })}, nil
	}
}

// networkOf is where a connection comes from, and empty when that is no network.
func networkOf(address net.Addr) string {
	at, err := netip.ParseAddrPort(address.String())
	if err != nil {
		return ""
	}
	return access.Network(at.Addr().Unmap()).String()
}

// lessBuffered keeps the kernel from holding megabytes for whoever does not read: they count as
// the daemon's memory.
func lessBuffered(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetWriteBuffer(bufferBytes)
		_ = tcp.SetReadBuffer(bufferBytes)
	}
}

func (l *limited) Close() error {
	l.close()
	return l.Listener.Close()
}

// counted is a connection that makes room for another when it is closed.
type counted struct {
	net.Conn
	leave func()
}

func (c *counted) Close() error {
	defer c.leave()
	return c.Conn.Close()
}

// NetConn is the connection itself.
func (c *counted) NetConn() net.Conn { return c.Conn }
