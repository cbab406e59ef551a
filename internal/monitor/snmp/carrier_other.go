//go:build !linux

package snmp

import "net"

func newCarrier(conn *net.UDPConn, give func([]incoming)) (carrier, error) {
	return &plainCarrier{conn: conn, give: give}, nil
}
