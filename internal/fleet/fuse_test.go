package fleet_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/autoscaled/autoscaled/internal/store"
)

var (
	errDead     = errors.New("the process is dead")
	errDiskFull = errors.New("no space left on device")
	errNoRoute  = errors.New("no route to host")
)

// fuse ends a process at a boundary: a commit or a changing call, before or after
// it takes effect. From then on nothing that the process does reaches the world.
type fuse struct {
	mu       sync.Mutex
	passed   int  // boundaries so far
	at       int  // the boundary to blow at, from 1; 0: none
	after    bool // it takes effect first
	blown    bool
	diskFull bool // commits fail
	noGoals  bool // commits that change a goal fail
	cut      bool // calls fail
	hung     bool // calls do not come back
	onCall   func(action string)
}

// arm makes the fuse blow at the given boundary of a new process; at 0 never.
func (f *fuse) arm(at int, after bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.passed, f.at, f.after, f.blown = 0, at, after, false
}

func (f *fuse) set(change func(*fuse)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f)
}

func (f *fuse) isBlown() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.blown
}

// pass carries out what happens at a boundary, unless the process is dead or dies here.
func (f *fuse) pass(effect func() error) error {
	f.mu.Lock()
	if f.blown {
		f.mu.Unlock()
		return errDead
	}
	f.passed++
	here := f.passed == f.at
	f.blown = here && !f.after
	f.mu.Unlock()
	if here && !f.after {
		return errDead
	}
	err := effect()
	if here {
		f.set(func(f *fuse) { f.blown = true })
		return errDead
	}
	return err
}

// fusedStore is a disk as one process sees it.
type fusedStore struct {
	store.Store
	fuse *fuse
}

func (s fusedStore) Get(key string) (store.Item, error) {
	if s.fuse.isBlown() {
		return store.Item{}, errDead
	}
	return s.Store.Get(key)
}

func (s fusedStore) Commit(epoch store.Epoch, txn store.Txn) (revision store.Revision, err error) {
	s.fuse.mu.Lock()
	full := s.fuse.diskFull || s.fuse.noGoals && slices.ContainsFunc(txn.Puts, func(p store.Put) bool { return strings.HasSuffix(p.Key, "/goal") })
	s.fuse.mu.Unlock()
	if full {
		return 0, errDiskFull
	}
	err = s.fuse.pass(func() error {
		revision, err = s.Store.Commit(epoch, txn)
		return err
	})
	return revision, err
}

// watchedTransport notes every call, and carries it if the fuse allows.
type watchedTransport struct {
	world *world
	inner http.RoundTripper
}

func (t *watchedTransport) RoundTrip(request *http.Request) (answer *http.Response, err error) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	request.Body = io.NopCloser(bytes.NewReader(body))
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	t.world.note(form)
	fuse := &t.world.fuse
	fuse.mu.Lock()
	blown, cut, hung, onCall := fuse.blown, fuse.cut, fuse.hung, fuse.onCall
	fuse.mu.Unlock()
	if onCall != nil {
		onCall(form.Get("Action"))
	}
	switch {
	case blown:
		return nil, errDead
	case cut:
		return nil, errNoRoute
	case hung:
		<-request.Context().Done()
		return nil, request.Context().Err()
	case !changing[form.Get("Action")]:
		return t.inner.RoundTrip(request)
	}
	err = fuse.pass(func() error {
		answer, err = t.inner.RoundTrip(request)
		return err
	})
	return answer, err
}

var changing = map[string]bool{
	"AddCloneVirtualMachines": true, "SetLabel": true, "AttachFwLb": true, "ImportRootSshPublicKey": true, "StartVirtualMachine": true,
	"AddLbNode": true, "DeleteLbNode": true, "StopVirtualMachine": true, "DeleteVirtualMachine": true, "CloneVirtualMachine": true,
}

// note keeps what the call names, and who is ours: whoever we put into the pool. A
// machine that is overwritten is sick no more.
func (w *world) note(form url.Values) {
	if code := form.Get("DestGcServiceCode"); code != "" {
		w.cure(code)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	call := sentCall{at: w.cloudNow(), action: form.Get("Action")}
	for _, name := range []string{"GcServiceCode", "ServiceCode", "NodeIpAddress", "DestGcServiceCode"} {
		if code := form.Get(name); code != "" {
			call.code = code
		}
	}
	w.sent = append(w.sent, call)
	if node, err := netip.ParseAddr(form.Get("NodeIpAddress")); call.action == "AddLbNode" && err == nil {
		w.ours[node] = true
	}
}
