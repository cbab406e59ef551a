package snmp

import "net"

func (c *batchCarrier) localPort() int { return c.conn.LocalAddr().(*net.UDPAddr).Port }
