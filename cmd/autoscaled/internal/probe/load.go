package probe

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/autoscaled/autoscaled/internal/config"
)

// Load reads a configuration and the secrets of its sources. Those of the cloud, and the
// tokens of those who push, are not read, and are not the real ones in what it returns.
func Load(path string) (*config.Config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w; give the path of a file that this user may read", err)
	}
	return config.Parse(path, text, withStandIns(text))
}

// withStandIns is the process's environment, save that what a configuration refers to as
// a secret that no source needs is not looked up: it leads to something that will do.
func withStandIns(text []byte) config.Env {
	files, variables := map[string]bool{}, map[string]bool{}
	credentials := os.Getenv("CREDENTIALS_DIRECTORY")
	for _, reference := range needless(text) {
		switch scheme, target, _ := strings.Cut(reference, ":"); scheme {
		case "file":
			files[filepath.Clean(target)] = true
		case "env":
			variables[target] = true
		case "credential":
			if credentials == "" {
				credentials = "/run/credentials/autoscaled.service"
			}
			files[filepath.Join(credentials, target)] = true
		}
	}
	return config.Env{
		LookupEnv: func(name string) (string, bool) {
			switch {
			case variables[name]:
				return willDo, true
			case name == "CREDENTIALS_DIRECTORY":
				return credentials, credentials != ""
			}
			return os.LookupEnv(name)
		},
		Open: func(path string) (fs.File, error) {
			if files[path] {
				return &standIn{Reader: strings.NewReader(willDo)}, nil
			}
			return os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a pipe that nobody writes to does not hang it
		},
	}
}

// needless are the references in a configuration to secrets that no source is asked
// with. What is wrong with the file, its own reader tells.
func needless(text []byte) []string {
	var file struct {
		Providers map[string]struct {
			AccessKey string `yaml:"access_key"`
			SecretKey string `yaml:"secret_key"`
		}
		Groups map[string]struct {
			Template struct {
				SSHPublicKey string `yaml:"ssh_public_key"`
			}
			Signals map[string]struct {
				Push struct{ Token string }
			}
		}
	}
	_ = yaml.NewDecoder(bytes.NewReader(text)).Decode(&file)
	var references []string
	for _, provider := range file.Providers {
		references = append(references, provider.AccessKey, provider.SecretKey)
	}
	for _, group := range file.Groups {
		references = append(references, group.Template.SSHPublicKey)
		for _, signal := range group.Signals {
			references = append(references, signal.Push.Token)
		}
	}
	return references
}

// willDo is a key of no machine: it has the form that each of these secrets must have.
const willDo = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA nobody"

// standIn is a file in the place of a secret, readable by its owner only.
type standIn struct{ *strings.Reader }

func (*standIn) Stat() (fs.FileInfo, error) { return standInInfo{}, nil }
func (*standIn) Close() error               { return nil }

type standInInfo struct{}

func (standInInfo) Name() string       { return "" }
func (standInInfo) Size() int64        { return int64(len(willDo)) }
func (standInInfo) Mode() fs.FileMode  { return 0o600 }
func (standInInfo) ModTime() time.Time { return time.Time{} }
func (standInInfo) IsDir() bool        { return false }
func (standInInfo) Sys() any           { return nil }
