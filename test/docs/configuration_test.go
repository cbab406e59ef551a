package docs

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// judge says of YAML whether the program that it is for takes it.
type judge struct {
	binary    string
	directory string     // for what is checked
	example   *yaml.Node // configs/autoscaled.example.yaml, which has every section
	sections  []section  // the outermost first
}

// section is a mapping of the configuration.
type section struct {
	path []string // from the top, through the names that the example has; an item of a list is "0"
	keys []string // that it may have
}

// strange is no key, and near to none.
const strange = "qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq"

// newJudge asks the program itself which keys belong where: in the example a strange key
// makes each section name those that it knows.
func newJudge(binary, directory, repository string) (*judge, error) {
	text, err := os.ReadFile(filepath.Join(repository, "configs/autoscaled.example.yaml"))
	if err != nil {
		return nil, err
	}
	j := &judge{binary: binary, directory: directory}
	if j.example, err = parse(string(text)); err != nil {
		return nil, fmt.Errorf("the example: %w", err)
	}
	spoilt := clone(j.example)
	addStrange(spoilt)
	said, _ := j.check(spoilt)
	var files []struct {
		Problems []struct{ Key, Text string }
	}
	if err := json.Unmarshal(said, &files); err != nil || len(files) != 1 {
		return nil, fmt.Errorf("autoscaled check -o json says %q: %w", said, err)
	}
	for _, problem := range files[0].Problems {
		if _, list, found := strings.Cut(problem.Text, "unknown key `"+strange+"`: valid: "); found {
			j.sections = append(j.sections, section{split(problem.Key), strings.Split(list, ", ")})
		}
	}
	slices.SortStableFunc(j.sections, func(a, b section) int { return len(a.path) - len(b.path) })
	if len(j.sections) < 20 {
		return nil, fmt.Errorf("the program names the keys of %d sections only", len(j.sections))
	}
	return j, nil
}

// split makes ["groups", "web", "policies", "0"] of groups.web.policies[0].
func split(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return strings.ContainsRune(".[]", r) })
}

func addStrange(node *yaml.Node) {
	for _, child := range node.Content {
		addStrange(child)
	}
	if node.Kind == yaml.MappingNode {
		set(node, strange, &yaml.Node{Kind: yaml.ScalarNode, Value: "1"})
	}
}

// judge says what is wrong with a block of YAML.
func (j *judge) judge(text string) error {
	document, err := parse(text)
	if err != nil {
		return err
	}
	if program := foreign(document); program != nil {
		return program(j, text)
	}
	if get(document, "providers") != nil && get(document, "groups") != nil {
		_, err := j.check(document)
		return err
	}
	whole, err := j.place(document)
	if err != nil {
		return err
	}
	_, err = j.check(whole)
	return err
}

// place puts a part of a configuration at its place in the example.
func (j *judge) place(part *yaml.Node) (*yaml.Node, error) {
	whole := clone(j.example)
	for _, s := range j.sections {
		switch last := len(s.path) - 1; {
		case part.Kind == yaml.MappingNode && within(keys(part), s.keys):
			put(whole, s.path, part)
			return whole, nil
		case last >= 0 && s.path[last] == "0" && part.Kind == yaml.SequenceNode && allWithin(part.Content, s.keys):
			put(whole, s.path[:last], part)
			return whole, nil
		}
	}
	for _, s := range j.sections { // a mapping of sections by names of the author's
		last := len(s.path) - 1
		if last >= 0 && open(s.path[:last]) && part.Kind == yaml.MappingNode && allWithin(values(part), s.keys) {
			put(whole, s.path[:last], part)
			return whole, nil
		}
	}
	return nil, fmt.Errorf("these keys belong together to no section of the configuration: %s", strings.Join(keys(part), ", "))
}

// authored are the mappings whose keys are names that an author chooses, and into which the
// like is put beside what is there.
var authored = regexp.MustCompile(`^(groups|providers|queries|profiles|groups\.[a-z0-9-]+\.signals)$`)

func open(path []string) bool { return authored.MatchString(strings.Join(path, ".")) }

// merges says whether a section keeps what it has beside what is put into it.
func merges(path []string) bool {
	return len(path) == 0 || open(path) || len(path) == 2 && (path[0] == "groups" || path[0] == "providers")
}

// put puts a part at its place. What is there gives way, except in sections that merge.
func put(whole *yaml.Node, path []string, part *yaml.Node) {
	at := whole
	for i, key := range path {
		if i == len(path)-1 && !merges(path) {
			set(at, key, part)
			return
		}
		at = get(at, key)
	}
	merge(at, part, path)
}

func merge(into, part *yaml.Node, path []string) {
	for i := 0; i+1 < len(part.Content); i += 2 {
		key, value := part.Content[i].Value, part.Content[i+1]
		inner := append(slices.Clone(path), key)
		there := get(into, key)
		if there == nil && len(inner) == 2 && merges(inner) && len(into.Content) > 0 {
			there = another(into.Content[1])
			set(into, key, there)
		}
		if there != nil && merges(inner) && value.Kind == yaml.MappingNode {
			merge(there, value, inner)
		} else {
			set(into, key, value)
		}
	}
}

// another is a further group, or account, where its author says nothing: like the first one, but for its
// pools, which nobody else can have, and its many policies.
func another(first *yaml.Node) *yaml.Node {
	node := clone(first)
	for i := len(node.Content) - 2; i >= 0; i -= 2 {
		switch node.Content[i].Value {
		case "balancers":
			node.Content = slices.Delete(node.Content, i, i+2)
		case "policies":
			node.Content[i+1].Content = node.Content[i+1].Content[:1]
		}
	}
	return node
}

