package daemon

import (
	"fmt"
	"iter"
	"maps"
	"reflect"
	"runtime/debug"
	"slices"
	"strings"
	"unicode"

	"gopkg.in/yaml.v3"

	"github.com/autoscaled/autoscaled/internal/config"
)

// keysMost bounds how many keys are told of one group.
const keysMost = 50

// twoTexts are the texts of the configuration in force and of the one that is to be, as trees.
type twoTexts struct {
	was, is *yaml.Node
	url     bool                // the address under which people reach the daemon differs, be it only because of another key
	groups  map[string]twoTexts // by name: looking for each of ten thousand in the lists of the others takes long
}

// compareTexts reads two texts, without the groups that are not told of: the trees of ten
// thousand are larger than the groups themselves. Of a text that cannot be read nothing is told.
func compareTexts(was, is []byte, told func(group string) bool) (t twoTexts) {
	t.was = without(rootOf(was), told)
	debug.FreeOSMemory()
	t.is = without(rootOf(is), told)
	t.groups = map[string]twoTexts{}
	for name, n := range entries(valueOf(t.is, "groups")) {
		t.groups[name] = twoTexts{is: n}
	}
	for name, n := range entries(valueOf(t.was, "groups")) {
		t.groups[name] = twoTexts{was: n, is: t.groups[name].is}
	}
	return t
}

// entries are the keys and values of a mapping; none of anything else.
func entries(n *yaml.Node) iter.Seq2[string, *yaml.Node] {
	return func(yield func(string, *yaml.Node) bool) {
		if n == nil || n.Kind != yaml.MappingNode {
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			if !yield(n.Content[i].Value, n.Content[i+1]) {
				return
			}
		}
	}
}

// without lets go of the groups that are not told of.
func without(root *yaml.Node, told func(group string) bool) *yaml.Node {
	groups := valueOf(root, "groups")
	if groups == nil {
		return root
	}
	var kept []*yaml.Node
	for i := 0; i+1 < len(groups.Content); i += 2 {
		if told(groups.Content[i].Value) {
			kept = append(kept, groups.Content[i], groups.Content[i+1])
		}
	}
	groups.Content = kept
	return root
}

func rootOf(text []byte) *yaml.Node {
	var document yaml.Node
	if yaml.Unmarshal(text, &document) != nil || len(document.Content) == 0 {
		return nil
	}
	return document.Content[0]
}

// at are the parts of both texts at the path.
func (t twoTexts) at(path ...string) twoTexts {
	for _, key := range path {
		t.was, t.is = valueOf(t.was, key), valueOf(t.is, key)
	}
	return t
}

// valueOf is what a mapping has at the key; nil for nothing.
func valueOf(n *yaml.Node, key string) *yaml.Node {
	for name, value := range entries(n) {
		if name == key {
			return value
		}
	}
	return nil
}

// keys are the paths below prefix at which the two differ, each as far down as both have it.
func (t twoTexts) keys(prefix string) []string {
	was, is := t.was, t.is
	switch {
	case was == nil && is == nil:
		return nil
	case was == nil || is == nil || was.Kind != is.Kind:
		return []string{prefix}
	case was.Kind == yaml.ScalarNode:
		if was.Value == is.Value && was.ShortTag() == is.ShortTag() {
			return nil
		}
		return []string{prefix}
	case was.Kind == yaml.SequenceNode:
		return t.items(prefix)
	}
	names := map[string]bool{}
	for _, n := range []*yaml.Node{was, is} {
		for i := 0; i+1 < len(n.Content); i += 2 {
			names[n.Content[i].Value] = true
		}
	}
	var all []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		all = append(all, t.at(name).keys(strings.TrimPrefix(prefix+"."+name, "."))...)
	}
	return all
}

// items is keys of two lists: of lists of different lengths, the list itself.
func (t twoTexts) items(prefix string) (all []string) {
	if len(t.was.Content) != len(t.is.Content) {
		return []string{prefix}
	}
	for i := range t.was.Content {
		all = append(all, twoTexts{was: t.was.Content[i], is: t.is.Content[i]}.keys(fmt.Sprintf("%s[%d]", prefix, i))...)
	}
	return all
}

// hidden is what is told where the texts are alike.
const hidden = " (the content of a secret or a file)"

