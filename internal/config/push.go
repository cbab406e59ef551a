package config

import (
	"errors"

	"github.com/autoscaled/autoscaled/internal/secret"
)

func readPush(s *section) *Push {
	defer s.close()
	s.require("token")
	return &Push{Token: read(s, "token", secret.Secret{}, s.env.token)}
}

// minTokenBytes is what cannot be guessed over the network.
const minTokenBytes = 16

// token is confidential for a secret that is long enough.
func (e Env) token(value string) (secret.Secret, error) {
	token, err := e.confidential(value)
	if err == nil && !e.SkipSecrets && len(token.Reveal()) < minTokenBytes {
		return secret.Secret{}, errors.New("holds a token of less than 16 bytes, which can be guessed: make one with `openssl rand -hex 16`")
	}
	return token, err
}
