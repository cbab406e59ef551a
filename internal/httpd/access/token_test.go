package access

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strings"
	"testing"
)

func TestATokenCannotBeGuessedAndFitsEverywhere(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 1000 {
		token, hash := NewToken()
		sum := sha256.Sum256([]byte(token))
		if !strings.HasPrefix(token, "as_") || len(token) != 46 || url.QueryEscape(token) != token || hash != hex.EncodeToString(sum[:]) || seen[token] {
			t.Fatalf("token %s with the hash %s", token, hash)
		}
		seen[token] = true
	}
}
