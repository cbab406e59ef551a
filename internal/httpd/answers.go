package httpd

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"strings"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/httpd/access"
)

// Hooks takes the answers to lifecycle hooks. Its errors are [actions.ErrNoHookCall], an [actions.InvalidAnswerError], a
// [fleet.RefusedError] for an answer that comes too late, or say what kept it from being taken.
type Hooks interface {
	AnswerHook(id, token string, answer actions.HookAnswer) error
}

// HookRequest is the body of an answer to a hook.
type HookRequest struct {
	Action actions.HookAction `json:"action"` // continue, abandon or heartbeat
	Why    string             `json:"why,omitempty"`
}

// inputs are the routes at which others tell something. Each has a token of its own.
func (s *server) inputs() []route {
	hook := command("/v1/hooks/{id}", access.None, s.answerHook)
	hook.prove = s.proveHook
	all := []route{hook}
	for _, path := range []string{"/v1/push/{group}/{signal}", "/v1/push/{group}/{signal}/{direction}"} {
		push := other(http.MethodPost, path, access.None, s.push)
		push.answer = reflect.TypeFor[Pushed]()
		all = append(all, push)
	}
	return all
}

func (s *server) push(w http.ResponseWriter, r *http.Request) {
	var boxes map[string]Inbox
	if s.Inboxes != nil {
		boxes = s.Inboxes()
	}
	inboxes(boxes)(w, r)
}

// proveHook looks at the token before anything is read. An answer that says nothing changes nothing, and
// is refused for that only to whoever has the token.
func (s *server) proveHook(r *http.Request) error {
	var nothing actions.InvalidAnswerError
	if err := s.tellHook(r, actions.HookAnswer{}); !errors.As(err, &nothing) {
		return err
	}
	return nil
}

func (s *server) answerHook(_ context.Context, r *http.Request, request HookRequest) error {
	return s.tellHook(r, actions.HookAnswer{Action: request.Action, Why: request.Why})
}

func (s *server) tellHook(r *http.Request, answer actions.HookAnswer) error {
	if s.Hooks == nil {
		return Error{Code: NotFound, Text: "there are no hooks here"}
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return Error{Code: Unauthenticated, Text: "the hook's token is missing: send the header `Authorization: Bearer TOKEN` with the token that came with the hook"}
	}
	err := s.Hooks.AnswerHook(r.PathValue("id"), token, answer)
	if errors.Is(err, actions.ErrNoHookCall) {
		return Error{Code: Unauthenticated, Text: err.Error()} // whoever guesses does not learn which ids there are
	}
	return err
}
