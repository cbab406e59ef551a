package main

import (
	"fmt"
	"net/netip"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// batchMost is how many datagrams one system call carries.
const batchMost = 64

// datagramMost is the longest that is received, in bytes.
const datagramMost = 2048

// batch is what recvmmsg fills and sendmmsg sends: datagrams with the address of the other
// side and, where one socket stands for many addresses, the own one.
type batch struct {
	headers  [batchMost]header
	parts    [batchMost]unix.Iovec
	peers    [batchMost]unix.RawSockaddrInet4
	controls [batchMost]control
	bytes    [batchMost][datagramMost]byte
}

// header is the kernel's struct mmsghdr.
type header struct {
	unix.Msghdr
	length uint32 // of the datagram
	_      [4]byte
}

// control is an IP_PKTINFO: which of this machine's addresses a datagram was sent to, or is to
// come from.
type control struct {
	unix.Cmsghdr
	unix.Inet4Pktinfo
	_ [4]byte
}

func newBatch() *batch {
	b := &batch{}
	for i := range b.headers {
		b.parts[i].Base = &b.bytes[i][0]
		h := &b.headers[i]
		h.Name, h.Namelen = (*byte)(unsafe.Pointer(&b.peers[i])), unix.SizeofSockaddrInet4 //nolint:gosec // as the kernel wants it
		h.Iov = &b.parts[i]
		h.SetIovlen(1)
	}
	return b
}

// receive waits for at least one datagram, and returns how many came; 0: none did in the
// socket's time.
func (b *batch) receive(socket int) (int, error) {
	for i := range b.headers {
		h := &b.headers[i]
		b.parts[i].SetLen(datagramMost)
		h.Namelen = unix.SizeofSockaddrInet4
		h.Control = (*byte)(unsafe.Pointer(&b.controls[i])) //nolint:gosec // as the kernel wants it
		h.SetControllen(int(unsafe.Sizeof(b.controls[i])))
	}
	for {
		n, _, errno := unix.Syscall6(unix.SYS_RECVMMSG, uintptr(socket), uintptr(unsafe.Pointer(&b.headers)), batchMost, unix.MSG_WAITFORONE, 0, 0) //nolint:gosec // as the kernel wants it
		switch errno {
		case 0:
			return int(n), nil
		case unix.EINTR:
		case unix.EAGAIN:
			return 0, nil
		default:
			return 0, fmt.Errorf("receive datagrams: %w", errno)
		}
	}
}

// received is the ith datagram.
func (b *batch) received(i int) []byte { return b.bytes[i][:b.headers[i].length] }

// to makes the ith datagram one to the address, from whichever of ours the kernel chooses.
func (b *batch) to(i int, peer netip.AddrPort, datagram []byte) {
	b.peers[i] = unix.RawSockaddrInet4{Family: unix.AF_INET, Port: peer.Port()<<8 | peer.Port()>>8, Addr: peer.Addr().As4()}
	b.parts[i].Base = &datagram[0]
	b.parts[i].SetLen(len(datagram))
	b.headers[i].Control = nil
	b.headers[i].SetControllen(0)
}

// answer makes the ith datagram an answer to one received, from the address that was asked.
func (b *batch) answer(i int, in *batch, to int, datagram []byte) {
	b.peers[i], b.controls[i] = in.peers[to], in.controls[to]
	b.controls[i].Ifindex = 0
	b.parts[i].Base = &datagram[0]
	b.parts[i].SetLen(len(datagram))
	b.headers[i].Control = (*byte)(unsafe.Pointer(&b.controls[i])) //nolint:gosec // as the kernel wants it
	b.headers[i].SetControllen(int(unsafe.Sizeof(b.controls[i])))
}

// send sends the first count datagrams.
func (b *batch) send(socket, count int) error {
	for sent := 0; sent < count; {
		n, _, errno := unix.Syscall6(unix.SYS_SENDMMSG, uintptr(socket), uintptr(unsafe.Pointer(&b.headers[sent])), uintptr(count-sent), 0, 0, 0) //nolint:gosec // as the kernel wants it
		switch errno {
		case 0:
			sent += int(n)
		case unix.EINTR, unix.EAGAIN:
		case unix.ECONNREFUSED: // of a datagram before, that nobody took
		default:
			return fmt.Errorf("send datagrams: %w", errno)
		}
	}
	return nil
}

// buffers is how many bytes of datagrams a socket is asked to hold.
const buffers = 4 << 20

// openSocket opens a UDP socket whose calls wait no longer than a tenth of a second. With
// anyAddress it receives what is sent to whichever address of this machine, and is told to which.
func openSocket(port uint16, anyAddress bool) (socket int, bound uint16, err error) {
	socket, err = unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, 0, fmt.Errorf("open a socket: %w", err)
	}
	wait := unix.NsecToTimeval((100 * time.Millisecond).Nanoseconds())
	_ = unix.SetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_RCVBUF, buffers) // as much as the kernel allows
	_ = unix.SetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_SNDBUF, buffers)
	err = unix.SetsockoptTimeval(socket, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &wait)
	if err == nil && anyAddress {
		err = unix.SetsockoptInt(socket, unix.IPPROTO_IP, unix.IP_PKTINFO, 1)
	}
	if err == nil {
		err = unix.Bind(socket, &unix.SockaddrInet4{Port: int(port)})
	}
	var name unix.Sockaddr
	if err == nil {
		name, err = unix.Getsockname(socket)
	}
	if err != nil {
		_ = unix.Close(socket)
		return 0, 0, fmt.Errorf("prepare the socket at port %d: %w", port, err)
	}
	return socket, uint16(name.(*unix.SockaddrInet4).Port), nil
}
