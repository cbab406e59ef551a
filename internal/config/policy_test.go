package config

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy/schedule"
)

const groupWithoutPolicies = `
providers:
  gio: {type: gp, gp_service_code: gp00000001, access_key: env:ACCESS, secret_key: env:SECRET}
groups:
  web:
    provider: gio
    min: 0
    max: 20
    template: {source: gc00000001, type: V40}
    signals:
      cpu: {snmp: {profile: cpu_busy}}
      busy: {snmp: {profile: cpu_busy, address: 10.0.0.5}}
      queue: {promql: queue}
      margin: {formula: 100 - queue}
      jobs: {push: {token: env:PUSH_TOKEN}}
`

// groupOf is a group of 0 to 20 instances, as the rest of its text has it.
func groupOf(t *testing.T, rest string) Group {
	t.Helper()
	config, err := Parse("policies.yaml", []byte(groupWithoutPolicies+rest), furnished().env())
	if err != nil {
		t.Fatal(err)
	}
	return config.Groups["web"]
}

func pointer[T any](value T) *T { return &value }

func TestPoliciesAreReadAsWritten(t *testing.T) {
	t.Parallel()
	got := groupOf(t, `
    policies:
      - target: {signal: queue, per_instance: 50}
      - only: out
        target: {signal: queue, value: 10, tolerance_in: 0%}
      - step:
          signal: cpu
          steps:
            - {below: 30%, remove: 1}
            - {above: 90%, add: 30%, at_least: 2}
            - {above: 70%, add: 1}
            - {below: 0.1, remove: 50%}
      - threshold:
          when: [{signal: cpu, above: 80%}, {signal: margin, below: -5}]
          hits: 3 of 5
          add: 150%
      - name: nothing-to-do
        threshold: {when: [{signal: queue, below: 0}], size: 0}
      - schedule: {cron: 0 8 * * 1-5, zone: Asia/Tokyo, for: 10h, except: [2026-12-30, file:/etc/autoscaled/holidays/japan.txt], min: 4}
      - schedule: {cron: 0 22 * * *, zone: Europe/Berlin, until: "06:00", only: [2026-12-30], max: 12}
      - schedule: {zone: Asia/Tokyo, dates: [2026-12-31 18:00/2027-01-01 06:00, 2027-03-01], size: 16}
      - size: {signal: queue}
      - only: in
        webhook: {signal: jobs}
`).Policies
	want := []Policy{
		{Name: "target/queue", Target: &Target{Signal: "queue", Value: 50, ToleranceOut: 0.1, ToleranceIn: 0.1}},
		{Name: "target/queue/2", Only: "out", Target: &Target{Signal: "queue", Value: 10, Each: true, ToleranceOut: 0.1}},
		{Name: "step/cpu", Step: &Step{
			Signal: "cpu",
			Above:  []Band{{0.9, Change{Share: 0.3, AtLeast: 2}}, {0.7, Change{Count: 1}}},
			Below:  []Band{{0.3, Change{Count: -1}}, {0.1, Change{Share: -0.5}}},
		}},
		{Name: "threshold/cpu", Threshold: &Threshold{
			When: []Condition{{Signal: "cpu", Above: pointer(0.8)}, {Signal: "margin", Below: pointer(-5.0)}},
			Hits: Reach{3, 5}, Change: Change{Share: 1.5},
		}},
		{Name: "nothing-to-do", Threshold: &Threshold{When: []Condition{{Signal: "queue", Below: pointer(0.0)}}, Hits: Reach{1, 1}, Size: pointer(0)}},
		{Name: "schedule", Schedule: &Schedule{Min: 4, When: schedule.Spec{
			Cron: "0 8 * * 1-5", Zone: "Asia/Tokyo", For: 10 * time.Hour, Except: []string{"2026-12-30", "2026-01-01", "2026-01-12"},
		}}},
		{Name: "schedule/2", Schedule: &Schedule{Max: 12, When: schedule.Spec{
			Cron: "0 22 * * *", Zone: "Europe/Berlin", Until: "06:00", Only: []string{"2026-12-30"},
		}}},
		{Name: "schedule/3", Schedule: &Schedule{Min: 16, Max: 16, When: schedule.Spec{
			Zone: "Asia/Tokyo", Dates: []string{"2026-12-31 18:00/2027-01-01 06:00", "2027-03-01"},
		}}},
		{Name: "size/queue", Size: "queue"},
		{Name: "webhook/jobs", Only: "in", Webhook: "jobs"},
	}
	if len(got) != len(want) {
		t.Fatalf("%d policies, want %d", len(got), len(want))
	}
	for i := range want {
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Errorf("got\n%+v\nwant\n%+v", got[i], want[i])
		}
	}
}

