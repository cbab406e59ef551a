// Package linked tells what of others a binary of autoscaled contains, and under which
// licences. It asks the binary and not go.mod, so that it tells of what ships.
package linked

import (
	"cmp"
	"context"
	"debug/buildinfo"
	"debug/elf"
	"debug/gosym"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"unicode"
)

// Binary is a program that Go has built for Linux.
type Binary struct {
	Info     *debug.BuildInfo
	Packages []string // import paths of the code in it, sorted
}

// Part is what others have made and the binary contains.
type Part struct {
	Name     string   // the path of a module, or Go, or uPlot
	Version  string   // as its maker writes it
	Sum      string   // of a module, as in go.sum
	Licences []string // SPDX identifiers, sorted; all of them apply
	Texts    []Text   // licences, notices and grants of patents; at least one
}

// Text is a file that comes with a part.
type Text struct {
	Name string // within the part
	Body string
}

// Go and UPlot are the names of the parts that are no modules.
const (
	Go    = "Go"
	UPlot = "uPlot"
)

// Places are the folders in which the licences lie.
type Places struct {
	Modules    string // Go's module cache
	Go         string // the toolchain
	Repository string // this repository
}

// FindPlaces asks the go command. The repository is where the caller says.
func FindPlaces(ctx context.Context, repository string) (Places, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOMODCACHE", "GOROOT").Output()
	if err != nil {
		return Places{}, fmt.Errorf("ask go env for the module cache: %w", err)
	}
	lines := strings.Split(string(out), "\n")
	return Places{Modules: lines[0], Go: lines[1], Repository: repository}, nil
}

// Read reads what the linker noted in the file.
func Read(file string) (Binary, error) {
	info, err := buildinfo.ReadFile(file)
	if err != nil {
		return Binary{}, fmt.Errorf("read what %s was built from: %w", file, err)
	}
	packages, err := packagesOf(file)
	if err != nil {
		return Binary{}, fmt.Errorf("read the packages in %s: %w", file, err)
	}
	return Binary{Info: info, Packages: packages}, nil
}

// packagesOf reads the table of functions, which is there even when the symbols were stripped.
func packagesOf(file string) ([]string, error) {
	program, err := elf.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = program.Close() }() // it was only read
	functions, text := program.Section(".gopclntab"), program.Section(".text")
	if functions == nil || text == nil {
		return nil, errors.New("there is no table of functions: it is no program that Go has built for Linux")
	}
	data, err := functions.Data()
	if err != nil {
		return nil, err
	}
	table, err := gosym.NewTable(nil, gosym.NewLineTable(data, text.Addr))
	if err != nil {
		return nil, err
	}
	seen := make(map[string]bool)
	for _, function := range table.Funcs {
		if name := function.PackageName(); name != "" {
			seen[strings.ReplaceAll(name, "%2e", ".")] = true // the linker writes the dots of a last element so
		}
	}
	packages := make([]string, 0, len(seen))
	for name := range seen {
		packages = append(packages, name)
	}
	slices.Sort(packages)
	return packages, nil
}

// Parts are the modules by name, then Go, then uPlot. It fails when a part has no
// licence, or one that is not known here: a person has to read that.
func (b Binary) Parts(places Places) ([]Part, error) {
	var parts []Part
	for _, module := range b.Info.Deps {
		if module.Replace != nil {
			module = module.Replace
		}
		part, err := ModulePart(places, module.Path, module.Version, b.Packages)
		if err != nil {
			return nil, err
		}
		part.Sum = module.Sum
		parts = append(parts, part)
	}
	slices.SortFunc(parts, func(a, b Part) int { return cmp.Compare(a.Name, b.Name) })
	toolchain, err := partOf(Go, strings.TrimPrefix(b.Info.GoVersion, "go"), places.Go, nil)
	if err != nil {
		return nil, err
	}
	charts, err := uPlotPart(filepath.Join(places.Repository, "internal/httpd/page/static"))
	if err != nil {
		return nil, err
	}
	return append(parts, toolchain, charts), nil
}

