package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	// A command that is to leave units stopped.
	leavesStopped = regexp.MustCompile("systemctl +(?:-[^ ]+ +)*(?:stop|disable|mask|kill) [^`;&|\n]*")
	// One that asks the cloud by itself, with the keys that the configuration refers to.
	asksTheCloud = regexp.MustCompile(`autoscaled (recover\b|gp [^|;]*--config )`)
	// Where these keys are for a shell.
	saysWhereKeysAre = regexp.MustCompile(`CREDENTIALS_DIRECTORY=/`)
)

// unguarded are the commands of a text that stop the daemon, and leave it to the socket to start it again.
func unguarded(text string) []string {
	return slices.DeleteFunc(leavesStopped.FindAllString(text, -1), func(command string) bool {
		units := strings.Fields(command)
		daemon := slices.Contains(units, "autoscaled") || slices.Contains(units, "autoscaled.service")
		return !daemon || slices.Contains(units, "autoscaled-traps.socket")
	})
}

// keyless are the lines of commands that ask the cloud before it is said where the keys are.
func keyless(text string) []string {
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		if saysWhereKeysAre.MatchString(line) {
			return lines
		}
		if asksTheCloud.MatchString(line) {
			lines = append(lines, line)
		}
	}
	return lines
}

// A trap would start it again.
func TestWhoeverIsToldToStopTheDaemonIsToldToStopTheSocketForTraps(t *testing.T) {
	t.Parallel()
	for _, path := range allPages(t) {
		text, err := os.ReadFile(filepath.Join(repository, path))
		if err != nil {
			t.Fatal(err)
		}
		for _, command := range unguarded(string(text)) {
			t.Errorf("%s: %q: name autoscaled-traps.socket before it, or a trap starts the daemon again", path, command)
		}
	}
	for command, want := range map[string]bool{
		"systemctl stop autoscaled": true, "systemctl disable --now autoscaled.service": true, "systemctl --quiet stop autoscaled": true,
		"systemctl stop autoscaled-traps.socket autoscaled": false, "systemctl stop snmpd": false, "systemctl restart autoscaled": false,
		"systemctl stop autoscaled; systemctl enable autoscaled-traps.socket": true,
	} {
		if got := len(unguarded(command)) > 0; got != want {
			t.Errorf("%s: refused is %v", command, got)
		}
	}
}

// Whoever is called at night copies one block, into a shell that knows nothing of the blocks before.
func TestEachBlockThatAsksTheCloudSaysWhereTheKeysOfThePackageAre(t *testing.T) {
	t.Parallel()
	seen := 0
	for _, path := range allPages(t) {
		if !strings.HasSuffix(path, "/runbook.md") && !strings.HasPrefix(path, "docs/alerts/") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(repository, path))
		if err != nil {
			t.Fatal(err)
		}
		p, err := readPage(path, string(text))
		if err != nil {
			t.Fatal(err)
		}
		var pieces []string // commands in sentences, and blocks
		outsideFences(string(text), func(_ int, line string) { pieces = append(pieces, codes.FindAllString(line, -1)...) })
		for _, b := range p.blocks {
			pieces = append(pieces, b.text)
		}
		for _, piece := range pieces {
			if asksTheCloud.MatchString(piece) {
				seen++
			}
			for _, line := range keyless(piece) {
				t.Errorf("%s: %q: begin with export CREDENTIALS_DIRECTORY=/etc/autoscaled", path, line)
			}
		}
	}
	if seen < 10 {
		t.Errorf("%d blocks ask the cloud: too few to be true", seen)
	}
}
