package main

import (
	"encoding/json"
	"reflect"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/tools/internal/linked"
)

// The whole document of a real binary is held to the SPDX project's own reader by test/release.
func TestADocumentTellsOfTheProgramAndItsParts(t *testing.T) {
	t.Parallel()
	binary := linked.Binary{Info: &debug.BuildInfo{GoVersion: "go1.30.1", Main: debug.Module{Path: "example.jp/program", Version: "v1.2.3+dirty"}, Settings: []debug.BuildSetting{
		{Key: "GOOS", Value: "linux"}, {Key: "GOARCH", Value: "arm64"}, {Key: "vcs.revision", Value: "5eed"},
	}}}
	parts := []linked.Part{
		{Name: "example.jp/Some_part/v2", Version: "v2.0.0+incompatible", Sum: "h1:x=", Licences: []string{"BSD-2-Clause", "MIT"}},
		{Name: linked.Go, Version: "1.30.1", Licences: []string{"BSD-3-Clause"}},
		{Name: linked.UPlot, Version: "1.6.32", Licences: []string{"MIT"}},
	}
	d := describe(binary, parts, program{"1.2.3", "abc", time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)})
	if d.Name != "autoscaled-1.2.3-linux-arm64" || !strings.HasSuffix(d.DocumentNamespace, "/"+d.Name+"-abc") || d.CreationInfo.Created != "2026-04-01T12:00:00Z" {
		t.Errorf("it is called %s, its namespace is %s, its date %s", d.Name, d.DocumentNamespace, d.CreationInfo.Created)
	}
	want := []spdxPackage{
		{
			Name: "autoscaled", SPDXID: "SPDXRef-autoscaled", VersionInfo: "1.2.3", PackageFileName: "autoscaled", PrimaryPurpose: "APPLICATION", DownloadLocation: "NOASSERTION",
			Checksums: []checksum{{"SHA256", "abc"}}, SourceInfo: "built with go1.30.1 from the commit 5eed",
			LicenseConcluded: "Apache-2.0", LicenseDeclared: "Apache-2.0", CopyrightText: "NOASSERTION", ExternalRefs: purl("pkg:golang/example.jp/program@v1.2.3%2Bdirty"),
		},
		{
			Name: "example.jp/Some_part/v2", SPDXID: "SPDXRef-example.jp-Some-part-v2", VersionInfo: "v2.0.0+incompatible", PrimaryPurpose: "LIBRARY",
			DownloadLocation: "https://proxy.golang.org/example.jp/!some_part/v2/@v/v2.0.0+incompatible.zip", SourceInfo: "go.sum: h1:x=",
			LicenseConcluded: "BSD-2-Clause AND MIT", LicenseDeclared: "BSD-2-Clause AND MIT", CopyrightText: "NOASSERTION", ExternalRefs: purl("pkg:golang/example.jp/Some_part/v2@v2.0.0%2Bincompatible"),
		},
		{
			Name: "stdlib", SPDXID: "SPDXRef-stdlib", VersionInfo: "1.30.1", PrimaryPurpose: "LIBRARY", DownloadLocation: "https://go.dev/dl/go1.30.1.src.tar.gz",
			LicenseConcluded: "BSD-3-Clause", LicenseDeclared: "BSD-3-Clause", CopyrightText: "NOASSERTION", ExternalRefs: purl("pkg:golang/stdlib@1.30.1"),
		},
		{
			Name: "uPlot", SPDXID: "SPDXRef-uPlot", VersionInfo: "1.6.32", PrimaryPurpose: "LIBRARY", DownloadLocation: "https://registry.npmjs.org/uplot/-/uplot-1.6.32.tgz",
			LicenseConcluded: "MIT", LicenseDeclared: "MIT", CopyrightText: "NOASSERTION", ExternalRefs: purl("pkg:npm/uplot@1.6.32"),
		},
	}
	if !reflect.DeepEqual(d.Packages, want) {
		got, _ := json.MarshalIndent(d.Packages, "", "  ")
		t.Errorf("the packages are\n%s", got)
	}
	related := []relationship{{"SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-autoscaled"}}
	for _, part := range want[1:] {
		related = append(related, relationship{"SPDXRef-autoscaled", "CONTAINS", part.SPDXID})
	}
	if !slices.Equal(d.Relationships, related) {
		t.Errorf("the relationships are %v", d.Relationships)
	}
}

