// Package authorities has the certificate authorities that the daemon trusts in the image.
package authorities

import (
	"bytes"
	"encoding/pem"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// Module is where they come from, and File where the image has them.
const (
	Module = "golang.org/x/crypto/x509roots/fallback"
	File   = "etc/ssl/certs/ca-certificates.crt"
)

// PEM is the file's content. They are Mozilla's, out of a pinned module and not from the machine that builds,
// so that the same source makes the same image; linked into the daemon they would stand against those of the
// system on every other machine. An authority that Mozilla trusts under conditions is left out: PEM cannot
// state them.
func PEM() []byte {
	var all bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint == nil {
			_ = pem.Encode(&all, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}) // a buffer takes everything
		}
	}
	return all.Bytes()
}
