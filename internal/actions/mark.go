package actions

// Mark is the label that proves that a machine belongs to a group of this
// installation. It names the machine's own code, so that a copy of the label on
// another machine (a clone may inherit it) proves nothing.
//
// Installation, group and code hold no colon, so different ones have different marks.
func Mark(installation, group, code string) string {
	return "as:" + installation + ":" + group + ":" + code
}