func TestAPolicyWithoutANameTakesOneThatIsFree(t *testing.T) {
	t.Parallel()
	group := groupOf(t, `
    policies:
      - name: schedule
        target: {signal: cpu, value: 60%}
      - schedule: {zone: Asia/Tokyo, dates: [2026-12-31], min: 4}
      - target: {signal: cpu, value: 50%}
`)
	if got := strings.Join(policyNames(group), " "); got != "schedule schedule/2 target/cpu" {
		t.Errorf("the policies are called %s", got)
	}
}

func TestAGroupMayHaveSchedulesAlone(t *testing.T) {
	t.Parallel()
	text, _, _ := strings.Cut(groupWithoutPolicies, "    signals:")
	text += "    policies: [{schedule: {cron: 0 8 * * *, zone: Asia/Tokyo, for: 10h, min: 4}}]\n"
	if _, err := Parse("schedule.yaml", []byte(text), furnished().env()); err != nil {
		t.Error(err)
	}
}

func TestAShareOfAnAgentOfTheGroupIsHeldBelowItsEnd(t *testing.T) {
	t.Parallel()
	text := groupWithoutPolicies + "    policies: [{target: {signal: busy, value: 60}}]\n"
	_, err := Parse("target.yaml", []byte(text), furnished().env())
	if err == nil || !strings.Contains(err.Error(), "the group would never grow: cpu_busy never exceeds 100%") {
		t.Errorf("got %v", err)
	}
	group := groupOf(t, "    policies: [{target: {signal: busy, value: 60%}}]\n")
	if target := group.Policies[0].Target; !target.Each || target.Value != 0.6 {
		t.Errorf("got %+v", target)
	}
}

func TestACalendarThatIsNotThereIsPassedOverWithTheSecrets(t *testing.T) {
	t.Parallel()
	const rest = "    policies: [{schedule: {cron: 0 8 * * *, zone: Asia/Tokyo, for: 10h, min: 4, except: [file:/PATH]}}]\n"
	for path, want := range map[string]string{
		"none.txt":             "",
		"calendars/faulty.txt": "line 2",
	} {
		env := furnished().env()
		env.SkipSecrets = true
		text := groupWithoutPolicies + strings.Replace(rest, "PATH", path, 1)
		_, err := Parse("calendar.yaml", []byte(text), env)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: got %v, want %q", path, err, want)
		}
	}
}

func TestHowAGroupChangesIsReadAsWritten(t *testing.T) {
	t.Parallel()
	group := groupOf(t, `
    mode: out_only
    policies: [{target: {signal: cpu, value: 60%}}]
    scale_out: {rates: [{add: 4, per: 1m}, {add: 100%, per: 10s}], rate: least}
    scale_in: {rates: [{remove: 10%, per: 24h}], rate: most, min_life: 30m, load_loss: {fall: 100%, release: 0s}}
`)
	for what, pair := range map[string][2]any{
		"mode":      {group.Mode, ModeOutOnly},
		"acts":      {group.Acts(), true},
		"out":       {group.ScaleOut.Rates, []Rate{{Count: 4, Period: time.Minute}, {Share: 1, Period: 10 * time.Second}}},
		"out least": {group.ScaleOut.RateLeast, true},
		"in":        {group.ScaleIn.Rates, []Rate{{Share: 0.1, Period: 24 * time.Hour}}},
		"in least":  {group.ScaleIn.RateLeast, false},
		"min life":  {group.ScaleIn.MinLife, 30 * time.Minute},
		"load loss": {group.ScaleIn.LoadLoss, LoadLoss{Fall: 1}},
	} {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			t.Errorf("%s: got %v, want %v", what, pair[0], pair[1])
		}
	}
}

func TestAGroupThatOnlyRecommendsDoesNotAct(t *testing.T) {
	t.Parallel()
	for mode, acts := range map[Mode]bool{ModeRecommend: false, ModeOutOnly: true, ModeAct: true} {
		if got := (Group{Mode: mode}).Acts(); got != acts {
			t.Errorf("%s: acts is %v", mode, got)
		}
	}
}
