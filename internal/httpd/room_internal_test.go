package httpd

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/httpd/access"
	"github.com/autoscaled/autoscaled/internal/httpd/httpdtest"
	"github.com/autoscaled/autoscaled/internal/secret"
)

// fill enters as often as there is room, and returns how often that was.
func fill(r *room, who string) (times int) {
	for r.enter(who, 1) {
		times++
	}
	return times
}

func TestTheGreedyLeaveRoomForOthers(t *testing.T) {
	t.Parallel()
	r := newRoom(512, 32)
	for _, c := range []struct {
		who  string
		want int
	}{{"mallory", 256}, {"mallory", 0}, {"eve", 128}, {"alice", 64}, {"bob", 32}, {"carol", 32}, {"dave", 0}} {
		if got := fill(r, c.who); got != c.want {
			t.Errorf("%s found %d places, want %d", c.who, got, c.want)
		}
	}
	for range 256 {
		r.leave("mallory", 1)
	}
	if got := fill(r, "dave"); got == 0 {
		t.Error("whoever leaves makes no room")
	}
	if len(r.by) != 5 {
		t.Errorf("%d are remembered, want those 5 who are in", len(r.by))
	}
}

func TestNothingIsTooLargeForAnEmptyRoom(t *testing.T) {
	t.Parallel()
	r := newRoom(64, 4)
	if !r.enter("alice", 100) || r.enter("bob", 1) {
		t.Error("want one that is larger than the room, and none beside it")
	}
	r.leave("alice", 100)
	if r.used != 0 || !r.enter("bob", 1) {
		t.Errorf("%d are used by nobody", r.used)
	}
}

// through is a request that came to a face.
func through(f *face, r *http.Request) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), faceKey{}, f))
}

// stuck is a writer whose reader takes nothing until it is closed.
type stuck struct {
	*httptest.ResponseRecorder
	free chan struct{}
}

func (s *stuck) Write(content []byte) (int, error) {
	<-s.free
	return s.ResponseRecorder.Write(content)
}

func TestLargeAnswersThatNobodyTakesAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pages := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusOK)
			_, _ = io.WriteString(w, strings.Repeat("x", 1<<20))
		})
		handler, face := Handler(Options{Fleet: &httpdtest.Fleet{}, Pages: pages}), newFace(nil)
		free := make(chan struct{})
		ask := func(name string, free chan struct{}) *httptest.ResponseRecorder {
			w := &stuck{httptest.NewRecorder(), free}
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			handler.ServeHTTP(w, through(face, r.WithContext(access.With(r.Context(), access.Principal{Name: name, Role: access.Read}))))
			return w.ResponseRecorder
		}
		for range 32 { // half of 64 MiB
			go ask("mallory", free)
		}
		synctest.Wait()
		open := make(chan struct{})
		close(open)
		refused(t, "one more", ask("mallory", open), http.StatusServiceUnavailable, Unavailable)
		if w := ask("alice", open); w.Code != http.StatusOK || w.Body.Len() != 1<<20 {
			t.Errorf("another is answered %d with %d bytes", w.Code, w.Body.Len())
		}
		close(free)
		synctest.Wait()
		if face.sending.used != 0 {
			t.Errorf("%d bytes are still counted", face.sending.used)
		}
		if w := ask("mallory", open); w.Code != http.StatusOK {
			t.Errorf("afterwards it is answered %d", w.Code)
		}
	})
}

func TestOneFacesListenersTakeNoPlaceAtTheOther(t *testing.T) {
	t.Parallel()
	port, socket := newFace(nil), newFace(nil)
	for fill(port.streams, "mallory")+fill(port.streams, "eve")+fill(port.streams, "carol")+fill(port.streams, "dave")+fill(port.streams, "erin")+fill(port.streams, "frank") > 0 {
	}
	var s streams
	listen := s.bounded(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "listens") }))
	w := httptest.NewRecorder()
	listen(w, through(port, asAdmin(httptest.NewRequest(http.MethodGet, "/v1/events", nil))))
	refused(t, "the full one", w, http.StatusServiceUnavailable, Unavailable)
	w = httptest.NewRecorder()
	if listen(w, through(socket, asAdmin(httptest.NewRequest(http.MethodGet, "/v1/events", nil)))); w.Body.String() != "listens" {
		t.Errorf("the other is answered %d %s", w.Code, w.Body)
	}
}

