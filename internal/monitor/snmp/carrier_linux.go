package snmp

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// newCarrier carries datagrams in batches, unless the system refuses that: some sandboxes
// know only the calls for single ones.
func newCarrier(conn *net.UDPConn, give func([]incoming)) (carrier, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, err
	}
	c := &batchCarrier{conn: conn, raw: raw, give: give, in: newInBatch()}
	c.out.New = func() any { return newOutBatch() }
	c.readable, c.drained = c.receiveBatch, c.drainBatches
	var refusal error
	err = raw.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, socketBuffer) // for those who may
		_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, socketBuffer)
		// What may never be fragmented needs no identification, which IPv4 has to choose. A
		// request that is too long is refused, and takes a call.
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_DO)
		_, refusal = c.in.transfer(fd, unix.SYS_RECVMMSG, 0, maxBatch)
	})
	if err != nil {
		return nil, err
	}
	if errors.Is(refusal, unix.ENOSYS) || errors.Is(refusal, unix.EPERM) {
		return &plainCarrier{conn: conn, give: give}, nil
	}
	return c, nil
}

// batchCarrier carries datagrams with sendmmsg(2) and recvmmsg(2). It allocates nothing
// once it has sent and received.
type batchCarrier struct {
	conn *net.UDPConn
	raw  syscall.RawConn
	give func([]incoming)
	out  sync.Pool // of *outBatch

	receiving sync.Mutex
	in        *inBatch // guarded by receiving

	failure  error              // of the newest receiveBatch
	readable func(uintptr) bool // receiveBatch
	drained  func(uintptr)      // drainBatches
}

// mmsgs is what the system is told of datagrams: where they are, and whose.
type mmsgs struct {
	messages [maxBatch]struct { // struct mmsghdr
		header unix.Msghdr
		length uint32
	}
	vectors [maxBatch]unix.Iovec
	names   [maxBatch]unix.RawSockaddrInet6 // of either family
}

// set says that the ith datagram is in the buffer.
func (b *mmsgs) set(i int, buffer []byte) {
	b.vectors[i].Base = unsafe.SliceData(buffer)
	b.vectors[i].SetLen(len(buffer))
	header := &b.messages[i].header
	header.Name = (*byte)(unsafe.Pointer(&b.names[i]))
	header.Namelen = unix.SizeofSockaddrInet6
	header.Iov = &b.vectors[i]
	header.SetIovlen(1)
}

// transfer lets the system send or receive the first datagrams, and returns how many it
// did. It does not wait.
func (b *mmsgs) transfer(fd, call uintptr, from, to int) (int, error) {
	for {
		n, _, errno := unix.Syscall6(call, fd, uintptr(unsafe.Pointer(&b.messages[from])), uintptr(to-from), unix.MSG_DONTWAIT, 0, 0)
		switch errno {
		case 0:
			return int(n), nil
		case unix.EINTR:
		default:
			return 0, errno
		}
	}
}

// outBatch is what is sent at once.
type outBatch struct {
	mmsgs
	sent, count int
	failure     error
	writable    func(uintptr) bool // sendBatch
}

func newOutBatch() *outBatch {
	b := &outBatch{}
	b.writable = b.sendBatch
	return b
}

func (c *batchCarrier) send(datagrams []outgoing) (int, error) {
	b := c.out.Get().(*outBatch)
	defer c.out.Put(b)
	b.sent, b.count, b.failure = 0, len(datagrams), nil
	for i, out := range datagrams {
		b.set(i, out.datagram)
		b.messages[i].header.Namelen = b.address(i, out.to)
	}
	err := c.raw.Write(b.writable)
	if err == nil {
		err = b.failure
	}
	return b.sent, err
}

// sendBatch says that it has sent what it can. There is no room when a machine is gone and
// the system keeps what is for it, and to wait for that would delay the others.
func (b *outBatch) sendBatch(fd uintptr) bool {
	for b.sent < b.count && b.failure == nil {
		n, err := b.transfer(fd, unix.SYS_SENDMMSG, b.sent, b.count)
		b.sent, b.failure = b.sent+n, err
	}
	return true
}

