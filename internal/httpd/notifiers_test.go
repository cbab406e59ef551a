package httpd_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/autoscaled/autoscaled/internal/httpd"
	"github.com/autoscaled/autoscaled/internal/httpd/access"
)

func TestATestOfANotifierIsForAdminsAndSaysWhyItDidNotArrive(t *testing.T) {
	t.Parallel()
	notifiers := func(_ context.Context, name string) error {
		switch name {
		case "chat":
			return nil
		case "night":
			return errors.New("notify night: the receiver answered 403")
		}
		return httpd.Error{Code: httpd.NotFound, Text: "there is no notifier `" + name + "`"}
	}
	for _, c := range []struct {
		name      string
		role      access.Role
		notifiers httpd.Notifiers
		status    int
		says      string
	}{
		{"chat", access.Admin, notifiers, http.StatusOK, "{}"},
		{"chat", access.Operate, notifiers, http.StatusForbidden, "admin"},
		{"night", access.Admin, notifiers, http.StatusServiceUnavailable, "the receiver answered 403"},
		{"chta", access.Admin, notifiers, http.StatusNotFound, "there is no notifier `chta`"},
		{"chat", access.Admin, nil, http.StatusNotFound, "no notifiers"},
	} {
		r := request(http.MethodPost, "/v1/notifiers/"+c.name+"/test", "{}")
		r = r.WithContext(access.With(r.Context(), access.Principal{Name: "sato", Role: c.role}))
		w := httptest.NewRecorder()
		httpd.Handler(httpd.Options{Fleet: &fakeFleet{}, Past: &fakeFleet{}, Notifiers: c.notifiers}).ServeHTTP(w, r)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.says) {
			t.Errorf("%s as %v: %d %s, want %d %q", c.name, c.role, w.Code, w.Body, c.status, c.says)
		}
	}
}
