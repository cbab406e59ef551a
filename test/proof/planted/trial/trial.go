// Package trial runs tests of this module with other sources in the place of some of
// its own, and says which test was the first to notice.
//
// All that is to be tried is compiled once, and chosen by an environment variable
// when a test runs. The module's folders are only read: the sources given reach the
// compiler as an overlay, and everything written is in a folder that the caller owns.
//
// Commands planted and mutants call it. It runs the go command.
package trial

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// Module is where the module is that the working directory belongs to.
type Module struct {
	Path string // import path
	Dir  string // absolute
}

// FindModule returns the module of the working directory.
func FindModule(ctx context.Context) (Module, error) {
	var m Module
	out, err := Go(ctx, "", "list", "-m", "-json")
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(out, &m); err != nil {
		return m, fmt.Errorf("read the answer of go list -m: %w", err)
	}
	return m, nil
}

// Go runs the go command in dir (the working directory when empty) and returns what it prints.
func Go(ctx context.Context, dir string, args ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, "go", args...) //nolint:gosec // the arguments are this program's own
	command.Dir = dir
	out, err := command.Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return nil, fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, exit.Stderr)
	}
	return out, err
}

// Sources are files by their path in the module; they replace those in the
// module's folders, or join them.
type Sources map[string][]byte

// Binary is the compiled test of a package.
type Binary struct {
	Name string // the package's path in the module, such as internal/fleet
	Dir  string // absolute; a copy of it is where its tests run
	path string
}

// Compile compiles the tests of the packages, given by their paths in the module,
// with the sources. It writes into work, the absolute path of an empty folder.
func (m Module) Compile(ctx context.Context, work string, sources Sources, packages []string) ([]Binary, error) {
	overlay, err := m.writeOverlay(work, sources)
	if err != nil {
		return nil, fmt.Errorf("write the sources to be tried: %w", err)
	}
	args := []string{"test", "-c", "-overlay", overlay, "-o", work + string(filepath.Separator)}
	var binaries []Binary
	for _, name := range packages {
		args = append(args, "./"+name)
		binaries = append(binaries, Binary{name, filepath.Join(m.Dir, name), filepath.Join(work, filepath.Base(name)+".test")})
	}
	if _, err := Go(ctx, m.Dir, args...); err != nil {
		return nil, fmt.Errorf("compile the tests: %w", err)
	}
	return binaries, nil
}

func (m Module) writeOverlay(work string, sources Sources) (path string, err error) {
	replace := map[string]string{}
	for name, source := range sources {
		file := filepath.Join(work, strconv.Itoa(len(replace))+".go")
		if err := os.WriteFile(file, source, 0o600); err != nil {
			return "", err
		}
		replace[filepath.Join(m.Dir, name)] = file
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	path = filepath.Join(work, "overlay.json")
	return path, os.WriteFile(path, overlay, 0o600)
}