// address writes whom the ith datagram is for, and returns the length of that.
func (b *mmsgs) address(i int, to netip.AddrPort) uint32 {
	name := &b.names[i]
	if to.Addr().Is4() {
		name4 := (*unix.RawSockaddrInet4)(unsafe.Pointer(name))
		name4.Family, name4.Addr = unix.AF_INET, to.Addr().As4()
		binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(&name4.Port))[:], to.Port())
		return unix.SizeofSockaddrInet4
	}
	name.Family, name.Addr, name.Flowinfo, name.Scope_id = unix.AF_INET6, to.Addr().As16(), 0, 0
	binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(&name.Port))[:], to.Port())
	return unix.SizeofSockaddrInet6
}

// sender is who sent the ith datagram; the zero AddrPort if that cannot be told.
func (b *mmsgs) sender(i int) netip.AddrPort {
	name := &b.names[i]
	port := binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(&name.Port))[:]) // it is at the same place in both families
	switch name.Family {
	case unix.AF_INET:
		return netip.AddrPortFrom(netip.AddrFrom4((*unix.RawSockaddrInet4)(unsafe.Pointer(name)).Addr), port)
	case unix.AF_INET6:
		return netip.AddrPortFrom(netip.AddrFrom16(name.Addr), port)
	}
	return netip.AddrPort{}
}

// inBatch is what is received at once.
type inBatch struct {
	mmsgs
	buffers  []byte // of maxDatagram; there is memory behind those alone that were written to
	incoming [maxBatch]incoming
}

func newInBatch() *inBatch {
	b := &inBatch{buffers: make([]byte, maxBatch*maxDatagram)}
	for i := range maxBatch {
		b.set(i, b.buffers[i*maxDatagram:][:maxDatagram])
	}
	return b
}

// receiveOnce gives away what came in, and says whether the batch was full.
func (c *batchCarrier) receiveOnce(fd uintptr) (full bool, err error) {
	b := c.in
	n, err := b.transfer(fd, unix.SYS_RECVMMSG, 0, maxBatch)
	for i := range n {
		b.incoming[i] = incoming{b.buffers[i*maxDatagram:][:b.messages[i].length], b.sender(i)}
		b.messages[i].header.Namelen = unix.SizeofSockaddrInet6
	}
	if n > 0 {
		c.give(b.incoming[:n])
	}
	return n == maxBatch, err
}

func (c *batchCarrier) receive() error {
	if err := c.raw.Read(c.readable); err != nil {
		return err
	}
	return c.failure
}

// receiveBatch says that it received something, or that it has to wait for that.
func (c *batchCarrier) receiveBatch(fd uintptr) bool {
	c.receiving.Lock()
	defer c.receiving.Unlock()
	_, c.failure = c.receiveOnce(fd)
	return !errors.Is(c.failure, unix.EAGAIN)
}

func (c *batchCarrier) drain() { _ = c.raw.Control(c.drained) }

// maxDrained is how many batches a sender gives away at most before it goes on.
const maxDrained = 8

// drainBatches leaves it to whoever receives already.
func (c *batchCarrier) drainBatches(fd uintptr) {
	if !c.receiving.TryLock() {
		return
	}
	defer c.receiving.Unlock()
	full := true
	for n := 0; full && n < maxDrained; n++ {
		full, _ = c.receiveOnce(fd)
	}
}

// lost asks for what the socket has dropped (SO_MEMINFO, since Linux 4.12).
func (c *batchCarrier) lost() (datagrams int) {
	var info [9]uint32
	size := uint32(unsafe.Sizeof(info))
	_ = c.raw.Control(func(fd uintptr) {
		_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, fd, unix.SOL_SOCKET, unix.SO_MEMINFO,
			uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0)
		if errno == 0 {
			datagrams = int(info[8])
		}
	})
	return datagrams
}

func (c *batchCarrier) close() error { return c.conn.Close() }
