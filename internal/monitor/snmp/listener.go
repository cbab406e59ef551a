package snmp

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/gosnmp/gosnmp"

	"github.com/autoscaled/autoscaled/internal/config"
)

const (
	// maxInforms and informMemory bound what is remembered of answered informs.
	maxInforms, informMemory = 4096, 5 * time.Minute
	// maxAnswering bounds how long sending an answer may wait for room in the socket.
	maxAnswering = time.Second
	// firstPause and longestPause are those before a socket that fails is tried again.
	firstPause, longestPause = time.Millisecond, time.Second
)

// ListenerOptions says whose notifications are believed, and what becomes of them.
type ListenerOptions struct {
	// Senders are those who may send, at least one. The first that fits counts.
	Senders []config.TrapSender

	// Handle is called with each notification, by one goroutine. What arrives while it
	// runs waits in the socket, so it must not wait itself.
	Handle func(Trap)

	// Dropped, when set, is told of every datagram that was not believed the reason, one
	// of TrapDropReasons, and where it came from. Handle's goroutine calls it.
	Dropped func(reason string, from netip.Addr)

	// Trouble, when set, is told why nothing can be received, once, and of nil when
	// something is again. Handle's goroutine calls it.
	Trouble func(err error)
}

// Listener receives the traps and informs of v2c (RFC 3416) and of v3 with the
// user-based security model (RFC 3414).
//
// It promises that Handle is told of nothing but what a sender sent from one of its own
// addresses, with its community or, in v3, by its user, secured exactly as configured,
// authentic and timely. Whatever else arrives is dropped and counted by its reason, at
// the price of a few hashes of the datagram, and changes nothing that is remembered.
// An inform that is repeated because its answer was lost is answered again, and
// handled once. A trap of v3 can be repeated within the time window of 150 s, and the
// first one since the start at any age; a notification therefore is a reason to look,
// and never a measurement.
//
// gosnmp's own listener is not used: it knows no senders and no time window, makes keys
// for any engine that a datagram names, and logs each fault.
type Listener struct {
	conn    net.PacketConn
	options ListenerOptions
	senders []*sender
	self    self
	engines *memory[engineKey, *engine]   // of those who sent traps of v3
	informs *memory[informKey, time.Time] // when each was answered first
}

// sender is a configured one with what it takes to check it.
type sender struct {
	config.TrapSender
	user     user    // of v3
	engineID string  // of its traps; empty: any
	self     *engine // ours, with the user's keys: informs are secured with them
}

// informKey tells informs apart. A repeated one comes from the same port.
type informKey struct {
	from netip.AddrPort
	id   uint32
}

// NewListener refuses senders that could not be believed. It takes over the socket,
// which Run closes, and starts nothing.
func NewListener(conn net.PacketConn, options ListenerOptions) (*Listener, error) {
	switch {
	case len(options.Senders) == 0:
		return nil, errors.New("snmp: there is no sender, so that nothing could be believed: add one")
	case options.Handle == nil:
		return nil, errors.New("snmp: there is nobody to handle traps: set Handle")
	}
	if options.Dropped == nil {
		options.Dropped = func(string, netip.Addr) {}
	}
	if options.Trouble == nil {
		options.Trouble = func(error) {}
	}
	l := &Listener{
		conn: conn, options: options, self: newSelf(conn.LocalAddr()),
		engines: newMemory[engineKey, *engine](maxEngines), informs: newMemory[informKey, time.Time](maxInforms),
	}
	for _, configured := range options.Senders {
		s, err := l.sender(configured)
		if err != nil {
			return nil, fmt.Errorf("sender of traps from %s: %w", configured.From, err)
		}
		l.senders = append(l.senders, s)
	}
	return l, nil
}

func (l *Listener) sender(configured config.TrapSender) (*sender, error) {
	s := &sender{TrapSender: configured}
	switch community := configured.Community.Reveal(); {
	case !configured.From.IsValid():
		return nil, errors.New("snmp: it has no addresses: set From")
	case len(community) > maxCommunity:
		return nil, fmt.Errorf("snmp: the community is longer than %d bytes", maxCommunity)
	case community != "" && configured.User != "":
		return nil, fmt.Errorf("snmp: user %s has a community too, which v3 does not know: remove one", configured.User)
	case community != "":
		return s, nil
	}
	return s, l.addUser(s)
}

// EngineID is our own in hex. Senders of informs in v3 that cannot ask for it have to
// be told; it stays the same as long as machine and address do.
func (l *Listener) EngineID() string { return fmt.Sprintf("%x", l.self.id) }

