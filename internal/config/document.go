package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// parseDocument returns the top of the only YAML document in data.
func parseDocument(data []byte) (*yaml.Node, *Problem) {
	if len(data) > maxFileBytes {
		return nil, &Problem{Line: 1, Message: fmt.Sprintf("the file is larger than %d bytes: split it among several daemons", maxFileBytes)}
	}
	if problem := foreignCharacter(data); problem != nil {
		return nil, problem
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var document yaml.Node
	if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
		return nil, emptyFile()
	} else if err != nil {
		return nil, syntaxProblem(data, err)
	}
	var second yaml.Node
	if err := decoder.Decode(&second); err == nil {
		return nil, &Problem{Line: second.Line, Column: second.Column, Message: "a second document begins here: keep one document in the file"}
	} else if !errors.Is(err, io.EOF) {
		return nil, syntaxProblem(data, err)
	}
	if top := document.Content[0]; !isEmpty(top) {
		return top, nil
	}
	return nil, emptyFile()
}

func emptyFile() *Problem {
	return &Problem{Line: 1, Message: "the file is empty: start from configs/minimal.yaml"}
}

// foreignCharacter finds the first thing in data that cannot be in YAML text, or
// that YAML takes for the end of a line and people do not. The parser does not
// say where such a thing is, or miscounts the lines behind it.
func foreignCharacter(data []byte) *Problem {
	line, column := 1, 1
	for rest := data; len(rest) > 0; {
		r, size := utf8.DecodeRune(rest)
		rest = rest[size:]
		switch {
		case r == utf8.RuneError && size == 1:
			return &Problem{Line: line, Column: column, Message: "this is not UTF-8 text: save the file as UTF-8"}
		case isForeign(r) || r == '\r' && !bytes.HasPrefix(rest, []byte("\n")):
			return &Problem{Line: line, Column: column, Message: fmt.Sprintf("control character %U: remove it", r)}
		case r == '\n':
			line, column = line+1, 0
		}
		column++
	}
	return nil
}

func isForeign(r rune) bool {
	const lineSeparator, paragraphSeparator = '\u2028', '\u2029'
	return unicode.IsControl(r) && !strings.ContainsRune("\t\r\n", r) || r == lineSeparator || r == paragraphSeparator
}

var (
	syntaxError  = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)
	missedAnchor = regexp.MustCompile(`^yaml: unknown anchor '(.*)' referenced$`)
)

// syntaxProblem shows the lines around a syntax error, because the parser can
// name a line before the one at fault.
func syntaxProblem(data []byte, err error) *Problem {
	if alias := missedAnchor.FindStringSubmatch(err.Error()); alias != nil {
		before, _, _ := bytes.Cut(data, []byte("*"+alias[1]))
		return &Problem{Line: 1 + bytes.Count(before, []byte("\n")), Message: aliasRefused}
	}
	line := 1
	if prefix := syntaxError.FindStringSubmatch(err.Error()); prefix != nil && prefix[1] != "" {
		line, _ = strconv.Atoi(prefix[1])
	}
	reason := syntaxError.ReplaceAllString(err.Error(), "")
	return &Problem{
		Line:    line,
		Message: fmt.Sprintf("not YAML: %s: look here and at the lines below\n%s", reason, excerpt(data, line)),
	}
}

// maxDepth is deeper than any valid file.
const maxDepth = 32

const aliasRefused = "`*` begins an alias: write the value itself, or quote it"

// refuseIndirection records a problem for everything in YAML that makes a value
// appear elsewhere than where it is written, or as something else than it looks.
// It repeats none of their names: an unquoted secret can look like one.
func (r *reader) refuseIndirection(node *yaml.Node, depth int) {
	if depth > maxDepth {
		r.record(node, "", "nested deeper than %d levels: remove the brackets or the indentation", maxDepth)
		return
	}
	switch {
	case node.Kind == yaml.AliasNode:
		r.record(node, "", aliasRefused)
	case node.Anchor != "":
		r.record(node, "", "`&` begins an anchor: remove it, aliases are not read; or quote the value")
	case node.Tag == mergeTag:
		r.record(node, "", "`<<` merges a mapping: write its keys here instead")
	case node.Style&yaml.TaggedStyle != 0:
		r.record(node, "", "`!` begins a tag: remove it, or quote the value")
	}
	for i, child := range node.Content {
		merged := node.Kind == yaml.MappingNode && i%2 == 1 && node.Content[i-1].Tag == mergeTag
		if !merged {
			r.refuseIndirection(child, depth+1)
		}
	}
}

// mergeTag is the tag that the parser gives to the key <<.
const mergeTag = "!!merge"
