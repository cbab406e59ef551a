package plan

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// sources parses the files of a package, without its tests.
func sources(t *testing.T, dir string) (files []*ast.File) {
	t.Helper()
	entries, err := fs.ReadDir(os.DirFS(dir), ".")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if name := entry.Name(); strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") {
			file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, file)
		}
	}
	return files
}

// calledOf are the functions that a package calls of an imported one.
func calledOf(t *testing.T, dir, imported string) map[string]bool {
	t.Helper()
	called := map[string]bool{}
	for _, file := range sources(t, dir) {
		name := ""
		for _, spec := range file.Imports {
			if path, _ := strconv.Unquote(spec.Path.Value); path == imported {
				if name = filepath.Base(path); spec.Name != nil {
					name = spec.Name.Name
				}
			}
		}
		ast.Inspect(file, func(node ast.Node) bool {
			if call, ok := node.(*ast.CallExpr); ok {
				if function, ok := call.Fun.(*ast.SelectorExpr); ok {
					if of, ok := function.X.(*ast.Ident); ok && name != "" && of.Name == name {
						called[function.Sel.Name] = true
					}
				}
			}
			return true
		})
	}
	return called
}

// selected says that a package calls something of the name, of whatever it is.
func selected(t *testing.T, dir, name string) (found bool) {
	t.Helper()
	for _, file := range sources(t, dir) {
		ast.Inspect(file, func(node ast.Node) bool {
			if call, ok := node.(*ast.CallExpr); ok {
				function, ok := call.Fun.(*ast.SelectorExpr)
				found = found || ok && function.Sel.Name == name
			}
			return true
		})
	}
	return found
}

func TestReplayAndDaemonCallTheSameFunctions(t *testing.T) {
	t.Parallel()
	const imported = "github.com/autoscaled/autoscaled/internal/policy"
	replay, daemon := calledOf(t, ".", imported), calledOf(t, "../fleet", imported)
	for _, function := range []string{"Decide", "Choose"} {
		if !replay[function] || !daemon[function] {
			t.Errorf("policy.%s: replay calls it: %v, the daemon: %v", function, replay[function], daemon[function])
		}
	}
	if foresees, daemonForesees := selected(t, ".", "Foresee"), selected(t, "../fleet", "Foresee"); !foresees || !daemonForesees {
		t.Errorf("Forecaster.Foresee: replay calls it: %v, the daemon: %v", foresees, daemonForesees)
	}
	if reflect.ValueOf(policy.Decide).Pointer() == 0 { // so that the import is of what is named
		t.Error("there is no policy.Decide")
	}
}

// readBy are the fields of a spec that a file reads, as spec.Field or x.spec.Field.
func readBy(t *testing.T, file string) map[string]bool {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	read := map[string]bool{}
	ast.Inspect(parsed, func(node ast.Node) bool {
		if field, ok := node.(*ast.SelectorExpr); ok {
			switch of := field.X.(type) {
			case *ast.Ident:
				if of.Name == "spec" {
					read[field.Sel.Name] = true
				}
			case *ast.SelectorExpr:
				if of.Sel.Name == "spec" {
					read[field.Sel.Name] = true
				}
			}
		}
		return true
	})
	return read
}

func TestARecordAnswersOnlyForASpecThatChoosesAlike(t *testing.T) {
	t.Parallel()
	var full policy.Spec
	value := reflect.ValueOf(&full).Elem()
	for i := range value.NumField() {
		switch field := value.Field(i); field.Kind() {
		case reflect.Int, reflect.Int64:
			field.SetInt(1)
		case reflect.Float64:
			field.SetFloat(1)
		case reflect.Slice:
			field.Set(reflect.MakeSlice(field.Type(), 1, 1))
		}
	}
	compared := map[string]bool{}
	chosen := reflect.ValueOf(*choosing(&full))
	for i := range chosen.NumField() {
		if !chosen.Field(i).IsZero() {
			compared[chosen.Type().Field(i).Name] = true
		}
	}
	if read := readBy(t, "../policy/choose.go"); !maps.Equal(read, compared) {
		t.Errorf("Choose goes by %v, and compared are %v", slices.Sorted(maps.Keys(read)), slices.Sorted(maps.Keys(compared)))
	}
}
