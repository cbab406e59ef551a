package policy

import "time"

// capped keeps since when the group is kept from what is wanted.
func (m *Memory) capped(now Capped, at time.Time) {
	if now.Reason != "" {
		now.Since = at
		if m.Capped.Reason != "" {
			now.Since = m.Capped.Since
		}
	}
	m.Capped = now
}
