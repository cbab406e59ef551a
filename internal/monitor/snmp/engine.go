package snmp

import (
	"crypto/cipher"
	"crypto/hmac"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/gosnmp/gosnmp"

	"github.com/autoscaled/autoscaled/internal/monitor/reading"
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
	block         cipher.Block // of privacy; nil until the poller needs it
	boots         uint32
	seconds       uint32          // since its last boot
	at            reading.Instant // when they were that many
	authentic     bool            // boots and seconds come from an authentic message
	doubted       bool            // it is to be asked again before the next request
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
	if err := e.makeAuth(u); err != nil {
		return nil, err
	}
	return e, e.makePrivacy(u)
}

// makeAuth makes the key that the user's messages are authenticated with. What is
// hashed of a passphrase, 1 MiB, gosnmp keeps: further engines cost a short hash.
func (e *engine) makeAuth(u user) (err error) {
	if u.auth != gosnmp.NoAuth {
		e.auth, err = localise(e.id, u.auth, u.authPassphrase)
	}
	return err
}

// makePrivacy makes the key that the user's messages are encrypted with, after
// makeAuth. For aes192c and aes256c it can cost 1 MiB of hashing for each engine.
func (e *engine) makePrivacy(u user) (err error) {
	switch u.privacy {
	case gosnmp.NoPriv:
	case gosnmp.DES, gosnmp.AES:
		// gosnmp would make longer keys first, at the price of another megabyte of hashing.
		if e.privacy, err = localise(e.id, u.auth, u.privacyPassphrase); err == nil {
			e.privacy = slices.Clone(e.privacy[:16]) // without the rest, which nobody needs
		}
	default:
		parameters := gosnmp.UsmSecurityParameters{
			AuthoritativeEngineID: e.id, AuthenticationProtocol: u.auth, SecretKey: e.auth,
			PrivacyProtocol: u.privacy, PrivacyPassphrase: u.privacyPassphrase,
		}
		err = parameters.InitSecurityKeys()
		e.privacy = parameters.PrivacyKey
	}
	return err
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

// codeBytes is the length of the code that authenticates a message (RFC 3414 §6.3.1
// and §7.3.1, RFC 7860 §4.2.1).
var codeBytes = map[gosnmp.SnmpV3AuthProtocol]int{
	gosnmp.MD5: 12, gosnmp.SHA: 12, gosnmp.SHA224: 16, gosnmp.SHA256: 24, gosnmp.SHA384: 32, gosnmp.SHA512: 48,
}

// signed says that the user's key made the message's code. It needs no key of privacy.
func (e *engine) signed(datagram []byte, h header, u user) bool {
	said := slices.Clone(h.code)
	clear(h.code) // the code is made of the message with zeros in its place
	code := hmac.New(u.auth.HashType().New, e.auth)
	_, _ = code.Write(datagram)
	copy(h.code, said)
	return hmac.Equal(said, code.Sum(nil)[:codeBytes[u.auth]])
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
	return e.boots, e.seconds + uint32(e.at.Until(now)/time.Second)
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
	e.boots, e.seconds, e.at, e.authentic = boots, seconds, reading.InstantOf(now), true
	return nil
}
