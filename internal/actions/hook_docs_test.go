package actions

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/secret"
)

// documented reads the files that docs/hooks.md writes out, by their path. A trial with a
// bug in our code does not wait for the programs that run them.
func documented(t *testing.T) map[string]string {
	t.Helper()
	if os.Getenv("AUTOSCALED_TRIAL") != "" {
		t.Skip("what is documented runs as real programs, which take their time")
	}
	page, err := os.ReadFile("../../docs/hooks.md")
	must(t, err)
	files := map[string]string{}
	for _, match := range regexp.MustCompile("(?ms)^`([^`\n]+)`\n\n```[a-z]*\n(.*?)^```$").FindAllStringSubmatch(string(page), -1) {
		files[match[1]] = match[2]
	}
	return files
}

// program writes a documented file where it can be run.
func program(t *testing.T, directory, path string, replace ...string) string {
	t.Helper()
	text := documented(t)[path]
	if text == "" {
		t.Fatalf("docs/hooks.md has no file %s", path)
	}
	place := filepath.Join(directory, filepath.Base(path))
	must(t, os.WriteFile(place, []byte(strings.NewReplacer(replace...).Replace(text)), 0o700))
	return place
}

func needs(t *testing.T, programs ...string) {
	t.Helper()
	for _, name := range programs {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("%s is not installed", name)
		}
	}
}

// stub is a program that writes down how it was called.
const stub = `#!/bin/sh
echo "$(basename "$0") $*" >>"$CALLED"
`

func TestTheDocumentedCommandsCallTheirToolsForTheMachine(t *testing.T) {
	t.Parallel()
	needs(t, "sh")
	for _, c := range []struct{ command, at, want string }{
		{"ansible", "launch", "ansible-playbook --inventory 10.0.0.5, --extra-vars autoscaled_group=web autoscaled_instance=gc00000005 /etc/ansible/autoscaled/launch.yml\n"},
		{"ansible", "end", "ansible-playbook --inventory 10.0.0.5, --extra-vars autoscaled_group=web autoscaled_instance=gc00000005 /etc/ansible/autoscaled/end.yml\n"},
		{
			"chef", "launch", "nc -z -w 2 10.0.0.5 22\nknife bootstrap 10.0.0.5 --yes --connection-user deploy --sudo --ssh-identity-file /home/deploy/.ssh/id_ed25519 " +
				"--ssh-verify-host-key never --node-name gc00000005 --environment production --run-list role[web]\n",
		},
		{"chef", "end", "knife node show gc00000005\nknife node delete gc00000005 --yes\nknife client delete gc00000005 --yes\n"},
		{"capistrano", "launch", "nc -z -w 2 10.0.0.5 22\nbundle exec cap joining deploy\n"},
	} {
		t.Run(c.command+" at the "+c.at, func(t *testing.T) {
			t.Parallel()
			here := t.TempDir()
			called := filepath.Join(here, "called")
			for _, tool := range []string{"ansible-playbook", "knife", "nc", "bundle"} {
				must(t, os.WriteFile(filepath.Join(here, tool), []byte(stub), 0o700))
			}
			command := exec.CommandContext(t.Context(), program(t, here, "/usr/local/bin/finish-with-"+c.command, "/srv/deploy/web", here))
			command.Env = []string{
				"PATH=" + here + ":" + os.Getenv("PATH"), "CALLED=" + called, "HOME=/home/deploy", "HOOK_AT=" + c.at, "HOOK_ADDRESS=10.0.0.5", "HOOK_GROUP=web", "HOOK_INSTANCE=gc00000005",
			}
			if output, err := command.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, output)
			}
			if got, err := os.ReadFile(called); err != nil || string(got) != c.want {
				t.Errorf("called were\n%swant\n%s%v", got, c.want, err)
			}
		})
	}
}

// theReceiver runs the documented receiver with a command, and returns what asks it.
func theReceiver(t *testing.T, command, base string) *httpReceiver {
	t.Helper()
	needs(t, "python3", "sh")
	here := t.TempDir()
	key, tool := filepath.Join(here, "secret"), filepath.Join(here, "tool")
	must(t, os.WriteFile(key, []byte(hookKey+"\n"), 0o600))
	must(t, os.WriteFile(tool, []byte("#!/bin/sh\n"+command), 0o700))
	var free net.ListenConfig
	listener, err := free.Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	address := listener.Addr().String()
	must(t, listener.Close())
	ctx, cancel := context.WithCancel(context.Background())
	script := program(t, here, "/usr/local/bin/autoscaled-hook", "HEARTBEAT = 60", "HEARTBEAT = 0.1", "PAUSE = 5", "PAUSE = 0.1")
	process := exec.CommandContext(ctx, "python3", script, address, key, tool)
	process.Env = append(os.Environ(), "AUTOSCALED_URL="+base, "RAN="+filepath.Join(here, "ran"))
	var said strings.Builder
	process.Stdout, process.Stderr = &said, &said
	must(t, process.Start())
	t.Cleanup(func() {
		cancel()
		_ = process.Wait()
		if t.Failed() {
			t.Log(said.String())
		}
	})
	return newHTTPReceiver("http://"+address+"/", secret.New(hookKey), "")
}

