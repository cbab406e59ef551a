package architecture

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var update = flag.Bool("update", false, "draw the picture anew")

const (
	root    = "../.."
	program = "cmd/autoscaled"
	page    = root + "/docs/architecture.md"
	picture = root + "/docs/images/architecture.svg"
)

func read(t *testing.T) imports {
	t.Helper()
	all, err := importsOf(root)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 40 || len(all[program]) == 0 {
		t.Fatalf("found only %d packages", len(all))
	}
	return all
}

func TestThePictureShowsWhatThePackagesImport(t *testing.T) {
	t.Parallel()
	drawn, err := draw(houseOf(read(t), program))
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(picture, []byte(drawn), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	shown, err := readFile(picture)
	if err != nil {
		t.Fatal(err)
	}
	if shown != drawn {
		t.Error("docs/images/architecture.svg is not what the packages import: run go test ./test/architecture -update, and look at it")
	}
	if text, err := readFile(page); err != nil || !strings.Contains(text, "(images/architecture.svg)") {
		t.Errorf("docs/architecture.md does not show the picture (%v)", err)
	}
}

func TestTheSameHouseIsAlwaysDrawnAlike(t *testing.T) {
	t.Parallel()
	first, err := draw(houseOf(read(t), program))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if again, err := draw(houseOf(read(t), program)); err != nil || again != first {
			t.Fatal("it was drawn otherwise, ", err)
		}
	}
}

func TestEveryRoomHasItsWordAndTheFloorStandsOnNothing(t *testing.T) {
	t.Parallel()
	h := houseOf(read(t), program)
	for _, room := range h.rooms() {
		if jobs[room] == "" {
			t.Errorf("the picture does not say what %s is for: add it to jobs", room)
		}
	}
	for room := range jobs {
		if h.below[room] == nil {
			t.Errorf("there is no room %s any more: take it from jobs", room)
		}
	}
	for _, room := range floor {
		if len(h.below[room]) > 0 {
			t.Errorf("%s stands on %v: it cannot be drawn as the floor", room, h.below[room])
		}
	}
}

func TestNoRoomIsDrawnOverAnotherAndEveryArrowPointsDown(t *testing.T) {
	t.Parallel()
	p, err := planOf(houseOf(read(t), program).without(floor))
	if err != nil {
		t.Fatal(err)
	}
	for _, storey := range p.storeys {
		for i := 1; i < len(storey); i++ {
			a, b := storey[i-1], storey[i]
			if a.x+a.width/2 >= b.x-b.width/2 {
				t.Errorf("%q at %d is drawn over %q at %d", a.room, a.x, b.room, b.x)
			}
		}
	}
	for _, led := range p.ways {
		for i := 1; i < len(led); i++ {
			if led[i-1].storey != led[i].storey+1 {
				t.Errorf("the arrow from %s to %s does not go down storey by storey", led[0].room, led[len(led)-1].room)
			}
		}
	}
}

func TestARingOfRoomsCannotBeDrawn(t *testing.T) {
	t.Parallel()
	ring := imports{
		"cmd/autoscaled":  {module + "internal/a"},
		"internal/a":      {module + "internal/b/part"},
		"internal/b/part": {module + "internal/b"},
		"internal/b":      {module + "internal/a"},
	}
	if _, err := draw(houseOf(ring, program)); err == nil || !strings.Contains(err.Error(), "stands on itself") {
		t.Errorf("error is %v", err)
	}
}

func TestAnArrowIsDrawnOnlyWhereNoLongerWayLeads(t *testing.T) {
	t.Parallel()
	arrows := houseOf(imports{
		"cmd/autoscaled": {module + "internal/a", module + "internal/b", module + "internal/c"},
		"internal/a":     {module + "internal/b", "net"},
		"internal/b":     nil,
		"internal/c":     nil,
		"internal/d":     {module + "internal/c"}, // not linked
	}, program).arrows()
	if got := arrows["cmd/autoscaled"]; !slices.Equal(got, []string{"a", "c"}) {
		t.Errorf("the program stands on %v", got)
	}
	if _, shown := arrows["d"]; shown {
		t.Error("a room that the program does not link is shown")
	}
}

func TestWhatIsDrawnAsComputingReadsNoFilesAndNoNetwork(t *testing.T) {
	t.Parallel()
	computing := 0
	for name, imported := range read(t) {
		if tints[roomOf(name)] != "pure" {
			continue
		}
		computing++
		for _, path := range imported {
			if slices.Contains([]string{"os", "net", "net/http", "io/fs", "go.uber.org/zap"}, path) {
				t.Errorf("%s imports %s: give its room another tint", name, path)
			}
		}
	}
	if computing < 4 {
		t.Errorf("only %d packages are drawn as computing", computing)
	}
}

var (
	row    = regexp.MustCompile("(?m)^\\| `((?:cmd|internal|configs)[a-z/]*)` \\|(.*)$")
	quoted = regexp.MustCompile("`([a-z/]+)`")
)

// TestTheTableNamesEveryPackage: by a row of its own, or in the row of the folder
// that it is in.
func TestTheTableNamesEveryPackage(t *testing.T) {
	t.Parallel()
	text, err := readFile(page)
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	all := read(t)
	for _, found := range row.FindAllStringSubmatch(text, -1) {
		folder := found[1]
		if _, ok := all[folder]; !ok {
			t.Errorf("the table has %s, which is no package", folder)
		}
		named[folder] = true
		for _, part := range quoted.FindAllStringSubmatch(found[2], -1) {
			for _, below := range []string{folder + "/" + part[1], folder + "/internal/" + part[1]} {
				named[filepath.ToSlash(below)] = true
			}
		}
	}
	for name := range all {
		if !named[name] {
			t.Errorf("the table does not name %s", name)
		}
	}
}
