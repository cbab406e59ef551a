package snmp

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/gosnmp/gosnmp"
)

const (
	// minEngineID and maxEngineID are the bounds of an engine ID in bytes (RFC 3411 §5).
	minEngineID, maxEngineID = 5, 32
	// timeWindow is how far two engines' ideas of the time may differ (RFC 3414 §2.2.3).
	timeWindow = 150
)

// engine is what is known of one agent's v3 engine: its keys, made of the user's
// passphrases once for each engine, and its clock.
type engine struct {
	id            string
	auth, privacy []byte
	boots         uint32
	seconds       uint32    // since its last boot
	at            time.Time // when they were that many
	authentic     bool      // boots and seconds come from an authentic message
	doubted       bool      // it is to be asked again before the next request
}

// doubt makes the next call ask anew who the engine is.
func (e *engine) doubt() {
	if e != nil {
		e.doubted = true
	}
}

// newEngine makes the user's keys for the engine.
func newEngine(id string, u user) (*engine, error) {
	e := &engine{id: id}
	if u.auth == gosnmp.NoAuth {
		return e, nil
	}
	var err error
	if e.auth, err = localise(id, u.auth, u.authPassphrase); err != nil {
		return nil, err
	}
	switch u.privacy {
	case gosnmp.NoPriv:
	case gosnmp.DES, gosnmp.AES:
		// gosnmp would make longer keys first, at the price of another megabyte of hashing.
		if e.privacy, err = localise(id, u.auth, u.privacyPassphrase); err == nil {
			e.privacy = e.privacy[:16]
		}
	default:
		parameters := gosnmp.UsmSecurityParameters{
			AuthoritativeEngineID: id, AuthenticationProtocol: u.auth, SecretKey: e.auth,
			PrivacyProtocol: u.privacy, PrivacyPassphrase: u.privacyPassphrase,
		}
		err = parameters.InitSecurityKeys()
		e.privacy = parameters.PrivacyKey
	}
	return e, err
}

// localise is the key of a passphrase for one engine (RFC 3414 §2.6).
func localise(engineID string, protocol gosnmp.SnmpV3AuthProtocol, passphrase string) ([]byte, error) {
	parameters := gosnmp.UsmSecurityParameters{
		AuthoritativeEngineID: engineID, AuthenticationProtocol: protocol, AuthenticationPassphrase: passphrase,
	}
	if err := parameters.InitSecurityKeys(); err != nil {
		return nil, fmt.Errorf("make the key for the agent's engine: %w", err)
	}
	return parameters.SecretKey, nil
}

// parameters are those of messages to and from the engine. They lack the
// passphrases, so that no message can make keys for an engine of its choice.
func (e *engine) parameters(u user) *gosnmp.UsmSecurityParameters {
	return &gosnmp.UsmSecurityParameters{
		AuthoritativeEngineID: e.id, UserName: u.name,
		AuthenticationProtocol: u.auth, SecretKey: e.auth,
		PrivacyProtocol: u.privacy, PrivacyKey: e.privacy,
	}
}

// clock is what the engine's boots and seconds should be now.
func (e *engine) clock(now time.Time) (boots, seconds uint32) {
	return e.boots, e.seconds + uint32(now.Sub(e.at)/time.Second)
}

var errOld = errors.New("it is older than what the agent said before, by its engine's clock")

// hear takes over the clock of an authentic message, or says that the message is
// too old to be believed (RFC 3414 §3.2.7b). What the clock was before an
// authentic message told it is only a guess.
func (e *engine) hear(boots, seconds uint32, now time.Time) error {
	knownBoots, knownSeconds := e.clock(now)
	if e.authentic {
		switch {
		case boots == math.MaxInt32, boots < knownBoots:
			return errOld
		case boots == knownBoots && uint64(seconds)+timeWindow < uint64(knownSeconds):
			return errOld
		case boots == knownBoots && seconds <= knownSeconds:
			return nil // our idea of the time is the newer one
		}
	}
	e.boots, e.seconds, e.at, e.authentic = boots, seconds, now, true
	return nil
}
