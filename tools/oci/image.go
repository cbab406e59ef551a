package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// image makes that of one architecture: a layer of what rarely changes, and above it the program
// with what there is to say of it.
func (r release) image(b binary) (v1.Image, error) {
	documents, err := documentFiles(r.documents)
	if err != nil {
		return nil, err
	}
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	for _, content := range []struct {
		what  string
		files []file
	}{
		{"users, certificate authorities, directories", systemFiles()},
		{"autoscaled " + r.version, append(documents, file{name: "autoscaled", mode: 0o755, content: b.content})},
	} {
		layer, err := layerOf(content.files)
		if err != nil {
			return nil, err
		}
		history := v1.History{Created: v1.Time{Time: r.created}, CreatedBy: "tools/oci", Comment: content.what}
		if image, err = mutate.Append(image, mutate.Addendum{Layer: layer, History: history}); err != nil {
			return nil, fmt.Errorf("add a layer to the image for %s: %w", b.architecture, err)
		}
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, fmt.Errorf("configure the image for %s: %w", b.architecture, err)
	}
	config = config.DeepCopy()
	config.Architecture, config.OS, config.Created = b.architecture, "linux", v1.Time{Time: r.created}
	config.Config = r.config(b)
	return mutate.ConfigFile(image, config)
}

func layerOf(files []file) (v1.Layer, error) {
	content, err := pack(files)
	if err != nil {
		return nil, err
	}
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil }
	return tarball.LayerFromOpener(open, tarball.WithMediaType(types.OCILayer), tarball.WithCompressionLevel(gzip.DefaultCompression))
}

// config says how the program is run. The one place that it writes to is the volume: state and
// control socket are in it, so that the rest may be read-only.
func (r release) config(b binary) v1.Config {
	labels := map[string]string{
		"org.opencontainers.image.title":       "autoscaled",
		"org.opencontainers.image.description": "Autoscaler of server pools on IIJ GIO",
		"org.opencontainers.image.version":     r.version,
		"org.opencontainers.image.created":     r.created.Format(time.RFC3339),
		"org.opencontainers.image.source":      "https://github.com/autoscaled/autoscaled",
		"org.opencontainers.image.licenses":    "Apache-2.0",
	}
	if revision := r.revisionOf(b); revision != "" {
		labels["org.opencontainers.image.revision"] = revision
	}
	return v1.Config{
		User:       fmt.Sprintf("%d:%[1]d", user),
		Entrypoint: []string{"/autoscaled"},
		Cmd:        []string{"run", "--config", "/etc/autoscaled/autoscaled.yaml"},
		WorkingDir: "/",
		Env: []string{
			"PATH=/",
			"STATE_DIRECTORY=" + stateDirectory,
			"RUNTIME_DIRECTORY=" + stateDirectory,
			"CREDENTIALS_DIRECTORY=/run/secrets", // where engines put secrets, for credential:NAME
		},
		ExposedPorts: map[string]struct{}{"9469/tcp": {}},
		Volumes:      map[string]struct{}{stateDirectory: {}},
		StopSignal:   "SIGTERM",
		Labels:       labels,
		Healthcheck: &v1.HealthConfig{
			Test: []string{"CMD", "/autoscaled", "health"}, Interval: 30 * time.Second, Timeout: 10 * time.Second, StartPeriod: 30 * time.Second, Retries: 3,
		},
	}
}

func (r release) revisionOf(b binary) string {
	if r.revision != "" {
		return r.revision
	}
	return b.revision
}
