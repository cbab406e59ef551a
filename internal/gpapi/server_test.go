package gpapi_test

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/gpapi"
	"github.com/autoscaled/autoscaled/internal/secret"
)

// serve starts a real server and returns options for it, with the client's own transport.
func serve(t *testing.T, handler http.HandlerFunc) gpapi.Options {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	options := testOptions(nil)
	options.Endpoint = server.URL + "/json"
	options.Jitter = func() float64 { return 0 }
	return options
}

func wantClasses(t *testing.T, client *gpapi.Client, read, write cloud.Class) {
	t.Helper()
	if err := readStatus(t.Context(), client); cloud.ClassOf(err) != read {
		t.Errorf("read: class %v, want %v: %v", cloud.ClassOf(err), read, err)
	}
	if err := orderTwo(t.Context(), client); cloud.ClassOf(err) != write {
		t.Errorf("write: class %v, want %v: %v", cloud.ClassOf(err), write, err)
	}
}

func TestAServerThatVerifiesSignaturesDeniesAWrongSecret(t *testing.T) {
	t.Parallel()
	options := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil || !gpapi.Verify(r.Method, r.Host, r.URL.Path, r.PostForm, testSecretKey) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = io.WriteString(w, statusAnswer)
	})
	if err := readStatus(t.Context(), newClient(t, options)); err != nil {
		t.Errorf("the right secret: %v", err)
	}
	options.SecretKey = secret.New("wrong")
	wantClasses(t, newClient(t, options), cloud.ClassDenied, cloud.ClassDenied)
}

func TestARedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	options := serve(t, func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		http.Redirect(w, r, "/json", http.StatusTemporaryRedirect)
	})
	wantClasses(t, newClient(t, options), cloud.ClassInvalid, cloud.ClassInvalid)
	if calls.Load() != 2 {
		t.Errorf("%d calls", calls.Load())
	}
}

func TestAnAnswerThatIsCutOffLeavesTheOutcomeOfAWriteUnknown(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{
		"in its body":   "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{",
		"in its header": "HTTP/1.1 200 O",
		"at once":       "",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			options := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				conn, _, err := w.(http.Hijacker).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.WriteString(conn, answer)
				_ = conn.(*net.TCPConn).SetLinger(0) // close with a reset
				_ = conn.Close()
			})
			wantClasses(t, newClient(t, options), cloud.ClassTransient, cloud.ClassUnknownOutcome)
		})
	}
}

func TestAnEndlessAnswerIsCutOff(t *testing.T) {
	t.Parallel()
	for name, handler := range map[string]http.HandlerFunc{
		"body": func(w http.ResponseWriter, _ *http.Request) {
			chunk := []byte(strings.Repeat(" ", 1<<16))
			for err := error(nil); err == nil; {
				_, err = w.Write(chunk)
			}
		},
		"header": func(w http.ResponseWriter, _ *http.Request) {
			for i := range 200 {
				w.Header().Set("X-"+strconv.Itoa(i), strings.Repeat("x", 1<<10))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, serve(t, handler))
			wantClasses(t, client, cloud.ClassTransient, cloud.ClassUnknownOutcome)
			why := map[string]string{"body": "longer than", "header": "headers exceeded"}[name]
			if err := orderTwo(t.Context(), client); !strings.Contains(err.Error(), why) {
				t.Errorf("it is not the length: %v", err)
			}
		})
	}
}

func TestAServerThatDoesNotAnswerIsGivenUp(t *testing.T) {
	t.Parallel()
	hang := func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}
	options := serve(t, hang)
	options.CallTimeout = 20 * time.Millisecond
	wantClasses(t, newClient(t, options), cloud.ClassTransient, cloud.ClassUnknownOutcome)

	options.CallTimeout = time.Hour
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := orderTwo(ctx, newClient(t, options)); cloud.ClassOf(err) != cloud.ClassUnknownOutcome {
		t.Errorf("caller's deadline: %v", err)
	}
}

func TestAnAnswerThatDripsIsGivenUp(t *testing.T) {
	t.Parallel()
	for name, drip := range map[string]string{"json": `{"GetContractStatusResponse":{`, "xml": "<GetContractStatusResponse>"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			options := serve(t, func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				for i := 0; r.Context().Err() == nil; i++ {
					_, _ = io.WriteString(w, drip[min(i, len(drip)-1):][:1])
					_ = http.NewResponseController(w).Flush()
					time.Sleep(time.Millisecond)
				}
			})
			options.Endpoint = strings.TrimSuffix(options.Endpoint, "json") + name
			options.CallTimeout = 20 * time.Millisecond
			wantClasses(t, newClient(t, options), cloud.ClassTransient, cloud.ClassUnknownOutcome)
		})
	}
}

// A connection that was kept open may die just when it is used again. net/http
// would send a GET a second time over a new one: for an order, a second purchase.
func TestAWriteByGetIsNotSentAgainOverANewConnection(t *testing.T) {
	t.Parallel()
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			var orders atomic.Int32
			options := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if r.FormValue("Action") != "AddCloneVirtualMachines" {
					_, _ = io.WriteString(w, statusAnswer)
					return
				}
				orders.Add(1)
				conn, _, err := w.(http.Hijacker).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				_ = conn.Close()
			})
			options.Method = method
			client := newClient(t, options)
			if err := readStatus(t.Context(), client); err != nil {
				t.Fatal(err)
			}
			if err := orderTwo(t.Context(), client); cloud.ClassOf(err) != cloud.ClassUnknownOutcome || orders.Load() != 1 {
				t.Errorf("ordered %d times: %v", orders.Load(), err)
			}
		})
	}
}

func TestConnectionsAreKeptForAllCallersOfAnAccount(t *testing.T) {
	t.Parallel()
	const callers = 8
	var connections atomic.Int32
	var together sync.WaitGroup
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		together.Done()
		together.Wait() // all callers need a connection of their own
		_, _ = io.WriteString(w, statusAnswer)
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	options := testOptions(nil)
	options.Endpoint = server.URL + "/json"
	client := newClient(t, options)
	for range 2 {
		together.Add(callers)
		var wg sync.WaitGroup
		for range callers {
			wg.Go(func() {
				if err := readStatus(t.Context(), client); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	}
	if connections.Load() != callers {
		t.Errorf("%d connections for %d callers", connections.Load(), callers)
	}
}

func TestWithoutAConnectionNothingWasDone(t *testing.T) {
	t.Parallel()
	t.Run("connection refused", func(t *testing.T) {
		t.Parallel()
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		options := testOptions(nil)
		options.Endpoint = "http://" + listener.Addr().String() + "/json"
		options.Jitter = func() float64 { return 0 }
		_ = listener.Close()
		wantClasses(t, newClient(t, options), cloud.ClassTransient, cloud.ClassTransient)
	})
	t.Run("certificate of somebody else", func(t *testing.T) {
		t.Parallel()
		server := httptest.NewUnstartedServer(http.NotFoundHandler())
		server.Config.ErrorLog = nil
		server.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
		server.StartTLS()
		t.Cleanup(server.Close)
		options := testOptions(nil)
		options.Endpoint = server.URL + "/json"
		options.Jitter = func() float64 { return 0 }
		wantClasses(t, newClient(t, options), cloud.ClassTransient, cloud.ClassTransient)
	})
}
