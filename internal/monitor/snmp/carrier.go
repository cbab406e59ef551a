package snmp

import (
	"net"
	"net/netip"
)

// maxBatch is how many datagrams are handed to the system, or taken from it, at once.
const maxBatch = 64

// carrier is a UDP socket that many share. What comes in it gives to the function that it
// was made with: at most maxBatch datagrams in one call, one call at a time. That keeps
// nothing of them.
type carrier interface {
	// send hands the datagrams, at most maxBatch, to the system one after the other, and
	// returns how many of them it took before the one that the error is about. It does not
	// wait for room.
	send(datagrams []outgoing) (sent int, err error)
	// receive waits until datagrams came in, and were given away. It is for one caller at a
	// time, and ends with an error when the carrier is closed.
	receive() error
	// drain gives away what came in already, and does not wait.
	drain()
	// lost is how many datagrams came in and found no room.
	lost() int
	close() error
}

// outgoing is a datagram, and whom it is for.
type outgoing struct {
	datagram []byte
	to       netip.AddrPort
}

// incoming is a datagram, and who sent it. One of maxDatagram bytes may have been longer.
type incoming struct {
	datagram []byte
	from     netip.AddrPort
}

// plainCarrier carries one datagram at a time, which every system can.
type plainCarrier struct {
	conn   *net.UDPConn
	give   func([]incoming)
	buffer [maxDatagram]byte
}

func (c *plainCarrier) send(datagrams []outgoing) (int, error) {
	for i, out := range datagrams {
		if _, err := c.conn.WriteToUDPAddrPort(out.datagram, out.to); err != nil {
			return i, err
		}
	}
	return len(datagrams), nil
}

func (c *plainCarrier) receive() error {
	n, from, err := c.conn.ReadFromUDPAddrPort(c.buffer[:])
	if err != nil {
		return err
	}
	c.give([]incoming{{c.buffer[:n], netip.AddrPortFrom(from.Addr().Unmap(), from.Port())}})
	return nil
}

// drain leaves it to receive: there is no plain way to look without waiting.
func (c *plainCarrier) drain() {}

// lost is not known in a plain way.
func (c *plainCarrier) lost() int { return 0 }

func (c *plainCarrier) close() error { return c.conn.Close() }
