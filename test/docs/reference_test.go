package docs

import "strings"

// readReference reads docs/cli.md, which is made from what the commands say of themselves: of each example
// the program says whether it has these flags, by printing its help in place of doing it.
func readReference(path, text string) (*page, error) {
	p := &page{path: path, blocks: []block{{line: 1, language: "sh", hidden: true, text: "mkdir -p ~/.config/fish/completions /usr/local/share/zsh/site-functions\n"}}}
	lines := strings.Split(text, "\n")
	within := false
	for i, line := range lines {
		switch {
		case line == "Examples:":
			within = true
		case strings.HasPrefix(line, "#"):
			within = false
		case within && strings.HasPrefix(line, "autoscaled "):
			command := line
			for more := i + 1; strings.HasSuffix(command, `\`); more++ {
				command += "\n" + lines[more]
			}
			p.blocks = append(p.blocks, block{line: i + 1, language: "sh", text: command + " --help\n"})
		}
	}
	return p, nil
}
