package binary

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/httpd"
)

const damagedCopies = 50

// The daemon is started on damaged copies of a state file that a killed daemon left, with
// instances in many phases and an order whose answer is lost. It either shows
// exactly what was in it, or refuses it with the command that repairs it.
func TestProofDamagedStateFilesAreRefusedOrHarmless(t *testing.T) {
	t.Parallel()
	o := newOrdeal(t, 1<<32+2, &tally{counts: map[string]int{}})
	whole := o.interruptedState()
	want := o.startOn(t, "whole", whole)
	if want.refusal != "" || len(want.shown.instances) < 3 || len(want.shown.orders) != 1 {
		t.Fatalf("the whole file is not what it should be: %+v", want)
	}
	t.Run("copies", func(t *testing.T) {
		outcomes := make([]outcome, damagedCopies)
		t.Cleanup(func() {
			refused := 0
			for _, got := range outcomes {
				if got.refusal != "" {
					refused++
				}
			}
			t.Logf("%d of %d were refused, the others are harmless", refused, len(outcomes))
			if refused < damagedCopies/10 {
				t.Errorf("only %d were refused: hardly anything is tested", refused)
			}
		})
		live := livePages(t, o.write("live.db", string(whole)))
		for n := range outcomes {
			damaged, how := damage(o.random, whole, live)
			name := fmt.Sprint("copy", n+1)
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				got := o.startOn(t, name, damaged)
				outcomes[n] = got
				if got.refusal == "" && !slices.Equal(got.shown.lines(), want.shown.lines()) {
					t.Errorf("%s: it shows\n%v\nwant\n%v", how, got.shown, want.shown)
				}
			})
		}
	})
}

// interruptedState is the content of the state file after a kill in the middle of an
// order, while other machines are on their way.
func (o *ordeal) interruptedState() []byte {
	o.t.Helper()
	o.daemon = o.scene.run(o.configuration)
	o.daemon.restsAt(least)
	o.load.demand(least + 2)
	o.daemon.until(soon, "machines on their way", func(g fleet.GroupStatus) error {
		if len(g.Instances) < least+2 {
			return fmt.Errorf("there are %d", len(g.Instances))
		}
		return nil
	})
	caught := &trap{action: buying, fate: unanswered, sprung: make(chan string, 1), done: make(chan struct{})}
	o.relay.set(caught)
	o.load.demand(most)
	select {
	case <-caught.sprung:
	case <-time.After(soon):
		o.t.Fatal("nothing is ordered")
	}
	o.daemon.kill()
	close(caught.done)
	content, err := os.ReadFile(o.path("state/autoscaled.db"))
	if err != nil {
		o.t.Fatal(err)
	}
	return content
}

// outcome is what became of a start: the daemon refused the state, or shows what is in it.
type outcome struct {
	refusal string
	shown   shown
}

// shown is what a state file holds, as far as the daemon shows it without having looked at
// the cloud.
type shown struct {
	desired   int
	instances []string
	orders    []string
}

func (s shown) lines() []string {
	return append(append([]string{fmt.Sprint("desired ", s.desired)}, s.instances...), s.orders...)
}

// startOn starts the daemon on a state file, out of reach of its cloud.
func (o *ordeal) startOn(t *testing.T, name string, state []byte) outcome {
	t.Helper()
	folder := o.path(name)
	path := filepath.Join(folder, "state/autoscaled.db")
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, state, 0o600)); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "autoscaled.yaml")
	configuration := strings.NewReplacer(
		o.path("state"), filepath.Dir(path), o.socket(), filepath.Join(folder, "sock"), o.relay.url, "http://"+o.host+":1/json",
		fmt.Sprintf("listen: %s:%d", o.host, o.openPort), "listen: "+o.host+":0",
	).Replace(o.configuration)
	if err := os.WriteFile(file, []byte(configuration), 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, "daemon on "+name, nil, autoscaled, "run", "--config", file, "--log-format", "text")
	var got outcome
	eventually(t, soon, "daemon on "+name, func() error {
		var err error
		select {
		case <-p.ended:
			got.refusal = p.said.String()
		default:
			got.shown, err = whatIsShown(filepath.Join(folder, "sock"))
		}
		return err
	})
	if got.refusal != "" {
		checkRefusal(t, p, path, file, state)
	}
	return got
}

func whatIsShown(socket string) (shown, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	status, err := httpd.NewClient(socket).Status(ctx)
	if err != nil {
		return shown{}, err
	}
	group := status.Groups[0]
	s := shown{desired: group.Desired}
	for _, in := range group.Instances {
		in.Phase, in.Step, in.Trouble = "", actions.StepNone, ""
		s.instances = append(s.instances, fmt.Sprintf("%+v", in))
	}
	for _, order := range status.Accounts[0].Orders {
		s.orders = append(s.orders, fmt.Sprintf("order %s: %d for %s, %s", order.ID, order.Count, order.Group, order.State))
	}
	return s, nil
}

// checkRefusal holds the end of a daemon against what is promised of it.
func checkRefusal(t *testing.T, p *process, path, file string, state []byte) {
	t.Helper()
	said := p.said.String()
	begins, ends := "autoscaled: the state file "+path+" is damaged: ", "\n  autoscaled recover --from-cloud --config "+file+"\n"
	if p.command.ProcessState.ExitCode() != 1 || !strings.HasPrefix(said, begins) || !strings.HasSuffix(said, ends) || strings.Count(said, "\n") != 2 {
		t.Errorf("it ended with %v and said:\n%s", p.command.ProcessState, said)
	}
	if content, err := os.ReadFile(path); err != nil || !bytes.Equal(content, state) {
		t.Errorf("the refused file was changed: %v", err)
	}
}

// damage is a damaged copy of a state file, and what was done to it: to any place, or to
// one of the pages that count.
func damage(random *rand.Rand, whole []byte, live []int) (damaged []byte, how string) {
	damaged = bytes.Clone(whole)
	size := os.Getpagesize()
	page := live[random.IntN(len(live))]
	switch random.IntN(6) {
	case 0:
		end := random.IntN(len(whole))
		return damaged[:end], fmt.Sprint("cut at ", end)
	case 1:
		at := random.IntN(len(whole))
		damaged[at] ^= 1 << random.IntN(8)
		return damaged, fmt.Sprint("a bit of byte ", at)
	case 2:
		at := page*size + random.IntN(64)
		damaged[at] ^= 1 << random.IntN(8)
		return damaged, fmt.Sprintf("a bit of byte %d, at the head of page %d", at, page)
	case 3:
		at := page*size + 512*random.IntN(size/512)
		clear(damaged[at : at+512])
		return damaged, fmt.Sprintf("the sector at %d lost, in page %d", at, page)
	case 4:
		other := live[random.IntN(len(live))]
		copy(damaged[page*size:(page+1)*size], whole[other*size:])
		return damaged, fmt.Sprintf("page %d in the place of page %d", other, page)
	default:
		at := page*size + random.IntN(size)
		damaged[at] ^= 1 << random.IntN(8)
		return damaged, fmt.Sprintf("a bit of byte %d, in page %d", at, page)
	}
}

// livePages lists the pages of a state file that its newest state consists of, and both heads.
func livePages(t *testing.T, path string) []int {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, PreLoadFreelist: true, Timeout: soon})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var live []int
	err = db.View(func(tx *bbolt.Tx) error {
		page, err := tx.Page(0)
		for ; page != nil && err == nil; page, err = tx.Page(page.ID + 1) {
			if page.Type != "free" {
				live = append(live, page.ID)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return live
}