// check has the program check a configuration.
func (j *judge) check(document *yaml.Node) ([]byte, error) {
	text, err := yaml.Marshal(document)
	if err != nil {
		return nil, err
	}
	file, err := j.write(text)
	if err != nil {
		return nil, err
	}
	said, err := exec.Command(j.binary, "check", "-o", "json", file).Output()
	if err != nil {
		var problems []struct {
			Problems []struct{ Key, Text string }
		}
		_ = json.Unmarshal(said, &problems)
		return said, fmt.Errorf("autoscaled check: %+v %w", problems, err)
	}
	return said, nil
}

// write writes text into a file of its own.
func (j *judge) write(text []byte) (string, error) {
	file, err := os.CreateTemp(j.directory, "*.yaml")
	if err != nil {
		return "", err
	}
	_, err = file.Write(text)
	return file.Name(), errors.Join(err, file.Close())
}

// foreign is what judges the YAML of other programs; nil if it is ours.
func foreign(document *yaml.Node) func(*judge, string) error {
	has := func(names ...string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return get(document, name) != nil })
	}
	first := document
	if document.Kind == yaml.SequenceNode && len(document.Content) > 0 {
		first = document.Content[0]
	}
	groups := get(document, "groups")
	switch {
	case groups != nil && groups.Kind == yaml.SequenceNode:
		return tool("", "promtool", "check", "rules")
	case first != document && (get(first, "alert") != nil || get(first, "record") != nil):
		return tool("groups:\n- name: shown\n  rules:\n", "promtool", "check", "rules")
	case has("scrape_configs", "rule_files", "alerting"):
		return tool("", "promtool", "check", "config", "--syntax-only")
	case first != document && get(first, "job_name") != nil:
		return tool("scrape_configs:\n", "promtool", "check", "config", "--syntax-only")
	case has("route", "receivers"):
		return tool("", "amtool", "check-config")
	case has("tls_server_config", "basic_auth_users"):
		return (*judge).judgeWeb
	case has("apiVersion", "services"), first != document && get(first, "hosts") != nil:
		return func(*judge, string) error { return nil } // Kubernetes, Compose, Grafana, Ansible
	}
	return nil
}

// judgeWeb judges a file of users and certificates, which the daemon reads, too.
func (j *judge) judgeWeb(text string) error {
	// A hash of a real password is nothing to show.
	text = strings.ReplaceAll(text, "$2y$12$…", "$2y$12$"+strings.Repeat("a", 53))
	file, err := j.write([]byte(text))
	if err != nil {
		return err
	}
	whole := clone(j.example)
	web, err := parse("web: {config: '" + file + "'}")
	if err != nil {
		return err
	}
	merge(whole, web, nil)
	_, err = j.check(whole)
	return err
}

// tool has a program check the text, behind what it lacks to be whole.
func tool(before string, command ...string) func(*judge, string) error {
	return func(j *judge, text string) error {
		file, err := j.write([]byte(before + text))
		if err != nil {
			return err
		}
		if said, err := exec.Command(command[0], append(command[1:], file)...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", strings.Join(command, " "), err, said)
		}
		return nil
	}
}

// parse reads one document.
func parse(text string) (*yaml.Node, error) {
	decoder := yaml.NewDecoder(strings.NewReader(text))
	var document, more yaml.Node
	if err := decoder.Decode(&document); err != nil {
		return nil, err
	}
	for { // Kubernetes' files have several; the first says whose they are
		if err := decoder.Decode(&more); errors.Is(err, io.EOF) {
			return document.Content[0], nil
		} else if err != nil {
			return nil, err
		}
	}
}

func clone(node *yaml.Node) *yaml.Node {
	text, err := yaml.Marshal(node)
	if err != nil {
		panic(err) // it was read from text
	}
	copied, err := parse(string(bytes.Clone(text)))
	if err != nil {
		panic(err)
	}
	return copied
}

// get is what a mapping has under a key, or a list at an index; nil if there is nothing.
func get(node *yaml.Node, key string) *yaml.Node {
	if node.Kind == yaml.SequenceNode && key == "0" && len(node.Content) > 0 {
		return node.Content[0]
	}
	if node.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == key {
			return node.Content[i+1]
		}
	}
	return nil
}

func set(node *yaml.Node, key string, value *yaml.Node) {
	if there := get(node, key); there != nil {
		*there = *value
		return
	}
	node.Content = append(node.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: key}, value)
}

func keys(node *yaml.Node) []string {
	var list []string
	for i := 0; node.Kind == yaml.MappingNode && i+1 < len(node.Content); i += 2 {
		list = append(list, node.Content[i].Value)
	}
	return list
}

func values(node *yaml.Node) []*yaml.Node {
	var list []*yaml.Node
	for i := 0; i+1 < len(node.Content); i += 2 {
		list = append(list, node.Content[i+1])
	}
	return list
}

func within(some, all []string) bool {
	return len(some) > 0 && !slices.ContainsFunc(some, func(key string) bool { return !slices.Contains(all, key) })
}

func allWithin(nodes []*yaml.Node, all []string) bool {
	return len(nodes) > 0 && !slices.ContainsFunc(nodes, func(node *yaml.Node) bool { return !within(keys(node), all) })
}
