package rules

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/policy/schedule"
)

func pointer[T any](value T) *T { return &value }

var (
	office = schedule.Spec{Cron: "0 8 * * 1-5", Zone: "Asia/Tokyo", For: 10 * time.Hour, Except: []string{"2026-01-01"}}
	sales  = schedule.Spec{Cron: "0 8 * * *", Zone: "Asia/Tokyo", Until: "18:00", Dates: []string{"2026-12-31"}, Only: []string{"2026-11-27"}}
)

// everySetting is a group in which nothing that is decided by is left at zero.
func everySetting() config.Group {
	return config.Group{
		Mode: config.ModeOutOnly, Min: 2, Max: 20, Interval: 10 * time.Second,
		Template: config.Template{Type: "V40"},
		Signals:  []config.Signal{{Name: "cpu", Quorum: 0.8}, {Name: "queue", Quorum: 1}},
		Policies: []config.Policy{
			{Name: "a", Only: "out", Target: &config.Target{Signal: "cpu", Value: 0.6, Each: true, ToleranceOut: 0.1, ToleranceIn: 0.2}},
			{Name: "b", Step: &config.Step{
				Signal: "cpu",
				Above:  []config.Band{{Bound: 0.7, Change: config.Change{Count: 1}}, {Bound: 0.9, Change: config.Change{Share: 0.3, AtLeast: 2}}},
				Below:  []config.Band{{Bound: 0.2, Change: config.Change{Count: -1}}, {Bound: 0.1, Change: config.Change{Share: -0.5, AtLeast: 3}}},
			}},
			{Name: "c", Threshold: &config.Threshold{
				When:   []config.Condition{{Signal: "cpu", Above: pointer(0.8)}, {Signal: "queue", Below: pointer(3.0)}},
				Hits:   config.Reach{Count: 3, Of: 5},
				Change: config.Change{Share: 0.2, AtLeast: 1},
			}},
			{Name: "d", Threshold: &config.Threshold{When: []config.Condition{{Signal: "queue", Above: pointer(9.0)}}, Hits: config.Reach{Count: 1, Of: 1}, Size: pointer(10)}},
			{Name: "e", Threshold: &config.Threshold{When: []config.Condition{{Signal: "cpu", Below: pointer(0.3)}}, Hits: config.Reach{Count: 2, Of: 2}, Change: config.Change{Count: -2}}},
			{Name: "f", Schedule: &config.Schedule{When: office, Min: 4, Max: 12}},
			{Name: "g", Schedule: &config.Schedule{When: sales, Min: 4}},
			{Name: "h", Only: "in", Size: "jobs"},
			{Name: "i", Webhook: "orders"},
			{Name: "j", Only: "out", Forecast: &config.Forecast{
				Signal: "cpu", Value: 0.8, Each: true, Budget: 0.01, Fallback: 0.5, TimeToServe: 10 * time.Minute, TimeToReturn: 3 * time.Minute,
				Backfill: config.Backfill{CSV: "/cpu.csv", PromQL: "cpu"},
			}},
			{Name: "k", Forecast: &config.Forecast{Signal: "queue", Value: 50, Quantile: 0.99, TimeToServe: time.Minute, TimeToReturn: time.Minute}},
		},
		ScaleOut: config.ScaleOut{
			Stabilization: time.Minute, Cooldown: 2 * time.Minute, WarmUp: time.Minute, BatchMax: 5, RateLeast: true,
			Rates: []config.Rate{{Count: 4, Period: time.Minute}, {Share: 1, Period: time.Hour}},
		},
		ScaleIn: config.ScaleIn{
			Stabilization: 10 * time.Minute, Cooldown: 5 * time.Minute, Drain: time.Second, StopTimeout: time.Second, Standby: 2,
			ReleaseBefore: 30 * time.Minute, Watch: time.Second, Pick: []string{"location", "oldest"}, StandbyAge: 48 * time.Hour,
			Rates: []config.Rate{{Share: 0.1, Period: 10 * time.Minute}, {Count: 3, Period: time.Hour}}, RateLeast: true, MinLife: 20 * time.Minute,
			LoadLoss: config.LoadLoss{Fall: 0.5, Release: time.Hour},
		},
		Launch:  config.Launch{Timeout: time.Hour, FailuresMax: 3},
		Health:  config.Health{Budget: 0.1, Brake: 0.45},
		Rollout: config.Rollout{Bake: 7 * time.Minute},
	}
}

