package tune

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// Patch is the changes as YAML, to be laid over the configuration of the named group by whoever
// wants them: mappings key by key, lists item by item in their order, of which an empty item {}
// stays as it is. The steps of a step policy stand there whole, and take the place of the
// present ones. A comment says what each number was.
func (c *Candidate) Patch(group string) ([]byte, error) {
	root := mapping()
	at := child(child(root, "groups"), group)
	for _, change := range c.Changes {
		if rule, ok := stepOf(change.Key); ok {
			if err := c.layStep(at, rule); err != nil {
				return nil, err
			}
			continue
		}
		if err := lay(at, change); err != nil {
			return nil, err
		}
	}
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(root); err != nil {
		return nil, fmt.Errorf("write the patch: %w", err)
	}
	return out.Bytes(), encoder.Close()
}

// lay puts a change into the mapping of a group.
func lay(at *yaml.Node, change Change) error {
	keys := strings.Split(change.Key, ".")
	for _, key := range keys[:len(keys)-1] {
		name, index, listed := strings.Cut(strings.TrimSuffix(key, "]"), "[")
		at = child(at, name)
		if !listed {
			continue
		}
		i, err := strconv.Atoi(index)
		if err != nil {
			return fmt.Errorf("write the patch: %s is no path: %q is not the number of an item", change.Key, index)
		}
		at = item(at, i)
	}
	value := child(at, keys[len(keys)-1])
	*value = *scalar(change.To)
	value.LineComment = "was " + change.From
	return nil
}

var stepKey = regexp.MustCompile(`^policies\[(\d+)\]\.step\.steps\[`)

// stepOf is the number of the step policy that a key is of. Which of its steps that is, the
// configuration does not say by a number.
func stepOf(key string) (rule int, ok bool) {
	match := stepKey.FindStringSubmatch(key)
	if match == nil {
		return 0, false
	}
	rule, err := strconv.Atoi(match[1])
	return rule, err == nil
}

// layStep puts all steps of a policy into the mapping of a group.
func (c *Candidate) layStep(group *yaml.Node, rule int) error {
	if rule >= len(c.Spec.Policies) || c.Spec.Policies[rule].Step == nil {
		return fmt.Errorf("write the patch: policies[%d] is no step policy", rule)
	}
	steps := child(child(item(child(group, "policies"), rule), "step"), "steps")
	*steps = yaml.Node{Kind: yaml.SequenceNode}
	for side, bands := range [][]policy.Band{c.Spec.Policies[rule].Step.Above, c.Spec.Policies[rule].Step.Below} {
		for _, band := range bands {
			steps.Content = append(steps.Content, c.bandNode(rule, side == 0, band))
		}
	}
	return nil
}

// bandNode is one step, all that there is of it.
func (c *Candidate) bandNode(rule int, above bool, band policy.Band) *yaml.Node {
	side, key := "below", "remove"
	if above {
		side, key = "above", "add"
	}
	amount := strconv.Itoa(max(band.Change.Count, -band.Change.Count))
	if band.Change.Share != 0 {
		amount = Share.Text(max(band.Change.Share, -band.Change.Share))
	}
	words := []string{side, c.boundText(rule, band.Bound), key, amount}
	if band.Change.AtLeast > 0 {
		words = append(words, "at_least", strconv.Itoa(band.Change.AtLeast))
	}
	node := &yaml.Node{Kind: yaml.MappingNode, Style: yaml.FlowStyle}
	for _, word := range words {
		node.Content = append(node.Content, scalar(word))
	}
	return node
}

// boundText is a bound as the changes of its policy write theirs.
func (c *Candidate) boundText(rule int, bound float64) string {
	inShares := slices.ContainsFunc(c.Changes, func(change Change) bool {
		i, ok := stepOf(change.Key)
		return ok && i == rule && strings.Contains(change.Key, "%].")
	})
	if inShares {
		return Share.Text(bound)
	}
	return Plain.Text(bound)
}

func scalar(value string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Value: value} }

func mapping() *yaml.Node { return &yaml.Node{Kind: yaml.MappingNode} }

// child is the node under a key of a mapping, which is made a mapping if there is none.
func child(at *yaml.Node, key string) *yaml.Node {
	at.Kind, at.Style = yaml.MappingNode, 0
	for i := 0; i < len(at.Content); i += 2 {
		if at.Content[i].Value == key {
			return at.Content[i+1]
		}
	}
	node := mapping()
	at.Content = append(at.Content, scalar(key), node)
	return node
}

// item is an item of a list. Those before it are empty, unless they are there.
func item(at *yaml.Node, i int) *yaml.Node {
	at.Kind = yaml.SequenceNode
	for len(at.Content) <= i {
		empty := mapping()
		empty.Style = yaml.FlowStyle
		at.Content = append(at.Content, empty)
	}
	return at.Content[i]
}
