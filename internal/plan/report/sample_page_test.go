package report_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/autoscaled/autoscaled/internal/plan/report"
)

// weeks is a page about some days of minutes, as a shop's load has them: high at day,
// higher on weekdays, with a flash crowd and two hours whose record was saturated. All
// chance is by seed.
func weeks(days int, seed uint64) *report.Page {
	const warmUp = 1440
	chance := rand.New(rand.NewPCG(seed, 7))
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		panic(err)
	}
	page := &report.Page{
		Group:  "web",
		Origin: "Prometheus at monitor.example, sum(rate(http_requests_total{group=\"web\"}[1m]))",
		Start:  time.Date(2026, 10, 5, 0, 0, 0, 0, tokyo).AddDate(0, 0, -1), Step: time.Minute, Zone: tokyo, Scored: warmUp,
		Currency: report.Currency{Symbol: "¥"},
		Warnings: []string{"Prices are examples: put your own into configs/billing/gp-gio.yaml.", "2 hours of the load are of low confidence."},
		Assumptions: []string{
			"The load is conserved: what one instance does not carry, the others do.",
			"A machine serves 8 minutes after its order (median of 41 builds; 90 % within 11 minutes).",
			"Machines are paid by the day, and kept to the end of the paid day.",
		},
		LeftOut:   []string{"Requests that were never made because the site was slow.", "Caches that are cold after a start.", "Failures of the load balancer."},
		Made:      "autoscaled 1.0.0 on 2 Nov 2026 09:00",
		PointCost: "cost (¥)",
	}
	load := shopLoad(chance, days*1440+warmUp)
	page.Runs = []report.Run{
		shopRun(page, "target 70 % with forecast", report.Proposed, load, follower{share: 0.78, hold: 25, delay: 6}),
		shopRun(page, "web.yaml as it is", report.InForce, load, follower{share: 0.6, hold: 60, delay: 9}),
		shopRun(page, "HPA, cpu 70 %", report.Classic, load, follower{share: 0.7, hold: 5, delay: 12}),
		shopRun(page, "static peak", report.Classic, load, follower{fixed: 24}),
		shopRun(page, "static mean", report.Classic, load, follower{fixed: 8}),
		shopRun(page, "clairvoyant optimum", report.Limit, load, follower{share: 1, hold: 1, ahead: 1}),
	}
	censor(page)
	page.Points = points(page)
	page.Guards = []report.Guard{
		{Name: "scale_in.stabilization 10m", Does: "shrinks only to the most wanted in 10 minutes", Costs: 18200, Hours: 91, Prevented: 46, Scalings: 118},
		{Name: "scale_in.cooldown 5m", Does: "waits after each change", Costs: 2100, Hours: 11, Prevented: 0, Scalings: 12},
		{Name: "rate 4 an hour", Does: "bounds how fast the group grows", Costs: -3600, Hours: -18, Prevented: -9},
		{Name: "load_loss", Does: "does not believe a load that vanishes"},
	}
	base := page.Runs[0].Metrics
	page.WhatIfs = []report.WhatIf{
		{Name: "load × 1.5", Words: "max is reached on 14 Oct at 12:10", Metrics: scaled(base, 1.48, 3.1)},
		{Name: "the template takes 20 minutes", Metrics: scaled(base, 1.02, 4.4)},
		{Name: "quota of 12", Words: "12 are too few on 19 of 28 days", Metrics: scaled(base, 0.91, 40)},
		{Name: "a third is lost at 20:00 each day", Metrics: scaled(base, 1.0, 6)},
		{Name: "flash crowd × 8 for 10 minutes", Metrics: scaled(base, 1.05, 1.9)},
	}
	return page
}

func shopLoad(chance *rand.Rand, steps int) []float64 {
	load := make([]float64, steps)
	noise := 0.0
	for i := range load {
		hour, day := float64(i%1440)/60, i/1440
		level := 3 + 9*hump((hour-13)/3.4) + 6*hump((hour-20.5)/1.8)
		if weekday := (day + 6) % 7; weekday >= 5 {
			level *= 0.62
		}
		noise = 0.97*noise + chance.NormFloat64()*0.02
		load[i] = math.Max(0.3, level*(1+noise))
		if crowd := i%1440 - 12*60 - 30; day%9 == 4 && crowd >= 0 && crowd < 40 {
			load[i] *= 1 + 0.9*math.Exp(-float64(crowd)/15)
		}
	}
	return load
}

func hump(x float64) float64 { return math.Exp(-x * x) }

// follower is a crude scaler: it wants what the load some steps ahead needs at a share,
// gets it after a delay, and holds what it once wanted.
type follower struct {
	share              float64
	ahead, hold, delay int
	fixed              int
}

func (f follower) serving(load []float64) (desired, serving []int) {
	desired, serving = make([]int, len(load)), make([]int, len(load))
	for i := range load {
		desired[i] = f.fixed
		for j := max(0, i-f.hold); f.fixed == 0 && j <= min(len(load)-1, i+f.ahead); j++ {
			desired[i] = max(desired[i], int(math.Ceil(load[j]/f.share)))
		}
		serving[i] = min(desired[i], desired[max(0, i-f.delay)])
	}
	return desired, serving
}

