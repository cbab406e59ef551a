package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// responder answers on one port of all addresses of this machine, from the address that was
// asked: so there is an agent at each of the sixteen million of 127.0.0.0/8. It is for one
// goroutine.
type responder struct {
	socket  int
	port    uint16
	in, out *batch
	answers [batchMost][datagramMost]byte
	writer  writer
	answer  func(datagram []byte, address [4]byte, w *writer) bool
}

func newResponder(port uint16, answer func([]byte, [4]byte, *writer) bool) (*responder, error) {
	socket, bound, err := openSocket(port, true)
	if err != nil {
		return nil, err
	}
	return &responder{socket: socket, port: bound, in: newBatch(), out: newBatch(), answer: answer}, nil
}

// serve answers until ctx ends, and closes the socket.
func (r *responder) serve(ctx context.Context) error {
	defer func() { _ = unix.Close(r.socket) }()
	for ctx.Err() == nil {
		if err := r.serveBatch(); err != nil {
			return err
		}
	}
	return nil
}

func (r *responder) serveBatch() error {
	came, err := r.in.receive(r.socket)
	if err != nil {
		return err
	}
	count := 0
	for i := range came {
		r.writer.bytes = r.answers[i][:]
		r.writer.reset()
		if r.answer(r.in.received(i), r.in.controls[i].Addr, &r.writer) {
			r.out.answer(count, r.in, i, r.writer.encoded())
			count++
		}
	}
	return r.out.send(r.socket, count)
}

// agents answers as SNMP agents do, in v2c and v3.
func agents() func([]byte, [4]byte, *writer) bool {
	s, m := newSealer(), &moment{}
	return func(datagram []byte, address [4]byte, w *writer) bool {
		*m = momentOf(address, time.Now())
		return answerPlain(datagram, m, w) || s.answer(datagram, m, w)
	}
}

// echo answers with so many bytes, which begin as the datagram does.
func echo(length int) func([]byte, [4]byte, *writer) bool {
	return func(datagram []byte, _ [4]byte, w *writer) bool {
		w.at -= length
		copy(w.encoded(), datagram[:min(length, len(datagram))])
		return true
	}
}

// oidText is an encoded OID as people write it, with a dot at its begin.
func oidText(oid []byte) string {
	var text strings.Builder
	fmt.Fprintf(&text, ".%d.%d", oid[0]/40, oid[0]%40)
	arc := 0
	for _, b := range oid[1:] {
		arc = arc<<7 | int(b&0x7f)
		if b < 0x80 {
			fmt.Fprintf(&text, ".%d", arc)
			arc = 0
		}
	}
	return text.String()
}
