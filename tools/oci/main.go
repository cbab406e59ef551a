// Command oci puts autoscaled into a container image, without a container engine: it
// writes an OCI image layout as one tar archive, of the same bytes for the same input.
//
// usage: oci -o ARCHIVE -version V -created RFC3339 [-revision R] [-document FILE]... ARCHITECTURE=BINARY...
//
// An archive of one architecture can also be read by `docker load`. One of several holds an
// index of them, from which whoever copies it to a registry takes all, and whoever runs it its own.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"
)

func main() {
	r, err := parse(os.Args[1:])
	if err == nil {
		err = r.write()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "oci:", err)
		os.Exit(1) //nolint:forbidigo // this is main
	}
}

// release is what the image is made of.
type release struct {
	archive   string // name of the file that is written
	version   string
	revision  string // of the source; empty: what the binaries say
	created   time.Time
	documents []string // names of the files that go to /usr/share/doc/autoscaled
	binaries  []binary
}

func parse(args []string) (release, error) {
	var r release
	var created string
	flags := flag.NewFlagSet("oci", flag.ContinueOnError)
	flags.StringVar(&r.archive, "o", "", "the `ARCHIVE` to write")
	flags.StringVar(&r.version, "version", "", "the `VERSION`, which is the image's tag")
	flags.StringVar(&r.revision, "revision", "", "the source's revision (default: what the binaries say)")
	flags.StringVar(&created, "created", "", "the `TIME` that the image is dated, as in 2026-11-22T19:00:00Z")
	flags.Func("document", "a `FILE` for /usr/share/doc/autoscaled: a licence, an SBOM (may be repeated)", func(path string) error {
		r.documents = append(r.documents, path)
		return nil
	})
	if err := flags.Parse(args); err != nil {
		return r, err
	}
	if r.archive == "" || r.version == "" || created == "" || flags.NArg() == 0 {
		return r, errors.New("give -o, -version, -created and binaries, each as ARCHITECTURE=BINARY")
	}
	var err error
	if r.created, err = time.Parse(time.RFC3339, created); err != nil {
		return r, fmt.Errorf("-created %s: write it as in 2026-11-22T19:00:00Z", created)
	}
	r.created = r.created.UTC()
	for _, arg := range flags.Args() {
		architecture, path, found := strings.Cut(arg, "=")
		if !found {
			return r, fmt.Errorf("%s: write ARCHITECTURE=BINARY, as in amd64=bin/autoscaled", arg)
		}
		b, err := readBinary(architecture, path)
		if err != nil {
			return r, err
		}
		r.binaries = append(r.binaries, b)
	}
	return r, nil
}
