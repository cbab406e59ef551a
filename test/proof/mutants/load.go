package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"path"
	"path/filepath"

	"github.com/autoscaled/autoscaled/test/proof/planted/trial"
)

// target is a package whose sources are mutated.
type target struct {
	name    string // its path in the module
	files   []*file
	pkg     *types.Package
	helpers []byte // the file that the mutants need beside them
}

// file is one source file of it.
type file struct {
	path   string // in the module
	source []byte
	fset   *token.FileSet
	syntax *ast.File
	info   *types.Info
}

// load reads and type-checks the packages, given by their paths in the module.
func load(ctx context.Context, module trial.Module, names []string) ([]*target, types.Importer, error) {
	listed, imports, err := list(ctx, module, names)
	if err != nil {
		return nil, nil, err
	}
	var targets []*target
	for _, name := range names {
		t := &target{name: name}
		for _, base := range listed[path.Join(module.Path, name)] {
			source, err := os.ReadFile(filepath.Join(module.Dir, name, base))
			if err != nil {
				return nil, nil, err
			}
			t.files = append(t.files, &file{path: path.Join(name, base), source: source})
		}
		if len(t.files) == 0 {
			return nil, nil, fmt.Errorf("package %s has no Go files", name)
		}
		if failures, err := t.check(imports); err != nil || len(failures) > 0 {
			return nil, nil, fmt.Errorf("read package %s: %w, %v", name, err, failures)
		}
		targets = append(targets, t)
	}
	return targets, imports, nil
}

// list returns the packages' Go files by import path, and an importer for what they import.
func list(ctx context.Context, module trial.Module, names []string) (map[string][]string, types.Importer, error) {
	args := []string{"list", "-export", "-deps", "-json=ImportPath,GoFiles,Export"}
	for _, name := range names {
		args = append(args, "./"+name)
	}
	out, err := trial.Go(ctx, module.Dir, args...)
	if err != nil {
		return nil, nil, err
	}
	files, exports := map[string][]string{}, map[string]string{}
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			ImportPath, Export string
			GoFiles            []string
		}
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, nil, fmt.Errorf("read the answer of go list: %w", err)
		}
		files[p.ImportPath], exports[p.ImportPath] = p.GoFiles, p.Export
	}
	lookup := func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) }
	return files, importer.ForCompiler(token.NewFileSet(), "gc", lookup), nil
}

// check parses and type-checks the files, and returns the errors of the latter.
func (t *target) check(imports types.Importer) ([]types.Error, error) {
	fset := token.NewFileSet()
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{}}
	var syntax []*ast.File
	for _, f := range t.files {
		parsed, err := parser.ParseFile(fset, f.path, f.source, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		f.fset, f.syntax, f.info = fset, parsed, info
		syntax = append(syntax, parsed)
	}
	var failures []types.Error
	config := types.Config{Importer: imports, Error: func(err error) {
		if failure, ok := errors.AsType[types.Error](err); ok {
			failures = append(failures, failure)
		}
	}}
	t.pkg, _ = config.Check(t.name, fset, syntax, info)
	return failures, nil
}
