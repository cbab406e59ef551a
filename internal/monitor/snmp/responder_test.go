package snmp

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gosnmp/gosnmp"
	"go.uber.org/goleak"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/secret"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// responder is a UDP socket on loopback that replies to datagrams as told.
func responder(t testing.TB, replies func(datagram []byte) [][]byte) netip.AddrPort {
	t.Helper()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	t.Cleanup(func() {
		_ = conn.Close()
		<-ended
	})
	go func() {
		defer close(ended)
		buffer := make([]byte, 4096)
		for {
			n, from, err := conn.ReadFromUDPAddrPort(buffer)
			if err != nil {
				return
			}
			for _, datagram := range replies(slices.Clone(buffer[:n])) {
				_, _ = conn.WriteToUDPAddrPort(datagram, from)
			}
		}
	}()
	return conn.LocalAddr().(*net.UDPAddr).AddrPort()
}

// replies makes the datagrams that an agent of v1 or v2c sends for a request.
type replies func(request *gosnmp.SnmpPacket) [][]byte

func agent(t testing.TB, replies replies) netip.AddrPort {
	t.Helper()
	return responder(t, func(datagram []byte) [][]byte {
		request, err := decode(datagram)
		if err != nil {
			t.Errorf("our own request cannot be decoded: %v", err)
			return nil
		}
		return replies(request)
	})
}

// answerTo is the right answer: the uptime and 7 for each object.
func answerTo(request *gosnmp.SnmpPacket) *gosnmp.SnmpPacket {
	answer := &gosnmp.SnmpPacket{
		Version: request.Version, Community: request.Community,
		PDUType: gosnmp.GetResponse, RequestID: request.RequestID,
	}
	for i, asked := range request.Variables {
		variable := gosnmp.SnmpPDU{Name: asked.Name, Type: gosnmp.Gauge32, Value: uint32(7)}
		if i == 0 {
			variable = gosnmp.SnmpPDU{Name: asked.Name, Type: gosnmp.TimeTicks, Value: uint32(1234)}
		}
		answer.Variables = append(answer.Variables, variable)
	}
	return answer
}

func bytesOf(packet *gosnmp.SnmpPacket) []byte {
	datagram, err := packet.MarshalMsg()
	if err != nil {
		panic(err)
	}
	return datagram
}

// altered replies with the right answer after a change to it.
func altered(change func(*gosnmp.SnmpPacket)) replies {
	return func(request *gosnmp.SnmpPacket) [][]byte {
		answer := answerTo(request)
		change(answer)
		return [][]byte{bytesOf(answer)}
	}
}

// mib is what an agent knows: variables, in the order of agents after sort.
type mib struct {
	sync.Mutex
	variables []gosnmp.SnmpPDU
	asked     []gosnmp.PDUType
}

// newMIB is an agent that is up for as long, with the cells.
func newMIB(uptime time.Duration, cells ...gosnmp.SnmpPDU) *mib {
	m := &mib{}
	m.set(uptime, cells...)
	return m
}

func (m *mib) set(uptime time.Duration, cells ...gosnmp.SnmpPDU) {
	m.Lock()
	defer m.Unlock()
	m.variables = append(slices.Clone(cells), gosnmp.SnmpPDU{Name: sysUpTime, Type: gosnmp.TimeTicks, Value: uint32(uptime / (10 * time.Millisecond))})
	sort.Slice(m.variables, func(i, j int) bool { return precedes(m.variables[i].Name, m.variables[j].Name) })
}

// questions counts the requests so far, by their kind.
func (m *mib) questions() map[gosnmp.PDUType]int {
	m.Lock()
	defer m.Unlock()
	counts := map[gosnmp.PDUType]int{}
	for _, pdu := range m.asked {
		counts[pdu]++
	}
	return counts
}

func (m *mib) get(name string) gosnmp.SnmpPDU {
	for _, variable := range m.variables {
		if variable.Name == name {
			return variable
		}
	}
	return gosnmp.SnmpPDU{Name: name, Type: gosnmp.NoSuchInstance}
}

func (m *mib) next(name string) gosnmp.SnmpPDU {
	for _, variable := range m.variables {
		if precedes(name, variable.Name) {
			return variable
		}
	}
	return gosnmp.SnmpPDU{Name: name, Type: gosnmp.EndOfMibView}
}

