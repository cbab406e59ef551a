package daemon

import (
	"net/netip"
	"time"

	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/monitor/snmp"
	"github.com/autoscaled/autoscaled/internal/words"
)

// hearing is what becomes of notifications. The listener's goroutine alone calls it.
type hearing struct {
	daemon           *Daemon
	rules            func() map[string][]config.TrapRule // by group, at this time
	dropped, ignored seldom
}

// hear wakes the groups that a notification is for.
func (h *hearing) hear(trap snmp.Trap) {
	woke, named := false, false
	for group, rules := range h.rules() {
		for _, rule := range rules {
			if !trap.Is(rule.OID) {
				continue
			}
			named = true
			if h.wake(group, rule, trap) {
				woke = true
				break
			}
		}
	}
	if woke {
		h.daemon.metrics.traps.WithLabelValues("woke").Inc()
		return
	}
	h.daemon.metrics.traps.WithLabelValues("ignored").Inc()
	h.tellIgnored(trap, named)
}

// wake wakes the group by a rule for the notification, and says whether it counts.
func (h *hearing) wake(group string, rule config.TrapRule, trap snmp.Trap) bool {
	event := fleet.Event{What: "trap " + trap.OID, From: trap.From}
	if rule.From.IsValid() {
		if !rule.From.Contains(trap.From) {
			return false
		}
		event.From = netip.Addr{} // it need not be an instance
	}
	return h.daemon.Fleet.Wake(group, event)
}

// tellIgnored tells of a notification that no group waits for, although a group may name
// its OID.
func (h *hearing) tellIgnored(trap snmp.Trap, named bool) {
	oid := words.Shown(trap.OID)
	if !h.ignored.may(told{oid, trap.From}, trap.At) {
		return
	}
	why := "no group names its OID: if one should, add it to groups.NAME.traps"
	if named {
		why = "a group names its OID, from other addresses: without `from` in groups.NAME.traps it has to come from one of the group's own instances"
	}
	h.daemon.options.Log.Info("a trap came that no group waits for", zap.Stringer("from", trap.From), zap.String("oid", oid), zap.String("why", why))
}

// drop counts and tells of a datagram that is not believed.
func (h *hearing) drop(reason string, from netip.Addr) {
	h.daemon.metrics.trapDrops.WithLabelValues(reason).Inc()
	if h.dropped.may(told{reason, from}, time.Now()) {
		h.daemon.options.Log.Warn("a trap was dropped", zap.Stringer("from", from), zap.String("reason", reason), zap.String("why", dropTexts[reason]))
	}
}

// fail tells of a socket that fails, and of nil when it is well again.
func (h *hearing) fail(err error) {
	if err != nil {
		h.daemon.options.Log.Warn("no trap can be received: it is tried again, and groups go on at their intervals", zap.Error(err))
		return
	}
	h.daemon.options.Log.Info("traps can be received again")
}

// dropTexts say for each reason what it is, and what to do if the sender is one of ours.
var dropTexts = map[string]string{
	"sender":         "no sender covers that address: add it to traps.senders",
	"malformed":      "it is no message of SNMP, or a damaged one: does anything else send to this port?",
	"oversize":       "it has 16 KiB or more: let its sender send fewer objects",
	"version":        "it is of SNMP v1, or of none: let its sender send v2c or v3",
	"community":      "it has another community than traps.senders has for that address",
	"type":           "it is neither a trap nor an inform",
	"objects":        "it does not begin with sysUpTime.0 and snmpTrapOID.0, as each notification has to",
	"security_level": "it is secured otherwise than its user in traps.senders: compare `auth` and `privacy` with the sender's level",
	"engine":         "it comes from, or is for, another engine: compare `engine_id` in traps.senders, or restart a sender of informs",
	"authentication": "its user is none of that address in traps.senders, or has another protocol or passphrase under `auth`",
	"decryption":     "its user has another protocol or passphrase under `privacy` in traps.senders",
	"time_window":    "it is too old: normal for the first inform after a start; else remove /var/lib/snmp/snmpd.conf from templates, and look for somebody who repeats traps",
}
