package config

import (
	"errors"
	"time"

	"github.com/autoscaled/autoscaled/internal/secret"
)

// Push takes what somebody sends to the daemon.
type Push struct {
	Token      secret.Secret // that a sender has to show
	Format     PushFormat    // of what is sent; default value
	Step       int           // not with value: instances that up adds and down removes, 1..100; default 1
	AgainAfter time.Duration // not with value: an alert that was counted counts again after so long; default 10m
}

// PushFormat is what the body of a push is.
type PushFormat string

// The formats.
const (
	PushValue        PushFormat = "value"     // a number
	PushDirection    PushFormat = "direction" // up, down or keep
	PushAlertmanager PushFormat = "alertmanager"
	PushGrafana      PushFormat = "grafana"
	PushZabbix       PushFormat = "zabbix"
)

// PushFormats lists every format.
func PushFormats() []PushFormat {
	return []PushFormat{PushValue, PushDirection, PushAlertmanager, PushGrafana, PushZabbix}
}

func readPush(s *section) *Push {
	defer s.close()
	s.require("token")
	var formats []string
	for _, format := range PushFormats() {
		formats = append(formats, string(format))
	}
	push := &Push{
		Token:  read(s, "token", secret.Secret{}, referringTo("secret of 16 bytes or more", s.env.token)),
		Format: PushFormat(read(s, "format", string(PushValue), oneOf(formats...))),
	}
	s.about.bind(Rule{If: without("format", formats[1:]...), None: []string{"step", "again_after"}})
	push.Step = read(s, "step", 1, whole(1, 100))
	push.AgainAfter = read(s, "again_after", 10*time.Minute, duration(time.Second, 7*24*time.Hour))
	if push.Format == PushValue {
		s.refuse("belongs to formats that say up or down, and a value says by how much itself: remove it, or add for example format: alertmanager", "step", "again_after")
		push.Step, push.AgainAfter = 0, 0
	}
	return push
}

// SaysWays says that what is sent are wishes to grow or to shrink, and no values: it is
// sent while there is something to wish for, and else nothing is.
func (f PushFormat) SaysWays() bool { return f != PushValue && f != "" }

// saysWays says that the signal's values are such wishes.
func (s Signal) saysWays() bool { return s.Push != nil && s.Push.Format.SaysWays() }

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
