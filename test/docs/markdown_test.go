package docs

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// stoppedMax is how long a block may run before it is interrupted.
const stoppedMax = 30 * time.Second

// page is what one file of the documentation asks to be run and judged.
type page struct {
	path   string   // from the root of the repository, as in docs/snmp.md
	parts  []string // what its world has, as in "a rehearsal"
	blocks []block
}

// block is a fence, or a comment with commands.
type block struct {
	line     int // of the page, on which text begins; from 1
	language string
	text     string // without the indentation of the fence
	file     string // where the page says that it is written; empty: nowhere
	mark     mark
	hidden   bool // from a comment that begins with "before:"
	behind   bool // only blank lines are between it and the fence before
}

// mark is what a comment says of the fence behind it.
type mark struct {
	notRun  string        // the reason; empty: it is run
	stopped time.Duration // 0: it ends by itself
	shows   string        // repeated until it shows this; empty: run once
}

var (
	fence   = regexp.MustCompile("^( *)```(.*)$")
	comment = regexp.MustCompile(`^ *<!-- *(.*?) *-->$`)
	// What looks like a command where output belongs.
	commandLike = regexp.MustCompile(`^(\$ |autoscaled [a-z]+\s|(curl|systemctl|apt|apt-get|sudo|docker|kubectl|make|dpkg|rpm) |go (run|test|build) )`)
	// A path at the end of the sentence before a fence, or alone on its line.
	named = regexp.MustCompile("(?:^`([^`\\s]+)`:?|`([^`\\s]+)`:)$")
)

// reader reads a page line by line.
type reader struct {
	page    *page
	number  int      // of the line, from 1
	open    *block   // the fence, or comment with commands, that is being read
	indent  string   // of the open fence
	text    []string // of the open block
	mark    *mark    // of the fence that comes
	last    string   // the last line before, blank ones and comments left out
	between bool     // there was something since the last fence
}

// readPage reads what a page asks for, and says what of it cannot be understood.
func readPage(path, text string) (*page, error) {
	r := &reader{page: &page{path: path}, between: true}
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		r.number++
		if err := r.take(line); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, r.number, err)
		}
	}
	switch {
	case r.open != nil:
		return nil, fmt.Errorf("%s:%d: the fence, or comment, that begins here does not end", path, r.open.line-1)
	case r.mark != nil:
		return nil, fmt.Errorf("%s: the last mark has no fence behind it", path)
	}
	return r.page, nil
}

func (r *reader) take(line string) error {
	begins := fence.FindStringSubmatch(line)
	said := comment.FindStringSubmatch(line)
	switch {
	case r.open != nil && r.open.hidden && strings.TrimSpace(line) == "-->", r.open != nil && !r.open.hidden && begins != nil && begins[2] == "":
		return r.end()
	case r.open != nil:
		r.text = append(r.text, strings.TrimPrefix(line, r.indent))
	case begins != nil:
		return r.begin(begins[1], begins[2])
	case strings.TrimSpace(line) == "<!-- before:":
		r.open = &block{line: r.number + 1, language: "sh", hidden: true}
	case said != nil:
		return r.hear(said[1])
	case strings.TrimSpace(line) != "":
		if r.mark != nil {
			return fmt.Errorf("a mark belongs right before its fence")
		}
		r.last, r.between = strings.TrimSpace(line), true
	}
	return nil
}

func (r *reader) begin(indent, language string) error {
	if language == "" {
		return fmt.Errorf("the fence does not say what it is: sh for commands, text for output, yaml, …")
	}
	r.open = &block{line: r.number + 1, language: language, behind: !r.between}
	r.indent = indent
	if r.mark != nil {
		r.open.mark = *r.mark
	}
	r.mark = nil
	if match := named.FindStringSubmatch(r.last); match != nil && r.between && strings.ContainsAny(match[1]+match[2], "./") {
		r.open.file = match[1] + match[2]
	}
	if r.open.mark != (mark{}) && (language != "sh" || r.open.file != "") {
		return fmt.Errorf("the mark is one of commands, and these are none")
	}
	return nil
}

func (r *reader) end() error {
	r.open.text = strings.Join(append(r.text, ""), "\n")
	if r.open.language == "text" && commandLike.MatchString(r.open.text) {
		return fmt.Errorf("this looks like commands: write sh, so that they are run")
	}
	r.page.blocks = append(r.page.blocks, *r.open)
	if !r.open.hidden {
		r.between = false
	}
	r.open, r.indent, r.text = nil, "", nil
	return nil
}

// hear takes a comment. Comments that are none of ours are those of other programs.
func (r *reader) hear(said string) error {
	word, rest, found := strings.Cut(said, ": ")
	if !found || word == "begin" { // of a table that a program makes
		if r.mark != nil {
			return fmt.Errorf("a mark belongs right before its fence")
		}
		return nil
	}
	if word == "runs in" {
		if r.page.parts != nil || len(r.page.blocks) > 0 {
			return fmt.Errorf("a page says once, and before its first fence, where it runs")
		}
		r.page.parts = strings.Split(rest, ", ")
		return nil
	}
	if r.mark == nil {
		r.mark = &mark{}
	}
	switch word {
	case "not run":
		r.mark.notRun = rest
	case "stopped after":
		duration, err := time.ParseDuration(rest)
		if err != nil || duration <= 0 || duration > stoppedMax {
			return fmt.Errorf("%q: write a duration of at most %v, as in 3s", rest, stoppedMax)
		}
		r.mark.stopped = duration
	case "until it shows":
		r.mark.shows = rest
	default:
		return fmt.Errorf("there is no mark %q: write runs in, not run, stopped after or until it shows", word)
	}
	return nil
}

// command is one of a block.
type command struct {
	line int // of the page
	text string
}

var heredoc = regexp.MustCompile(`<<-?\s*["']?([A-Za-z_]+)["']?`)

// outside goes through the block's lines, without those of documents that stand in the text.
func (b *block) outside(visit func(index int, line string)) {
	end := "" // of a document
	for i, line := range strings.Split(b.text, "\n") {
		if end != "" {
			if strings.TrimSpace(line) == end {
				end = ""
			}
			continue
		}
		if match := heredoc.FindStringSubmatch(line); match != nil && !strings.Contains(line, "<<<") {
			end = match[1]
		}
		visit(i, line)
	}
}

// commands are those of the block, each with the line on which it begins. What a line continues, and
// what is indented, as in a loop, counts with the line that began it.
func (b *block) commands() []command {
	var list []command
	continued := false
	b.outside(func(i int, line string) {
		text := strings.TrimSpace(line)
		if text == "" || strings.HasPrefix(text, "#") {
			return
		}
		if !continued && !strings.HasPrefix(line, " ") && !strings.HasPrefix(line, "\t") {
			list = append(list, command{b.line + i, text})
		}
		continued = strings.HasSuffix(line, `\`)
	})
	return list
}

// script is the block's commands, each at its line of the page, so that bash names the right one. What
// goes into the background is waited for.
func (b *block) script() string {
	lines := strings.Split(b.text, "\n")
	b.outside(func(i int, line string) {
		if strings.HasSuffix(line, " &") {
			lines[i] += " __settle"
		}
	})
	return strings.Repeat("\n", b.line-1) + strings.Join(lines, "\n")
}
