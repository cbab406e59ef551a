package planning

import (
	"fmt"
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/plan/billing"
)

// NoBilling is the name of the billing model that is none.
const NoBilling = "none"

// modelOf is the billing model that comes with the program for a type of provider, and what
// it is paid by.
var modelOf = map[[2]string]string{{"gp", "day"}: "gp-gio", {"gp", "month"}: "gp-gio-month"}

// Prices reads a billing model, by name or path; without one, that of the subject's
// provider. Nil is none.
func Prices(name string, subject *Subject) (*billing.Model, error) {
	if name == "" {
		provider := subject.Config.Providers[subject.Group.Provider]
		name = modelOf[[2]string{provider.Type, provider.PaidPeriod}]
	}
	if name == NoBilling || name == "" {
		return nil, nil //nolint:nilnil // no model is an answer: no bill
	}
	return billing.Load(name)
}

// pricedDifferently says if the provider's paid period is not the model's.
func pricedDifferently(m *billing.Model, provider config.Provider) string {
	if m == nil || provider.PaidPeriod == "" {
		return ""
	}
	ordered := time.Date(2026, time.January, 10, 12, 0, 0, 0, m.Zone)
	whole := "day"
	switch paid := m.PaidUntil(ordered, ordered.Add(time.Second)).Sub(ordered); {
	case paid > 2*day:
		whole = "month"
	case paid <= 2*time.Hour:
		whole = "hour, or less"
	}
	if whole == provider.PaidPeriod {
		return ""
	}
	return fmt.Sprintf("the provider's paid_period is %s, and the billing model %s charges by the %s: the plan goes by the model", provider.PaidPeriod, m.Name, whole)
}

// ModelNames are the billing models that come with the program.
func ModelNames() []string { return append(billing.Shipped(), NoBilling) }
