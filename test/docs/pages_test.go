package docs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	repository    = "../.."
	exceptionsMax = 10              // fences of the whole documentation that are not run
	pageTimeout   = 3 * time.Minute // of one page
)

// elsewhere are the commands of pages that a part of CI runs, which takes long; with the line by which it does.
var elsewhere = map[string]string{
	"make test":                        "make test | tee",
	"test/bench/elasticity.sh --quick": "test/bench/elasticity.sh --quick | tee",
	"go run ./cmd/autoscaled demo":     "go run ./cmd/autoscaled demo | tee",
	"go run ./cmd/autoscaled plan --example --html plan.html": `go run ./cmd/autoscaled plan --example --html "$work/plan.html"`,
}

// tally is what was done, over all pages.
type tally struct {
	mu                       sync.Mutex
	commands, configurations int
	exceptions               []string // with page, line and reason
	elsewhere                []string // commands that a part of CI runs
}

func (y *tally) add(change func(*tally)) {
	y.mu.Lock()
	defer y.mu.Unlock()
	change(y)
}

// theBinary is the program whose documentation this is.
func theBinary(t *testing.T) string {
	t.Helper()
	binary := os.Getenv("AUTOSCALED_BIN")
	if binary == "" {
		t.Skip("AUTOSCALED_BIN names no autoscaled: run test/docs.sh")
	}
	return binary
}

func TestTheDocumentationDoesWhatItSays(t *testing.T) {
	binary := theBinary(t)
	j, err := newJudge(binary, t.TempDir(), repository)
	if err != nil {
		t.Fatal(err)
	}
	pages, whole := strings.Fields(os.Getenv("AUTOSCALED_PAGES")), false
	if len(pages) == 0 {
		pages, whole = allPages(t), true
	}
	done := &tally{}
	t.Run("page", func(t *testing.T) {
		for _, path := range pages {
			t.Run(path, func(t *testing.T) {
				t.Parallel()
				runPage(t, j, path, done)
			})
		}
	})
	report(t, done)
	for command := range elsewhere {
		if whole && !slices.Contains(done.elsewhere, command) {
			t.Errorf("no page has the command %q any more, which .ci/run is said to run for it: take it off the list", command)
		}
	}
}

// report says what was done, and what was not.
func report(t *testing.T, done *tally) {
	t.Helper()
	fmt.Printf("docs: %d commands run, %d configurations checked, %d exceptions (at most %d)\n", done.commands, done.configurations, len(done.exceptions), exceptionsMax)
	slices.Sort(done.exceptions)
	for _, exception := range done.exceptions {
		fmt.Println("  " + exception)
	}
	if len(done.exceptions) > exceptionsMax {
		t.Errorf("%d fences are not run, and %d may be: let some run, in a world that has what they need", len(done.exceptions), exceptionsMax)
	}
}

// allPages are the pages of the documentation, from the root of the repository.
func allPages(t *testing.T) []string {
	t.Helper()
	var pages []string
	for _, pattern := range []string{"README.md", "CONTRIBUTING.md", "docs/*.md", "docs/*/*.md"} {
		found, err := filepath.Glob(filepath.Join(repository, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range found {
			pages = append(pages, strings.TrimPrefix(path, repository+"/"))
		}
	}
	if len(pages) < 20 {
		t.Fatalf("there are %d pages only: %v", len(pages), pages)
	}
	return pages
}

// runPage judges what a page shows, and runs what it has others run.
func runPage(t *testing.T, j *judge, path string, done *tally) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, path))
	if err != nil {
		t.Fatal(err)
	}
	read := readPage
	if path == "docs/cli.md" {
		read = readReference
	}
	p, err := read(path, string(text))
	if err != nil {
		t.Fatal(err)
	}
	var run []block // what has to do with the page's world
	for i := range p.blocks {
		b := &p.blocks[i]
		switch {
		case b.mark.notRun != "":
			exception := fmt.Sprintf("%s:%d: %s", path, b.line, b.mark.notRun)
			done.add(func(y *tally) { y.exceptions = append(y.exceptions, exception) })
		case b.runs():
			if !covered(t, p, b, done) {
				run = append(run, *b)
			}
		case b.language == "text" && b.behind && len(run) > 0 && run[len(run)-1].line == p.blocks[i-1].line:
			run = append(run, *b)
		default:
			judgeBlock(t, j, p, b, done)
			if b.file != "" {
				run = append(run, *b)
			}
		}
	}
	if slices.ContainsFunc(run, func(b block) bool { return b.runs() && !b.hidden }) {
		commands, err := execute(t.Context(), p, run, j.binary, t.TempDir())
		if err != nil {
			t.Error(err)
		}
		done.add(func(y *tally) { y.commands += commands })
	}
}

// runs says whether the block has commands to be run, and is not the content of a file.
func (b *block) runs() bool { return b.language == "sh" && b.file == "" && b.mark.notRun == "" }

// judgeBlock judges what is not executed.
func judgeBlock(t *testing.T, j *judge, p *page, b *block, done *tally) {
	t.Helper()
	configuration, err := j.checkBlock(b)
	if err != nil {
		t.Errorf("%s:%d: %v", p.path, b.line, err)
	}
	if configuration {
		done.add(func(y *tally) { y.configurations++ })
	}
}

