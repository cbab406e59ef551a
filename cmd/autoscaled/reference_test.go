package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// everyCommand is each command that people are told of, by its path.
func everyCommand(t *testing.T) map[string]*cobra.Command {
	t.Helper()
	all := map[string]*cobra.Command{}
	walk(root(), func(c *cobra.Command) { all[c.CommandPath()] = c })
	if len(all) < 40 {
		t.Fatalf("only %d commands", len(all))
	}
	return all
}

// line is a line of a shell: words, of which some are quoted.
var shellWord = regexp.MustCompile(`'[^']*'|"[^"]*"|\S+`)

// examplesOf are the command lines of the examples, each as its words, without the program's name, what
// is set before it, and where its output goes.
func examplesOf(c *cobra.Command) (lines [][]string) {
	for line := range strings.SplitSeq(strings.ReplaceAll(c.Example, "\\\n", " "), "\n") {
		var words []string
		for _, word := range shellWord.FindAllString(line, -1) {
			words = append(words, strings.Trim(word, `'"`))
		}
		for len(words) > 0 && words[0] != "autoscaled" {
			words = words[1:]
		}
		if end := slices.IndexFunc(words, func(word string) bool { return word == ">" || word == "|" }); end >= 0 {
			words = words[:end]
		}
		if len(words) > 0 {
			lines = append(lines, words[1:])
		}
	}
	return lines
}

func TestEveryCommandHasExamplesThatItUnderstands(t *testing.T) {
	t.Parallel()
	for path, c := range everyCommand(t) {
		if !c.Runnable() && !c.HasSubCommands() {
			continue // a topic of the help
		}
		examples := examplesOf(c)
		if len(examples) < 2 {
			t.Errorf("%s has %d examples, and should have two at least", path, len(examples))
		}
		for _, words := range examples {
			command, args, err := root().Find(words)
			if err == nil && !strings.HasPrefix(command.CommandPath(), path) {
				err = fmt.Errorf("it is of %s", command.CommandPath())
			}
			if err == nil {
				err = command.ParseFlags(args)
			}
			if err == nil {
				err = command.ValidateArgs(command.Flags().Args())
			}
			if err == nil {
				err = command.ValidateFlagGroups()
			}
			if err != nil {
				t.Errorf("%s: the example %q does not work: %v", path, words, err)
			}
		}
	}
}

func TestEveryCommandPrintsForPeopleAndForPrograms(t *testing.T) {
	t.Parallel()
	without := []string{ // these print no state of anything
		"autoscaled run", "autoscaled demo", "autoscaled man", "autoscaled help", "autoscaled completion",
	}
	for path, c := range everyCommand(t) {
		if _, gatherer := c.Annotations[gathers]; !c.Runnable() || gatherer || slices.Contains(without, path) {
			continue
		}
		if flag := c.Flags().Lookup("output"); flag == nil || flag.Shorthand != "o" {
			t.Errorf("%s has no -o", path)
			continue
		}
		for _, form := range []string{"json", "text"} {
			if err := c.ParseFlags([]string{"-o", form}); err != nil {
				t.Errorf("%s: %v", path, err)
			}
		}
		if err := c.ParseFlags([]string{"-o", "yaml"}); err == nil || !strings.Contains(err.Error(), "json") {
			t.Errorf("%s -o yaml: %v", path, err)
		}
	}
}

func TestEveryCommandThatSpeaksToTheDaemonFindsItAlike(t *testing.T) {
	t.Parallel()
	alone := strings.Fields("run check recover plan probe gp simulator demo version man help completion exit-codes config notify")
	for _, c := range root().Commands() {
		if slices.Contains(alone, c.Name()) {
			continue
		}
		for _, name := range connectionFlags {
			if c.Flags().Lookup(name) == nil {
				t.Errorf("%s has no --%s", c.CommandPath(), name)
			}
		}
	}
}

// What is written of the command line is the same wherever it is made.
func TestTheReferenceOfTheCommandLineIsUpToDate(t *testing.T) {
	t.Parallel()
	const path = "../../docs/cli.md"
	got := reference(root())
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if want := page(t, "docs/cli.md"); got != want {
		t.Errorf("%s is not what the commands say of themselves: `go test ./cmd/autoscaled -run Reference -update` writes it", path)
	}
	if user := userName(); strings.Contains(got, `"`+user+`"`) {
		t.Errorf("it names %s", user)
	}
}

