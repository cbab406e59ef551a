package snmp

// The reasons for which an agent is asked over a socket of its own, by gosnmp, in place of
// by the poller.
const (
	fallbackVersion = "version"  // it speaks v1
	fallbackTable   = "table"    // a table is to be walked
	fallbackRow     = "row"      // a row is to be found by its name, at first or again
	fallbackSize    = "size"     // what is asked takes more than one PDU
	fallbackEngine  = "engine"   // v3: its engine is to be met, at first or again
	fallbackPrivacy = "privacy"  // v3: des
	fallbackSilence = "silence"  // it did not answer, now or when it was last asked
	fallbackAnswer  = "answer"   // it answered with an error or a report
	fallbackSocket  = "socket"   // the shared socket could not be opened, or would not take the request
	fallbackEncoded = "encoding" // its answer was believed, and is written so that gosnmp alone decodes it
)

// FallbackReasons are all reasons that PollerOptions.Fallback is told.
var FallbackReasons = []string{
	fallbackVersion, fallbackTable, fallbackRow, fallbackSize, fallbackEngine, fallbackPrivacy,
	fallbackSilence, fallbackAnswer, fallbackSocket, fallbackEncoded,
}
