package notify

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"github.com/autoscaled/autoscaled/internal/secret"
)

// discreet is err without what nobody may see: a URL may be a secret, and net/http puts
// it into its errors.
func discreet(ctx context.Context, err error, secrets ...secret.Secret) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	var of *url.Error
	if errors.As(err, &of) {
		err = of.Err
	}
	text := err.Error()
	for _, s := range secrets {
		if !s.Empty() {
			text = strings.ReplaceAll(text, s.Reveal(), s.String())
		}
	}
	return errors.New(text)
}
