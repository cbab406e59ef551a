package docs

import (
	"os"
	"strings"
	"testing"
)

// What a page gets wrong is found, and told with its line and what was printed.
func TestTheDocumentationsFaultsAreFound(t *testing.T) {
	binary := theBinary(t)
	for what, c := range map[string]struct{ page, want string }{
		"a command fails":                  {"```sh\necho before\n\nls /nowhere # with a remark\necho behind\n```", "page.md:4: ls /nowhere # with a remark\nexit status 2, having printed:\n  before\n  ls: "},
		"a part of a line fails":           {"```sh\nfalse | cat\n```", "page.md:2: false | cat\nexit status 1"},
		"a variable is not known":          {"```sh\necho $nothing\n```", "page.md:2: the block\nexit status 1, having printed:\n  /mnt/page/2.sh: line 2: nothing: unbound variable"},
		"a function fails":                 {"```sh\nf() {\n  false\n}\nf\n```", "page.md:3: false"},
		"the shell ends":                   {"```sh\nexit 0\n```\n\n```sh\nfalse\n```", "the page's shell ended before the page did"},
		"there is no such command":         {"```sh\nautoscaled statsu\n```", "page.md:2: autoscaled statsu\nexit status 2"},
		"what is shown is never printed":   {"```sh\necho one\n```\n\n```text\ntwo\n```", "page.md:6: the page shows a line that was not printed"},
		"what it follows ends by itself":   {"<!-- stopped after: 1s -->\n```sh\necho so far\nfalse\n```", "exit status 1, having printed:\n  so far"},
		"what it follows prints nothing":   {"<!-- stopped after: 1s -->\n```sh\nsleep 20\n```", "printed nothing in 1 s"},
		"the daemon is not there":          {"```sh\nautoscaled status\n```", "page.md:2: autoscaled status\nexit status 5"},
		"there is no such part of a world": {"<!-- runs in: a dream -->\n```sh\ntrue\n```", "there is no part 'a dream'"},
		"a network is asked for":           {"```sh\ncurl -sS http://192.0.2.1/\n```", "page.md:2: curl"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			p, err := readPage("page.md", c.page+"\n")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := execute(t.Context(), p, p.blocks, binary, t.TempDir()); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the fault is told so:\n%v", err)
			}
		})
	}
}

// What a page writes stays in its world, and its shell keeps what one block tells the next.
func TestTheDocumentationsPagesAreWorldsOfTheirOwn(t *testing.T) {
	t.Parallel()
	binary := theBinary(t)
	p := read(t,
		"`/etc/autoscaled/x.yaml`:", "```yaml", "a: 1", "```",
		"```sh", "test \"$(cat /etc/autoscaled/x.yaml)\" = 'a: 1'", "echo x >/usr/local/bin/autoscaled-docs", "mkdir -p deep/er; cd deep/er; there=$PWD", "```",
		"`run.sh`:", "```sh", "#!/bin/sh", "exit 0", "```",
		"<!-- until it shows: 3 -->", "```sh", "echo >>~/count; wc -l <~/count", "```",
		"```sh", "\"$there\"/run.sh", "python3 -m http.server 8123 --bind 127.0.0.1 >/dev/null 2>&1 &", "curl -sf http://127.0.0.1:8123/ >list", "```")
	commands, err := execute(t.Context(), p, p.blocks, binary, t.TempDir())
	if err != nil || commands != 7 {
		t.Errorf("%d commands were run: %v", commands, err)
	}
	if _, err := os.Stat("/usr/local/bin/autoscaled-docs"); err == nil {
		t.Error("what a page wrote is on this machine")
	}
}

func TestTheDocumentationsWrongNamesOfCommandsAreFound(t *testing.T) {
	t.Parallel()
	binary := theBinary(t)
	for command, good := range map[string]bool{
		"autoscaled status": true, "autoscaled config token NAME --role ROLE": true, "autoscaled plan --html": true, "autoscaled history verify": true,
		"autoscaled statsu": false, "autoscaled config bogus": false, "autoscaled status --bogus": false, "autoscaled pause web --for": true,
	} {
		if err := helps(binary, command); (err == nil) != good {
			t.Errorf("%s: %v", command, err)
		}
	}
}
