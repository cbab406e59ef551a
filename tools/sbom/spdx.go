package main

import (
	"fmt"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/autoscaled/autoscaled/tools/internal/authorities"
	"github.com/autoscaled/autoscaled/tools/internal/linked"
)

// The types are those of SPDX 2.3, https://spdx.github.io/spdx-spec/v2.3/, as far as they are used.
type (
	document struct {
		SPDXVersion       string         `json:"spdxVersion"`
		DataLicense       string         `json:"dataLicense"`
		SPDXID            string         `json:"SPDXID"`
		Name              string         `json:"name"`
		DocumentNamespace string         `json:"documentNamespace"`
		CreationInfo      creationInfo   `json:"creationInfo"`
		Packages          []spdxPackage  `json:"packages"`
		Relationships     []relationship `json:"relationships"`
	}
	creationInfo struct {
		Created  string   `json:"created"`
		Creators []string `json:"creators"`
	}
	spdxPackage struct {
		Name             string        `json:"name"`
		SPDXID           string        `json:"SPDXID"`
		VersionInfo      string        `json:"versionInfo"`
		PackageFileName  string        `json:"packageFileName,omitempty"`
		PrimaryPurpose   string        `json:"primaryPackagePurpose"`
		DownloadLocation string        `json:"downloadLocation"`
		FilesAnalyzed    bool          `json:"filesAnalyzed"`
		Checksums        []checksum    `json:"checksums,omitempty"`
		SourceInfo       string        `json:"sourceInfo,omitempty"`
		LicenseConcluded string        `json:"licenseConcluded"`
		LicenseDeclared  string        `json:"licenseDeclared"`
		CopyrightText    string        `json:"copyrightText"`
		ExternalRefs     []externalRef `json:"externalRefs"`
	}
	checksum struct {
		Algorithm string `json:"algorithm"`
		Value     string `json:"checksumValue"`
	}
	externalRef struct {
		Category string `json:"referenceCategory"`
		Type     string `json:"referenceType"`
		Locator  string `json:"referenceLocator"`
	}
	relationship struct {
		Element string `json:"spdxElementId"`
		Type    string `json:"relationshipType"`
		Related string `json:"relatedSpdxElement"`
	}
)

const (
	documentID = "SPDXRef-DOCUMENT"
	programID  = "SPDXRef-autoscaled"
	imageID    = "SPDXRef-image"
	unknown    = "NOASSERTION" // as SPDX says it
)

// program is what only the file of the binary, and who built it, know of it.
type program struct {
	version string
	sha256  string // hexadecimal
	created time.Time
}

func describe(binary linked.Binary, parts []linked.Part, p program) document {
	name := fmt.Sprintf("autoscaled-%s-%s-%s", p.version, setting(binary, "GOOS"), setting(binary, "GOARCH"))
	d := document{
		SPDXVersion:       "SPDX-2.3",
		DataLicense:       "CC0-1.0",
		SPDXID:            documentID,
		Name:              name,
		DocumentNamespace: "https://github.com/autoscaled/autoscaled/spdx/" + name + "-" + p.sha256,
		CreationInfo:      creationInfo{p.created.Format(time.RFC3339), []string{"Tool: autoscaled-sbom-" + p.version}},
		Packages:          []spdxPackage{programPackage(binary, p)},
		Relationships:     []relationship{{documentID, "DESCRIBES", programID}},
	}
	for _, part := range parts {
		described := partPackage(part)
		d.Packages = append(d.Packages, described)
		d.Relationships = append(d.Relationships, relationship{programID, "CONTAINS", described.SPDXID})
	}
	return d
}

// ofImage tells of the image with the program that d tells of, and with the file of certificate authorities.
func (d document) ofImage(architecture, version string, trusted linked.Part, sha256 string) document {
	d.Name += "-image"
	d.DocumentNamespace += "-image"
	image := spdxPackage{
		Name:             "autoscaled-image",
		SPDXID:           imageID,
		VersionInfo:      version,
		PrimaryPurpose:   "CONTAINER",
		DownloadLocation: unknown,
		LicenseConcluded: unknown,
		LicenseDeclared:  "Apache-2.0",
		CopyrightText:    unknown,
		ExternalRefs:     purl("pkg:oci/autoscaled?arch=" + architecture + "&tag=" + strings.ReplaceAll(version, "+", "-")), // its digest would have to be that of the image with this file
	}
	file := partPackage(trusted)
	file.PrimaryPurpose = "FILE"
	file.PackageFileName = authorities.File
	file.Checksums = []checksum{{"SHA256", sha256}}
	file.SourceInfo = "Mozilla's certificate authorities, written as PEM; " + file.SourceInfo
	d.Packages = append([]spdxPackage{image}, append(d.Packages, file)...)
	described := []relationship{{documentID, "DESCRIBES", imageID}, {imageID, "CONTAINS", programID}, {imageID, "CONTAINS", file.SPDXID}}
	d.Relationships = append(described, d.Relationships[1:]...)
	return d
}

func programPackage(binary linked.Binary, p program) spdxPackage {
	locator := "pkg:golang/" + binary.Info.Main.Path
	if version := binary.Info.Main.Version; strings.HasPrefix(version, "v") { // else it was built outside of any commit
		locator += "@" + version
	}
	source := "built with " + binary.Info.GoVersion
	if revision := setting(binary, "vcs.revision"); revision != "" {
		source += " from the commit " + revision
	}
	return spdxPackage{
		Name:             "autoscaled",
		SPDXID:           programID,
		VersionInfo:      p.version,
		PackageFileName:  "autoscaled",
		PrimaryPurpose:   "APPLICATION",
		DownloadLocation: unknown,
		Checksums:        []checksum{{"SHA256", p.sha256}},
		SourceInfo:       source,
		LicenseConcluded: "Apache-2.0",
		LicenseDeclared:  "Apache-2.0",
		CopyrightText:    unknown,
		ExternalRefs:     purl(locator),
	}
}

// partPackage tells of a part under the name by which lists of vulnerabilities know it.
func partPackage(part linked.Part) spdxPackage {
	licence := strings.Join(part.Licences, " AND ")
	described := spdxPackage{
		Name:             part.Name,
		VersionInfo:      part.Version,
		PrimaryPurpose:   "LIBRARY",
		LicenseConcluded: licence,
		LicenseDeclared:  licence,
		CopyrightText:    unknown,
	}
	switch part.Name {
	case linked.Go:
		described.Name = "stdlib"
		described.DownloadLocation = "https://go.dev/dl/go" + part.Version + ".src.tar.gz"
		described.ExternalRefs = purl("pkg:golang/stdlib@" + part.Version)
	case linked.UPlot:
		described.DownloadLocation = "https://registry.npmjs.org/uplot/-/uplot-" + part.Version + ".tgz"
		described.ExternalRefs = purl("pkg:npm/uplot@" + part.Version)
	default:
		described.DownloadLocation = "https://proxy.golang.org/" + path.Join(linked.Escaped(part.Name), "@v", linked.Escaped(part.Version)+".zip")
		described.SourceInfo = "go.sum: " + part.Sum
		described.ExternalRefs = purl("pkg:golang/" + part.Name + "@" + part.Version)
	}
	described.SPDXID = "SPDXRef-" + notOfID.ReplaceAllString(described.Name, "-")
	return described
}

// notOfID is what an SPDX identifier may not contain.
var notOfID = regexp.MustCompile(`[^A-Za-z0-9.-]+`)

func purl(locator string) []externalRef {
	return []externalRef{{"PACKAGE-MANAGER", "purl", strings.ReplaceAll(locator, "+", "%2B")}}
}
