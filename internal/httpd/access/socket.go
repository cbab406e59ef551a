package access

import (
	"context"
	"net"
	"net/http"
	"os/user"
	"strconv"
	"sync"
	"syscall"
)

type peerKey struct{}

// ConnContext is for http.Server.ConnContext at the control socket: it notes who connects,
// as the kernel says. A connection that wraps another one gives it by NetConn.
func ConnContext(ctx context.Context, conn net.Conn) context.Context {
	for {
		wrapping, ok := conn.(interface{ NetConn() net.Conn })
		if !ok {
			break
		}
		conn = wrapping.NetConn()
	}
	socket, ok := conn.(*net.UnixConn)
	if !ok {
		return ctx
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return ctx
	}
	var peer *syscall.Ucred
	var peerErr error
	if err := raw.Control(func(fd uintptr) {
		peer, peerErr = syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	}); err != nil || peerErr != nil {
		return ctx
	}
	return context.WithValue(ctx, peerKey{}, peer.Uid)
}

// socketUser is what names of users of the socket begin with, and those of nobody else.
const socketUser = "unix:"

// Socket lets whoever could open the control socket do everything, under the name
// unix:USER.
func Socket(next http.Handler) http.Handler {
	var names sync.Map // by uid, of which a machine has few
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := Principal{Name: socketUser + "unknown", Role: Admin}
		if uid, ok := r.Context().Value(peerKey{}).(uint32); ok {
			name, known := names.Load(uid)
			if !known {
				name = socketUser + userName(uid)
				names.Store(uid, name)
			}
			p.Name = name.(string)
		}
		next.ServeHTTP(w, r.WithContext(With(r.Context(), p)))
	})
}

// userName is the user's name, or its number when it has none.
func userName(uid uint32) string {
	number := strconv.FormatUint(uint64(uid), 10)
	if known, err := user.LookupId(number); err == nil {
		return known.Username
	}
	return number
}
