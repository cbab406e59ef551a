package main

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// forbidden are packages that the daemon never links, and why.
var forbidden = map[string]string{
	"os/exec":                 "what starts no program cannot be brought to start one",
	"plugin":                  "what runs is what was built",
	"net/http/cgi":            "it starts programs",
	"net/http/fcgi":           "nothing is served but by net/http itself",
	"net/http/pprof":          "it shows memory, which holds keys, and opens itself by being linked",
	"net/rpc":                 "it opens itself on the default handler",
	"log/syslog":              "logs go to standard error; where they go from there is for systemd or the container to say",
	"testing":                 "what tests need stays in the tests",
	"net/http/httptest":       "what tests need stays in the tests",
	"go.uber.org/goleak":      "what tests need stays in the tests",
	"pgregory.net/rapid":      "what tests need stays in the tests, and its licence is MPL-2.0",
	"google.golang.org/grpc":  "there is one API, and it is JSON over HTTP",
	"golang.org/x/crypto/ssh": "nobody is logged in to a server",
}

// linked is what the program is linked from on one architecture.
type linked struct {
	packages []string
	modules  []string // without our own
}

// linkedFor asks the go command, for the program as it is released.
func linkedFor(t *testing.T, arch string) linked {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", "-json=ImportPath,Module", "github.com/autoscaled/autoscaled/cmd/autoscaled")
	list.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch)
	list.Stderr = os.Stderr
	out, err := list.Output()
	if err != nil {
		t.Fatalf("list what is linked: %v", err)
	}
	var l linked
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			ImportPath string
			Module     *struct {
				Path string
				Main bool
			}
		}
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("read what is linked: %v", err)
		}
		l.packages = append(l.packages, p.ImportPath)
		if p.Module != nil && !p.Module.Main {
			l.modules = append(l.modules, p.Module.Path)
		}
	}
	slices.Sort(l.modules)
	l.modules = slices.Compact(l.modules)
	return l
}

func TestTheDaemonIsLinkedFromWhatIsAllowedAlone(t *testing.T) {
	t.Parallel()
	allowed := append(linkedDirectly(dependencies(t, "What is asked for")), slices.Collect(maps.Keys(dependencies(t, "What comes along")))...)
	for _, arch := range []string{"amd64", "arm64"} {
		t.Run(arch, func(t *testing.T) {
			t.Parallel()
			l := linkedFor(t, arch)
			if len(l.packages) < 240 {
				t.Fatalf("only %d packages are linked", len(l.packages))
			}
			for _, name := range l.packages {
				if why, is := forbidden[name]; is {
					t.Errorf("%s is linked and must not be: %s (go list -deps shows who asks for it)", name, why)
				}
				if strings.HasPrefix(name, "github.com/autoscaled/") && strings.HasSuffix(name, "test") {
					t.Errorf("%s is linked, and is there for tests", name)
				}
			}
			if came := without(l.modules, allowed); len(came) > 0 {
				t.Errorf("%q came into the binary: do without, or let somebody look at them and give each its line in docs/dependencies.md", came)
			}
			if went := without(allowed, l.modules); len(went) > 0 {
				t.Errorf("%q are no longer in the binary: take their lines out of docs/dependencies.md", went)
			}
		})
	}
}

// without is what the list has and the other has not.
func without(list, other []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(name string) bool { return slices.Contains(other, name) })
}

func TestEveryDirectModuleHasItsReason(t *testing.T) {
	t.Parallel()
	var required []string
	for _, match := range regexp.MustCompile(`(?m)^\t(\S+) v\S+$`).FindAllStringSubmatch(page(t, "go.mod"), -1) {
		required = append(required, match[1])
	}
	slices.Sort(required)
	reasons := slices.Sorted(maps.Keys(dependencies(t, "What is asked for")))
	if len(required) < 9 || !slices.Equal(required, reasons) {
		t.Errorf("go.mod asks directly for\n%q, and docs/dependencies.md gives reasons for\n%q", required, reasons)
	}
	if len(required) > 20 {
		t.Errorf("there are %d direct modules; 20 may be", len(required))
	}
}

// dependencies are the rows of the table under the heading, by module: its other cells.
func dependencies(t *testing.T, heading string) map[string][]string {
	t.Helper()
	_, section, found := strings.Cut(page(t, "docs/dependencies.md"), "\n## "+heading+"\n")
	if !found {
		t.Fatalf("docs/dependencies.md has no %q", heading)
	}
	section, _, _ = strings.Cut(section, "\n## ")
	rows := make(map[string][]string)
	for _, row := range regexp.MustCompile(`(?m)^\| (\S+\.\S+/\S+) ([^|]*)\|(.*)\|$`).FindAllStringSubmatch(section, -1) {
		rows[row[1]] = strings.Split(strings.TrimSpace(row[3]), " | ")
	}
	return rows
}

// linkedDirectly are those that are not for tests alone.
func linkedDirectly(rows map[string][]string) (modules []string) {
	for module, cells := range rows {
		if cells[len(cells)-1] != "not in the binary" {
			modules = append(modules, module)
		}
	}
	return modules
}
