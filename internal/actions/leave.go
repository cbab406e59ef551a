package actions

import "github.com/prometheus/client_golang/prometheus"

// Dismiss ends what Serve began: the account knows the crew's group no more, as if it were
// not configured. A crew that took its place stays.
func (a *Account) Dismiss(c *Crew) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.crews[c.Group] == c {
		delete(a.crews, c.Group)
		a.setDoubt(c.Group, judgement{DoubtNone, ""})
	}
}

// Forget drops the series of a group.
func (m *Metrics) Forget(group string) {
	of := prometheus.Labels{"group": group}
	for _, vec := range []*prometheus.CounterVec{m.steps, m.quarantines, m.drifts, m.hooks} {
		vec.DeletePartialMatch(of)
	}
}

// ForgetAccount drops the series of an account.
func (m *Metrics) ForgetAccount(account string) {
	m.orders.DeletePartialMatch(prometheus.Labels{"account": account})
}
