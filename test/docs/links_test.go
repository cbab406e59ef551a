package docs

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

var (
	heading = regexp.MustCompile(`^#{1,6} +(.*?) *#*$`)
	codes   = regexp.MustCompile("`[^`]*`")
	// The target of a link or picture: [text](target "title"), and the same written in HTML.
	links = regexp.MustCompile(`\]\(<?([^)\s>]+)>?(?: "[^"]*")?\)|(?:href|src)="([^"]+)"`)
	// One that is elsewhere: with a scheme, as https: or mailto:.
	away = regexp.MustCompile(`^[a-z][a-z0-9+.-]*:`)
	// A heading's text is what its links show.
	shownOfLink = regexp.MustCompile(`!?\[([^\]]*)\]\([^)]*\)`)
)

// link leads from a line of a page to a place in the repository.
type link struct {
	line   int
	target string // as it is written
}

// outsideFences visits the lines of a page that are not in a fence.
func outsideFences(text string, visit func(number int, line string)) {
	within := false
	for i, line := range strings.Split(text, "\n") {
		if fence.MatchString(line) {
			within = !within
		} else if !within {
			visit(i+1, line)
		}
	}
}

// linksOf are the links of a page, without those to elsewhere.
func linksOf(text string) []link {
	var list []link
	outsideFences(text, func(number int, line string) {
		for _, match := range links.FindAllStringSubmatch(codes.ReplaceAllString(line, "``"), -1) {
			if target := match[1] + match[2]; !away.MatchString(target) {
				list = append(list, link{number, target})
			}
		}
	})
	return list
}

// anchorsOf are the names that GitHub gives to the headings of a page.
func anchorsOf(text string) map[string]bool {
	anchors := map[string]bool{}
	outsideFences(text, func(_ int, line string) {
		match := heading.FindStringSubmatch(line)
		if match == nil {
			return
		}
		name := anchor(match[1])
		unique := name
		for count := 1; anchors[unique]; count++ {
			unique = fmt.Sprintf("%s-%d", name, count)
		}
		anchors[unique] = true
	})
	return anchors
}

// anchor is a heading in lower case, with - for each blank, without all that is no letter, number, - or _.
func anchor(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-', r == '_', unicode.In(r, unicode.L, unicode.M, unicode.N):
			return unicode.ToLower(r)
		}
		return -1
	}, shownOfLink.ReplaceAllString(heading, "$1"))
}

// leads says why a link of a page leads nowhere. Paths are from the root of the tree.
func leads(tree fs.FS, page, target string) error {
	path, name, named := strings.Cut(target, "#")
	if path == "" {
		path = page
	} else {
		path = filepath.ToSlash(filepath.Join(filepath.Dir(page), path))
	}
	if !fs.ValidPath(path) {
		return fmt.Errorf("%s is outside of the repository: write a URL", target)
	}
	if _, err := fs.Stat(tree, path); err != nil {
		return fmt.Errorf("there is no %s: %w", path, err)
	}
	if !named {
		return nil
	}
	text, err := fs.ReadFile(tree, path)
	if err != nil {
		return err
	}
	if !anchorsOf(string(text))[name] {
		return fmt.Errorf("%s has no heading #%s", path, name)
	}
	return nil
}

func TestEveryLinkOfTheDocumentationLeadsToWhatThereIs(t *testing.T) {
	t.Parallel()
	tree, seen := os.DirFS(repository), 0
	for _, page := range append(allPages(t), "CHANGELOG.md") {
		text, err := fs.ReadFile(tree, page)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range linksOf(string(text)) {
			seen++
			if err := leads(tree, page, l.target); err != nil {
				t.Errorf("%s:%d: (%s): %v", page, l.line, l.target, err)
			}
		}
	}
	if seen < 300 {
		t.Errorf("the documentation has %d links only", seen)
	}
}

func TestLinksAreFoundAndJudgedAsGitHubTakesThem(t *testing.T) {
	t.Parallel()
	text := strings.Join([]string{
		"# `a.b`, and C++ 2", "", "## 状態ファイルの消失・破損", "## Again", "## Again", "## With [a link](x.md)",
		"[one](x.md#y) and ![two](../z.png \"title\"), `[code](none.md)`, [out](https://example.jp/a), <img src=\"i.svg\">",
		"```sh", "# no heading [nor](link.md)", "```",
	}, "\n")
	var targets []string
	for _, l := range linksOf(text) {
		targets = append(targets, l.target)
	}
	if got := strings.Join(targets, " "); got != "x.md x.md#y ../z.png i.svg" {
		t.Errorf("the links are %s", got)
	}
	anchors := anchorsOf(text)
	for _, want := range []string{"ab-and-c-2", "状態ファイルの消失破損", "again", "again-1", "with-a-link"} {
		if !anchors[want] {
			t.Errorf("there is no anchor %s in %v", want, anchors)
		}
	}
	if len(anchors) != 5 {
		t.Errorf("the anchors are %v", anchors)
	}
	tree := os.DirFS(repository)
	for target, why := range map[string]string{"none.md": "there is no docs/none.md", "#none": "no heading #none", "../../x.md": "outside", "snmp.md#none": "docs/snmp.md has no heading"} {
		if err := leads(tree, "docs/runbook.md", target); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: the error is %v", target, err)
		}
	}
}
