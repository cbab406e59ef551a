package access

import (
	"fmt"
	"net/http"
)

// Require lets only those through to next who have the role. It answers 401 to whoever has
// not said who it is and can, and else 403.
func Require(needed Role, next http.Handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p := Of(r.Context())
		if p.Role >= needed {
			next.ServeHTTP(w, r)
			return
		}
		g, guarded := r.Context().Value(guardKey{}).(*Guard)
		if !guarded {
			forbidden(p, needed, false).answer(w, nil)
			return
		}
		g.refuse(w, r, forbidden(p, needed, g.rules.Load().web.Authenticates()))
	}
}

// forbidden is the refusal of p, who may less than is needed. It depends on whether one
// can say who one is.
func forbidden(p Principal, needed Role, can bool) refusal {
	switch {
	case p.Name != "":
		return refusal{reason: reasonRole, text: fmt.Sprintf("%s has the role %s, and this needs %s: ask whoever configures web.roles and web.tokens", p.Name, p.Role, needed)}
	case can || p.Role == None:
		return refusal{reason: reasonUnknown, text: fmt.Sprintf("this needs the role %s: show a user's password, a token or a client certificate, as configured under web", needed)}
	default:
		return refusal{reason: reasonRole, text: fmt.Sprintf("whoever has not said who it is has the role %s, and this needs %s: "+
			"use the command line on this machine, or configure users or tokens under web", p.Role, needed)}
	}
}
