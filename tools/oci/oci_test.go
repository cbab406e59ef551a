package main

import (
	"archive/tar"
	"bytes"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/x509roots/fallback/bundle"

	"github.com/autoscaled/autoscaled/tools/internal/authorities"
)

// built is a program that Go built for this machine without C.
func built(t *testing.T) string {
	t.Helper()
	directory := t.TempDir()
	for name, content := range map[string]string{"go.mod": "module example.jp/program\n", "main.go": "package main\n\nfunc main() {}\n"} {
		if err := os.WriteFile(filepath.Join(directory, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-o", "program", ".")
	build.Dir, build.Env = directory, append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-mod=mod")
	if said, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	return filepath.Join(directory, "program")
}

// written is what is in the archive of a release, by name.
func written(t *testing.T, r release) (archive []byte, members map[string][]byte) {
	t.Helper()
	r.archive = filepath.Join(t.TempDir(), "autoscaled.oci.tar")
	if err := r.write(); err != nil {
		t.Fatal(err)
	}
	archive, err := os.ReadFile(r.archive)
	if err != nil {
		t.Fatal(err)
	}
	members = map[string][]byte{}
	for reader := tar.NewReader(bytes.NewReader(archive)); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return archive, members
		}
		content, readErr := io.ReadAll(reader)
		if err = errors.Join(err, readErr); err != nil {
			t.Fatal(err)
		}
		members[header.Name] = content
	}
}

func releaseOf(architectures ...string) release {
	r := release{version: "1.2.3+dirty", created: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	for _, architecture := range architectures {
		r.binaries = append(r.binaries, binary{architecture: architecture, content: []byte("the program for " + architecture), revision: "0123abcd"})
	}
	return r
}

func TestAnArchiveOfTheSameInputHasTheSameBytes(t *testing.T) {
	t.Parallel()
	first, _ := written(t, releaseOf("amd64", "arm64"))
	second, _ := written(t, releaseOf("amd64", "arm64"))
	other, _ := written(t, releaseOf("amd64"))
	if !bytes.Equal(first, second) || bytes.Equal(first, other) {
		t.Error("archives of the same input differ, or those of others do not")
	}
}

func TestAnArchiveOfOneArchitectureCanAlsoBeReadByDocker(t *testing.T) {
	t.Parallel()
	_, members := written(t, releaseOf("arm64"))
	var images []struct {
		Config           string
		RepoTags, Layers []string
	}
	if err := json.Unmarshal(members["manifest.json"], &images); err != nil || len(images) != 1 {
		t.Fatalf("%d images, error is %v", len(images), err)
	}
	if tags := images[0].RepoTags; len(tags) != 1 || tags[0] != "localhost/autoscaled:1.2.3-dirty" {
		t.Errorf("tagged %q", tags)
	}
	for _, name := range append(images[0].Layers, images[0].Config) {
		if members[name] == nil {
			t.Errorf("there is no %s", name)
		}
	}
	if config := string(members[images[0].Config]); !strings.Contains(config, `"architecture":"arm64"`) || !strings.Contains(config, `"org.opencontainers.image.revision":"0123abcd"`) {
		t.Errorf("its configuration is %s", config)
	}
}

func TestAnArchiveOfSeveralArchitecturesHasAnIndexOfThem(t *testing.T) {
	t.Parallel()
	_, members := written(t, releaseOf("amd64", "arm64"))
	type index struct {
		Manifests []struct {
			Digest   string
			Platform struct{ Architecture string }
		}
	}
	var top, nested index
	if err := json.Unmarshal(members["index.json"], &top); err != nil || len(top.Manifests) != 1 {
		t.Fatalf("%+v, error is %v", top, err)
	}
	blob := members["blobs/sha256/"+strings.TrimPrefix(top.Manifests[0].Digest, "sha256:")]
	if err := json.Unmarshal(blob, &nested); err != nil || len(nested.Manifests) != 2 ||
		nested.Manifests[0].Platform.Architecture != "amd64" || nested.Manifests[1].Platform.Architecture != "arm64" {
		t.Errorf("%+v, error is %v", nested, err)
	}
}

func TestDocumentsLieInTheImageAndOneThatIsMissingIsAnError(t *testing.T) {
	t.Parallel()
	licence := filepath.Join(t.TempDir(), "LICENSE")
	if err := os.WriteFile(licence, []byte("as you like"), 0o600); err != nil {
		t.Fatal(err)
	}
	files, err := documentFiles([]string{licence})
	if err != nil || len(files) != 5 || files[4].name != "usr/share/doc/autoscaled/LICENSE" || string(files[4].content) != "as you like" || files[4].mode != 0o644 {
		t.Errorf("%+v, error is %v", files, err)
	}
	r := releaseOf("amd64")
	plain, _ := written(t, r)
	r.documents = []string{licence}
	if documented, _ := written(t, r); bytes.Equal(plain, documented) {
		t.Error("the image is the same without the document")
	}
	r.documents, r.archive = []string{"/nowhere"}, filepath.Join(t.TempDir(), "archive")
	if err := r.write(); err == nil || !strings.Contains(err.Error(), "read a document") {
		t.Errorf("without the document the error is %v", err)
	}
}

func TestABinaryThatTheImageCannotRunIsRefused(t *testing.T) {
	t.Parallel()
	program := built(t)
	other := map[string]string{"amd64": "arm64", "arm64": "amd64"}[runtime.GOARCH]
	if _, err := readBinary(runtime.GOARCH, program); err != nil {
		t.Errorf("a good one is refused: %v", err)
	}
	for _, refused := range []struct{ architecture, path, why string }{
		{other, program, "build it with GOARCH=" + other},
		{"s390x", program, "must be amd64 or arm64"},
		{runtime.GOARCH, "/bin/sh", "CGO_ENABLED=0"},
		{runtime.GOARCH, "main.go", "a program for Linux"},
		{runtime.GOARCH, "/nowhere", "read the binary"},
	} {
		if _, err := readBinary(refused.architecture, refused.path); err == nil || !strings.Contains(err.Error(), refused.why) {
			t.Errorf("%s=%s: error is %v, should say %q", refused.architecture, refused.path, err, refused.why)
		}
	}
}

func TestTheAuthoritiesAreThoseThatAreTrustedWithoutConditions(t *testing.T) {
	t.Parallel()
	trusted := map[string]bool{}
	for root := range bundle.Roots() {
		trusted[string(root.Certificate)] = root.Constraint == nil
	}
	seen := 0
	for rest := authorities.PEM(); ; seen++ {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if certificate, err := x509.ParseCertificate(block.Bytes); err != nil || !certificate.IsCA || !trusted[string(block.Bytes)] {
			t.Errorf("authority %d: error is %v", seen, err)
		}
	}
	if seen < 100 {
		t.Errorf("only %d authorities", seen)
	}
}
