package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"path"
	"slices"

	"github.com/autoscaled/autoscaled/test/proof/planted/trial"
)

// schema is the sources of packages with every mutant in them, waiting to be chosen.
type schema struct {
	sources trial.Sources
	mutants []*mutant
	left    int // mutants left out, because they do not compile
}

// mutate makes the schema of the targets.
func mutate(targets []*target, imports types.Importer) (schema, error) {
	s := schema{sources: trial.Sources{}}
	nextID := 1
	for _, t := range targets {
		edits := map[*file][]*edit{}
		for _, f := range t.files {
			edits[f] = find(t, f)
			for _, m := range mutantsOf(edits[f]) {
				m.id = nextID
				nextID++
			}
		}
		t.helpers = []byte(fmt.Sprintf(helpers, t.pkg.Name(), nextID))
		left, err := t.leaveOut(edits, imports)
		if err != nil {
			return s, fmt.Errorf("mutate package %s: %w", t.name, err)
		}
		s.left += left
		for _, f := range t.files {
			s.mutants = append(s.mutants, mutantsOf(edits[f])...)
		}
		maps.Copy(s.sources, t.rewritten(edits))
	}
	return s, nil
}

func mutantsOf(edits []*edit) []*mutant {
	var mutants []*mutant
	for _, e := range edits {
		mutants = append(mutants, e.mutants...)
	}
	return mutants
}

// rewritten is the package's sources with the edits and their helpers.
func (t *target) rewritten(edits map[*file][]*edit) trial.Sources {
	sources := trial.Sources{path.Join(t.name, "zz_mutants.go"): t.helpers}
	for _, f := range t.files {
		sources[f.path] = []byte(rewrite(f.source, edits[f]))
	}
	return sources
}

// leaveOut takes out the edits with which the package does not compile, and returns
// how many mutants they had.
func (t *target) leaveOut(edits map[*file][]*edit, imports types.Importer) (int, error) {
	broken, err := t.broken(edits, imports)
	if err != nil {
		return 0, err
	}
	left := 0
	for f := range edits {
		edits[f] = slices.DeleteFunc(edits[f], func(e *edit) bool {
			if broken[place{f.path, e.mutants[0].in}] == nil {
				return false
			}
			alone, err := t.broken(map[*file][]*edit{f: {e}}, imports)
			if err == nil && len(alone) == 0 {
				return false
			}
			left += len(e.mutants)
			return true
		})
	}
	if left == 0 && len(broken) == 0 {
		return 0, nil
	}
	broken, err = t.broken(edits, imports)
	return left, errors.Join(append(slices.Collect(maps.Values(broken)), err)...)
}

// place is a function or a variable.
type place struct{ file, in string }

// broken returns a compiler's error for each place that does not compile with the edits.
func (t *target) broken(edits map[*file][]*edit, imports types.Importer) (map[place]error, error) {
	rewritten := &target{name: t.name}
	for name, source := range t.rewritten(edits) {
		rewritten.files = append(rewritten.files, &file{path: name, source: source})
	}
	all, err := rewritten.check(imports)
	if err != nil {
		return nil, err
	}
	broken := map[place]error{}
	for _, failure := range all {
		broken[rewritten.place(failure.Pos)] = failure
	}
	return broken, nil
}

// place is where the position is.
func (t *target) place(pos token.Pos) place {
	for _, f := range t.files {
		for _, d := range f.syntax.Decls {
			if pos < d.Pos() || pos > d.End() {
				continue
			}
			if function, ok := d.(*ast.FuncDecl); ok {
				return place{f.path, functionName(function)}
			}
			return place{f.path, variableName(d.(*ast.GenDecl), pos)}
		}
	}
	return place{}
}

func variableName(d *ast.GenDecl, pos token.Pos) string {
	for _, spec := range d.Specs {
		if v, ok := spec.(*ast.ValueSpec); ok && v.Pos() <= pos && pos <= v.End() {
			return v.Names[0].Name
		}
	}
	return ""
}