// unreadable is a body that nobody may read.
type unreadable struct{ t *testing.T }

func (u unreadable) Read([]byte) (int, error) {
	u.t.Error("the body was read")
	return 0, io.EOF
}

// deaf takes no answer to any hook.
type deaf struct{}

func (deaf) AnswerHook(string, string, actions.HookAnswer) error { return actions.ErrNoHookCall }

func TestAHooksTokenIsLookedAtBeforeTheBody(t *testing.T) {
	t.Parallel()
	handler := Handler(Options{Fleet: &httpdtest.Fleet{}, Hooks: deaf{}})
	for _, shown := range []string{"", "Bearer wrong"} {
		r := httptest.NewRequest(http.MethodPost, "/v1/hooks/x", unreadable{t})
		r.Header.Set("Authorization", shown)
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		refused(t, shown, w, http.StatusUnauthorized, Unauthenticated)
		if w.Header().Get("Connection") != "close" {
			t.Error("a stranger keeps its connection")
		}
	}
}

func TestOnlySoManyBodiesAreReadAtATime(t *testing.T) {
	t.Parallel()
	box := Inbox{Token: secret.New("open-sesame"), Format: config.PushValue}
	handler := Handler(Options{Fleet: &httpdtest.Fleet{}, Inboxes: func() map[string]Inbox { return map[string]Inbox{"web/queue": box} }})
	for _, path := range []string{"/v1/groups/web/resume", "/v1/push/web/queue"} {
		face := newFace(nil)
		r := through(face, asAdmin(httptest.NewRequest(http.MethodPost, path, unreadable{t})))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer open-sesame")
		fill(face.bodies, access.Of(r.Context()).Name)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		refused(t, path, w, http.StatusServiceUnavailable, Unavailable)
	}
}

func TestStrangersKeepNoConnection(t *testing.T) {
	t.Parallel()
	handler := Handler(Options{Fleet: &httpdtest.Fleet{}})
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/livez", nil))
	if w.Code != http.StatusOK || w.Header().Get("Connection") != "close" {
		t.Errorf("a stranger is answered %d, with the connection %q", w.Code, w.Header().Get("Connection"))
	}
	w = httptest.NewRecorder()
	handler.ServeHTTP(w, asAdmin(httptest.NewRequest(http.MethodGet, "/livez", nil)))
	if w.Header().Get("Connection") != "" {
		t.Error("somebody with a role loses the connection")
	}
}

// caller is one end of a connection from some address.
type caller struct {
	net.Conn
	from net.Addr
}

func (c caller) RemoteAddr() net.Addr { return c.from }

func TestOneNetworkDoesNotGetAllConnections(t *testing.T) {
	t.Parallel()
	incoming := newPipes()
	listener := limit(incoming, 8)
	listener.by = newRoom(8, 2)
	connect := func(from string) (net.Conn, net.Conn) {
		here, there := net.Pipe()
		incoming.conns <- caller{there, net.TCPAddrFromAddrPort(netip.MustParseAddrPort(from))}
		return here, there
	}
	accepted := make(chan net.Conn)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				close(accepted)
				return
			}
			accepted <- conn
		}
	}()
	var open []net.Conn
	for range 4 { // half of them
		here, _ := connect("[2001:db8::1]:1")
		defer here.Close()
		open = append(open, <-accepted)
	}
	turned, _ := connect("[2001:db8::2]:1") // the same customer
	if _, err := turned.Read(make([]byte, 1)); err == nil {
		t.Error("one more of the same network is let in")
	}
	other, _ := connect("192.0.2.1:1")
	defer other.Close()
	open = append(open, <-accepted)
	for _, conn := range open {
		_ = conn.Close()
	}
	again, _ := connect("[2001:db8::1]:1")
	defer again.Close()
	_ = (<-accepted).Close()
	_ = listener.Close()
	<-accepted
	if listener.by.used != 0 || len(listener.open) != 0 {
		t.Errorf("%d connections are counted that are closed", listener.by.used)
	}
}

