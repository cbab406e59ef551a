package fleet_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/prometheus/common/expfmt"

	"github.com/autoscaled/autoscaled/internal/fleet"
)

func TestTheMetricsFollowTheNamingRules(t *testing.T) {
	tell(t, setting{}, func(t *testing.T, w *world) {
		w.load.set(300)
		w.until("three serve", 30*time.Minute, w.atRest(3, 0))
		families, err := w.registry.Gather()
		must(t, err)
		problems, err := promlint.NewWithMetricFamilies(families).Lint()
		must(t, err)
		for _, problem := range problems {
			t.Errorf("%s: %s", problem.Metric, problem.Text)
		}
	})
}

func TestTheMetricsShowWhatAGroupMeasuresDecidesAndHas(t *testing.T) {
	tell(t, setting{}, func(t *testing.T, w *world) {
		w.load.set(300)
		w.until("three serve", 30*time.Minute, w.atRest(3, 0))
		time.Sleep(2 * time.Minute) // another look
		for name, want := range map[string]string{
			"autoscaled_group_desired_instances":            `{group="web"} 3`,
			"autoscaled_group_instances":                    `{group="web",phase="in_pool"} 3`,
			"autoscaled_group_foreign_nodes":                `{group="web"} 1`,
			"autoscaled_signal_value":                       `{group="web",signal="load"} 300`,
			"autoscaled_policy_wanted_instances":            `{group="web",policy="target/load"} 3`,
			"autoscaled_orders_total":                       `{account="gio",outcome="settled"} 1`,
			"autoscaled_steps_total":                        `{group="web",outcome="none",step="join"} 1`,
			"autoscaled_quarantines_total":                  `{group="web"} 0`,
			"autoscaled_decisions_total":                    `{direction="out",group="web",reason="want"} 1`,
			"autoscaled_scheduler_lag_seconds":              `_bucket{le="0.0005"}`,
			"autoscaled_step_duration_seconds":              `_count{step="join"} 1`,
			"autoscaled_signal_measured_ratio":              `{group="web",signal="load"} 1`,
			"autoscaled_account_snapshot_timestamp_seconds": `{account="gio"} 9.4`,
		} {
			if shown := exposition(t, w.registry, name); !strings.Contains(shown, name+want) {
				t.Errorf("the metrics lack %s%s:\n%s", name, want, shown)
			}
		}
		w.load.lose()
		time.Sleep(time.Minute)
		for _, name := range []string{"autoscaled_signal_value", "autoscaled_policy_wanted_instances"} {
			if shown := exposition(t, w.registry, name); shown != "" {
				t.Errorf("without a value there still is\n%s", shown)
			}
		}
	})
}

// exposition is the family of the given name as Prometheus reads it.
func exposition(t *testing.T, registry *prometheus.Registry, name string) string {
	t.Helper()
	families, err := registry.Gather()
	must(t, err)
	var text strings.Builder
	for _, family := range families {
		if family.GetName() == name {
			_, err := expfmt.MetricFamilyToText(&text, family)
			must(t, err)
		}
	}
	return text.String()
}

// TestTheSeriesOfAGroupAreMadeWhenTheyAreRead is not parallel: allocations are counted.
func TestTheSeriesOfAGroupAreMadeWhenTheyAreRead(t *testing.T) {
	registry := prometheus.NewRegistry()
	metrics, count := fleet.NewMetrics(registry), 0
	kept := testing.AllocsPerRun(100, func() {
		metrics.Touch(fmt.Sprint("group", count), true)
		count++
	})
	if kept > 10 {
		t.Errorf("a group takes %v allocations before anybody reads its metrics", kept)
	}
	families, err := registry.Gather()
	must(t, err)
	series := 0
	for _, family := range families {
		if strings.HasPrefix(family.GetName(), "autoscaled_group_") {
			series += len(family.GetMetric())
		}
	}
	if series < 30*count || series%count != 0 {
		t.Errorf("%d groups show %d series", count, series)
	}
}

func TestAForecastShowsHowLongInstancesThatStandByTake(t *testing.T) {
	t.Parallel()
	for standby, want := range []string{"0\n", "180\n"} {
		t.Run(fmt.Sprint(standby), func(t *testing.T) {
			s := slowly()
			s.standby = standby
			tell(t, s, func(t *testing.T, w *world) {
				time.Sleep(2 * w.interval)
				if shown := exposition(t, w.registry, "autoscaled_forecast_time_to_return_seconds"); !strings.HasSuffix(shown, `{group="web",policy="forecast/load"} `+want) {
					t.Errorf("it shows %q", shown)
				}
				if shown := exposition(t, w.registry, "autoscaled_forecast_time_to_serve_seconds"); !strings.HasSuffix(shown, " 600\n") {
					t.Errorf("it shows %q", shown)
				}
			})
		})
	}
}