// ofGroup are the keys that are different for a group, of its own and of what it depends on.
func (t twoTexts) ofGroup(group config.Group, accountChanged bool) []string {
	keys := t.groups[group.Name].keys("")
	for i, key := range keys {
		if key == "" {
			keys[i] = "groups." + group.Name
		}
	}
	if accountChanged {
		keys = append(keys, t.shared("providers", group.Provider)...)
	}
	profiles := map[string]bool{}
	for _, signal := range group.Signals {
		if signal.Query != "" {
			keys = append(keys, t.shared("queries", signal.Query)...)
		}
		profiles[t.profile(group.Name, signal.Name)] = true
	}
	for _, name := range slices.Sorted(maps.Keys(profiles)) {
		keys = append(keys, t.shared("profiles", name)...)
	}
	if asksInPromQL(group) {
		keys = append(keys, t.at("prometheus").keys("prometheus")...)
	}
	if len(group.Hooks) > 0 && t.url {
		keys = append(keys, "web.url")
	}
	keys = slices.Compact(keys)
	if len(keys) > keysMost {
		keys = append(keys[:keysMost], fmt.Sprintf("and %d more", len(keys)-keysMost))
	}
	if len(keys) == 0 {
		keys = []string{strings.TrimSpace(hidden)}
	}
	return keys
}

// shared are the keys of one entry of a section that are different.
func (t twoTexts) shared(section, name string) []string {
	return t.at(section, name).keys(section + "." + name)
}

// profile is the name of the profile that the signal has in the new text; empty for none.
func (t twoTexts) profile(group, signal string) string {
	if n := t.groups[group].at("signals", signal, "snmp", "profile").is; n != nil {
		return n.Value
	}
	return ""
}

// unread are the group's signals that are read otherwise than before, so that what was
// read of them tells nothing.
func (t twoTexts) unread(group config.Group) map[string]bool {
	unread := map[string]bool{}
	for _, signal := range group.Signals {
		changed := t.groups[group.Name].at("signals", signal.Name).keys("signal")
		if signal.Query != "" {
			changed = append(changed, t.shared("queries", signal.Query)...)
		}
		if profile := t.profile(group.Name, signal.Name); profile != "" {
			changed = append(changed, t.shared("profiles", profile)...)
		}
		if len(changed) > 0 {
			unread[signal.Name] = true
		}
	}
	return unread
}

// fixed are the keys of sections that only a start takes over and that differ, as far as nobody follows
// them. installation is the name that this one has.
func (t twoTexts) fixed(was, is *config.Config, installation string, followed func(section string) bool) []string {
	return t.changed(was, is, func(section string) bool {
		return !followed(section) && (section != "installation" || is.Installation != installation)
	})
}

// changed are the keys of these sections that differ. Those of which groups are made are none of them.
func (t twoTexts) changed(was, is *config.Config, these func(section string) bool) []string {
	var keys []string
	before, after := reflect.ValueOf(t.underived(was, is)).Elem(), reflect.ValueOf(is).Elem()
	for i := range before.NumField() {
		key := snake(before.Type().Field(i).Name)
		switch key {
		case "file", "prometheus", "providers", "queries", "groups":
			continue
		}
		if !these(key) || digestOf(before.Field(i).Interface()) == digestOf(after.Field(i).Interface()) {
			continue
		}
		differ := t.at(key).keys(key)
		if len(differ) == 0 && t.at(key).is != nil { // else it follows from another key
			differ = []string{key + hidden}
		}
		keys = append(keys, differ...)
	}
	return keys
}

// underived is was, with what is only because of other keys as in is.
func (t twoTexts) underived(was, is *config.Config) *config.Config {
	like := *was
	if len(t.at("web", "url").keys("web.url")) == 0 {
		like.Web.URL = is.Web.URL
	}
	if len(t.at("web", "anonymous").keys("web.anonymous")) == 0 {
		like.Web.Anonymous = is.Web.Anonymous
	}
	return &like
}

// snake is a name of Go's as configurations write it.
func snake(name string) string {
	var text strings.Builder
	for i, r := range name {
		if i > 0 && unicode.IsUpper(r) {
			text.WriteByte('_')
		}
		text.WriteRune(unicode.ToLower(r))
	}
	return text.String()
}
