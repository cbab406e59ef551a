package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/spf13/cobra"
)

// manCommand is for those who build packages.
func manCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "man DIRECTORY",
		Short:  "Write the manual pages into a directory",
		Hidden: true,
		Long:   `Write a manual page (section 1) for the program and one for each of its commands.`,
		Example: `  autoscaled man /usr/share/man/man1
  autoscaled man build/man`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil { //nolint:gosec // manuals are for everybody
				return fmt.Errorf("write the manual pages: %w", err)
			}
			for _, command := range commandsOf(cmd.Root()) {
				path := filepath.Join(args[0], manName(command)+".1")
				if err := os.WriteFile(path, []byte(manPage(command)), 0o644); err != nil { //nolint:gosec // as above
					return fmt.Errorf("write the manual pages: %w", err)
				}
			}
			return nil
		},
	}
}

// commandsOf are the command and all beneath it that people are told of, in the order of help.
func commandsOf(command *cobra.Command) []*cobra.Command {
	all := []*cobra.Command{command}
	for _, ch := range chaptersOf(command) {
		for _, c := range ch.commands {
			all = append(all, commandsOf(c)...)
		}
	}
	return all
}

// manName is what man calls the page of the command.
func manName(command *cobra.Command) string {
	return strings.ReplaceAll(command.CommandPath(), " ", "-")
}

// manPage is the command's page, as troff reads it.
func manPage(command *cobra.Command) string {
	var r roff
	r.request(".TH", strings.ToUpper(manName(command)), "1", "", "autoscaled "+versionText(), "autoscaled")
	r.section("NAME")
	r.text(manName(command) + " - " + command.Short)
	if lines := useLines(command); len(lines) > 0 {
		r.section("SYNOPSIS")
		r.verbatim(strings.Join(lines, "\n"))
	}
	r.section("DESCRIPTION")
	r.paragraphs(longOf(command))
	for _, ch := range chaptersOf(command) {
		r.section(strings.ToUpper(strings.TrimSuffix(ch.title, ":")))
		for _, c := range ch.commands {
			r.item(c.Name(), c.Short)
		}
	}
	own, connecting := flagsOf(command)
	r.flags("OPTIONS", own)
	r.flags("WHERE THE DAEMON IS", connecting)
	if command.HasExample() {
		r.section("EXAMPLES")
		r.verbatim(unindented(command.Example))
	}
	r.section("SEE ALSO")
	r.text(strings.Join(seeAlso(command), ", "))
	return r.String()
}

// seeAlso are the pages above, beneath, and of what every command has.
func seeAlso(command *cobra.Command) []string {
	var pages []string
	if command.HasParent() {
		pages = append(pages, manName(command.Parent())+"(1)")
	}
	for _, c := range commandsOf(command)[1:] {
		pages = append(pages, manName(c)+"(1)")
	}
	if command.HasParent() && command.Name() != "exit-codes" {
		pages = append(pages, manName(command.Root())+"-exit-codes(1)")
	}
	return pages
}

// longOf is what is written of the command at length, or else in short.
func longOf(command *cobra.Command) string {
	if command.Long == "" {
		return command.Short + "."
	}
	return command.Long
}

func unindented(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = strings.TrimPrefix(lines[i], "  ")
	}
	return strings.Join(lines, "\n")
}

// roff writes the few things of troff that manual pages need.
type roff struct{ strings.Builder }

// request writes a request with its arguments.
func (r *roff) request(name string, args ...string) {
	r.WriteString(name)
	for _, arg := range args {
		r.WriteString(` "` + strings.ReplaceAll(escaped(arg), `"`, `\(dq`) + `"`)
	}
	r.WriteByte('\n')
}

func (r *roff) section(title string) { r.request(".SH", title) }

// text writes lines that are filled.
func (r *roff) text(text string) {
	for line := range strings.SplitSeq(text, "\n") {
		r.WriteString(protected(escaped(strings.TrimSpace(line))) + "\n")
	}
}

// verbatim writes lines that are kept as they are.
func (r *roff) verbatim(text string) {
	r.request(".nf")
	for line := range strings.SplitSeq(text, "\n") {
		r.WriteString(protected(escaped(line)) + "\n")
	}
	r.request(".fi")
}

// item writes a word and what it means.
func (r *roff) item(word, meaning string) {
	r.request(".TP")
	r.WriteString(`\fB` + escaped(word) + "\\fR\n")
	r.text(meaning)
}

// paragraphs writes text; a paragraph with an indented line is a table, and kept as it is.
func (r *roff) paragraphs(text string) {
	for i, paragraph := range strings.Split(text, "\n\n") {
		if i > 0 {
			r.request(".PP")
		}
		if strings.HasPrefix(paragraph, " ") || strings.Contains(paragraph, "\n ") {
			r.verbatim(paragraph)
		} else {
			r.text(paragraph)
		}
	}
}

// flags writes the flags of which usage is the description, as help shows it.
func (r *roff) flags(title, usage string) {
	if usage == "" {
		return
	}
	r.section(title)
	for line := range strings.SplitSeq(usage, "\n") {
		names, meaning, _ := strings.Cut(strings.TrimSpace(line), "   ")
		r.item(strings.TrimSpace(names), strings.TrimSpace(meaning))
	}
}

// roffNames are the characters of ASCII that troff would take for others.
var roffNames = map[rune]string{'\\': `\e`, '-': `\-`, '\'': `\(aq`, '`': `\(ga`, '^': `\(ha`, '~': `\(ti`}

// escaped is text without anything that troff would obey within a line.
func escaped(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch known, special := roffNames[r]; {
		case special:
			b.WriteString(known)
		case r > unicode.MaxASCII:
			fmt.Fprintf(&b, `\[u%04X]`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// protected is a line that troff does not take for a request.
func protected(line string) string {
	if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
		return `\&` + line
	}
	return line
}
