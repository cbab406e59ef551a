package config

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestForecastsAreReadAsWritten(t *testing.T) {
	t.Parallel()
	group := groupOf(t, `
    launch: {timeout: 5h}
    policies:
      - forecast: {signal: cpu, value: 80%}
      - only: out
        forecast:
          signal: queue
          per_instance: 50
          budget: 0.5%
          fallback: 20
          time_to_serve: 4h
          time_to_return: 1s
          backfill: {csv: /var/lib/autoscaled/../queue.csv}
      - name: utilisation
        forecast: {signal: busy, value: 0.9, quantile: 99%, time_to_serve: 2m, backfill: {promql: "sum(\n  busy)"}}
`)
	want := []Policy{
		{Name: "forecast/cpu", Forecast: &Forecast{
			Signal: "cpu", Value: 0.8, Budget: 0.01, Fallback: usualFallback * group.Policies[0].Forecast.Value, TimeToServe: 10 * time.Minute, TimeToReturn: 3 * time.Minute,
		}},
		{Name: "forecast/queue", Only: "out", Forecast: &Forecast{
			Signal: "queue", Value: 50, Budget: 0.005, Fallback: 20, TimeToServe: 4 * time.Hour, TimeToReturn: time.Second,
			Backfill: Backfill{CSV: "/var/lib/queue.csv"},
		}},
		{Name: "utilisation", Forecast: &Forecast{
			Signal: "busy", Value: 0.9, Each: true, Quantile: 0.99, Fallback: usualFallback * group.Policies[2].Forecast.Value,
			TimeToServe: 2 * time.Minute, TimeToReturn: 2 * time.Minute, Backfill: Backfill{PromQL: "sum(\n  busy)"},
		}},
	}
	for i := range want {
		if !reflect.DeepEqual(group.Policies[i], want[i]) {
			t.Errorf("got\n%+v of %+v\nwant\n%+v of %+v", group.Policies[i], group.Policies[i].Forecast, want[i], want[i].Forecast)
		}
	}
}

func TestAForecastThatAbstainsLeavesItToOthersThatGrowWithTheLoad(t *testing.T) {
	t.Parallel()
	for others, want := range map[string]float64{
		"":                                    35,
		"forecast: {signal: cpu, value: 80%}": 35,
		"schedule: {cron: 0 8 * * 1-5, zone: Asia/Tokyo, for: 10h, min: 4}": 35,
		"webhook: {signal: jobs}":                                                                            35,
		"{only: in, target: {signal: cpu, value: 60%}}":                                                      35,
		"step: {signal: cpu, steps: [{below: 20%, remove: 1}]}":                                              35,
		"threshold: {when: [{signal: cpu, below: 20%}], remove: 1}":                                          35,
		"target: {signal: cpu, value: 60%}":                                                                  0,
		"{only: out, target: {signal: cpu, value: 60%}}":                                                     0,
		"step: {signal: cpu, steps: [{above: 80%, add: 1}]}":                                                 0,
		"threshold: {when: [{signal: cpu, above: 80%}], add: 1}":                                             0,
		"size: {signal: jobs}":                                                                               0,
		"schedule: {cron: 0 8 * * *, zone: UTC, for: 1h, min: 4}\n      - target: {signal: cpu, value: 60%}": 0,
	} {
		text := "    policies:\n      - forecast: {signal: queue, per_instance: 50}\n"
		if others != "" {
			text += "      - " + others + "\n"
		}
		if got := groupOf(t, text).Policies[0].Forecast.Fallback; got != want {
			t.Errorf("beside %q the fallback is %v, want %v", others, got, want)
		}
	}
	written := groupOf(t, "    policies:\n      - target: {signal: cpu, value: 60%}\n      - forecast: {signal: queue, per_instance: 50, fallback: 40}\n")
	if got := written.Policies[1].Forecast.Fallback; got != 40 {
		t.Errorf("the fallback written is 40, and %v is read", got)
	}
}

func TestAShadowMayForecastWhatItsGroupForecasts(t *testing.T) {
	t.Parallel()
	group := groupOf(t, `
    policies:
      - target: {signal: cpu, value: 60%}
      - forecast: {signal: cpu, value: 80%}
    shadow:
      policies:
        - forecast: {signal: cpu, value: 80%, budget: 5%}
`)
	shadow := group.Shadow.Policies[0]
	if got := group.Policies[1].Forecast; got.Fallback != 0 || got.Budget != 0.01 {
		t.Errorf("the group has %+v", got)
	}
	if want := usualFallback * shadow.Forecast.Value; shadow.Name != "forecast/cpu" || shadow.Forecast.Budget != 0.05 || shadow.Forecast.Fallback != want {
		t.Errorf("the shadow has %s: %+v", shadow.Name, shadow.Forecast)
	}
}

func TestTheTimeToServeIsWithinThatOfALaunch(t *testing.T) {
	t.Parallel()
	group := groupOf(t, `
    launch: {timeout: 2m}
    policies: [{forecast: {signal: cpu, value: 80%}}]
`)
	if got := group.Policies[0].Forecast; got.TimeToServe != 2*time.Minute || got.TimeToReturn != 2*time.Minute {
		t.Errorf("it is %v, and %v to return", got.TimeToServe, got.TimeToReturn)
	}
}

func TestABackfillInPromQLAsksPrometheus(t *testing.T) {
	t.Parallel()
	const group = `
providers:
  gio: {type: gp, gp_service_code: gp00000001, access_key: env:ACCESS, secret_key: env:SECRET}
groups:
  web:
    provider: gio
    min: 0
    max: 3
    template: {source: gc00000001, type: V40}
    signals: {cpu: {snmp: {profile: cpu_busy}}}
`
	for policies, asks := range map[string]bool{
		"    policies: [{forecast: {signal: cpu, value: 80%}}]":                                                                                                   false,
		"    policies: [{forecast: {signal: cpu, value: 80%, backfill: {csv: /cpu.csv}}}]":                                                                        false,
		"    policies: [{forecast: {signal: cpu, value: 80%, backfill: {promql: sum(cpu)}}}]":                                                                     true,
		"    policies: [{target: {signal: cpu, value: 60%}}]\n    shadow:\n      policies: [{forecast: {signal: cpu, value: 80%, backfill: {promql: sum(cpu)}}}]": true,
	} {
		config, err := Parse("backfill.yaml", []byte(group+policies), furnished().env())
		if err != nil {
			t.Fatalf("%s: %v", policies, err)
		}
		if got := config.Prometheus != nil; got != asks {
			t.Errorf("%s: asks Prometheus is %v", policies, got)
		}
	}
}

func TestAnAmountIsInPercentWhereItIsAShare(t *testing.T) {
	t.Parallel()
	signals := map[string]Signal{}
	for _, signal := range groupOf(t, `
      ratio: {promql: ratio, ceiling: 100%}
      percentage: {promql: percentage, ceiling: 100}
    policies: [{target: {signal: cpu, value: 60%}}]
`).Signals {
		signals[signal.Name] = signal
	}
	got := strings.Join([]string{
		signals["cpu"].Amount(0.56), signals["queue"].Amount(0.56), signals["ratio"].Amount(1), signals["percentage"].Amount(35.000000001), signals["queue"].Amount(1e6),
	}, " ")
	if want := "56% 0.56 100% 35 1e+06"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
