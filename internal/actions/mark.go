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

// ReadMark takes a label apart that is a mark on the machine of this code, for a group of
// whatever installation. It proves nothing to act on.
func ReadMark(label, code string) (installation, group string, ok bool) {
	if !strings.HasPrefix(label, "as:") {
		return "", "", false
	}
	parts := strings.Split(label, ":")
	if len(parts) != 4 || parts[3] != code {
		return "", "", false
	}
	return parts[1], parts[2], true
}
