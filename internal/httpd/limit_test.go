package httpd_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/autoscaled/autoscaled/internal/httpd"
)

// guestbook is a listener that counts who is in.
type guestbook struct {
	net.Listener
	mu          sync.Mutex
	guests, top int
}

func (g *guestbook) Accept() (net.Conn, error) {
	conn, err := g.Listener.Accept()
	if err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.guests++
	g.top = max(g.top, g.guests)
	return &guest{Conn: conn, leave: sync.OnceFunc(func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.guests--
	})}, nil
}

type guest struct {
	net.Conn
	leave func()
}

func (g *guest) Close() error {
	g.leave()
	return g.Conn.Close()
}

func TestOneConnectionTooManyWaitsForAnotherToEnd(t *testing.T) {
	t.Parallel()
	const most, callers = 1024, 1060
	socket := listenSocket(t, socketPath(t))
	book := &guestbook{Listener: socket}
	entered, leave := make(chan struct{}), make(chan struct{})
	serve(t, book, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		entered <- struct{}{}
		<-leave
	}))
	answers := make(chan error, callers)
	for range callers {
		conn, err := net.Dial("unix", socket.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		go func() {
			_, err := io.ReadAll(conn)
			answers <- err
		}()
	}
	for range most {
		<-entered
	}
	for range callers - most { // one goes, and one comes
		leave <- struct{}{}
		<-entered
	}
	for range most {
		leave <- struct{}{}
	}
	for range callers {
		if err := <-answers; err != nil {
			t.Error(err)
		}
	}
	if book.top != most {
		t.Errorf("%d connections were open at a time, want %d", book.top, most)
	}
}

func TestAListenerWithoutRoomEndsWhenItIsClosed(t *testing.T) {
	t.Parallel()
	tcp, err := httpd.ListenTCP("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener := httpd.Limit(tcp, 1)
	caller, err := net.Dial("tcp", tcp.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer caller.Close()
	conn, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ended := make(chan error)
	go func() {
		_, err := listener.Accept()
		ended <- err
	}()
	if err := listener.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Errorf("error is %v", err)
	}
}

func TestALongHeaderIsRefusedAndTheSocketTakesALongerOne(t *testing.T) {
	t.Parallel()
	tcp, err := httpd.ListenTCP("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	unix := listenSocket(t, socketPath(t))
	for _, listener := range []net.Listener{tcp, unix} {
		serve(t, listener, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "taken") }))
	}
	for _, c := range []struct {
		listener net.Listener
		bytes    int
		status   string
	}{
		{tcp, 3 << 10, "200"}, {tcp, 10 << 10, "431"},
		{unix, 10 << 10, "200"}, {unix, 15 << 10, "431"},
	} {
		at := c.listener.Addr()
		conn, err := net.Dial(at.Network(), at.String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		// What does not fit may cut the connection.
		_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: here\r\nConnection: close\r\nX: "+strings.Repeat("x", c.bytes)+"\r\n\r\n")
		answer := make([]byte, len("HTTP/1.1 200"))
		if _, err := io.ReadFull(conn, answer); err != nil || !strings.HasSuffix(string(answer), c.status) {
			t.Errorf("%d bytes at %s: answered %q (%v), want %s", c.bytes, at.Network(), answer, err, c.status)
		}
	}
}