func shopRun(page *report.Page, name string, role report.Role, load []float64, f follower) report.Run {
	run := report.Run{Name: name, Role: role, Load: load, Need: make([]int, len(load))}
	run.Desired, run.Serving = f.serving(load)
	run.Paid = make([]int, len(load))
	var hours, short, lost, total float64
	bill := &report.Bill{Note: "with 10 % tax"}
	for i := range load {
		at := page.Start.Add(time.Duration(i) * page.Step)
		run.Need[i] = max(1, int(math.Ceil(load[i])))
		run.Paid[i] = max(run.Desired[i], run.Serving[i])
		if i > 0 && run.Desired[i] != run.Desired[i-1] {
			run.Decisions = append(run.Decisions, decision(at, run.Desired[i-1], run.Desired[i], load[i]))
		}
		if i < page.Scored {
			continue
		}
		hours += float64(run.Paid[i]) / 60
		total += load[i]
		if run.Need[i] > run.Serving[i] {
			short++
			lost += math.Max(0, load[i]-float64(run.Serving[i]))
		}
		if (i-page.Scored)%1440 == 0 {
			bill.Days = append(bill.Days, report.Day{Date: at})
		}
		bill.Days[len(bill.Days)-1].Amount += int64(run.Paid[i]) * 21 / 6
	}
	for _, day := range bill.Days {
		bill.Total += day.Amount
	}
	run.Bill = bill
	run.Metrics = []report.Metric{
		{Name: "Cost", Value: float64(bill.Total), Text: page.Currency.Text(bill.Total), Better: report.Lower, Key: true, Help: "what the machines are billed, with tax"},
		{Name: "Instance-hours", Value: hours, Better: report.Lower, Key: true, Help: "from order to release"},
		{Name: "Overload", Unit: "min", Value: short, Better: report.Lower, Key: true, Help: "minutes in which more instances were needed than served"},
		{Name: "Lost load", Unit: "%", Value: lost / total * 100, Better: report.Lower, Key: true, Help: "load above what the serving instances carry"},
		{Name: "Scalings", Value: float64(len(run.Decisions)), Better: report.Lower, Key: true},
		{Name: "θ under", Unit: "%", Value: short / 400, Better: report.Lower, Help: "how many too few, of what is needed"},
		{Name: "θ over", Unit: "%", Value: hours / 100, Better: report.Lower, Help: "how many too many, of what is needed"},
		{Name: "Elasticity ε", Value: 1 + hours/5000, Better: report.Higher},
	}
	return run
}

func decision(at time.Time, from, to int, load float64) report.Decision {
	reason := "target"
	if to < from {
		reason = "stabilization_in"
	}
	return report.Decision{At: at, From: from, To: to, Reason: reason, Words: []string{
		fmt.Sprintf("%s: from %d to %d (%s): the policies want it", at.Format(time.RFC3339), from, to, reason),
		fmt.Sprintf("policy target cpu wants %d: cpu is %.1f, target 70", to, load/float64(from)*100),
		fmt.Sprintf("policy target requests wants %d: requests is %.0f, target 250", to-1, load*175),
		fmt.Sprintf("together the policies want %d", to),
		"the smallest change that would have altered it: cpu from 74.2 to 69.9",
	}}
}

func censor(page *report.Page) {
	for i := range page.Runs {
		page.Runs[i].Censored = make([]bool, len(page.Runs[i].Load))
		for step := page.Scored + 750; step < min(page.Scored+870, len(page.Runs[i].Load)); step++ {
			page.Runs[i].Censored[step] = true
		}
	}
}

func points(page *report.Page) []report.Point {
	var all []report.Point
	for i := range page.Runs {
		run := &page.Runs[i]
		all = append(all, report.Point{Name: run.Name, Role: run.Role, Cost: float64(run.Bill.Total), OverloadMinutes: run.Metrics[2].Value})
	}
	base := float64(page.Runs[0].Bill.Total)
	for i := range 14 {
		share := 0.55 + 0.03*float64(i)
		all = append(all, report.Point{
			Name: "target with forecast", Settings: fmt.Sprintf("value %.0f %%", share*100), Role: report.Other,
			Cost: base * 0.78 / share, OverloadMinutes: math.Round(math.Expm1(float64(i) * 0.5)),
		})
	}
	for i := range all {
		all[i].Front = all[i].Role != report.Limit
		for j := range all {
			if i != j && all[j].Role != report.Limit && all[j].Cost <= all[i].Cost && all[j].OverloadMinutes < all[i].OverloadMinutes {
				all[i].Front = false
			}
		}
	}
	return all
}

func scaled(metrics []report.Metric, cost, overload float64) []report.Metric {
	all := make([]report.Metric, len(metrics))
	for i, m := range metrics {
		m.Value *= cost
		if m.Name == "Overload" || m.Name == "Lost load" {
			m.Value = math.Round((m.Value/cost+5)*overload*100) / 100
		}
		if m.Text != "" {
			m.Text = report.Currency{Symbol: "¥"}.Text(int64(m.Value))
		}
		all[i] = m
	}
	return all
}
