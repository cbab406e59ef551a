// Package release holds a release that tools/dist.sh has built to what it says of
// itself. The folder with its files is in the environment, as DIST.
package release

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	spdxjson "github.com/spdx/tools-golang/json"
	"github.com/spdx/tools-golang/spdx"
	"github.com/spdx/tools-golang/spdxlib"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// release is what was built for one architecture.
type release struct {
	version, arch string
	files         map[string][]byte // of the archive, without the folder at its root
	headers       []*tar.Header
	binary        string // the program in a file
	info          *debug.BuildInfo
	sbom          []byte
}

var archiveName = regexp.MustCompile(`/autoscaled_(.+)_linux_(amd64|arm64)\.tar\.gz$`)

// releases opens the archives in DIST.
func releases(t *testing.T) (all []release) {
	t.Helper()
	dist := os.Getenv("DIST")
	archives, err := filepath.Glob(filepath.Join(dist, "*.tar.gz"))
	if dist == "" || err != nil || len(archives) == 0 {
		t.Fatalf("DIST=%q has no archive; test/release.sh builds some", dist)
	}
	for _, archive := range archives {
		name := archiveName.FindStringSubmatch(archive)
		if name == nil {
			t.Fatalf("%s is not called as it should be", archive)
		}
		r := release{version: name[1], arch: name[2], binary: filepath.Join(t.TempDir(), "autoscaled")}
		r.open(t, archive)
		if err := os.WriteFile(r.binary, r.files["autoscaled"], 0o700); err != nil {
			t.Fatal(err)
		}
		if r.info, err = buildinfo.ReadFile(r.binary); err != nil {
			t.Fatal(err)
		}
		if r.sbom, err = os.ReadFile(strings.TrimSuffix(archive, ".tar.gz") + ".spdx.json"); err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

func (r *release) open(t *testing.T, archive string) {
	t.Helper()
	file, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	r.files = make(map[string][]byte)
	root := strings.TrimSuffix(filepath.Base(archive), ".tar.gz") + "/"
	for reader := tar.NewReader(unzipped); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("read %s: %v", archive, err)
		}
		body, err := io.ReadAll(reader)
		if err != nil {
			t.Fatalf("read %s of %s: %v", header.Name, archive, err)
		}
		name, inside := strings.CutPrefix(header.Name, root)
		if !inside {
			t.Errorf("%s unpacks %s beside its own folder", archive, header.Name)
		}
		r.headers = append(r.headers, header)
		if header.Typeflag == tar.TypeReg {
			r.files[name] = body
		}
	}
}

// setting is what the compiler was told, or what git said.
func (r *release) setting(key string) string {
	for _, setting := range r.info.Settings {
		if setting.Key == key {
			return setting.Value
		}
	}
	return ""
}

// modules are the versions of what the linker noted, by path.
func (r *release) modules() map[string]string {
	modules := make(map[string]string)
	for _, module := range r.info.Deps {
		modules[module.Path] = module.Version
	}
	return modules
}

func TestAnArchiveHasAllThatIsInstalledAndNothingOfItsBuilder(t *testing.T) {
	t.Parallel()
	for _, r := range releases(t) {
		manuals := 0
		for name := range r.files {
			if path.Dir(name) == "man" && strings.HasSuffix(name, ".1.gz") {
				manuals++
			}
		}
		if manuals < 30 {
			t.Errorf("%s: there are %d manual pages", r.arch, manuals)
		}
		for _, name := range []string{
			"LICENSE", "THIRD_PARTY_LICENSES", "README.md", "CHANGELOG.md", "sbom.spdx.json", "autoscaled.schema.json",
			"man/autoscaled.1.gz", "completions/autoscaled.bash", "completions/_autoscaled", "completions/autoscaled.fish",
		} {
			if len(r.files[name]) == 0 {
				t.Errorf("%s: %s is missing or empty", r.arch, name)
			}
		}
		for _, header := range r.headers {
			mode := int64(0o644)
			if header.Typeflag == tar.TypeDir || path.Base(header.Name) == "autoscaled" {
				mode = 0o755
			}
			commit := r.setting("vcs.time")
			if header.Mode != mode || header.Uid != 0 || header.Gid != 0 || header.ModTime.UTC().Format("2006-01-02T15:04:05Z") != commit {
				t.Errorf("%s: %s has mode %o, owner %d:%d, time %s; it should have %o, 0:0, %s", r.arch, header.Name, header.Mode, header.Uid, header.Gid, header.ModTime.UTC(), mode, commit)
			}
		}
	}
}

func TestABinaryIsBuiltAsTheReleaseSays(t *testing.T) {
	t.Parallel()
	for _, r := range releases(t) {
		for key, want := range map[string]string{"CGO_ENABLED": "0", "-trimpath": "true", "GOOS": "linux", "GOARCH": r.arch, "vcs.modified": "false"} {
			if got := r.setting(key); got != want {
				t.Errorf("%s: built with %s=%q, want %q", r.arch, key, got, want)
			}
		}
		if r.arch == "amd64" && r.setting("GOAMD64") != "v1" {
			t.Errorf("built for GOAMD64=%s: older processors cannot run it", r.setting("GOAMD64"))
		}
		if revision := r.setting("vcs.revision"); len(revision) != 40 {
			t.Errorf("%s: the revision is %q", r.arch, revision)
		}
	}
}

