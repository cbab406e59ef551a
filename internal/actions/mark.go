package actions

import "strings"

// Mark is the label that proves that a machine belongs to a group of this
// installation. It names the machine's own code, so that a copy of the label on
// another machine (a clone may inherit it) proves nothing.
func Mark(installation, group, code string) string {
	return "as:" + installation + ":" + group + ":" + code
}

// markedGroup returns the group that the label claims the machine for, if the
// label is a valid mark of this installation on this very machine.
func markedGroup(label, installation, code string) (group string, ok bool) {
	parts := strings.Split(label, ":")
	if len(parts) != 4 || parts[0] != "as" || parts[1] != installation || parts[3] != code {
		return "", false
	}
	return parts[2], true
}