func TestAListenerWhoseTokenIsTakenAwayHearsNoMore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		token, hash := access.NewToken()
		guard, err := access.New(access.Options{
			Web:    config.Web{Anonymous: "none", Tokens: []config.WebToken{{Name: "deploy", Role: "read", SHA256: hash}}},
			Listen: "127.0.0.1:9469", Log: zap.NewNop(),
		})
		if err != nil {
			t.Fatal(err)
		}
		var s streams
		door := guard.Handler(s.bounded(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })))
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			r := httptest.NewRequest(http.MethodGet, "/v1/events", nil)
			r.Header.Set("Authorization", "Bearer "+token)
			door.ServeHTTP(httptest.NewRecorder(), r)
		}()
		time.Sleep(time.Hour)
		synctest.Wait()
		select {
		case <-ended:
			t.Error("it ended while all was well")
		default:
		}
		guard.Set(config.Web{Anonymous: "none"})
		began := time.Now()
		<-ended
		if took := time.Since(began); took > lookEvery {
			t.Errorf("it heard on for %v", took)
		}
	})
}

func TestFewListsAreMadeAtATime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &server{lists: make(chan struct{}, listsMax)}
		made, free := 0, make(chan struct{})
		var mu sync.Mutex
		long := list(s, "/v1/groups", nil, func(context.Context, *http.Request) (done, error) {
			mu.Lock()
			made++
			mu.Unlock()
			<-free
			return done{}, nil
		})
		for range 50 {
			go func() { _, _ = long.do(t.Context(), nil, nil) }()
		}
		synctest.Wait()
		if made != listsMax {
			t.Errorf("%d are made at a time", made)
		}
		close(free)
		synctest.Wait()
		if made != 50 {
			t.Errorf("%d of 50 are made", made)
		}
	})
}

func TestScrapesAreBounded(t *testing.T) {
	t.Parallel()
	handler, face := Handler(Options{Fleet: &httpdtest.Fleet{}}), newFace(nil)
	r := through(face, asAdmin(httptest.NewRequest(http.MethodGet, "/metrics", nil)))
	fill(face.scrapes, access.Of(r.Context()).Name)
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	refused(t, "a scrape", w, http.StatusServiceUnavailable, Unavailable)
	face.scrapes = newRoom(scrapesMax, 1)
	w = httptest.NewRecorder()
	if handler.ServeHTTP(w, r); w.Code != http.StatusOK {
		t.Errorf("a scrape is answered %d", w.Code)
	}
}

// settingStreams is the number of HTTP/2's SETTINGS_MAX_CONCURRENT_STREAMS.
const settingStreams = 3

func TestOneConnectionHasOnlySoManyRequestsAtATime(t *testing.T) {
	t.Parallel()
	incoming, ended := newPipes(), make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		ended <- Serve(ctx, incoming, http.NotFoundHandler(), func(s *http.Server) {
			s.Protocols = new(http.Protocols)
			s.Protocols.SetUnencryptedHTTP2(true)
		})
	}()
	conn := incoming.dial()
	go func() {
		_, _ = io.WriteString(conn, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00")
	}()
	header := make([]byte, 9)
	if _, err := io.ReadFull(conn, header); err != nil || header[3] != 4 {
		t.Fatalf("got %v, %v, want settings", header, err)
	}
	settings := make([]byte, binary.BigEndian.Uint32(header)>>8)
	if _, err := io.ReadFull(conn, settings); err != nil {
		t.Fatal(err)
	}
	said := map[uint16]uint32{}
	for ; len(settings) > 0; settings = settings[6:] {
		said[binary.BigEndian.Uint16(settings)] = binary.BigEndian.Uint32(settings[2:])
	}
	if said[settingStreams] != requestsMax {
		t.Errorf("a connection may have %d requests at a time", said[settingStreams])
	}
	_ = conn.Close()
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