func TestAProgramTellsWhatTheLinkerNoted(t *testing.T) {
	t.Parallel()
	for _, r := range releases(t) {
		if r.arch != runtime.GOARCH {
			continue // it does not run here
		}
		out, err := exec.CommandContext(t.Context(), r.binary, "version", "-o", "json").Output()
		if err != nil {
			t.Fatal(err)
		}
		var told struct {
			Version, Go, Platform, Revision, Time string
			Dirty                                 bool
			Settings                              map[string]string
			Modules                               []struct{ Path, Version, Sum string }
		}
		if err := json.Unmarshal(out, &told); err != nil {
			t.Fatalf("%v in %s", err, out)
		}
		modules := make(map[string]string)
		for _, module := range told.Modules {
			modules[module.Path] = module.Version
			if !strings.HasPrefix(module.Sum, "h1:") {
				t.Errorf("%s has the checksum %q", module.Path, module.Sum)
			}
		}
		if told.Version != r.version || told.Go != r.info.GoVersion || told.Platform != "linux/"+r.arch || told.Dirty ||
			told.Revision != r.setting("vcs.revision") || told.Time != r.setting("vcs.time") || told.Settings["CGO_ENABLED"] != "0" {
			t.Errorf("of version %s it tells\n%s", r.version, out)
		}
		if len(modules) < 15 || !maps.Equal(modules, r.modules()) {
			t.Errorf("it tells of the modules\n%v, and the linker noted\n%v", modules, r.modules())
		}
	}
}

func TestAnSBOMIsAsTheSPDXProjectReadsIt(t *testing.T) {
	t.Parallel()
	for _, r := range releases(t) {
		document, err := spdxjson.Read(bytes.NewReader(r.sbom))
		if err != nil {
			t.Fatalf("%s: %v", r.arch, err)
		}
		if err := spdxlib.ValidateDocument(document); err != nil {
			t.Errorf("%s: %v", r.arch, err)
		}
		// A key that its own reader does not know would be gone when it writes what it read.
		var written bytes.Buffer
		if err := spdxjson.Write(document, &written); err != nil {
			t.Fatalf("%s: %v", r.arch, err)
		}
		var ours, theirs any
		if err := errors.Join(json.Unmarshal(r.sbom, &ours), json.Unmarshal(written.Bytes(), &theirs)); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(ours, theirs) {
			t.Errorf("%s: read and written again it is\n%s\nand was\n%s", r.arch, written.Bytes(), r.sbom)
		}
		if !bytes.Equal(r.files["sbom.spdx.json"], r.sbom) {
			t.Errorf("%s: the SBOM in the archive is another than the one beside it", r.arch)
		}
	}
}

func TestAnSBOMListsWhatTheLinkerNotedAndNoMore(t *testing.T) {
	t.Parallel()
	for _, r := range releases(t) {
		document, err := spdxjson.Read(bytes.NewReader(r.sbom))
		if err != nil {
			t.Fatal(err)
		}
		want := r.modules()
		want["stdlib"] = strings.TrimPrefix(r.info.GoVersion, "go")
		want["autoscaled"] = r.version
		want["uPlot"] = "1.6.32"
		got := make(map[string]string)
		for _, part := range document.Packages {
			got[part.PackageName] = part.PackageVersion
			if len(part.PackageExternalReferences) != 1 || !strings.Contains(part.PackageExternalReferences[0].Locator, "@") {
				t.Errorf("%s: %s has no URL with a version: %v", r.arch, part.PackageName, part.PackageExternalReferences)
			}
		}
		if !maps.Equal(got, want) {
			t.Errorf("%s: it lists\n%v, and the linker noted\n%v", r.arch, got, want)
		}
		sum := sha256.Sum256(r.files["autoscaled"])
		program := slices.IndexFunc(document.Packages, func(p *spdx.Package) bool { return p.PackageName == "autoscaled" })
		if program < 0 || len(document.Packages[program].PackageChecksums) != 1 || document.Packages[program].PackageChecksums[0].Value != hex.EncodeToString(sum[:]) {
			t.Errorf("%s: the checksum of the program is not %x", r.arch, sum)
		}
		if at := document.CreationInfo.Created; at != r.setting("vcs.time") {
			t.Errorf("%s: it is dated %s, and the commit %s", r.arch, at, r.setting("vcs.time"))
		}
	}
}

func TestTheLicencesAreThereForEveryModule(t *testing.T) {
	t.Parallel()
	for _, r := range releases(t) {
		text := string(r.files["THIRD_PARTY_LICENSES"])
		for module, version := range r.modules() {
			if !strings.Contains(text, "\n    "+module+" "+version+": ") || !strings.Contains(text, "\n"+module+" "+version+", LICENSE") {
				t.Errorf("%s: the licence of %s is missing", r.arch, module)
			}
		}
		for _, words := range []string{"Copyright (c) 2022 Leon Sorokin", "Copyright 2009 The Go Authors", "The traces may be freely redistributed"} {
			if !strings.Contains(text, words) {
				t.Errorf("%s: there is no %q", r.arch, words)
			}
		}
	}
}
