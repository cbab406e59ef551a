package snmp

import (
	"errors"
	"fmt"

	"github.com/gosnmp/gosnmp"
)

// What agents report in place of an answer (RFC 3414 §5, RFC 3412 §5, RFC 3413 §4.1.2).
const (
	unsupportedSecLevels = ".1.3.6.1.6.3.15.1.1.1.0"
	notInTimeWindows     = ".1.3.6.1.6.3.15.1.1.2.0"
	unknownUserNames     = ".1.3.6.1.6.3.15.1.1.3.0"
	unknownEngineIDs     = ".1.3.6.1.6.3.15.1.1.4.0"
	wrongDigests         = ".1.3.6.1.6.3.15.1.1.5.0"
	decryptionErrors     = ".1.3.6.1.6.3.15.1.1.6.0"
	unavailableContexts  = ".1.3.6.1.6.3.12.1.4.0"
	unknownContexts      = ".1.3.6.1.6.3.12.1.5.0"
)

// reported is the object that a report names; "" when there is none.
func reported(report *gosnmp.SnmpPacket) string {
	if len(report.Variables) != 1 {
		return ""
	}
	return report.Variables[0].Name
}

// heed makes the next request fit what the report says of the agent's engine and
// its time, once for each call, or explains the report.
func (c *call) heed(report *gosnmp.SnmpPacket) error {
	what := reported(report)
	if (what == notInTimeWindows || what == unknownEngineIDs) && !c.synced {
		c.synced = true
		if what == unknownEngineIDs || c.user.level == gosnmp.NoAuthNoPriv {
			return c.learn(report)
		}
		return nil // the clock is that of the report already
	}
	return c.explain(what)
}

func (c *call) explain(what string) error {
	user := c.user.name
	switch what {
	case unsupportedSecLevels:
		return fmt.Errorf("the agent does not know user %s at this level of security (usmStatsUnsupportedSecLevels): give auth and privacy as its createUser line does", user)
	case unknownUserNames:
		return fmt.Errorf("the agent does not know user %s (usmStatsUnknownUserNames): add it with createUser and rouser, or correct user", user)
	case wrongDigests:
		return fmt.Errorf("the agent does not accept the key of user %s (usmStatsWrongDigests): check the protocol and the passphrase under auth", user)
	case decryptionErrors:
		return fmt.Errorf("the agent cannot decrypt what user %s sends (usmStatsDecryptionErrors): check the protocol and the passphrase under privacy", user)
	case notInTimeWindows:
		return errors.New("the agent's clock runs away from its own messages (usmStatsNotInTimeWindows, twice): do several agents answer at this address?")
	case unknownEngineIDs:
		return errors.New("the agent changes its engine ID (usmStatsUnknownEngineIDs, twice): do several agents answer at this address?")
	case unavailableContexts, unknownContexts:
		return fmt.Errorf("the agent has no context %q: check context", c.options.Context)
	}
	return fmt.Errorf("the agent reports %.80q in place of an answer: look into its log", what)
}
