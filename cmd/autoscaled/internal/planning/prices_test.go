package planning

import "testing"

func TestWithoutANameThePricesAreThoseOfTheProvider(t *testing.T) {
	t.Parallel()
	s := onRequests(t)
	for period, want := range map[string]string{"day": "IIJ GIO by the month, prorated by days", "month": "IIJ GIO by the month"} {
		provider := s.Config.Providers["gio"]
		provider.PaidPeriod = period
		s.Config.Providers["gio"] = provider
		model, err := Prices("", &s)
		if err != nil || model == nil || model.Name != want {
			t.Errorf("paid by the %s: %+v, %v", period, model, err)
		} else if told := pricedDifferently(model, provider); told != "" {
			t.Errorf("paid by the %s it says %q", period, told)
		}
	}
	if model, err := Prices(NoBilling, &s); model != nil || err != nil {
		t.Errorf("none: %v, %v", model, err)
	}
}
