package actions

import (
	"strings"
	"testing"
)

// FuzzMark looks for two machines, groups or installations that share a mark, and
// for a label that is a mark of a machine other than the one it names.
func FuzzMark(f *testing.F) {
	f.Add("tokyo", "web", "gc00000001", "tokyo", "web", "gc00000002")
	f.Add("a", "b-c", "gc1", "a-b", "c", "gc1")
	f.Add("", "", "", "a", "", "")
	f.Fuzz(func(t *testing.T, installation, group, code, installation2, group2, code2 string) {
		if strings.Contains(installation+group+code+installation2+group2+code2, ":") {
			t.Skip("no name holds a colon")
		}
		gotInstallation, gotGroup, ok := ReadMark(Mark(installation, group, code), code)
		_, _, others := ReadMark(Mark(installation, group, code), code2)
		if !ok || gotInstallation != installation || gotGroup != group || others != (code == code2) {
			t.Errorf("%q is read as of %q %q (%v), and of %q: %v", Mark(installation, group, code), gotInstallation, gotGroup, ok, code2, others)
		}
		same := installation == installation2 && group == group2 && code == code2
		if shared := Mark(installation, group, code) == Mark(installation2, group2, code2); shared != same {
			t.Errorf("%q: shared by %q %q %q and %q %q %q", Mark(installation, group, code), installation, group, code, installation2, group2, code2)
		}
	})
}
