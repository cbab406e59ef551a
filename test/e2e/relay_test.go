package e2e

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
)

// relay stands between the daemon and the cloud, and can hold up calls on their
// way there and answers on their way back. A call that has left the daemon
// arrives, even if the daemon is gone meanwhile.
type relay struct {
	url  string
	to   string
	call func(action string) // before a call is passed on; nil: at once
	back func(action string) // before an answer is passed back; nil: at once
}

// relayTo starts a relay to the simulator.
func (s *scene) relayTo(sim *simulator, call, back func(action string)) *relay {
	s.t.Helper()
	listener, err := net.Listen("tcp", s.host+":0")
	if err != nil {
		s.t.Fatal(err)
	}
	r := &relay{url: "http://" + listener.Addr().String() + "/json", to: sim.endpoint(), call: call, back: back}
	server := &http.Server{Handler: r}
	go func() { _ = server.Serve(listener) }()
	s.t.Cleanup(func() { _ = server.Close() })
	return r
}

func (r *relay) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return
	}
	parameters, _ := url.ParseQuery(string(body))
	action := parameters.Get("Action")
	if r.call != nil {
		r.call(action)
	}
	onward, err := http.NewRequestWithContext(context.WithoutCancel(request.Context()), request.Method, r.to, bytes.NewReader(body))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	onward.Host, onward.Header = request.Host, request.Header // the signature covers the host
	answer, err := client.Do(onward)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer answer.Body.Close()
	if r.back != nil {
		r.back(action)
	}
	w.WriteHeader(answer.StatusCode)
	_, _ = io.Copy(w, answer.Body)
}
