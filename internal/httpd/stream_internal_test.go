package httpd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/events"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/httpd/access"
	"github.com/autoscaled/autoscaled/internal/httpd/httpdtest"
)

func asAdmin(r *http.Request) *http.Request {
	return r.WithContext(access.With(r.Context(), access.Principal{Name: "unix:sato", Role: access.Admin}))
}

// pipes is a listener whose connections are pipes, which need no network and so let
// time be virtual.
type pipes struct {
	conns chan net.Conn
	ended chan struct{}
	end   func()
}

func newPipes() *pipes {
	p := &pipes{conns: make(chan net.Conn), ended: make(chan struct{})}
	p.end = sync.OnceFunc(func() { close(p.ended) })
	return p
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.ended:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error { p.end(); return nil }

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (p *pipes) dial() net.Conn {
	here, there := net.Pipe()
	p.conns <- there
	return here
}

// channel is a face of a fleet whose states a test sets, with a watcher that looks every second.
type channel struct {
	*pipes
	watcher *events.Watcher
	mu      sync.Mutex
	state   fleet.Status
	stop    func() // the face
}

// newChannel runs one in the bubble that it is called in. The watcher's first look sees the groups.
func newChannel(t *testing.T, groups ...fleet.GroupStatus) *channel {
	c := &channel{pipes: newPipes()}
	c.set(groups...)
	c.watcher = events.NewWatcher(events.Options{Status: c.status})
	face := Handler(Options{Fleet: &httpdtest.Fleet{}, Watcher: c.watcher})
	ctx, cancel := context.WithCancel(context.Background())
	watching, unwatch := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() { _ = c.watcher.Run(watching) })
	all.Go(func() {
		if err := Serve(ctx, c.pipes, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { face.ServeHTTP(w, asAdmin(r)) })); err != nil {
			t.Error(err)
		}
	})
	c.stop = cancel
	t.Cleanup(func() {
		cancel()
		unwatch()
		all.Wait()
	})
	return c
}

func (c *channel) status() fleet.Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state
}

func (c *channel) set(groups ...fleet.GroupStatus) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state = fleet.Status{Groups: groups}
}

// listen begins to listen, and returns the lines that come, without those of signs of life.
func (c *channel) listen(t *testing.T, path string) (*bufio.Reader, net.Conn) {
	conn := c.dial()
	t.Cleanup(func() { _ = conn.Close() })
	if _, err := io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: here\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("answered %+v (%v)", response, err)
	}
	return bufio.NewReader(response.Body), conn
}

// hearUntil returns the lines until one has the given text, or the stream ends.
func hearUntil(lines *bufio.Reader, until string) (text string, err error) {
	for range 1000 { // and then it has not come
		line, err := lines.ReadString('\n')
		text += line
		if err != nil || strings.Contains(line, until) {
			return text, err
		}
	}
	return text, fmt.Errorf("%q has not come", until)
}

func web(desired int) fleet.GroupStatus {
	return fleet.GroupStatus{
		Name: "web", Desired: desired, Decision: fleet.DecisionStatus{At: time.Now(), From: desired - 1, To: desired, Reason: "want"},
		Instances: []actions.InstanceStatus{}, Signals: []fleet.SignalStatus{},
	}
}

func TestWhoeverListensHearsWhatHappensAndHowTheGroupIsNow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newChannel(t, web(2))
		lines, _ := c.listen(t, "/v1/events")
		time.Sleep(3 * time.Second)
		c.set(web(3))
		text, err := hearUntil(lines, `"desired":3`)
		if err != nil || !strings.Contains(text, "event: decision\nid: ") || !strings.Contains(text, `"from":2,"to":3`) || !strings.Contains(text, "event: group\ndata: {\"name\":\"web\"") {
			t.Errorf("heard %s (%v)", text, err)
		}
		c.set()
		if text, err := hearUntil(lines, "event: gone"); err != nil {
			t.Errorf("heard %s (%v)", text, err)
		}
	})
}

func TestAListenerHearsOnlyWhatItAsksFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		db := fleet.GroupStatus{Name: "db", Instances: []actions.InstanceStatus{}}
		c := newChannel(t, db, web(2))
		only, _ := c.listen(t, "/v1/events?only=events")
		other, _ := c.listen(t, "/v1/events?groups=db,api")
		time.Sleep(2 * time.Second)
		c.set(db, web(3))
		time.Sleep(2 * time.Second)
		db.Trouble = "the disk is full"
		c.set(db, web(3))
		if text, _ := hearUntil(only, "the disk is full"); strings.Contains(text, "event: group\n") || !strings.Contains(text, `"group":"web"`) {
			t.Errorf("who wants events alone heard %s", text)
		}
		if text, err := hearUntil(other, "the disk is full"); strings.Contains(text, "web") || err != nil {
			t.Errorf("who wants db alone heard %s", text)
		}
	})
}

func TestAStreamLastsLongerThanAnyRequestAndShowsThatItLives(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newChannel(t)
		lines, _ := c.listen(t, "/v1/events")
		began := time.Now()
		for range 240 {
			if text, err := hearUntil(lines, ": alive"); err != nil {
				t.Fatalf("after %v: heard %q: %v", time.Since(began), text, err)
			}
		}
		if lasted := time.Since(began); lasted != time.Hour {
			t.Errorf("240 signs of life came in %v", lasted)
		}
	})
}

func TestAListenerWhoTakesNothingIsCutOffAndHoldsUpNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newChannel(t)
		_, slow := c.listen(t, "/v1/events")
		lines, _ := c.listen(t, "/v1/events")
		cutOff := make(chan time.Time, 1)
		began := time.Now()
		for n := 3; n < 30; n++ { // of which the slow one takes none
			c.set(web(n))
			if _, err := hearUntil(lines, fmt.Sprintf(`"desired":%d`, n)); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(began); took > time.Duration(n)*2*time.Second {
				t.Fatalf("change %d was heard after %v", n, took)
			}
		}
		go func() {
			_, _ = io.Copy(io.Discard, slow)
			cutOff <- time.Now()
		}()
		if after := (<-cutOff).Sub(began); after > time.Minute {
			t.Errorf("the slow one was cut off after %v", after)
		}
	})
}

func TestAListenerWhoComesBackHearsWhatItMissed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newChannel(t, web(2))
		lines, conn := c.listen(t, "/v1/events?only=events")
		time.Sleep(2500 * time.Millisecond) // between two looks
		c.set(web(3))
		text, err := hearUntil(lines, "data:")
		if err != nil {
			t.Fatal(err)
		}
		_, id, _ := strings.Cut(text, "id: ")
		id, _, _ = strings.Cut(id, "\n")
		_ = conn.Close()
		other, _ := c.listen(t, "/v1/events?only=events")
		time.Sleep(time.Second / 2)
		c.set(web(4))
		if _, err := hearUntil(other, `"to":4`); err != nil {
			t.Fatal(err)
		}
		lines, _ = c.listen(t, "/v1/events?only=events&after="+id)
		if text, _ := hearUntil(lines, "data:"); !strings.Contains(text, `"from":3,"to":4`) || strings.Contains(text, "missed") {
			t.Errorf("who comes back heard %s", text)
		}
		lines, _ = c.listen(t, "/v1/events?after=1")
		if text, _ := hearUntil(lines, "data:"); !strings.Contains(text, "event: missed") {
			t.Errorf("who was away for too long heard %s", text)
		}
	})
}

func TestStreamsEndWhenTheFaceDoes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newChannel(t)
		lines, _ := c.listen(t, "/v1/events")
		began := time.Now()
		c.stop()
		if _, err := hearUntil(lines, "never"); !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("ended with %v", err)
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("ended after %v", took)
		}
	})
}

func TestOneListenerTooManyIsToldSoAndARequestStillAnswered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newChannel(t)
		var conns []net.Conn
		for range streamsMax / 2 { // one alone does not get all places
			_, conn := c.listen(t, "/v1/events")
			conns = append(conns, conn)
		}
		ask := func(path string) int {
			conn := c.dial()
			defer conn.Close()
			_, _ = io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
			response, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			return response.StatusCode
		}
		if status := ask("/v1/events"); status != http.StatusServiceUnavailable {
			t.Errorf("one listener too many is answered %d", status)
		}
		if status := ask("/v1/groups"); status != http.StatusOK {
			t.Errorf("a request beside many listeners is answered %d", status)
		}
		_ = conns[0].Close()
		synctest.Wait()
		_, _ = c.listen(t, "/v1/events")
	})
}

func TestARequestThatComesByteByByteIsCutOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newChannel(t)
		for what, text := range map[string]string{
			"the header": "GET /v1/groups HTTP/1.1\r\nHost: here\r\nX-" + strings.Repeat("a", 1000),
			"the body":   "POST /v1/groups/web/resume HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n" + strings.Repeat(" ", 999),
		} {
			conn, began := c.dial(), time.Now()
			var sending sync.WaitGroup
			sending.Go(func() {
				slowly := len(text) - 990 // from here on one byte each second, as long as somebody takes it
				_, err := io.WriteString(conn, text[:slowly])
				for i := slowly; i < len(text) && err == nil; i++ {
					time.Sleep(time.Second)
					_, err = conn.Write([]byte(text[i : i+1]))
				}
			})
			answer, _ := io.ReadAll(conn)
			if took := time.Since(began); took > 20*time.Second {
				t.Errorf("%s: it lasted %v", what, took)
			}
			if strings.Contains(string(answer), "200 OK") || what == "the body" && !strings.Contains(string(answer), `"code":"timeout"`) {
				t.Errorf("%s: it was answered %s", what, answer)
			}
			_ = conn.Close()
			sending.Wait()
		}
	})
}

func TestAGroupsStateIsEncodedOnceForAllListeners(t *testing.T) {
	t.Parallel()
	s := &streams{}
	batch := events.Batch{Groups: []fleet.GroupStatus{web(3)}}
	all := listener{}
	first := s.group(&batch.Groups[0])
	for range 3 {
		copied := batch // as each subscription has it
		if frames := s.render(&copied, all); &frames[0][0] != &first[0] {
			t.Error("the same state was encoded again, or copied")
		}
	}
	batch.Groups[0].Desired = 4
	if frames := s.render(&batch, all); len(frames) != 1 || !strings.Contains(string(frames[0]), `"desired":4`) {
		t.Errorf("another state is told as %s", frames)
	}
	s.render(&events.Batch{Gone: []string{"web"}}, all)
	if len(s.groups) != 0 {
		t.Error("a group that is gone is still remembered")
	}
}

func TestAListenerWhoAsksForNonsenseIsToldSo(t *testing.T) {
	t.Parallel()
	watcher := events.NewWatcher(events.Options{Status: func() fleet.Status { return fleet.Status{} }})
	handler := Handler(Options{Fleet: &httpdtest.Fleet{}, Watcher: watcher})
	for _, query := range []string{"?after=x", "?after=-1", "?only=groups", "?group=web", "?groups=" + strings.Repeat("a,", groupsMax), "?after=1&after=2"} {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, asAdmin(httptest.NewRequest(http.MethodGet, "/v1/events"+query, nil)))
		refused(t, query, w, http.StatusBadRequest, Invalid)
	}
	w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/v1/events", nil)
	r.Header.Set("Last-Event-ID", "yesterday")
	handler.ServeHTTP(w, asAdmin(r))
	refused(t, "Last-Event-ID", w, http.StatusBadRequest, Invalid)
}

func TestAPagesStreamEndsWithTheFaceAndCountsAsAListener(t *testing.T) {
	t.Parallel()
	began, ended := make(chan struct{}), make(chan struct{})
	pages := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(began)
		<-r.Context().Done()
		close(ended)
	})
	s := &server{Options: Options{Pages: pages}}
	var stream route
	for _, rt := range s.plainFaces() {
		if rt.path == "/ui/events" {
			stream = rt
		}
	}
	closing := make(chan struct{})
	r := asAdmin(httptest.NewRequest(http.MethodGet, "/ui/events", nil))
	go stream.handler(httptest.NewRecorder(), r.WithContext(context.WithValue(r.Context(), faceKey{}, newFace(closing))))
	<-began
	s.told.mu.Lock()
	listening := s.told.listening
	s.told.mu.Unlock()
	if listening != 1 {
		t.Errorf("%d listen", listening)
	}
	close(closing)
	<-ended
}
