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
	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
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

// shows says that the metric has a series that ends so.
func (w *world) shows(name, series string) bool {
	w.t.Helper()
	return strings.Contains(exposition(w.t, w.registry, name), name+series+"\n")
}

func TestTheMetricsShowWhatAGroupMayHaveAndWhatItLacksBeyond(t *testing.T) {
	tell(t, setting{max: 4}, func(t *testing.T, w *world) {
		w.until("two serve", time.Minute, func() bool { return w.shows("autoscaled_group_serving_instances", `{group="web"} 2`) })
		for name, series := range map[string]string{
			"autoscaled_group_info":                     `{account="gio",group="web",mode="act"} 1`,
			"autoscaled_group_min_instances":            `{group="web"} 2`,
			"autoscaled_group_max_instances":            `{group="web"} 4`,
			"autoscaled_group_unmet_instances":          `{group="web"} 0`,
			"autoscaled_group_capped_timestamp_seconds": `{group="web"} 0`,
		} {
			if !w.shows(name, series) {
				t.Errorf("the metrics lack %s%s", name, series)
			}
		}
		w.load.set(700)
		w.until("it is capped", time.Minute, func() bool { return w.shows("autoscaled_group_unmet_instances", `{group="web"} 3`) })
		since := exposition(t, w.registry, "autoscaled_group_capped_timestamp_seconds")
		if want := fmt.Sprintf(" %v\n", float64(w.status().Capped.Since.UnixNano())/1e9); !strings.HasSuffix(since, want) {
			t.Errorf("it is capped since %q, want %q", since, want)
		}
		w.kill()
		w.start()
		w.until("it is capped again", 2*time.Minute, func() bool { return w.shows("autoscaled_group_unmet_instances", `{group="web"} 3`) })
		if again := exposition(t, w.registry, "autoscaled_group_capped_timestamp_seconds"); again != since {
			t.Errorf("after a restart it is capped since %q, before: %q", again, since)
		}
		w.load.set(200)
		w.until("it is not", time.Minute, func() bool {
			return w.shows("autoscaled_group_unmet_instances", `{group="web"} 0`) && w.shows("autoscaled_group_capped_timestamp_seconds", `{group="web"} 0`)
		})
	})
}

func TestAGroupThatGoesToAndFroShowsItsTurns(t *testing.T) {
	tell(t, setting{standby: 4}, func(_ *testing.T, w *world) {
		turns := func(n int) bool { return w.shows("autoscaled_group_turns_total", fmt.Sprintf(`{group="web"} %d`, n)) }
		for turn, size := range []int{3, 2, 4, 3, 2, 3} {
			w.load.set(100 * float64(size))
			want := max(0, turn-turn/4) // the step from 3 to 2 goes on as before
			w.until(fmt.Sprintf("%d serve", size), time.Hour, func() bool { return w.status().Desired == size && turns(want) })
		}
	})
}

func TestASignalIsMissingOnlyWhereItShouldHaveAValue(t *testing.T) {
	tell(t, setting{}, func(_ *testing.T, w *world) {
		w.until("it has a value", time.Minute, func() bool { return w.shows("autoscaled_signal_missing", `{group="web",signal="load"} 0`) })
		w.load.lose()
		w.until("it is missing", time.Minute, func() bool { return w.shows("autoscaled_signal_missing", `{group="web",signal="load"} 1`) })
		w.load.set(200)
		w.until("it is back", time.Minute, func() bool { return w.shows("autoscaled_signal_missing", `{group="web",signal="load"} 0`) })
	})
}

func TestWhatServesIsNotShownBeforeTheCloudWasSeen(t *testing.T) {
	tell(t, brief(), func(t *testing.T, w *world) {
		w.until("two serve", time.Minute, w.atRest(2, 0))
		w.cut(true)
		w.kill()
		w.start()
		w.always("nothing is shown", 10*time.Minute, func() bool {
			return exposition(t, w.registry, "autoscaled_group_serving_instances")+exposition(t, w.registry, "autoscaled_group_quarantined_instances") == ""
		})
		w.cut(false)
		w.until("it is", 5*time.Minute, func() bool {
			return w.shows("autoscaled_group_serving_instances", `{group="web"} 2`) && w.shows("autoscaled_group_quarantined_instances", `{group="web"} 0`)
		})
	})
}

func TestAGroupThatRecommendsShowsTheNodesOfItsPools(t *testing.T) {
	tell(t, setting{recommend: true}, func(t *testing.T, w *world) {
		w.until("it is shown", time.Minute, func() bool {
			return w.shows("autoscaled_group_serving_instances", `{group="web"} 3`) && w.shows("autoscaled_group_info", `{account="gio",group="web",mode="recommend"} 1`)
		})
		if shown := exposition(t, w.registry, "autoscaled_group_quarantined_instances"); shown != "" {
			t.Errorf("it has quarantined ones: %s", shown)
		}
	})
}

func TestInstancesAreShownWhileTheyAreQuarantined(t *testing.T) {
	launch := &receiver{answer: abandon}
	tell(t, setting{hooks: hooked(launch, &receiver{})}, func(t *testing.T, w *world) {
		w.load.set(300)
		w.until("one is", time.Hour, func() bool { return w.shows("autoscaled_group_quarantined_instances", `{group="web"} 1`) })
		launch.says(nil)
		must(t, w.fleet.Resume(t.Context(), groupName, "test", ""))
		w.until("none is", time.Hour, func() bool { return w.shows("autoscaled_group_quarantined_instances", `{group="web"} 0`) })
	})
}

func TestOrdersAreShownUntilTheyAreSettled(t *testing.T) {
	tell(t, setting{}, func(t *testing.T, w *world) {
		show := func() { w.registry.MustRegister(fleet.Orders{Fleet: w.fleet}) }
		shown := func(state string, count int) bool {
			return w.shows("autoscaled_account_orders", fmt.Sprintf(`{account="gio",state="%s"} %d`, state, count))
		}
		show()
		w.inject(gpsim.Fault{Action: "AddCloneVirtualMachines", Kind: gpsim.FaultReset, Effect: true})
		w.load.set(400)
		w.until("its answer is lost", 5*time.Minute, func() bool {
			return shown("unknown", 1) && w.shows("autoscaled_account_order_failing", `{account="gio"} 1`)
		})
		w.seed("gc00000099", "", gpsim.StatusStopped)
		w.until("a person is asked", 20*time.Minute, func() bool { return shown("asking", 1) && shown("unknown", 0) })
		w.kill()
		w.start()
		show()
		if !shown("asking", 1) {
			t.Error("after a restart nobody is asked")
		}
		person, _ := w.byHand()
		must(t, person.SetLabel(t.Context(), "gc00000099", "a database"))
		w.until("four serve", 30*time.Minute, w.atRest(4, 0))
		if !shown("asking", 0) || !shown("open", 0) || !w.shows("autoscaled_account_order_failing", `{account="gio"} 0`) {
			t.Error("a settled order is still shown")
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
