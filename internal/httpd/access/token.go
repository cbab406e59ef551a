package access

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
)

// NewToken makes a token for a program, with the hash of it that the configuration holds.
func NewToken() (token, hash string) {
	var chance [32]byte
	_, _ = rand.Read(chance[:]) // it does not fail
	token = "as_" + base64.RawURLEncoding.EncodeToString(chance[:])
	sum := sha256.Sum256([]byte(token))
	return token, hex.EncodeToString(sum[:])
}
