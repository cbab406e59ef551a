package soak

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// root is the module's folder.
const root = "../../.."

func TestEveryPackageWithTestsEndsThemWithGoleak(t *testing.T) {
	t.Parallel()
	unguarded, guarded, err := guards(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range unguarded {
		t.Error(one)
	}
	if len(guarded) < 20 {
		t.Errorf("only %d packages with tests were found: %v", len(guarded), guarded)
	}
}

func TestAPackageWithoutGoleakIsFound(t *testing.T) {
	t.Parallel()
	const guard = "package p\nimport \"go.uber.org/goleak\"\nfunc TestMain(m *testing.M) { goleak.VerifyTestMain(m%s) }\n"
	const test = "package p\nfunc TestSomething(t *testing.T) {}\n"
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	unguarded, guarded, err := guards(fstest.MapFS{
		"go.mod":                     file("module m\n"),
		"good/main_test.go":          file(fmt.Sprintf(guard, "")),
		"good/x_test.go":             file(test),
		"cleans/main_test.go":        file(fmt.Sprintf(guard, ", goleak.Cleanup(f)")),
		"without/x_test.go":          file(test),
		"hollow/main_test.go":        file("package p\nfunc TestMain(m *testing.M) { m.Run() }\n"),
		"forgiving/main_test.go":     file(fmt.Sprintf(guard, ", goleak.IgnoreCurrent()")),
		"untested/x.go":              file("package p\n"),
		"good/testdata/a_test.go":    file(test),
		".hidden/x_test.go":          file(test),
		"other-module/go.mod":        file("module n\n"),
		"other-module/p/x_test.go":   file(test),
		"good/deeper/p/main_test.go": file(fmt.Sprintf(guard, "")),
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"forgiving: its TestMain lets goleak ignore goroutines: let them end instead",
		"hollow: its tests do not end with goleak: write a TestMain that calls goleak.VerifyTestMain",
		"without: its tests do not end with goleak: write a TestMain that calls goleak.VerifyTestMain",
	}
	if !slices.Equal(unguarded, want) {
		t.Errorf("found %q, want %q", unguarded, want)
	}
	if want := []string{"cleans", "good", "good/deeper/p"}; !slices.Equal(guarded, want) {
		t.Errorf("guarded are %q, want %q", guarded, want)
	}
}

// guards lists the folders of a module whose tests end with goleak, and says of each
// other one with tests what is missing.
func guards(module fs.FS) (unguarded, guarded []string, err error) {
	packages := map[string]*guard{}
	err = fs.WalkDir(module, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return enter(module, name)
		}
		if !strings.HasSuffix(name, "_test.go") {
			return nil
		}
		folder := path.Dir(name)
		if packages[folder] == nil {
			packages[folder] = &guard{}
		}
		return packages[folder].read(module, name)
	})
	for folder, g := range packages {
		switch {
		case !g.verifies:
			unguarded = append(unguarded, folder+": its tests do not end with goleak: write a TestMain that calls goleak.VerifyTestMain")
		case g.forgives:
			unguarded = append(unguarded, folder+": its TestMain lets goleak ignore goroutines: let them end instead")
		default:
			guarded = append(guarded, folder)
		}
	}
	slices.Sort(unguarded)
	slices.Sort(guarded)
	return unguarded, guarded, err
}

// enter skips what go test does not look into, and other modules.
func enter(module fs.FS, folder string) error {
	base := path.Base(folder)
	if folder == "." {
		return nil
	}
	_, err := fs.Stat(module, path.Join(folder, "go.mod"))
	if err == nil || base == "testdata" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") {
		return fs.SkipDir
	}
	return nil
}

// guard is what a package's TestMain does about goroutines that are left.
type guard struct {
	verifies bool
	forgives bool
}

func (g *guard) read(module fs.FS, name string) error {
	source, err := fs.ReadFile(module, name)
	if err != nil {
		return err
	}
	file, err := parser.ParseFile(token.NewFileSet(), name, source, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	for _, declaration := range file.Decls {
		function, ok := declaration.(*ast.FuncDecl)
		if !ok || function.Recv != nil || function.Name.Name != "TestMain" {
			continue
		}
		ast.Inspect(function, func(node ast.Node) bool {
			if call, ok := node.(*ast.SelectorExpr); ok && isGoleak(call) {
				g.verifies = g.verifies || call.Sel.Name == "VerifyTestMain"
				g.forgives = g.forgives || strings.HasPrefix(call.Sel.Name, "Ignore")
			}
			return true
		})
	}
	return nil
}

func isGoleak(selector *ast.SelectorExpr) bool {
	from, ok := selector.X.(*ast.Ident)
	return ok && from.Name == "goleak"
}
