package httpd

import (
	"context"
	"net/http"
)

// Costs tells what a group costs. Its error is an [Error] for a group whose provider has no prices.
type Costs func(ctx context.Context, group string) (Cost, error)

// Cost is what a group costs.
type Cost struct {
	Currency      string   `json:"currency"`
	Today         float64  `json:"today"`                    // since midnight
	Month         float64  `json:"month"`                    // since its first day
	MonthExpected *float64 `json:"month_expected,omitempty"` // until its last day, if the group stays as it is
	Model         string   `json:"model"`                    // what is reckoned, and what is left out
}

func (s *server) cost(ctx context.Context, r *http.Request) (Cost, error) {
	if s.Costs == nil {
		return Cost{}, Error{Code: NotFound, Text: "no prices are known: set `billing` at the group's provider"}
	}
	return s.Costs(ctx, r.PathValue("group"))
}
