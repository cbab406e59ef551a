package main

import (
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/autoscaled/autoscaled/test/proof/planted/trial"
)

// bug is a mistake that the proof must find.
type bug struct {
	name    string
	changes []change
}

// change is a piece of the bug in one file. old occurs there exactly once. In its
// replacement, [bug] stands for an expression that is true when the bug is chosen,
// and [old] for old.
type change struct {
	file     string // path in the module
	old, new string
}

// variable is the environment variable that chooses a bug by its name.
const variable = "AUTOSCALED_PLANTED"

// plant returns the sources with all bugs in them, none of them chosen yet. dir is
// the module's folder.
func plant(dir string, bugs []bug) (trial.Sources, error) {
	sources := trial.Sources{}
	for _, b := range bugs {
		for _, c := range b.changes {
			if err := c.apply(dir, b.name, sources); err != nil {
				return nil, fmt.Errorf("plant %q: %w", b.name, err)
			}
		}
	}
	for _, file := range keys(sources) {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, sources[file], parser.SkipObjectResolution)
		if err != nil {
			return nil, fmt.Errorf("the planted sources are no Go: %w", err)
		}
		sources[path.Join(path.Dir(file), "zz_planted.go")] = []byte(fmt.Sprintf(chooser, parsed.Name.Name, variable))
	}
	return sources, nil
}

// chooser is added to each package that has bugs planted.
const chooser = `package %s

import "os"

var plantedName = os.Getenv(%q)

func planted(name string) bool { return name == plantedName }

func plantedPrefix(s, prefix string) bool { return len(s) >= len(prefix) && s[:len(prefix)] == prefix }
`

// apply applies the change to the file as earlier changes left it.
func (c change) apply(dir, name string, sources trial.Sources) error {
	original, err := os.ReadFile(filepath.Join(dir, c.file))
	if err != nil {
		return err
	}
	if n := strings.Count(string(original), c.old); n != 1 {
		return fmt.Errorf("%s has this %d times, and must have it once: correct the table in bugs.go:\n%s", c.file, n, c.old)
	}
	now, touched := sources[c.file]
	if !touched {
		now = original
	}
	if strings.Count(string(now), c.old) != 1 {
		return fmt.Errorf("%s: another bug is planted in the same place: let one of them change less:\n%s", c.file, c.old)
	}
	replacement := strings.NewReplacer("[bug]", fmt.Sprintf("planted(%q)", name), "[old]", c.old).Replace(c.new)
	sources[c.file] = []byte(strings.Replace(string(now), c.old, replacement, 1))
	return nil
}
