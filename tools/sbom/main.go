// Command sbom writes what a binary of autoscaled is made of, as SPDX 2.3 in JSON: the
// program, the modules that are linked, the standard library, and what its pages carry.
// All of it comes from the binary, so the same binary gives the same bytes. The document
// is dated by SOURCE_DATE_EPOCH, or else by the commit that the binary was built from.
//
// With -image it tells of the container image with that binary, which has certificate
// authorities beside it.
//
// usage: sbom [-version VERSION] [-image] BINARY > FILE      (in the folder tools)
package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/autoscaled/autoscaled/tools/internal/authorities"
	"github.com/autoscaled/autoscaled/tools/internal/linked"
)

func main() {
	version := flag.String("version", "", "the version that the program calls itself (that of its module unless given)")
	image := flag.Bool("image", false, "tell of the container image with the binary")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: sbom [-version VERSION] [-image] BINARY > FILE")
		os.Exit(2)
	}
	if err := run(flag.Arg(0), *version, *image, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "sbom:", err)
		os.Exit(1)
	}
}

func run(file, version string, image bool, out io.Writer) error {
	binary, err := linked.Read(file)
	if err != nil {
		return err
	}
	places, err := linked.FindPlaces(context.Background(), "..")
	if err != nil {
		return err
	}
	parts, err := binary.Parts(places)
	if err != nil {
		return err
	}
	body, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	created, err := createdAt(os.Getenv("SOURCE_DATE_EPOCH"), setting(binary, "vcs.time"))
	if err != nil {
		return err
	}
	if version == "" {
		version = binary.Info.Main.Version
	}
	d := describe(binary, parts, program{version, sha256Of(body), created})
	if image {
		trusted, err := authoritiesPart(places)
		if err != nil {
			return err
		}
		d = d.ofImage(setting(binary, "GOARCH"), version, trusted, sha256Of(authorities.PEM()))
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(d)
}

// sha256Of is hexadecimal.
func sha256Of(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// authoritiesPart is the module with the certificate authorities, as it is linked into this program, which
// is of the same go.mod as the one that makes the image.
func authoritiesPart(places linked.Places) (linked.Part, error) {
	ours, _ := debug.ReadBuildInfo()
	if ours == nil {
		return linked.Part{}, errors.New("this program does not know what it was built from: run it by `go run`")
	}
	for _, module := range ours.Deps {
		if module.Path != authorities.Module {
			continue
		}
		part, err := linked.ModulePart(places, module.Path, module.Version, nil)
		part.Sum = module.Sum
		return part, err
	}
	return linked.Part{}, fmt.Errorf("%s is not among the modules of this program: name in tools/internal/authorities where they come from", authorities.Module)
}

// createdAt reads seconds since 1970, or else the time of the commit in RFC 3339.
func createdAt(epoch, commit string) (time.Time, error) {
	if epoch != "" {
		seconds, err := strconv.ParseInt(epoch, 10, 64)
		if err != nil {
			return time.Time{}, fmt.Errorf("SOURCE_DATE_EPOCH has to be seconds since 1970: %w", err)
		}
		return time.Unix(seconds, 0).UTC(), nil
	}
	if commit == "" {
		return time.Time{}, errors.New("the binary does not know its commit: set SOURCE_DATE_EPOCH to the seconds since 1970 that date the document")
	}
	return time.Parse(time.RFC3339, commit)
}

// setting is what the compiler was told, or "".
func setting(binary linked.Binary, key string) string {
	for _, s := range binary.Info.Settings {
		if s.Key == key {
			return s.Value
		}
	}
	return ""
}
