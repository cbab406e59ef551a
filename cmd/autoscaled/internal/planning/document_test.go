package planning

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// fieldsOf lists every field of a decoded document with the kind of its value.
func fieldsOf(path string, value any, into map[string]bool) {
	switch value := value.(type) {
	case map[string]any:
		for name, field := range value {
			fieldsOf(path+"."+name, field, into)
		}
	case []any:
		for _, element := range value {
			fieldsOf(path+"[]", element, into)
		}
	default:
		into[fmt.Sprintf("%s %T", strings.TrimPrefix(path, "."), value)] = true
	}
}

// Programs rely on the names. A new field is added to the file with -update; none may go.
func TestTheFieldsOfTheDocumentStayAsTheyAre(t *testing.T) {
	t.Parallel()
	o := coarse(t, 2)
	other := onRequests(t)
	other.Name, other.Role, other.Spec.Max = "old", "in force", 5
	o.Subjects = append(o.Subjects, other)
	o.Classics, o.Series, o.Guards, o.Monthly, o.Surroundings.Quota = true, true, true, 1.2, 8
	what, err := ReadWhatIf("load x3", o.Zone)
	if err != nil {
		t.Fatal(err)
	}
	o.WhatIfs = []WhatIf{what}
	text, err := json.Marshal(made(t, o).Document(true))
	if err != nil {
		t.Fatal(err)
	}
	checkFields(t, text, "testdata/document.txt")
}

// checkFields holds the fields of a document against a golden file.
func checkFields(t *testing.T, text []byte, path string) {
	t.Helper()
	var document map[string]any
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	fields := map[string]bool{}
	fieldsOf("", document, fields)
	got := strings.Join(slices.Sorted(maps.Keys(fields)), "\n") + "\n"
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestTheDocumentOfAPlanWithoutPricesHasNoCosts(t *testing.T) {
	t.Parallel()
	o := waves(t, 1)
	o.Prices, o.Guards = nil, true
	text, err := json.Marshal(made(t, o).Document(false))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "cost_amount") || !strings.Contains(string(text), `"billing":null`) || strings.Contains(string(text), "series") {
		t.Errorf("it is %s", text)
	}
}
