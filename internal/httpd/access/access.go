// Package access knows who asks, and what they may.
//
// Whoever may open the control socket may do everything: the file's permissions decide. Over the network
// people show a password or a certificate, and programs a token; each has a role. It promises that passwords and tokens are
// compared in constant time and held as hashes, that whoever guesses is slowed down, and that nobody on
// another machine gets anything without TLS. It calls config; httpd asks it.
package access

import (
	"cmp"
	"context"
	"slices"
)

// Role is what somebody may do. A higher one may do what the lower ones may.
type Role int

// The roles, from the least to the most.
const (
	None    Role = iota // nothing
	Read                // look
	Operate             // pause, hold, scale, protect: what can be taken back
	Admin               // also what costs or cannot be taken back: drills, adopting, releasing, reloading
)

// roles are the names of the roles, as in the configuration.
var roles = [...]string{None: "none", Read: "read", Operate: "operate", Admin: "admin"}

// String is the role's name in the configuration.
func (r Role) String() string { return roles[min(max(r, None), Admin)] }

// ParseRole is the role of that name; None: there is no such role.
func ParseRole(name string) Role { return Role(max(slices.Index(roles[:], name), 0)) }

// Principal is somebody who asks.
type Principal struct {
	Name string // of the user, token or certificate; unix:USER over the socket; empty: it has not said
	Role Role
	From string // address; empty over the socket
}

// shown is the name in the log.
func (p Principal) shown() string { return cmp.Or(p.Name, "anonymous") }

type principalKey struct{}

// With is a context in which p asks.
func With(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// Of is who asks. Without anybody it is a Principal who may nothing.
func Of(ctx context.Context) Principal {
	p, _ := ctx.Value(principalKey{}).(Principal)
	return p
}
