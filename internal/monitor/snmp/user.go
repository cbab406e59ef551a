package snmp

import (
	"fmt"
	"maps"
	"slices"

	"github.com/gosnmp/gosnmp"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/words"
)

// user is who asks in v3.
type user struct {
	name    string
	level   gosnmp.SnmpV3MsgFlags // noAuthNoPriv, authNoPriv or authPriv
	auth    gosnmp.SnmpV3AuthProtocol
	privacy gosnmp.SnmpV3PrivProtocol

	authPassphrase, privacyPassphrase string

	codeBytes  uint8 // of the code that authenticates a message
	blockBytes uint8 // of what it is hashed in
}

func (u *user) authenticates() bool { return u.level != gosnmp.NoAuthNoPriv }

var authProtocols = map[string]gosnmp.SnmpV3AuthProtocol{
	"md5": gosnmp.MD5, "sha": gosnmp.SHA, "sha224": gosnmp.SHA224,
	"sha256": gosnmp.SHA256, "sha384": gosnmp.SHA384, "sha512": gosnmp.SHA512,
}

// The longer keys of AES have no standard. aes192 and aes256 extend them as in
// draft-blumenthal-aes-usm-04, aes192c and aes256c as in draft-reeder-snmpv3-usm-3desede,
// which Cisco's agents follow.
var privacyProtocols = map[string]gosnmp.SnmpV3PrivProtocol{
	"des": gosnmp.DES, "aes": gosnmp.AES,
	"aes192": gosnmp.AES192, "aes256": gosnmp.AES256, "aes192c": gosnmp.AES192C, "aes256c": gosnmp.AES256C,
}

// newUser refuses what no agent accepts.
func newUser(o Options) (user, error) {
	u := user{name: o.User, level: gosnmp.NoAuthNoPriv, auth: gosnmp.NoAuth, privacy: gosnmp.NoPriv}
	switch {
	case o.User == "" || len(o.User) > maxUser:
		return user{}, fmt.Errorf("snmp: the user of v3 has %d bytes: it must have 1 to %d", len(o.User), maxUser)
	case len(o.Context) > maxContext:
		return user{}, fmt.Errorf("snmp: the context is longer than %d bytes", maxContext)
	case o.Privacy.Protocol != "" && o.Auth.Protocol == "":
		return user{}, fmt.Errorf("snmp: user %s has privacy without auth, which v3 does not know: add auth", o.User)
	}
	var err error
	if o.Auth.Protocol != "" {
		u.level = gosnmp.AuthNoPriv
		if u.auth, u.authPassphrase, err = key("auth", o.Auth, authProtocols); err != nil {
			return user{}, err
		}
		u.codeBytes, u.blockBytes = uint8(codeBytes[u.auth]), uint8(u.auth.HashType().New().BlockSize())
	}
	if o.Privacy.Protocol != "" {
		u.level = gosnmp.AuthPriv
		if u.privacy, u.privacyPassphrase, err = key("privacy", o.Privacy, privacyProtocols); err != nil {
			return user{}, err
		}
	}
	return u, nil
}

func key[P any](what string, k config.SNMPKey, protocols map[string]P) (protocol P, passphrase string, err error) {
	protocol, ok := protocols[k.Protocol]
	if !ok {
		return protocol, "", fmt.Errorf("snmp: %s protocol %q is unknown: use %s",
			what, k.Protocol, words.Either(slices.Sorted(maps.Keys(protocols))))
	}
	passphrase = k.Passphrase.Reveal()
	if len(passphrase) < minPassphrase {
		return protocol, "", fmt.Errorf("snmp: the passphrase of %s is shorter than %d bytes, which agents refuse", what, minPassphrase)
	}
	return protocol, passphrase, nil
}
