package httpd

import (
	"net"
	"sync"
)

// connectionsMax is how many connections a face has at a time. Whoever may connect could
// otherwise take the memory and the files that the daemon needs to see and to act.
const connectionsMax = 1024

// headerBytesMax bounds a request's header, to some 4 KiB more as net/http counts. The
// socket, which its owner alone can open, takes more.
func headerBytesMax(at net.Addr) int {
	if at.Network() == "unix" {
		return 8 << 10
	}
	return 4 << 10
}

// limited accepts so many connections at a time. The next ones wait in the kernel until
// earlier ones are closed.
type limited struct {
	net.Listener
	open   chan struct{} // has an element for each open connection
	closed chan struct{}
	close  func()
}

func limit(listener net.Listener, most int) *limited {
	l := &limited{Listener: listener, open: make(chan struct{}, most), closed: make(chan struct{})}
	l.close = sync.OnceFunc(func() { close(l.closed) })
	return l
}

func (l *limited) Accept() (net.Conn, error) {
	select {
	case l.open <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	conn, err := l.Listener.Accept()
	if err != nil {
		<-l.open
		return nil, err
	}
	return &counted{conn, sync.OnceFunc(func() { <-l.open })}, nil
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
