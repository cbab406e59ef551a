package main

import (
	"archive/tar"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
)

// repository is what the image is called until somebody puts it into a registry.
const repository = "localhost/autoscaled"

// tag is the version, as far as a tag can hold it.
func (r release) tag() string { return strings.ReplaceAll(r.version, "+", "-") }

func (r release) name() string { return repository + ":" + r.tag() }

// write makes the archive.
func (r release) write() error {
	directory, err := os.MkdirTemp("", "oci-")
	if err != nil {
		return fmt.Errorf("make room for the image: %w", err)
	}
	defer func() { _ = os.RemoveAll(directory) }()
	if err := r.layOut(directory); err != nil {
		return fmt.Errorf("lay out the image: %w", err)
	}
	if err := archive(directory, r.archive, r.created); err != nil {
		_ = os.Remove(r.archive)
		return fmt.Errorf("write %s: %w", r.archive, err)
	}
	return nil
}

// layOut writes an OCI image layout.
func (r release) layOut(directory string) error {
	to, err := layout.Write(directory, empty.Index)
	if err != nil {
		return err
	}
	names := layout.WithAnnotations(map[string]string{
		"io.containerd.image.name":          r.name(),
		"org.opencontainers.image.ref.name": r.tag(),
	})
	index := v1.ImageIndex(empty.Index)
	for _, b := range r.binaries {
		image, err := r.image(b)
		if err != nil {
			return err
		}
		platform := v1.Platform{OS: "linux", Architecture: b.architecture}
		if len(r.binaries) == 1 {
			if err := to.AppendImage(image, names, layout.WithPlatform(platform)); err != nil {
				return err
			}
			return r.describeForDocker(directory, image)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: &platform}})
	}
	return to.AppendIndex(index, names)
}

// describeForDocker adds the table of contents by which a Docker without containerd's images
// finds its way; to the layout it is a file that means nothing.
func (r release) describeForDocker(directory string, image v1.Image) error {
	manifest, err := image.Manifest()
	if err != nil {
		return err
	}
	path := func(of v1.Descriptor) string { return "blobs/" + of.Digest.Algorithm + "/" + of.Digest.Hex }
	entry := struct {
		Config   string
		RepoTags []string
		Layers   []string
	}{Config: path(manifest.Config), RepoTags: []string{r.name()}}
	for _, layer := range manifest.Layers {
		entry.Layers = append(entry.Layers, path(layer))
	}
	content, err := json.Marshal([]any{entry})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(directory, "manifest.json"), content, 0o600)
}

// archive writes the directory as a tar file, in the order of names, and as if everything had been made at the time.
func archive(directory, path string, at time.Time) (err error) {
	out, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := out.Close(); err == nil {
			err = closeErr
		}
	}()
	w := tar.NewWriter(out)
	err = filepath.WalkDir(directory, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == directory {
			return err
		}
		name, err := filepath.Rel(directory, path)
		if err != nil {
			return err
		}
		return add(w, name, path, entry, at)
	})
	if err != nil {
		return err
	}
	return w.Close()
}

func add(w *tar.Writer, name, path string, entry fs.DirEntry, at time.Time) error {
	header := &tar.Header{Typeflag: tar.TypeDir, Name: name + "/", Mode: 0o755, ModTime: at, Format: tar.FormatUSTAR}
	if entry.IsDir() {
		return w.WriteHeader(header)
	}
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	header.Typeflag, header.Name, header.Mode, header.Size = tar.TypeReg, name, 0o644, info.Size()
	if err := w.WriteHeader(header); err != nil {
		return err
	}
	_, err = io.Copy(w, in)
	return err
}
