package main

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/autoscaled/autoscaled/internal/config"
)

const keyTable = "| key | default | range | meaning |\n|---|---|---|---|\n"

// What is written of the keys is the same wherever it is made, and what the loader does.
func TestTheReferenceOfTheConfigurationIsUpToDate(t *testing.T) {
	t.Parallel()
	const path = "docs/configuration.md"
	before := page(t, path)
	got, left := withTables(before, tablesOfKeys(config.Describe()))
	for _, section := range left {
		t.Errorf("%s has no heading ## `%s` with a table below it", path, section)
	}
	if *update {
		if err := os.WriteFile("../../"+path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	} else if got != before {
		t.Errorf("%s is not what the loader says of its keys: `go test ./cmd/autoscaled -run Configuration -update` writes it", path)
	}
}

// tablesOfKeys are those of the sections, by their paths. A shadow has the keys of its group.
func tablesOfKeys(top *config.Section) map[string]string {
	tables := map[string]string{}
	var visit func(s *config.Section)
	visit = func(s *config.Section) {
		var b strings.Builder
		b.WriteString(keyTable)
		for _, key := range s.Keys {
			row := fmt.Sprintf("| `%s` | %s | %s | %s |", key.Name, key.Absence(), key.Range(), key.Meaning)
			b.WriteString(strings.ReplaceAll(row, "|  |", "| |") + "\n")
			if key.Section != nil && !key.Free() {
				visit(key.Section)
			}
		}
		if !strings.HasPrefix(s.Path, "groups.NAME.shadow.") {
			tables[s.Path] = b.String()
		}
	}
	visit(top)
	return tables
}

var (
	pageHeading = regexp.MustCompile("(?m)^## ")
	sectionName = regexp.MustCompile("^## (?:The top|`([^`]+)`)\n")
	rowsOfKeys  = regexp.MustCompile(regexp.QuoteMeta(keyTable) + `(?:\|.*\n)*`)
)

// withTables is the page with the tables in place of those below the headings of their
// sections. Left are the sections that it has no place for.
func withTables(page string, tables map[string]string) (with string, left []string) {
	var b strings.Builder
	starts := append([][]int{{0}}, pageHeading.FindAllStringIndex(page, -1)...)
	for i, start := range starts {
		end := len(page)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		text := page[start[0]:end]
		if name := sectionName.FindStringSubmatch(text); name != nil && rowsOfKeys.MatchString(text) {
			text = rowsOfKeys.ReplaceAllLiteralString(text, tables[name[1]])
			delete(tables, name[1])
		}
		b.WriteString(text)
	}
	for section := range tables {
		left = append(left, section)
	}
	slices.Sort(left)
	return b.String(), left
}

func TestConfigSchemaPrintsWhatEditorsRead(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"config", "schema"}, {"config", "schema", "-o", "json"}} {
		out, errs, err := execute(t, args...)
		var schema struct {
			Schema     string `json:"$schema"`
			Properties map[string]struct {
				Description string `json:"description"`
			} `json:"properties"`
		}
		if err != nil || errs != "" {
			t.Fatalf("%v: error is %v, said %q", args, err, errs)
		}
		if err := json.Unmarshal([]byte(out), &schema); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(schema.Schema, "draft-07") || schema.Properties["groups"].Description != "The pools. Required." {
			t.Errorf("%v: it is %+v", args, schema)
		}
	}
}

// A file that is shipped tells editors where its schema is.
func TestShippedConfigurationsNameTheirSchema(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"autoscaled.example", "forecast", "minimal", "prometheus", "systemd"} {
		const line = "# yaml-language-server: $schema=../dist/autoscaled.schema.json\n"
		if text := page(t, "configs/"+file+".yaml"); !strings.HasPrefix(text, line) {
			t.Errorf("configs/%s.yaml does not begin with %s", file, line)
		}
	}
}
