package snmp

import "strings"

// beneath says that the OID is inside the subtree of root, and not root itself.
func beneath(oid, root string) bool {
	return len(oid) > len(root) && oid[len(root)] == '.' && strings.HasPrefix(oid, root)
}

// precedes says that a comes before b in the order of agents: arc by arc, as
// numbers. Both are OIDs with a leading dot and without leading zeros.
func precedes(a, b string) bool {
	for a != "" && b != "" {
		var arcA, arcB string
		arcA, a = firstArc(a)
		arcB, b = firstArc(b)
		switch {
		case len(arcA) != len(arcB):
			return len(arcA) < len(arcB)
		case arcA != arcB:
			return arcA < arcB
		}
	}
	return a == "" && b != ""
}

func firstArc(oid string) (arc, rest string) {
	oid = oid[1:]
	if end := strings.IndexByte(oid, '.'); end >= 0 {
		return oid[:end], oid[end:]
	}
	return oid, ""
}
