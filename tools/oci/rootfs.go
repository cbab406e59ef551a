package main

import (
	"archive/tar"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/autoscaled/autoscaled/tools/internal/authorities"
)

// user is who runs the daemon, and owns its state: a number that is nobody's on common hosts.
const user = 65532

const (
	stateDirectory    = "/var/lib/autoscaled"
	documentDirectory = "usr/share/doc/autoscaled/"
)

// file is one of the image's, or a directory, whose name ends in a slash.
type file struct {
	name    string // without a slash at its beginning
	mode    int64
	owner   int
	content []byte
}

// systemFiles are what the program finds around it. Time zones are within it.
func systemFiles() []file {
	return []file{
		{name: "etc/", mode: 0o755},
		{name: "etc/autoscaled/", mode: 0o755},
		{name: "etc/group", mode: 0o644, content: fmt.Appendf(nil, "root:x:0:\nautoscaled:x:%d:\n", user)},
		{name: "etc/passwd", mode: 0o644, content: fmt.Appendf(nil, "root:x:0:0:root:/:\nautoscaled:x:%d:%[1]d:autoscaled:%s:\n", user, stateDirectory)},
		{name: "etc/ssl/", mode: 0o755},
		{name: "etc/ssl/certs/", mode: 0o755},
		{name: authorities.File, mode: 0o644, content: authorities.PEM()},
		{name: "run/", mode: 0o755},
		{name: "run/secrets/", mode: 0o755},
		{name: "var/", mode: 0o755},
		{name: "var/lib/", mode: 0o755},
		{name: "var/lib/autoscaled/", mode: 0o700, owner: user},
	}
}

// documentFiles are what is for those who ask what the image is made of, and under which terms.
func documentFiles(paths []string) ([]file, error) {
	if len(paths) == 0 {
		return nil, nil
	}
	files := []file{
		{name: "usr/", mode: 0o755},
		{name: "usr/share/", mode: 0o755},
		{name: "usr/share/doc/", mode: 0o755},
		{name: documentDirectory, mode: 0o755},
	}
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read a document: %w", err)
		}
		files = append(files, file{name: documentDirectory + filepath.Base(path), mode: 0o644, content: content})
	}
	return files, nil
}

// pack writes the files as a layer. All are dated 1970, so that a layer whose files did not
// change is the same from one version to the next.
func pack(files []file) ([]byte, error) {
	var layer bytes.Buffer
	w := tar.NewWriter(&layer)
	for _, f := range files {
		kind := byte(tar.TypeReg)
		if f.name[len(f.name)-1] == '/' {
			kind = tar.TypeDir
		}
		header := &tar.Header{
			Typeflag: kind, Name: f.name, Mode: f.mode, Uid: f.owner, Gid: f.owner, Size: int64(len(f.content)), ModTime: time.Unix(0, 0), Format: tar.FormatUSTAR,
		}
		if err := w.WriteHeader(header); err != nil {
			return nil, fmt.Errorf("pack %s: %w", f.name, err)
		}
		if _, err := w.Write(f.content); err != nil {
			return nil, fmt.Errorf("pack %s: %w", f.name, err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("pack the layer: %w", err)
	}
	return layer.Bytes(), nil
}