// asked asks again until the receiver runs.
func (r *httpReceiver) asked(t *testing.T, request HookRequest) HookAnswer {
	t.Helper()
	for range 1200 {
		answer, err := r.Ask(t.Context(), request)
		if err == nil {
			return answer
		}
		if !strings.Contains(err.Error(), "refused") {
			t.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("it does not begin to run")
	return HookAnswer{}
}

// callback is the daemon's side of later answers.
type callback struct {
	*httptest.Server
	answers chan HookAnswer
	refuse  int // answers with 503 before one is taken
}

func newCallback(t *testing.T, refuse int) *callback {
	t.Helper()
	c := &callback{answers: make(chan HookAnswer, 100), refuse: refuse}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := strings.TrimPrefix(r.URL.Path, "/v1/hooks/")
		var answer HookAnswer
		switch err := json.NewDecoder(io.LimitReader(r.Body, 1<<16)).Decode(&answer); {
		case err != nil || r.Header.Get("Authorization") != "Bearer "+keyed(id):
			w.WriteHeader(http.StatusUnauthorized)
		case c.refuse > 0 && answer.Action != HookHeartbeat:
			c.refuse--
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			c.answers <- answer
		}
	}))
	t.Cleanup(c.Close)
	return c
}

// last returns the answer that is not a heartbeat, and how many of these came before.
func (c *callback) last(t *testing.T) (answer HookAnswer, beats int) {
	t.Helper()
	for {
		select {
		case answer = <-c.answers:
		case <-time.After(2 * time.Minute):
			t.Fatal("it never answers")
		}
		if answer.Action != HookHeartbeat {
			return answer, beats
		}
		beats++
	}
}

func soon() HookRequest {
	request := someRequest()
	request.Now, request.Deadline, request.Until = time.Now(), time.Now().Add(time.Minute), time.Now().Add(time.Hour)
	return request
}

func TestTheDocumentedReceiverAnswersByTheExitStatusOfItsCommand(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		command string
		want    HookAnswer
	}{
		"it succeeds": {`test "$HOOK_AT $HOOK_GROUP $HOOK_INSTANCE $HOOK_ADDRESS $HOOK_GOAL $HOOK_HOOK" = "launch web gc00000005 10.0.0.5 in_service finish"`, HookAnswer{HookContinue, ""}},
		"it fails":    {"echo begin; echo 'disk full' >&2; exit 3", HookAnswer{HookAbandon, "disk full"}},
		"it is mute":  {"exit 3", HookAnswer{HookAbandon, "exit status 3"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			daemon := newCallback(t, 2)
			r := theReceiver(t, c.command, daemon.URL)
			request := soon()
			if first := r.asked(t, request); first.Action != HookWait && first != c.want {
				t.Errorf("at once it says %+v", first)
			}
			if got, _ := daemon.last(t); got != c.want {
				t.Errorf("later it says %+v, want %+v", got, c.want)
			}
			if again := r.asked(t, request); again != c.want {
				t.Errorf("asked once more it says %+v", again)
			}
		})
	}
}

func TestTheDocumentedReceiverBeatsAndRunsItsCommandOncePerCall(t *testing.T) {
	t.Parallel()
	daemon := newCallback(t, 0)
	r := theReceiver(t, `echo "$HOOK_ID" >>"$RAN"; n=0; while [ $n -lt 10 ]; do sleep 0.1; n=$((n+1)); done; test "$(wc -l <"$RAN")" -eq 1`, daemon.URL)
	request := soon()
	for attempt := 1; attempt <= 3; attempt++ {
		request.Attempt = attempt
		if answer := r.asked(t, request); answer.Action != HookWait {
			t.Errorf("attempt %d: it says %+v", attempt, answer)
		}
	}
	if answer, beats := daemon.last(t); answer.Action != HookContinue || beats == 0 {
		t.Errorf("after %d heartbeats it says %+v", beats, answer)
	}
}

func TestTheDocumentedReceiverBelievesNobodyElse(t *testing.T) {
	t.Parallel()
	daemon := newCallback(t, 0)
	r := theReceiver(t, "exit 0", daemon.URL)
	r.asked(t, soon())
	stranger := newHTTPReceiver(r.url, secret.New("another secret of 16"), "")
	old := soon()
	old.Now = time.Now().Add(-10 * time.Minute)
	_, strange := stranger.Ask(t.Context(), soon())
	_, stale := r.Ask(t.Context(), old)
	var bare [3]int
	for i, signature := range []string{"", "t=x,v1=y", fmt.Sprintf("t=%d,v1=", time.Now().Unix())} {
		post, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url, strings.NewReader("{}"))
		must(t, err)
		post.Header.Set("Autoscaled-Signature", signature)
		response, err := r.client.Do(post)
		must(t, err)
		bare[i] = response.StatusCode
		_ = response.Body.Close()
	}
	for what, err := range map[string]error{"another secret": strange, "an old request": stale} {
		if err == nil || !strings.Contains(err.Error(), "401") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if slices.Max(bare[:]) != http.StatusUnauthorized || slices.Min(bare[:]) != http.StatusUnauthorized {
		t.Errorf("requests without a signature are answered %v", bare)
	}
}
