package policy

// Combine lets tests join recommendations, whoever makes them.
func Combine(recommendations []Recommendation, current int) (count int, verdict Verdict) {
	e := evaluation{spec: &Spec{Policies: make([]Rule, len(recommendations))}, current: current}
	e.Recommendations = recommendations
	verdict = e.combine()
	return e.Wanted, verdict
}