// ModulePart is the module, of which these packages (and maybe others' packages) are linked.
func ModulePart(places Places, modulePath, version string, packages []string) (Part, error) {
	var inside []string
	for _, name := range packages {
		if rest, ok := strings.CutPrefix(name, modulePath+"/"); ok {
			inside = append(inside, rest)
		}
	}
	return partOf(modulePath, version, filepath.Join(places.Modules, Escaped(modulePath)+"@"+Escaped(version)), inside)
}

// Escaped writes the upper case in a path or version as the module cache and proxies do.
func Escaped(s string) string {
	var b strings.Builder
	for _, r := range s {
		if unicode.IsUpper(r) {
			b.WriteByte('!')
			r = unicode.ToLower(r)
		}
		b.WriteRune(r)
	}
	return b.String()
}

var (
	licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying)(-[a-z0-9.-]+)?(\.(txt|md|rst))?$`)
	noticeFile  = regexp.MustCompile(`(?i)^(notice|patents)(\.(txt|md|rst))?$`)
)

// partOf reads the licences in the folder, and in those between it and the packages inside.
func partOf(name, version, folder string, inside []string) (Part, error) {
	part := Part{Name: name, Version: version}
	for _, within := range foldersTo(inside) {
		entries, err := os.ReadDir(filepath.Join(folder, within))
		if errors.Is(err, fs.ErrNotExist) && within != "." {
			continue // a package of another module, whose path begins with this one's
		}
		if err != nil {
			return Part{}, fmt.Errorf("look for the licence of %s: %w (go mod download gets what is missing)", name, err)
		}
		for _, entry := range entries {
			if entry.Type().IsRegular() && (licenceFile.MatchString(entry.Name()) || noticeFile.MatchString(entry.Name())) {
				if err := part.add(folder, path.Join(within, entry.Name())); err != nil {
					return Part{}, err
				}
			}
		}
	}
	if len(part.Licences) == 0 {
		return Part{}, fmt.Errorf("%s has no licence in %s: nothing without one may be linked", name, folder)
	}
	return part, nil
}

// foldersTo are the folder itself and all on the way to the packages inside, sorted.
func foldersTo(inside []string) []string {
	folders := []string{"."}
	for _, name := range inside {
		for ; name != "."; name = path.Dir(name) {
			folders = append(folders, name)
		}
	}
	slices.Sort(folders)
	return slices.Compact(folders)
}

// add takes the file along, and notes which licences it contains unless it is only a notice.
func (p *Part) add(folder, name string) error {
	body, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		return fmt.Errorf("read the licence of %s: %w", p.Name, err)
	}
	p.Texts = append(p.Texts, Text{name, string(body)})
	if noticeFile.MatchString(path.Base(name)) {
		return nil
	}
	found, err := classify(string(body))
	if err != nil {
		return fmt.Errorf("%s of %s %s: %w", name, p.Name, p.Version, err)
	}
	p.Licences = append(p.Licences, found...)
	slices.Sort(p.Licences)
	p.Licences = slices.Compact(p.Licences)
	return nil
}

var uPlotVersion = regexp.MustCompile(`^/\*! https://github\.com/leeoniya/uPlot \(v([0-9.]+)\) \*/`)

// uPlotPart is the library of charts, which is no module: its files lie in the folder.
func uPlotPart(folder string) (Part, error) {
	script, err := os.ReadFile(filepath.Join(folder, "uPlot.iife.min.js"))
	if err != nil {
		return Part{}, fmt.Errorf("read the version of uPlot: %w", err)
	}
	version := uPlotVersion.FindSubmatch(script)
	if version == nil {
		return Part{}, fmt.Errorf("uPlot.iife.min.js in %s does not begin with its version", folder)
	}
	part := Part{Name: UPlot, Version: string(version[1])}
	return part, part.add(folder, "uPlot.LICENSE")
}
