package docs

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// checkBlock says what is wrong with a block that is not executed. Configurations, and they alone, are counted.
func (j *judge) checkBlock(b *block) (configuration bool, err error) {
	switch b.language {
	case "yaml":
		return true, j.judge(b.text)
	case "json":
		return true, checkJSON(b.text)
	case "sh":
		return false, syntax(b.text, "bash", "-n")
	case "python":
		return false, syntax(b.text, "/usr/bin/python3", "-c", "import ast, sys; ast.parse(sys.stdin.read())")
	case "ruby":
		return false, syntax(b.text, "ruby", "-c")
	case "javascript":
		return false, syntax("function shown() {\n"+b.text+"\n}\n", "node", "--check", "-")
	case "promql":
		rule, err := json.Marshal(b.text)
		if err != nil {
			return false, err
		}
		return true, tool("groups: [{name: shown, rules: [{record: shown, expr: ", "promtool", "check", "rules")(j, string(rule)+"}]}]")
	case "text", "ini", "http", "dockerfile", "mermaid":
		return false, nil
	}
	return false, fmt.Errorf("nothing here knows %q: write sh, text, yaml, json, python, ruby, javascript, promql, ini, http, dockerfile or mermaid", b.language)
}

func checkJSON(text string) error {
	decoder := json.NewDecoder(strings.NewReader(text))
	for seen := 0; ; seen++ {
		var value any
		err := decoder.Decode(&value)
		if errors.Is(err, io.EOF) && seen > 0 {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// syntax has a language's own program read the text. Where there is none it is passed over, since
// nothing of ours is written in the language.
func syntax(text string, command ...string) error {
	program, err := exec.LookPath(command[0])
	if err != nil && os.Getenv("AUTOSCALED_REQUIRE_TOOLS") == "" {
		return nil
	}
	checked := exec.Command(program, command[1:]...)
	checked.Stdin = strings.NewReader(text)
	if said, err := checked.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", command[0], err, said)
	}
	return nil
}
