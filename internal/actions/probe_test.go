package actions

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"
)

func TestOnlyA2xxAnswerProvesThatAnInstanceServes(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/ok":
			w.WriteHeader(http.StatusNoContent)
		case "/long":
			_, _ = w.Write([]byte(strings.Repeat("x", 1<<20)))
		case "/elsewhere":
			http.Redirect(w, r, "/ok", http.StatusFound)
		case "/hangs":
			<-r.Context().Done()
		default:
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(server.Close)
	at := netip.MustParseAddrPort(server.Listener.Addr().String())
	for path, serves := range map[string]bool{"/ok": true, "/long": true, "/elsewhere": false, "/hangs": false, "/down": false} {
		timeout := time.Minute
		if path == "/hangs" {
			timeout = 50 * time.Millisecond
		}
		if err := HTTPProbe(at.Port(), path, timeout)(t.Context(), at.Addr()); (err == nil) != serves {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestAnAddressWithoutServiceDoesNotServe(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	at := netip.MustParseAddrPort(listener.Addr().String())
	must(t, listener.Close())
	if err := HTTPProbe(at.Port(), "/", time.Minute)(t.Context(), at.Addr()); err == nil {
		t.Error("nobody listens, and it serves")
	}
	if err := HTTPProbe(at.Port(), "/", time.Minute)(t.Context(), netip.Addr{}); err == nil {
		t.Error("there is no address, and it serves")
	}
}