func TestADocumentOfTheImageTellsOfTheProgramAndTheAuthorities(t *testing.T) {
	t.Parallel()
	binary := linked.Binary{Info: &debug.BuildInfo{GoVersion: "go1.30.1", Main: debug.Module{Path: "example.jp/program", Version: "v1.2.3"}, Settings: []debug.BuildSetting{
		{Key: "GOOS", Value: "linux"}, {Key: "GOARCH", Value: "arm64"},
	}}}
	parts := []linked.Part{{Name: "example.jp/part", Version: "v2.0.0", Sum: "h1:x=", Licences: []string{"MIT"}}}
	alone := describe(binary, parts, program{"1.2.3", "abc", time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)})
	d := alone.ofImage("arm64", "1.2.3+dirty", linked.Part{Name: "example.jp/roots", Version: "v0.1.0", Sum: "h1:y=", Licences: []string{"BSD-3-Clause"}}, "5eed")
	if d.Name != "autoscaled-1.2.3-linux-arm64-image" || d.DocumentNamespace == alone.DocumentNamespace {
		t.Errorf("it is called %s, its namespace is %s", d.Name, d.DocumentNamespace)
	}
	if len(d.Packages) != 4 || !reflect.DeepEqual(d.Packages[1:3], alone.Packages) {
		t.Fatalf("the packages are %+v", d.Packages)
	}
	if image := d.Packages[0]; image.PrimaryPurpose != "CONTAINER" || !reflect.DeepEqual(image.ExternalRefs, purl("pkg:oci/autoscaled?arch=arm64&tag=1.2.3-dirty")) {
		t.Errorf("the image is %+v", image)
	}
	want := spdxPackage{
		Name: "example.jp/roots", SPDXID: "SPDXRef-example.jp-roots", VersionInfo: "v0.1.0", PackageFileName: "etc/ssl/certs/ca-certificates.crt", PrimaryPurpose: "FILE",
		DownloadLocation: "https://proxy.golang.org/example.jp/roots/@v/v0.1.0.zip", Checksums: []checksum{{"SHA256", "5eed"}}, SourceInfo: "Mozilla's certificate authorities, written as PEM; go.sum: h1:y=",
		LicenseConcluded: "BSD-3-Clause", LicenseDeclared: "BSD-3-Clause", CopyrightText: "NOASSERTION", ExternalRefs: purl("pkg:golang/example.jp/roots@v0.1.0"),
	}
	if !reflect.DeepEqual(d.Packages[3], want) {
		t.Errorf("the authorities are %+v", d.Packages[3])
	}
	related := []relationship{
		{"SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-image"},
		{"SPDXRef-image", "CONTAINS", "SPDXRef-autoscaled"},
		{"SPDXRef-image", "CONTAINS", "SPDXRef-example.jp-roots"},
		{"SPDXRef-autoscaled", "CONTAINS", "SPDXRef-example.jp-part"},
	}
	if !slices.Equal(d.Relationships, related) {
		t.Errorf("the relationships are %v", d.Relationships)
	}
}

func TestADocumentIsDatedByTheBuilderOrTheCommitAndNeverByTheClock(t *testing.T) {
	t.Parallel()
	for name, dated := range map[string]struct{ epoch, commit, want string }{
		"the builder says":    {"1775044800", "2020-01-01T00:00:00Z", "2026-04-01T12:00:00Z"},
		"only the commit":     {"", "2026-04-01T12:00:00Z", "2026-04-01T12:00:00Z"},
		"nobody says":         {"", "", ""},
		"a date, not seconds": {"2026-04-01", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at, err := createdAt(dated.epoch, dated.commit)
			if (err != nil) != (dated.want == "") || err == nil && at.Format(time.RFC3339) != dated.want {
				t.Errorf("dated %s with the error %v, want %q", at, err, dated.want)
			}
		})
	}
}
