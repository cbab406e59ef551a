package actions

import "strings"

// Mark is the label that proves that a machine belongs to a group of this
// installation. It names the machine's own code, so that a copy of the label on
// another machine (a clone may inherit it) proves nothing.
//
// Installation, group and code hold no colon, so different ones have different marks.
func Mark(installation, group, code string) string {
	return "as:" + installation + ":" + group + ":" + code
}

// MarkNames says that the label is a mark on this very machine for the group, of
// whatever installation. It proves nothing to act on.
func MarkNames(label, group, code string) bool {
	parts := strings.Split(label, ":")
	return len(parts) == 4 && label == Mark(parts[1], group, code)
}
