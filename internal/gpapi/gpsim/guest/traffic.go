package guest

import (
	"net"
	"sync/atomic"
)

// traffic counts the bytes through a machine's ethernet interface: what its sockets
// read and wrote, without the headers below.
type traffic struct{ in, out atomic.Uint64 }

// meteredListener counts the bytes of the connections that it accepts.
type meteredListener struct {
	net.Listener
	traffic *traffic
}

func (l meteredListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return meteredConn{conn, l.traffic}, nil
}

type meteredConn struct {
	net.Conn
	traffic *traffic
}

func (c meteredConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.traffic.in.Add(uint64(n))
	return n, err
}

func (c meteredConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.traffic.out.Add(uint64(n))
	return n, err
}