// answer is what an agent of the request's version says.
func (m *mib) answer(request *gosnmp.SnmpPacket) *gosnmp.SnmpPacket {
	m.Lock()
	defer m.Unlock()
	m.asked = append(m.asked, request.PDUType)
	answer := answerTo(request)
	answer.Variables = nil
	for i, asked := range request.Variables {
		switch {
		case request.PDUType == gosnmp.GetRequest:
			answer.Variables = append(answer.Variables, m.get(asked.Name))
		case request.PDUType == gosnmp.GetBulkRequest && i >= int(request.NonRepeaters):
			for range request.MaxRepetitions {
				asked = m.next(asked.Name)
				answer.Variables = append(answer.Variables, asked)
				if asked.Type == gosnmp.EndOfMibView {
					break
				}
			}
		default:
			answer.Variables = append(answer.Variables, m.next(asked.Name))
		}
	}
	if request.Version == gosnmp.Version1 {
		m.asV1(request, answer)
	}
	return answer
}

// asV1 makes an exception, which v1 does not know, an error of the whole.
func (m *mib) asV1(request, answer *gosnmp.SnmpPacket) {
	for i, variable := range answer.Variables {
		switch variable.Type {
		case gosnmp.NoSuchInstance, gosnmp.EndOfMibView, gosnmp.Counter64:
			answer.Variables, answer.Error, answer.ErrorIndex = request.Variables, gosnmp.NoSuchName, uint8(i+1)
			return
		}
	}
}

func (m *mib) replies(request *gosnmp.SnmpPacket) [][]byte {
	return [][]byte{bytesOf(m.answer(request))}
}

func cell(name string, kind gosnmp.Asn1BER, value any) gosnmp.SnmpPDU {
	return gosnmp.SnmpPDU{Name: name, Type: kind, Value: value}
}

const patient, hasty = 10 * time.Second, 30 * time.Millisecond

// drops counts dropped datagrams by reason.
type drops struct {
	sync.Mutex
	counts map[string]int
}

func (d *drops) note(reason string) {
	d.Lock()
	defer d.Unlock()
	if d.counts == nil {
		d.counts = map[string]int{}
	}
	d.counts[reason]++
}

func (d *drops) of(reason string) int {
	d.Lock()
	defer d.Unlock()
	return d.counts[reason]
}

func client(t testing.TB, options Options) *Client {
	t.Helper()
	if options.Version != "v3" && options.Community.Empty() {
		options.Community = secret.New("public")
	}
	c, err := NewClient(options)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// within makes one call to the agent.
func within[T any](t testing.TB, p *peer, do func(context.Context, *call) (T, error)) (T, error) {
	t.Helper()
	call, err := p.dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer call.close()
	return do(t.Context(), call)
}

var twoObjects = []string{".1.3.6.1.4.1.1.0", ".1.3.6.1.4.1.2.0"}

func getFrom(t testing.TB, at netip.AddrPort, options Options, objects ...string) (answer, error) {
	t.Helper()
	options.Port = at.Port()
	if objects == nil {
		objects = twoObjects
	}
	return within(t, client(t, options).peer(at.Addr()), func(ctx context.Context, c *call) (answer, error) {
		return c.get(ctx, objects)
	})
}

func get(t testing.TB, at netip.AddrPort, timeout time.Duration, retries int) (answer, error) {
	t.Helper()
	return getFrom(t, at, Options{Timeout: timeout, Retries: retries})
}

func walkOf(t testing.TB, at netip.AddrPort, options Options, oid string) (column, error) {
	t.Helper()
	options.Port = at.Port()
	return within(t, client(t, options).peer(at.Addr()), func(ctx context.Context, c *call) (column, error) {
		return c.walk(ctx, oid)
	})
}

// reader is an Agent of the quantities, asked with the options.
func reader(t testing.TB, at netip.AddrPort, options Options, of ...config.SNMP) *Agent {
	t.Helper()
	options.Port = at.Port()
	var quantities []Quantity
	for _, c := range of {
		quantities = append(quantities, quantity(t, c))
	}
	return NewAgent(client(t, options), at.Addr(), quantities)
}

func quantity(t testing.TB, c config.SNMP) Quantity {
	t.Helper()
	q, err := NewQuantity(c)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// says wants an error about something.
func says(t testing.TB, err error, about string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), about) {
		t.Errorf("got %v, want an error about %q", err, about)
	}
}