// Run receives until the context ends, and then returns nil. A socket that fails is tried
// again, after longer and longer pauses. An error means that somebody else closed it.
func (l *Listener) Run(ctx context.Context) error {
	closed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(closed)
		_ = l.conn.Close()
	})
	defer func() {
		if !stop() {
			<-closed // only then is the port free for who listens next
		}
		_ = l.conn.Close()
	}()
	buffer := make([]byte, maxDatagram)
	var pause time.Duration // since the socket fails; 0: it does not
	for {
		length, from, err := l.conn.ReadFrom(buffer)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, net.ErrClosed):
			return l.explain(err)
		case err != nil:
			if pause == 0 {
				l.options.Trouble(l.explain(err))
			}
			pause = min(max(firstPause, 2*pause), longestPause)
			sleep(ctx, pause)
			continue
		case pause > 0:
			l.options.Trouble(nil)
			pause = 0
		}
		l.hear(buffer[:length], from)
	}
}

func (l *Listener) explain(err error) error {
	return fmt.Errorf("receive traps at %s: %w", l.conn.LocalAddr(), err)
}

func sleep(ctx context.Context, pause time.Duration) {
	select {
	case <-time.After(pause):
	case <-ctx.Done():
	}
}

// hear receives a datagram and answers it.
func (l *Listener) hear(datagram []byte, from net.Addr) {
	at := addressOf(from)
	answer, dropped := l.receive(datagram, at)
	if dropped != nil {
		l.options.Dropped(dropped.reason, at.Addr())
	}
	if answer != nil {
		// A sender whose answer is lost asks again.
		_ = l.conn.SetWriteDeadline(time.Now().Add(maxAnswering))
		_, _ = l.conn.WriteTo(answer, from)
	}
}

// addressOf is where a datagram came from, as configurations write it.
func addressOf(from net.Addr) netip.AddrPort {
	udp, ok := from.(*net.UDPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	at := udp.AddrPort()
	return netip.AddrPortFrom(at.Addr().Unmap().WithZone(""), at.Port())
}

// receive believes a datagram or drops it. Either can have an answer. It may change the
// datagram.
func (l *Listener) receive(datagram []byte, from netip.AddrPort) (answer []byte, dropped *drop) {
	possible := l.covering(from.Addr())
	if len(possible) == 0 {
		return nil, dropf(dropSender, "nobody may send from its address")
	}
	if len(datagram) == maxDatagram {
		return nil, dropf(dropOversize, "it has %d bytes or more", maxDatagram)
	}
	message := ber{rest: datagram}
	message = message.within(tagSequence)
	version := message.number()
	switch {
	case message.bad:
		return nil, dropf(dropMalformed, "it does not begin with a version")
	case version == uint32(gosnmp.Version2c):
		return l.receiveCommunity(possible, message, datagram, from)
	case version == version3:
		return l.receiveSecured(possible, datagram, from)
	default:
		return nil, dropf(dropVersion, "it is neither of version 2c nor of version 3")
	}
}

// covering are the senders that may send from the address.
func (l *Listener) covering(from netip.Addr) []*sender {
	var covering []*sender
	for _, s := range l.senders {
		if s.From.Contains(from) {
			covering = append(covering, s)
		}
	}
	return covering
}

// receiveCommunity receives a message of v2c, whose rest begins with its community.
func (l *Listener) receiveCommunity(possible []*sender, message ber, datagram []byte, from netip.AddrPort) ([]byte, *drop) {
	community := message.take(tagOctetString)
	if message.bad || len(message.rest) == 0 {
		return nil, dropf(dropMalformed, "it has no community, or nothing behind it")
	}
	if !slices.ContainsFunc(possible, func(s *sender) bool { return s.knows(community) }) {
		return nil, dropf(dropCommunity, "it carries another community")
	}
	packet, err := decode(datagram)
	if err != nil {
		return nil, dropf(dropMalformed, "%v", err)
	}
	trap, dropped := notification(packet, "v2c", from.Addr())
	if dropped != nil {
		return nil, dropped
	}
	l.handle(trap, informKey{from, packet.RequestID})
	if !trap.Inform {
		return nil, nil
	}
	message.rest[0] = byte(gosnmp.GetResponse) // the answer has the same content (RFC 3416 §4.2.7)
	return datagram, nil
}

func (s *sender) knows(community []byte) bool {
	ours := s.Community.Reveal()
	return ours != "" && subtle.ConstantTimeCompare([]byte(ours), community) == 1
}

// handle tells of each inform once, and of each trap.
func (l *Listener) handle(trap Trap, key informKey) {
	if trap.Inform {
		if at, known := l.informs.get(key); known && trap.At.Sub(at) < informMemory {
			return
		}
		l.informs.put(key, trap.At)
	}
	l.options.Handle(trap)
}
