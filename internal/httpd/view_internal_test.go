package httpd

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/events"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/httpd/httpdtest"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/record"
)

// counted counts how often somebody asks for the state of everything.
type countedFleet struct {
	httpdtest.Fleet
	asked atomic.Int32
}

func (f *countedFleet) Status() fleet.Status {
	f.asked.Add(1)
	return f.State
}

// manyGroups has so many groups, of which each third has an override.
func manyGroups(n int) *countedFleet {
	f := &countedFleet{}
	for i := range n {
		g := fleet.GroupStatus{Name: fmt.Sprintf("g%05d", i), Instances: []actions.InstanceStatus{{Code: fmt.Sprint("gc", i)}}}
		if i%3 == 0 {
			g.Override = &policy.Override{Kind: policy.PauseAll}
		}
		f.State.Groups = append(f.State.Groups, g)
	}
	return f
}

func fetch[Answer any](t *testing.T, handler http.Handler, path string) (answer Answer) {
	t.Helper()
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, asAdmin(httptest.NewRequest(http.MethodGet, path, nil)))
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || w.Code != http.StatusOK {
		t.Fatalf("%s: answered %d %.200s (%v)", path, w.Code, w.Body, err)
	}
	return answer
}

func TestGroupsComeInPagesThatTogetherAreAllOfThem(t *testing.T) {
	t.Parallel()
	f := manyGroups(250)
	handler := Handler(Options{Fleet: f})
	for query, want := range map[string]int{"limit=100": 250, "limit=1": 250, "limit=250": 250, "limit=1000": 250, "limit=7&attention=true": 84, "limit=84&attention=true": 84} {
		seen, after := 0, ""
		for {
			page := fetch[GroupsPage](t, handler, "/v1/groups?"+query+"&after="+after)
			for _, g := range page.Groups {
				if g.Name <= after || len(g.Instances) != 0 {
					t.Fatalf("%s: after %s comes %s with %d instances", query, after, g.Name, len(g.Instances))
				}
				after, seen = g.Name, seen+1
			}
			if page.Next == "" {
				break
			}
			if page.Next != after {
				t.Fatalf("%s: next is after %s, want %s", query, page.Next, after)
			}
		}
		if seen != want {
			t.Errorf("%s: saw %d groups, want %d", query, seen, want)
		}
	}
	if page := fetch[GroupsPage](t, handler, "/v1/groups?after=g00100x"); page.Groups[0].Name != "g00101" {
		t.Errorf("after a name that there is not: %s", page.Groups[0].Name)
	}
	if len(f.State.Groups[0].Instances) != 1 {
		t.Error("showing a list changed what is shown")
	}
}

func TestListsAreOfWhatWasSeenAMomentAgo(t *testing.T) {
	t.Parallel()
	f := manyGroups(10)
	watcher := events.NewWatcher(events.Options{Status: f.Status})
	handler := Handler(Options{Fleet: f, Watcher: watcher})
	for range 20 {
		for _, path := range []string{"/v1/groups", "/v1/accounts", "/v1/orders", "/v1/drift"} {
			fetch[map[string]any](t, handler, path)
		}
	}
	if n := f.asked.Load(); n > 5 {
		t.Errorf("80 lists asked for the state of everything %d times", n)
	}
}

func TestOfManyWhoAskAtOnceEachGetsAnAnswerMadeAfterTheyAsked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		made := 0
		s := newShared(func() (encoded, error) {
			made++
			time.Sleep(time.Second)
			return encoded(fmt.Sprint(made)), nil
		})
		got := make(chan string, 101)
		one := func() {
			content, _ := s.get()
			got <- string(content)
		}
		go one()
		time.Sleep(time.Second / 2)
		for range 100 {
			go one()
		}
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if first := <-got; first != "1" {
			t.Errorf("the first got %s", first)
		}
		for range 100 {
			if other := <-got; other != "2" {
				t.Errorf("one who asked while it was made got %s", other)
			}
		}
		if made != 2 {
			t.Errorf("it was made %d times", made)
		}
	})
}

func TestAMakingThatPanicsLeavesNobodyWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fail := true
		s := newShared(func() (encoded, error) {
			time.Sleep(time.Second)
			if fail {
				panic("nil map")
			}
			return encoded("1"), nil
		})
		ended := make(chan error, 3)
		for range 3 {
			go func() {
				defer func() {
					if recover() != nil {
						ended <- internal
					}
				}()
				_, err := s.get()
				ended <- err
			}()
		}
		for range 3 {
			if err := <-ended; err == nil {
				t.Error("one who waited got an answer")
			}
		}
		fail = false
		if content, err := s.get(); string(content) != "1" || err != nil {
			t.Errorf("afterwards: %s, %v", content, err)
		}
	})
}

func TestMomentsComeInPagesThatTogetherAreAllOfThem(t *testing.T) {
	t.Parallel()
	begin := time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	f := &httpdtest.Fleet{Past: map[string][]record.Item{}}
	for i := range 100 { // three of each time
		f.Past["web"] = append(f.Past["web"], record.Item{At: begin.Add(time.Duration(i/3) * time.Minute), Note: fmt.Sprint("note ", i)})
	}
	handler := Handler(Options{Fleet: f, Past: f})
	for _, limit := range []int{1, 2, 3, 10, 99, 100, 1000} {
		seen, before := map[string]bool{}, ""
		for range 101 {
			page := fetch[MomentsPage](t, handler, fmt.Sprintf("/v1/groups/web/decisions?from=2026-04-01T00:00:00Z&to=2026-04-02T00:00:00Z&limit=%d%s", limit, before))
			for _, m := range page.Moments.Moments {
				if seen[m.Note] {
					t.Fatalf("limit %d: %s came twice", limit, m.Note)
				}
				seen[m.Note] = true
			}
			if page.Next == "" {
				break
			}
			before = "&before=" + page.Next
		}
		if len(seen) != 100 {
			t.Errorf("limit %d: saw %d of 100", limit, len(seen))
		}
	}
}