func TestAGroupIsDecidedAsItIsConfigured(t *testing.T) {
	t.Parallel()
	inOffice, err := policy.NewSchedule(office, 4, 12)
	if err != nil {
		t.Fatal(err)
	}
	inSales, err := policy.NewSchedule(sales, 4, 0)
	if err != nil {
		t.Fatal(err)
	}
	want := policy.Spec{
		Min: 2, Max: 20, Type: "V40", OutOnly: true, Interval: 10 * time.Second, Gap: 90 * time.Second,
		Policies: []policy.Rule{
			{Name: "a", Only: policy.OnlyOut, Target: &policy.Target{Name: "a", Signal: "cpu", Value: 0.6, Each: true, ToleranceOut: 0.1, ToleranceIn: 0.2, Quorum: 0.8}},
			{Name: "b", Step: &policy.Step{
				Signal: "cpu", Quorum: 0.8,
				Above: []policy.Band{{Bound: 0.7, Change: policy.Change{Count: 1}}, {Bound: 0.9, Change: policy.Change{Share: 0.3, AtLeast: 2}}},
				Below: []policy.Band{{Bound: 0.2, Change: policy.Change{Count: -1}}, {Bound: 0.1, Change: policy.Change{Share: -0.5, AtLeast: 3}}},
			}},
			{Name: "c", Threshold: &policy.Threshold{
				When: []policy.Condition{{Signal: "cpu", Quorum: 0.8, Above: pointer(0.8)}, {Signal: "queue", Quorum: 1, Below: pointer(3.0)}},
				Hits: 3, Of: 5, Change: policy.Change{Share: 0.2, AtLeast: 1},
			}},
			{Name: "d", Threshold: &policy.Threshold{When: []policy.Condition{{Signal: "queue", Quorum: 1, Above: pointer(9.0)}}, Hits: 1, Of: 1, Size: pointer(10)}},
			{Name: "e", Threshold: &policy.Threshold{When: []policy.Condition{{Signal: "cpu", Quorum: 0.8, Below: pointer(0.3)}}, Hits: 2, Of: 2, Change: policy.Change{Count: -2}}},
			{Name: "f", Schedule: inOffice},
			{Name: "g", Schedule: inSales},
			{Name: "h", Only: policy.OnlyIn, Size: &policy.SizeOf{Signal: "jobs"}},
			{Name: "i", Webhook: &policy.Webhook{Signal: "orders"}},
			{Name: "j", Only: policy.OnlyOut, Forecast: &policy.Forecast{
				Signal: "cpu", Value: 0.8, Each: true, Quorum: 0.8, Budget: 0.01, Fallback: 0.5, TimeToServe: 10 * time.Minute, TimeToReturn: 3 * time.Minute,
			}},
			{Name: "k", Forecast: &policy.Forecast{Signal: "queue", Value: 50, Quorum: 1, Quantile: 0.99, TimeToServe: time.Minute, TimeToReturn: time.Minute}},
		},
		Out: policy.Direction{
			Stabilization: time.Minute, Cooldown: 2 * time.Minute, RateLeast: true,
			Rates: []policy.Rate{{Count: 4, Period: time.Minute}, {Share: 1, Period: time.Hour}},
		},
		In: policy.Direction{
			Stabilization: 10 * time.Minute, Cooldown: 5 * time.Minute, RateLeast: true,
			Rates: []policy.Rate{{Share: 0.1, Period: 10 * time.Minute}, {Count: 3, Period: time.Hour}},
		},
		LoadLoss: policy.LoadLoss{Fall: 0.5, Release: time.Hour},
		MinLife:  20 * time.Minute, Standby: 2, StandbyAge: 48 * time.Hour, ReleaseBefore: 30 * time.Minute,
		Pick: []policy.PickRule{"location", "oldest"}, OrderMax: 5, Surge: 1, LaunchFailuresMax: 3,
		HealBudget: 0.1, Brake: 0.45, Bake: 7 * time.Minute,
	}
	for field, value := range reflect.ValueOf(want).Fields() {
		if value.IsZero() {
			t.Errorf("the test leaves %s out", field.Name)
		}
	}
	if got, err := Of(everySetting()); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v, %v\nwant\n%+v", got, err, want)
	}
}

// TestEverySettingOfADecisionArrives changes each setting by itself, and wants another
// spec each time.
func TestEverySettingOfADecisionArrives(t *testing.T) {
	t.Parallel()
	elsewhere := map[string]bool{ // they are for who carries decisions out
		"ScaleOut.WarmUp": true, "ScaleIn.Drain": true, "ScaleIn.StopTimeout": true, "ScaleIn.Watch": true,
		"Policies.Forecast.Backfill.CSV": true, "Policies.Forecast.Backfill.PromQL": true,
	}
	group := everySetting()
	decidedBy := func() string {
		decided, err := Of(group)
		text, jsonErr := json.Marshal(decided)
		return fmt.Sprint(string(text), err, jsonErr)
	}
	before := decidedBy()
	set := map[string]bool{} // by the setting's path without places in lists
	for _, part := range []string{"Mode", "Min", "Max", "Policies", "ScaleOut", "ScaleIn", "Rollout"} {
		settings(reflect.ValueOf(&group).Elem().FieldByName(part), part, func(value reflect.Value, path string) {
			path = regexp.MustCompile(`\.\d+`).ReplaceAllString(path, "")
			set[path] = set[path] || !value.IsZero()
			if value.IsZero() || elsewhere[path] {
				return
			}
			was := reflect.New(value.Type()).Elem()
			was.Set(value)
			alter(value)
			if decidedBy() == before {
				t.Errorf("%s: with %v in place of %v the spec is the same", path, value, was)
			}
			value.Set(was)
		})
	}
	for path, tested := range set {
		if !tested {
			t.Errorf("the test leaves %s out", path)
		}
	}
	if len(set) < 50 {
		t.Errorf("only %d settings seen", len(set))
	}
}

// settings visits every value that holds no others.
func settings(value reflect.Value, path string, visit func(reflect.Value, string)) {
	switch value.Kind() {
	case reflect.Pointer:
		if !value.IsNil() {
			settings(value.Elem(), path, visit)
		}
	case reflect.Struct:
		for field, below := range value.Fields() {
			settings(below, path+"."+field.Name, visit)
		}
	case reflect.Slice:
		for i := range value.Len() {
			settings(value.Index(i), path+"."+strconv.Itoa(i), visit)
		}
	default:
		visit(value, path)
	}
}

func alter(value reflect.Value) {
	switch value.Kind() {
	case reflect.String:
		value.SetString(strings.ToUpper(value.String()) + "x")
	case reflect.Bool:
		value.SetBool(!value.Bool())
	case reflect.Float64:
		value.SetFloat(value.Float() * 2)
	case reflect.Int:
		value.SetInt(value.Int() + 1)
	case reflect.Int64:
		value.SetInt(value.Int() + int64(time.Second))
	default:
		panic("a setting is a " + value.Kind().String())
	}
}
