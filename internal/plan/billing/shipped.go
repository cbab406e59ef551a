package billing

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	shipped "github.com/autoscaled/autoscaled/configs/billing"
	"github.com/autoscaled/autoscaled/internal/words"
)

// Shipped is the names of the models that come with the program, sorted.
func Shipped() []string {
	files, err := shipped.Files.ReadDir(".")
	if err != nil {
		return nil
	}
	names := make([]string, len(files))
	for i, file := range files {
		names[i] = strings.TrimSuffix(file.Name(), ".yaml")
	}
	slices.Sort(names) // not as the files: `-` comes before the point of .yaml
	return names
}

// Load reads a model that comes with the program, by its name, such as gp-gio; or else the file at a path.
// The error is a config.Problems when the file has faults.
func Load(nameOrPath string) (*Model, error) {
	if data, err := shipped.Files.ReadFile(nameOrPath + ".yaml"); err == nil {
		return Parse(nameOrPath, data)
	}
	file, err := os.Open(nameOrPath)
	if errors.Is(err, os.ErrNotExist) && !strings.ContainsAny(nameOrPath, "/.") {
		return nil, fmt.Errorf("unknown billing model `%s`, and no file: %s", words.Shown(nameOrPath), words.Suggest(nameOrPath, Shipped()))
	} else if err != nil {
		return nil, fmt.Errorf("open the billing model: %w; give the path of a file that this user may read, or one of %s", err, strings.Join(Shipped(), ", "))
	}
	defer func() { _ = file.Close() }()
	data, err := io.ReadAll(io.LimitReader(file, maxFileBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read the billing model: %w; give the path of a file that this user may read", err)
	}
	return Parse(nameOrPath, data)
}