// reference is docs/cli.md: what help says of every command.
func reference(root *cobra.Command) string {
	var b strings.Builder
	b.WriteString(`# The command line

This page is made from what the commands say of themselves (` + "`autoscaled COMMAND --help`" + `). The manual pages, which
` + "`autoscaled man DIRECTORY`" + ` writes, say the same.

## Where the daemon is

Commands that speak to a running daemon do so over its control socket, whose permissions decide who may. Over the network they
speak to a URL, with a token out of a file, which ` + "`autoscaled config token`" + ` makes, or with a certificate. All of them have these flags:

` + "```\n")
	pause, _, _ := root.Find([]string{"pause"})
	_, connecting := flagsOf(pause)
	b.WriteString(connecting + "\n```\n\nA token is never written on a command line, where others could read it.\n\n## What they print\n\n")
	b.WriteString("Commands print text for people, or with `-o json` JSON for programs, whose keys stay.\nA command that changes something prints `{\"command\", \"of\": [its arguments], \"text\"}` then. What is wrong goes to standard error.\n\n")
	topic, _, _ := root.Find([]string{"exit-codes"})
	b.WriteString(topic.Long + "\n")
	for _, ch := range chaptersOf(root) {
		fmt.Fprintf(&b, "\n## %s\n", strings.TrimSuffix(ch.title, ":"))
		for _, c := range ch.commands {
			if c.Name() == "help" || c == topic {
				continue
			}
			for _, each := range commandsOf(c) {
				describe(&b, each)
			}
		}
	}
	return b.String()
}

func describe(b *strings.Builder, c *cobra.Command) {
	fmt.Fprintf(b, "\n### `%s`\n\n%s\n", c.CommandPath(), markdown(longOf(c)))
	fmt.Fprintf(b, "\n```\n%s\n```\n", strings.Join(useLines(c), "\n"))
	own, connecting := flagsOf(c)
	if own = strings.TrimRight(own, "\n"); own != "" {
		fmt.Fprintf(b, "\n```\n%s\n```\n", own)
	}
	if connecting != "" {
		b.WriteString("\nand those that say [where the daemon is](#where-the-daemon-is).\n")
	}
	fmt.Fprintf(b, "\nExamples:\n\n```\n%s\n```\n", unindented(c.Example))
}

// markdown keeps the lines of a list or table that is indented.
func markdown(text string) string {
	paragraphs := strings.Split(text, "\n\n")
	for i, paragraph := range paragraphs {
		if strings.HasPrefix(paragraph, "  ") {
			paragraphs[i] = "```\n" + paragraph + "\n```"
		}
	}
	return strings.Join(paragraphs, "\n\n")
}

func TestEveryCommandHasAManualPage(t *testing.T) {
	t.Parallel()
	directory := filepath.Join(t.TempDir(), "man")
	if out, errs, err := execute(t, "man", directory); err != nil || out+errs != "" {
		t.Fatalf("error is %v, said %q", err, out+errs)
	}
	pages, err := filepath.Glob(filepath.Join(directory, "*.1"))
	if want := len(commandsOf(root())); err != nil || len(pages) != want || want < 35 {
		t.Fatalf("%d pages of %d commands: %v", len(pages), want, err)
	}
	text, err := os.ReadFile(filepath.Join(directory, "autoscaled-hold.1"))
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "autoscaled-hold.1", strings.ReplaceAll(string(text), versionText(), "VERSION"))
}

func TestManualPagesAreRightForTroff(t *testing.T) {
	t.Parallel()
	groff, err := exec.LookPath("groff")
	if err != nil {
		t.Skip("groff is not installed")
	}
	for _, c := range commandsOf(root()) {
		command := exec.CommandContext(t.Context(), groff, "-man", "-ww", "-z", "-Tutf8")
		command.Stdin = strings.NewReader(manPage(c))
		if said, err := command.CombinedOutput(); err != nil || len(said) > 0 {
			t.Errorf("%s: %v\n%s", c.CommandPath(), err, said)
		}
	}
}

func TestTextCannotGiveTroffOrders(t *testing.T) {
	t.Parallel()
	var r roff
	r.text(".so /etc/passwd\n'so x\na \\fB b - 'c' `d` ^ ~ é")
	want := "\\&.so /etc/passwd\n\\(aqso x\na \\efB b \\- \\(aqc\\(aq \\(gad\\(ga \\(ha \\(ti \\[u00E9]\n"
	if got := r.String(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
