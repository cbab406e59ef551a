package main

import (
	"encoding/json"
	"maps"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
)

func TestVersionSaysWhatTheProgramIsMadeFrom(t *testing.T) {
	t.Parallel()
	info := &debug.BuildInfo{
		Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: "5eed"}, {Key: "vcs.time", Value: "2026-04-01T12:00:00Z"}, {Key: "vcs.modified", Value: "true"}, {Key: "vcs", Value: "git"}, {Key: "-trimpath", Value: "true"}, {Key: "CGO_ENABLED", Value: "0"}},
		Deps: []*debug.Module{
			{Path: "example.jp/a", Version: "v1.0.0", Sum: "h1:a="},
			{Path: "example.jp/b", Version: "v1.0.0", Sum: "h1:b=", Replace: &debug.Module{Path: "example.jp/c", Version: "v2.0.0", Sum: "h1:c="}},
		},
	}
	b := buildOf("1.2.3", info)
	if b.Revision != "5eed" || !b.Dirty || len(b.Modules) != 2 || b.Modules[1] != (module{"example.jp/c", "v2.0.0", "h1:c="}) {
		t.Errorf("got %+v", b)
	}
	if want := map[string]string{"-trimpath": "true", "CGO_ENABLED": "0"}; !maps.Equal(b.Settings, want) {
		t.Errorf("the settings are %v, want %v", b.Settings, want)
	}
	var out strings.Builder
	if err := printBuild(&out, b); err != nil || !strings.Contains(out.String(), "5eed of 2026-04-01T12:00:00Z, and something was changed after it\n") {
		t.Errorf("error is %v, printed\n%s", err, out.String())
	}
}

func TestVersionListsTheModulesThatAreLinked(t *testing.T) {
	t.Parallel()
	out, _, err := execute(t, "version", "-o", "json")
	var got build
	if err != nil || json.Unmarshal([]byte(out), &got) != nil || got.Version == "" || !strings.HasPrefix(got.Go, "go1.") || got.Settings["GOOS"] != runtime.GOOS {
		t.Fatalf("error is %v, printed\n%s", err, out)
	}
	for _, m := range got.Modules {
		if m.Path == "github.com/spf13/cobra" && strings.HasPrefix(m.Version, "v1.") && m.Sum != "" {
			return
		}
	}
	t.Errorf("cobra is not there:\n%s", out)
}
