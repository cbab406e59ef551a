package linked

import (
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
)

// cache is a module cache and a toolchain with these files, and this repository.
func cache(t *testing.T, files map[string]string) Places {
	t.Helper()
	root := t.TempDir()
	for name, body := range files {
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return Places{Modules: root, Go: filepath.Join(root, "go"), Repository: "../../.."}
}

func TestABinaryTellsItsModulesAndThePackagesInIt(t *testing.T) {
	t.Parallel()
	this, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	binary, err := Read(this)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"testing", "regexp", "github.com/autoscaled/autoscaled/tools/internal/linked"} {
		if !slices.Contains(binary.Packages, name) {
			t.Errorf("%s is not among the packages\n%q", name, binary.Packages)
		}
	}
	if !slices.IsSorted(binary.Packages) || slices.ContainsFunc(binary.Packages, func(name string) bool { return strings.ContainsAny(name, "%[( ") }) {
		t.Errorf("these are no packages in order: %q", binary.Packages)
	}
	if _, err := Read("linked.go"); err == nil || !strings.Contains(err.Error(), "linked.go") {
		t.Errorf("a file that is no program gives the error %v", err)
	}
}

func TestAPartHasTheLicencesOfAllThatIsLinkedOfIt(t *testing.T) {
	t.Parallel()
	places := cache(t, map[string]string{
		"example.jp/!upper@v1.0.0/LICENSE.txt":          mit,
		"example.jp/!upper@v1.0.0/NOTICE":               "what a licence would be refused for: sell, warranty",
		"example.jp/!upper@v1.0.0/license.go":           "package upper",
		"example.jp/!upper@v1.0.0/taken/over/LICENSE":   bsd3,
		"example.jp/!upper@v1.0.0/taken/over/in/a.go":   "package in",
		"example.jp/!upper@v1.0.0/not/linked/LICENSE":   "Mozilla Public License",
		"example.jp/!upper@v1.0.0/testdata/COPYING.txt": "GNU General Public License",
	})
	part, err := ModulePart(places, "example.jp/Upper", "v1.0.0", []string{"example.jp/Upper", "example.jp/Upper/taken/over/in", "example.jp/Upper/v2/other", "fmt"})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, text := range part.Texts {
		names = append(names, text.Name)
	}
	if want := []string{"LICENSE.txt", "NOTICE", "taken/over/LICENSE"}; !slices.Equal(names, want) {
		t.Errorf("taken along are %q, want %q", names, want)
	}
	if want := []string{"BSD-3-Clause", "MIT"}; !slices.Equal(part.Licences, want) {
		t.Errorf("the licences are %q, want %q", part.Licences, want)
	}
}

func TestAPartWithoutALicenceThatIsKnownStopsTheRelease(t *testing.T) {
	t.Parallel()
	places := cache(t, map[string]string{
		"example.jp/none@v1.0.0/README.md":       mit,
		"example.jp/notice@v1.0.0/NOTICE":        mit,
		"example.jp/copyleft@v1.0.0/COPYING":     "GNU General Public License",
		"example.jp/inner@v1.0.0/LICENSE":        mit,
		"example.jp/inner@v1.0.0/linked/LICENSE": "Mozilla Public License",
	})
	for module, want := range map[string]string{
		"example.jp/none":     "has no licence",
		"example.jp/notice":   "has no licence",
		"example.jp/copyleft": "COPYING of example.jp/copyleft v1.0.0: it is no licence that may be linked",
		"example.jp/inner":    "linked/LICENSE of example.jp/inner v1.0.0: it is no licence that may be linked",
		"example.jp/missing":  "go mod download",
	} {
		t.Run(module, func(t *testing.T) {
			t.Parallel()
			_, err := ModulePart(places, module, "v1.0.0", []string{"example.jp/inner/linked"})
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("the error is %v, want %q in it", err, want)
			}
		})
	}
}

func TestThePartsAreTheModulesThenGoThenUPlot(t *testing.T) {
	t.Parallel()
	places := cache(t, map[string]string{
		"example.jp/b@v1.0.0/LICENSE": mit,
		"example.jp/c@v2.0.0/LICENSE": isc,
		"go/LICENSE":                  bsd3,
		"go/PATENTS":                  "a grant",
	})
	binary := Binary{Info: &debug.BuildInfo{GoVersion: "go1.30.1", Deps: []*debug.Module{
		{Path: "example.jp/a", Version: "v1.0.0", Sum: "h1:a=", Replace: &debug.Module{Path: "example.jp/c", Version: "v2.0.0", Sum: "h1:c="}},
		{Path: "example.jp/b", Version: "v1.0.0", Sum: "h1:b="},
	}}}
	parts, err := binary.Parts(places)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, part := range parts {
		got = append(got, strings.Join([]string{part.Name, part.Version, part.Sum, part.Licences[0]}, " "))
	}
	want := []string{"example.jp/b v1.0.0 h1:b= MIT", "example.jp/c v2.0.0 h1:c= ISC", "Go 1.30.1  BSD-3-Clause", "uPlot 1.6.32  MIT"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
