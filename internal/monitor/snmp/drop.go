package snmp

import "fmt"

// The reasons for which a datagram is dropped. What another address or port
// sends never arrives, because the kernel drops it at our connected socket.
const (
	dropMalformed      = "malformed"       // it cannot be decoded
	dropOversize       = "oversize"        // it is longer than any answer to our request
	dropVersion        = "version"         // another version of SNMP
	dropCommunity      = "community"       // another community
	dropType           = "type"            // no answer, but a request or a trap
	dropIDZero         = "request_id_zero" // some agents' "unknown"
	dropLate           = "late"            // the answer to an earlier request of the same call: late, or a duplicate
	dropID             = "request_id"      // another ID
	dropObjects        = "objects"         // other objects than asked, more, fewer, or in another order
	dropLevel          = "security_level"  // v3: less secured than the request
	dropEngine         = "engine"          // v3: of another engine
	dropAuthentication = "authentication"  // v3: of another user, or not authentic
	dropTimeWindow     = "time_window"     // v3: authentic, and too old
	dropContext        = "context"         // v3: of another context
	dropSender         = "sender"          // a notification from an address of no sender
	dropDecryption     = "decryption"      // v3: a notification that is authentic, and encrypted with another key
)

// DropReasons are all reasons that Options.Dropped is told.
var DropReasons = []string{
	dropMalformed, dropOversize, dropVersion, dropCommunity, dropType, dropIDZero, dropLate, dropID,
	dropObjects, dropLevel, dropEngine, dropAuthentication, dropTimeWindow, dropContext,
}

// TrapDropReasons are all reasons that ListenerOptions.Dropped is told.
var TrapDropReasons = []string{
	dropSender, dropMalformed, dropOversize, dropVersion, dropCommunity, dropType, dropObjects,
	dropLevel, dropEngine, dropAuthentication, dropDecryption, dropTimeWindow,
}

// drop is a datagram that is not believed.
type drop struct {
	reason string
	why    string
	id     uint32 // of the request that it answers, when that is why
}

func (d *drop) Error() string { return d.why }

func dropf(reason, format string, args ...any) *drop {
	return &drop{reason: reason, why: fmt.Sprintf(format, args...)}
}

// dropStrange is a datagram that answers another request than ours.
func dropStrange(id uint32) *drop {
	if id == 0 {
		return dropf(dropIDZero, "its request ID is 0")
	}
	return &drop{reason: dropID, why: "it answers another request", id: id}
}
