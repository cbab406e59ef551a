package httpd_test

import (
	"context"
	"iter"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/httpd"
	"github.com/autoscaled/autoscaled/internal/httpd/access"
	"github.com/autoscaled/autoscaled/internal/record"
)

func TestThePastIsAskedForWithTheTimeThatItTakesToComputeIt(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 4, 1, 3, 12, 0, 0, time.UTC)
	f := &fakeFleet{Past: map[string][]record.Item{"web": {{At: at, Note: "resumed"}}}}
	answer := httptest.NewRecorder()
	face(f, access.Read).ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/v1/groups/web/decisions?from=2026-04-01T03:00:00Z&to=2026-04-01T04:00:00Z", nil))
	if answer.Code != http.StatusOK || !strings.Contains(answer.Body.String(), `"note":"resumed"`) {
		t.Errorf("status %d: %s", answer.Code, answer.Body)
	}
	if want := at.Add(-12*time.Minute - record.Lead); !f.Span()[0].Equal(want) {
		t.Errorf("read from %v on, want %v", f.Span()[0], want)
	}
}

func TestATimeThatIsNoneIsRefusedWithAnExample(t *testing.T) {
	t.Parallel()
	f := &fakeFleet{}
	for _, path := range []string{"/v1/groups/web/decisions?from=today", "/v1/groups/web/decisions?to=1", "/v1/groups/web/explain?at=now"} {
		answer := httptest.NewRecorder()
		face(f, access.Read).ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, nil))
		if answer.Code != http.StatusBadRequest || !strings.Contains(answer.Body.String(), "write for example 2026-04-01T09:00:00+09:00") {
			t.Errorf("%s: status %d: %s", path, answer.Code, answer.Body)
		}
	}
}

func TestThePastIsReadNoFurtherOnceItsReaderIsGone(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/v1/groups/web/decisions", "/v1/groups/web/explain"} {
		ctx, leave := context.WithCancel(t.Context())
		read := 0
		past := endless(func() {
			if read++; read == 100 {
				leave()
			}
		})
		answer := httptest.NewRecorder()
		ofPast(past).ServeHTTP(answer, httptest.NewRequestWithContext(ctx, http.MethodGet, path, nil))
		if read != 100 || answer.Code != http.StatusServiceUnavailable || !strings.Contains(answer.Body.String(), "read the history: context canceled") {
			t.Errorf("%s: %d were read: status %d: %s", path, read, answer.Code, answer.Body)
		}
	}
}

// endless is a past that goes on until nobody wants more, or a million were read; it tells of each.
type endless func()

func (tell endless) Decisions(string, time.Time, time.Time) (iter.Seq2[record.Item, error], error) {
	return func(yield func(record.Item, error) bool) {
		for range 1_000_000 {
			if tell(); !yield(record.Item{Note: "resumed"}, nil) {
				return
			}
		}
	}, nil
}

// ofPast shows a past to whoever may read.
func ofPast(past httpd.Past) http.Handler {
	handler := httpd.Handler(httpd.Options{Fleet: &fakeFleet{}, Past: past})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler.ServeHTTP(w, r.WithContext(access.With(r.Context(), access.Principal{Name: "sato", Role: access.Read})))
	})
}