// covered says whether a part of CI runs every command of the block.
func covered(t *testing.T, p *page, b *block, done *tally) bool {
	t.Helper()
	commands, known := b.commands(), 0
	for _, c := range commands {
		line, ok := elsewhere[c.text]
		if !ok {
			continue
		}
		known++
		done.add(func(y *tally) { y.elsewhere = append(y.elsewhere, c.text); y.commands++ })
		ci, err := os.ReadFile(filepath.Join(repository, ".ci/run"))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(ci), "\n    "+line) {
			t.Errorf("%s:%d: %s is said to be run by .ci/run, which has no line %q", p.path, c.line, c.text, line)
		}
	}
	if known > 0 && known < len(commands) {
		t.Errorf("%s:%d: a part of this block is run by .ci/run, and a part is not: divide it", p.path, b.line)
	}
	return known > 0
}

// execute runs a page in a world of its own, and compares what it shows with what was printed. It returns how
// many commands were run, and what went wrong.
func execute(ctx context.Context, p *page, blocks []block, binary, folder string) (commands int, err error) {
	script := []string{"source /mnt/docs/driver.sh"}
	files := map[string]string{}
	for i := range blocks {
		b := &blocks[i]
		line := strconv.Itoa(b.line)
		switch {
		case b.file != "":
			files[line+".file"] = b.text
			script = append(script, fmt.Sprintf("__file %s %s %s", line, quote(b.file), b.mode()))
		case b.runs():
			files[line+".sh"] = b.script()
			script = append(script, b.call(line))
			if !b.hidden {
				commands += len(b.commands())
			}
		}
	}
	files["page.sh"] = strings.Join(append(script, "touch /mnt/page/done", ""), "\n")
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			return 0, err
		}
	}
	if err := enter(ctx, p, folder, binary); err != nil {
		return 0, err
	}
	return commands, compareAll(p, blocks, folder)
}

// call is what the driver does with a block.
func (b *block) call(line string) string {
	switch {
	case b.mark.stopped > 0:
		return fmt.Sprintf("__stopped %s %v", line, b.mark.stopped.Seconds())
	case b.mark.shows != "":
		return fmt.Sprintf("__until %s %s", line, quote(b.mark.shows))
	}
	return "__run " + line
}

func (b *block) mode() string {
	if strings.HasPrefix(b.text, "#!") {
		return "0755"
	}
	return "0644"
}

func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// enter runs a page's script in its world, up to its end.
func enter(ctx context.Context, p *page, folder, binary string) error {
	ctx, cancel := context.WithTimeout(ctx, pageTimeout)
	defer cancel()
	here, err := os.Getwd()
	if err != nil {
		return err
	}
	arguments := append([]string{
		"--mount", "--net", "--pid", "--ipc", "--uts", "--fork", "--kill-child",
		filepath.Join(here, "namespace.sh"), folder, binary, filepath.Join(here, repository),
	}, p.parts...)
	command := exec.CommandContext(ctx, "unshare", arguments...)
	command.WaitDelay = 10 * time.Second
	said, err := command.CombinedOutput()
	if _, missing := os.Stat(filepath.Join(folder, "done")); err == nil && missing != nil {
		err = errors.New("the page's shell ended before the page did")
	}
	if ctx.Err() != nil {
		err = fmt.Errorf("it took longer than %v: %w", pageTimeout, err)
	}
	if err != nil {
		return failure(p, folder, err, string(said))
	}
	return nil
}

// failure tells what went wrong on a page: where, which command, what it printed.
func failure(p *page, folder string, err error, said string) error {
	read := func(name string) string {
		text, _ := os.ReadFile(filepath.Join(folder, name))
		return string(text)
	}
	told := strings.SplitN(read("failure"), "\n", 3)
	if len(told) < 3 {
		return fmt.Errorf("%s: %w\n%s%s", p.path, err, said, read("logs"))
	}
	line, _ := strconv.Atoi(told[0])
	what, printed := strings.TrimSpace(told[2]), ""
	for i := range p.blocks {
		if b := &p.blocks[i]; b.runs() && b.line <= line {
			printed = read(strconv.Itoa(b.line) + ".out")
			if lines := strings.Split(b.text, "\n"); what == "" && line-b.line < len(lines) {
				what = strings.TrimSpace(lines[line-b.line])
			}
		}
	}
	text := fmt.Sprintf("%s:%d: %s\nexit status %s, having printed:\n%s", p.path, line, what, told[1], indent(last(printed, 40)))
	if logs := read("logs"); logs != "" {
		text += "\nand the world's programs:\n" + indent(last(logs, 40))
	}
	return errors.New(text)
}

func last(text string, count int) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-count):], "\n")
}

func indent(text string) string { return "  " + strings.ReplaceAll(text, "\n", "\n  ") }

// compareAll compares the output that a page shows with what was printed.
func compareAll(p *page, blocks []block, folder string) error {
	var wrong []error
	for i := 1; i < len(blocks); i++ {
		shown, ran := &blocks[i], &blocks[i-1]
		if shown.language != "text" || shown.file != "" || !ran.runs() {
			continue
		}
		printed, err := os.ReadFile(filepath.Join(folder, strconv.Itoa(ran.line)+".out"))
		if err == nil {
			err = compare(shown.text, string(printed))
		}
		if err != nil {
			wrong = append(wrong, fmt.Errorf("%s:%d: %w\nprinted was:\n%s", p.path, shown.line, err, indent(last(string(printed), 60))))
		}
	}
	return errors.Join(wrong...)
}
