package main

import (
	"bytes"
	"encoding/pem"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// certificateAuthorities are those that the daemon trusts in the image, as PEM. They are Mozilla's, out of
// a pinned module and not from the machine that builds, so that the same source makes the same image; linked
// into the daemon they would stand against those of the system on every other machine. An authority that Mozilla
// trusts under conditions is left out: PEM cannot state them.
func certificateAuthorities() []byte {
	var all bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint == nil {
			_ = pem.Encode(&all, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}) // a buffer takes everything
		}
	}
	return all.Bytes()
}
