package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/autoscaled/autoscaled/tools/internal/linked"
)

// The table of docs/dependencies.md is for people; the files in the module cache decide.
// That the table has all modules is for cmd/autoscaled's tests to say.
func TestTheDocumentedLicencesAreThoseOfTheFiles(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	places, err := linked.FindPlaces(t.Context(), "../..")
	if err != nil {
		t.Fatal(err)
	}
	versions, packages := linkedToday(t)
	seen := 0
	for _, row := range regexp.MustCompile(`(?m)^\| (\S+\.\S+/\S+) [^|]*\| ([^|]+) \|`).FindAllStringSubmatch(string(page), -1) {
		version, is := versions[row[1]]
		if !is {
			continue // for tests alone
		}
		seen++
		part, err := linked.ModulePart(places, row[1], version, packages)
		if err != nil {
			t.Error(err)
		} else if files := strings.Join(part.Licences, ", "); files != row[2] {
			t.Errorf("docs/dependencies.md has %s under %s, and its files are %s", row[1], row[2], files)
		}
	}
	if seen < 15 {
		t.Errorf("only %d modules were compared", seen)
	}
}

// linkedToday asks the go command for the versions of the modules, and the packages.
func linkedToday(t *testing.T) (versions map[string]string, packages []string) {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", "list", "-C", "../..", "-deps", "-json=ImportPath,Module", "./cmd/autoscaled")
	list.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	list.Stderr = os.Stderr
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	versions = make(map[string]string)
	for decoder := json.NewDecoder(bytes.NewReader(out)); decoder.More(); {
		var p struct {
			ImportPath string
			Module     *struct{ Path, Version string }
		}
		if err := decoder.Decode(&p); err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p.ImportPath)
		if p.Module != nil && p.Module.Version != "" {
			versions[p.Module.Path] = p.Module.Version
		}
	}
	return versions, packages
}

func TestATextThatSeveralShareStandsOnce(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	write(&out, []linked.Part{
		{Name: "a", Version: "v1", Licences: []string{"MIT"}, Texts: []linked.Text{{Name: "LICENSE", Body: "the terms\n\n"}}},
		{Name: "b", Version: "v2", Licences: []string{"BSD-3-Clause", "MIT"}, Texts: []linked.Text{{Name: "LICENSE", Body: "the terms\n\n"}, {Name: "NOTICE", Body: "the notice\n"}}},
	}, "the load\n")
	for _, want := range []string{"    a v1: MIT\n    b v2: BSD-3-Clause, MIT\n", "=\na v1, LICENSE\nb v2, LICENSE\n\nthe terms\n\n=", "=\nb v2, NOTICE\n\nthe notice\n\n=", "`autoscaled plan --example`\n\nthe load\n"} {
		if strings.Count(out.String(), want) != 1 {
			t.Errorf("want once\n%s\nin\n%s", want, out.String())
		}
	}
}
