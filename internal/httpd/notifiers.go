package httpd

import (
	"context"
	"net/http"

	"github.com/autoscaled/autoscaled/internal/httpd/access"
)

// Notifiers sends a test by the notifier of the name, once. Its error is an [Error] where there is no such
// notifier, and else says why the test did not arrive, without a secret.
type Notifiers func(ctx context.Context, name string) error

// notifiers are the routes about who is notified.
func (s *server) notifiers() []route {
	return []route{
		command("/v1/notifiers/{name}/test", access.Admin, func(ctx context.Context, r *http.Request, request SignedRequest) error {
			access.Say(ctx, access.Said{Why: request.Why, Trial: true})
			if s.Notifiers == nil {
				return Error{Code: NotFound, Text: "there are no notifiers here"}
			}
			return s.Notifiers(ctx, r.PathValue("name"))
		}),
	}
}
