package docs

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// mentioned is a command in the midst of a sentence or a table.
var mentioned = regexp.MustCompile("`(autoscaled [a-z][^`]*)`")

// What stands in sentences is not run. But each command that is named there exists, and has the flags that are
// given to it: the program prints its help in place of doing it.
func TestTheDocumentationNamesCommandsAndFlagsThatThereAre(t *testing.T) {
	t.Parallel()
	binary := theBinary(t)
	known := map[string]error{}
	for _, path := range allPages(t) {
		text, err := os.ReadFile(filepath.Join(repository, path))
		if err != nil {
			t.Fatal(err)
		}
		within := false // a fence
		for i, line := range strings.Split(string(text), "\n") {
			if fence.MatchString(line) {
				within = !within
			}
			for _, match := range mentioned.FindAllStringSubmatch(line, -1) {
				command := match[1]
				if within || strings.ContainsAny(command, "|<>$…;\\") {
					continue
				}
				if _, seen := known[command]; !seen {
					known[command] = helps(binary, command)
				}
				if known[command] != nil {
					t.Errorf("%s:%d: `%s`: %v", path, i+1, command, known[command])
				}
			}
		}
	}
	if len(known) < 50 {
		t.Errorf("the documentation names %d commands only", len(known))
	}
}

// helps says why the program has no help for a command with such flags.
func helps(binary, command string) error {
	command = strings.NewReplacer("'", "", "ROLE", "read").Replace(command)
	words := strings.Fields(command)[1:]
	said, err := exec.Command(binary, append(words, "--help")...).CombinedOutput()
	if err != nil && strings.HasPrefix(words[len(words)-1], "--") { // a flag that is named without its value
		said, err = exec.Command(binary, append(words, "1", "--help")...).CombinedOutput()
	}
	if err != nil {
		return fmt.Errorf("%w: %s", err, said)
	}
	_, usage, _ := strings.Cut(string(said), "Usage:\n")
	usage, _, _ = strings.Cut(usage, "\n")
	if strings.HasSuffix(usage, " COMMAND") && len(words) > 1 && !strings.HasPrefix(words[1], "-") {
		return fmt.Errorf("there is no such command: it is %s", strings.TrimSpace(usage))
	}
	return nil
}
