package architecture

import (
	"fmt"
	"go/build"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const module = "github.com/autoscaled/autoscaled/"

// imports are our packages, by their paths below the module, with the whole paths of
// what each imports.
type imports map[string][]string

// ours are those of our packages that one of them imports, by their paths below the
// module.
func (i imports) ours(name string) []string {
	ours := []string{}
	for _, path := range i[name] {
		if below, ok := strings.CutPrefix(path, module); ok {
			ours = append(ours, below)
		}
	}
	return ours
}

// importsOf reads the imports of every package below the folders cmd, internal and
// configs of a module, those of tests left out.
func importsOf(root string) (imports, error) {
	found := imports{}
	for _, top := range []string{"cmd", "internal", "configs"} {
		err := filepath.WalkDir(filepath.Join(root, top), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.IsDir() {
				return err
			}
			if entry.Name() == "testdata" {
				return filepath.SkipDir
			}
			return found.read(root, path)
		})
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

func (i imports) read(root, folder string) error {
	read, err := build.ImportDir(folder, 0)
	if _, none := err.(*build.NoGoError); none { //nolint:errorlint // it comes as it is
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the imports of %s: %w", folder, err)
	}
	name, err := filepath.Rel(root, folder)
	if err != nil {
		return err
	}
	i[filepath.ToSlash(name)] = read.Imports
	return nil
}

// linked are the packages that the program is made of, sorted.
func (i imports) linked(program string) []string {
	seen, next := map[string]bool{program: true}, []string{program}
	for len(next) > 0 {
		name := next[0]
		next = next[1:]
		for _, imported := range i.ours(name) {
			if !seen[imported] {
				seen[imported] = true
				next = append(next, imported)
			}
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// roomOf is the room that a package is part of: the folder below internal, the
// adapter of one cloud, or the command line with its own packages.
func roomOf(name string) string {
	if strings.HasPrefix(name, "cmd/") {
		return "cmd/autoscaled"
	}
	parts := strings.Split(strings.TrimPrefix(name, "internal/"), "/")
	if parts[0] == "cloud" && len(parts) > 1 {
		return parts[0] + "/" + parts[1]
	}
	return parts[0]
}

// A house is the rooms of the program: what each is made of, and on which others it
// stands.
type house struct {
	parts map[string][]string        // the last elements of its packages' paths, sorted
	below map[string]map[string]bool // the rooms that it imports
}

func houseOf(all imports, program string) house {
	h := house{parts: map[string][]string{}, below: map[string]map[string]bool{}}
	for _, name := range all.linked(program) {
		room := roomOf(name)
		if h.below[room] == nil {
			h.below[room] = map[string]bool{}
		}
		if part := filepath.Base(name); part != filepath.Base(room) {
			h.parts[room] = append(h.parts[room], part)
		}
		for _, imported := range all.ours(name) {
			if other := roomOf(imported); other != room {
				h.below[room][other] = true
			}
		}
	}
	for _, parts := range h.parts {
		slices.Sort(parts)
	}
	return h
}

func (h house) rooms() []string { return slices.Sorted(maps.Keys(h.below)) }

// without is the house as seen when some rooms are taken for granted.
func (h house) without(rooms []string) house {
	rest := house{parts: h.parts, below: map[string]map[string]bool{}}
	for room, below := range h.below {
		if slices.Contains(rooms, room) {
			continue
		}
		rest.below[room] = map[string]bool{}
		for other := range below {
			if !slices.Contains(rooms, other) {
				rest.below[room][other] = true
			}
		}
	}
	return rest
}

// ranks tell how high each room is: one above the highest of those that it stands
// on. A ring of rooms, which stand on one another, is an error.
func (h house) ranks() (map[string]int, error) {
	ranks, entered := map[string]int{}, map[string]bool{}
	var climb func(room string) error
	climb = func(room string) error {
		if _, known := ranks[room]; known {
			return nil
		}
		if entered[room] {
			return fmt.Errorf("room %s stands on itself", room)
		}
		entered[room] = true
		rank := 0
		for _, other := range slices.Sorted(maps.Keys(h.below[room])) {
			if err := climb(other); err != nil {
				return fmt.Errorf("%w, by way of %s", err, room)
			}
			rank = max(rank, ranks[other]+1)
		}
		ranks[room] = rank
		return nil
	}
	for _, room := range h.rooms() {
		if err := climb(room); err != nil {
			return nil, err
		}
	}
	return ranks, nil
}

// arrows are what each room stands on directly, without that on which it stands by
// way of another room.
func (h house) arrows() map[string][]string {
	arrows := map[string][]string{}
	for room, below := range h.below {
		for _, other := range slices.Sorted(maps.Keys(below)) {
			if !h.byWay(room, other) {
				arrows[room] = append(arrows[room], other)
			}
		}
	}
	return arrows
}

func (h house) byWay(room, other string) bool {
	for between := range h.below[room] {
		if between != other && h.reaches(between, other) {
			return true
		}
	}
	return false
}

func (h house) reaches(from, to string) bool {
	if h.below[from][to] {
		return true
	}
	for between := range h.below[from] {
		if h.reaches(between, to) {
			return true
		}
	}
	return false
}

func readFile(path string) (string, error) {
	text, err := os.ReadFile(path)
	return string(text), err
}
