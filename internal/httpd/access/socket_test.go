package access

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/user"
	"path/filepath"
	"testing"
	"time"
)

// wrapped is a connection as a listener that counts them gives it.
type wrapped struct{ net.Conn }

func (w wrapped) NetConn() net.Conn { return w.Conn }

type wrapping struct{ net.Listener }

func (l wrapping) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return wrapped{conn}, nil
}

func TestTheSocketKnowsWhoOpenedIt(t *testing.T) {
	t.Parallel()
	folder, err := os.MkdirTemp("", "access-")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	path := filepath.Join(folder, "s")
	listener, err := new(net.ListenConfig).Listen(t.Context(), "unix", path)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{
		ReadHeaderTimeout: time.Minute,
		ConnContext:       ConnContext,
		Handler: Socket(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			p := Of(r.Context())
			_, _ = fmt.Fprintf(w, "%s %s", p.Name, p.Role)
		})),
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(wrapping{listener}) }()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}}}
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := body(t, client, "http://daemon/"), "unix:"+me.Username+" admin"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	_ = server.Close()
	<-ended
}

func TestAUserWithoutANameIsItsNumber(t *testing.T) {
	t.Parallel()
	if got := userName(4294967294); got != "4294967294" {
		t.Errorf("got %s", got)
	}
}

// body is what is answered, with success.
func body(t *testing.T, client *http.Client, url string, change ...func(*http.Request)) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range change {
		c(r)
	}
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("answered %d %s, %v", answer.StatusCode, text, err)
	}
	return string(text)
}
