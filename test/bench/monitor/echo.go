package main

import (
	"context"
	"encoding/binary"
	"net/netip"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// pollEcho keeps datagrams of a request's size in flight over one socket, 64 to a system call, and does
// nothing with what comes back: whoever polls that many agents over UDP cannot take less.
func pollEcho(ctx context.Context, j job) (*poller, error) {
	request, err := plainRequest()
	if err != nil {
		return nil, err
	}
	socket, _, err := openSocket(0, false)
	if err != nil {
		return nil, err
	}
	e := &echoes{socket: socket, out: newBatch(), in: newBatch(), request: request}
	for i := range j.Agents {
		e.peers = append(e.peers, netip.AddrPortFrom(addressOf(i), j.Port))
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for ctx.Err() == nil && e.round(j.AtOnce) == nil {
		}
	}()
	stop := func() {
		cancel()
		<-ended
		_ = unix.Close(socket)
	}
	return &poller{done: func() (uint64, uint64) { return e.came.Load(), e.lost.Load() }, fallbacks: none, stop: stop}, nil
}

// patience is after how many receptions that brought nothing what is in flight counts as lost:
// two seconds, as with an agent.
const patience = 20

type echoes struct {
	socket     int
	in, out    *batch
	request    []byte
	peers      []netip.AddrPort
	next       int // of peers
	inFlight   int
	silent     int // receptions in a row that brought nothing
	came, lost atomic.Uint64
}

// round sends what may be in flight, and takes what has come.
func (e *echoes) round(most int) error {
	for e.inFlight < most {
		count := min(batchMost, most-e.inFlight)
		for i := range count {
			e.out.to(i, e.peers[e.next], e.request)
			e.next = (e.next + 1) % len(e.peers)
		}
		if err := e.out.send(e.socket, count); err != nil {
			return err
		}
		e.inFlight += count
	}
	binary.BigEndian.PutUint32(e.request, uint32(e.next)) // as an ID would differ
	came, err := e.in.receive(e.socket)
	if err != nil {
		return err
	}
	if e.silent++; came > 0 {
		e.silent = 0
	}
	if e.silent > patience {
		e.lost.Add(uint64(e.inFlight))
		e.inFlight, e.silent = 0, 0
	}
	e.inFlight -= came
	e.came.Add(uint64(came))
	return nil
}

func answerAsEcho(ctx context.Context, j job) (uint16, func() error, error) {
	return answerWith(ctx, j.Port, echo(j.Bytes))
}

func answerAsAgents(ctx context.Context, j job) (uint16, func() error, error) {
	return answerWith(ctx, j.Port, agents())
}

// answerWith answers until ctx ends.
func answerWith(ctx context.Context, port uint16, answer func([]byte, [4]byte, *writer) bool) (uint16, func() error, error) {
	r, err := newResponder(port, answer)
	if err != nil {
		return 0, nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- r.serve(ctx) }()
	return r.port, func() error { return <-ended }, nil
}
