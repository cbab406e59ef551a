package tune

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// configuration is that of the group that everything has the spec of.
const configuration = `
providers:
  gio: {type: gp, gp_service_code: gp00000001, access_key: env:A, secret_key: env:B}
groups:
  other:
    provider: gio
    min: 1
    max: 3
    template: {source: gc00000001, type: V40}
    signals: {cpu: {snmp: {profile: cpu_busy}}}
    policies: [{target: {signal: cpu, value: 60%}}]
  web:
    provider: gio
    min: 2
    max: 40
    template: {source: gc00000001, type: V40}
    signals:
      cpu: {snmp: {profile: cpu_busy}}
      rate: {promql: 'sum(rate(requests[1m]))'}
      wish: {promql: wish}
    policies:
      - target: {signal: cpu, value: 60%}
      - target: {signal: rate, per_instance: 120}
      - step:
          signal: cpu
          steps:
            - {below: 30%, remove: 1}
            - {above: 70%, add: 1}
            - {above: 80%, add: 30%, at_least: 2}
      - threshold:
          when: [{signal: cpu, above: 80%}, {signal: rate, below: 40}]
          hits: 3 of 5
          add: 2
      - threshold: {when: [{signal: cpu, below: 30%}], size: 4}
      - schedule: {cron: '0 8 * * *', zone: Asia/Tokyo, for: 1h, min: 5}
      - size: {signal: wish}
    scale_out:
      rates: [{add: 4, per: 1m}, {add: 50%, per: 1m}]
    scale_in:
      stabilization: 10m
      standby: 1
      min_life: 1h
      rates: [{remove: 10%, per: 5m}]
`

// laidOver is a configuration with a patch over it, as the patch is to be read.
func laidOver(t testing.TB, file, patch []byte) []byte {
	t.Helper()
	var base, change any
	for text, into := range map[*[]byte]*any{&file: &base, &patch: &change} {
		if err := yaml.Unmarshal(*text, into); err != nil {
			t.Fatalf("%v in\n%s", err, *text)
		}
	}
	out, err := yaml.Marshal(merged(t, base, change, ""))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func merged(t testing.TB, base, change any, key string) any {
	switch change := change.(type) {
	case map[string]any:
		into, ok := base.(map[string]any)
		if !ok {
			into = map[string]any{}
		}
		for key, value := range change {
			into[key] = merged(t, into[key], value, key)
		}
		return into
	case []any:
		into, _ := base.([]any)
		if key == "steps" {
			return change
		}
		if len(into) < len(change) {
			t.Errorf("%s has %d items, and the patch %d", key, len(into), len(change))
			return into
		}
		for i, value := range change {
			into[i] = merged(t, into[i], value, "")
		}
		return into
	}
	return change
}

// check loads the group from a file, as the daemon does.
func check(t testing.TB, file []byte) config.Group {
	t.Helper()
	path := filepath.Join(t.TempDir(), "autoscaled.yaml")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	loaded, err := config.Check(path)
	if err != nil {
		t.Fatalf("%v in\n%s", err, file)
	}
	return loaded.Groups["web"]
}

// candidateOf is the spec with one parameter, or all that go together, at other values.
func candidateOf(t testing.TB, s *search, changes map[int]int) *Candidate {
	t.Helper()
	at := slices.Clone(s.present)
	for i, value := range changes {
		at[i] = value
	}
	s.list = append(s.list, outcome{at: at})
	return &Candidate{Spec: s.spec(at), Changes: s.changed(len(s.list) - 1)}
}

// alikeIn compares a group of a configuration with a spec, in all that may change.
func alikeIn(t *testing.T, what string, group config.Group, spec *policy.Spec) {
	t.Helper()
	same := func(name string, got, want any) {
		if got != want {
			t.Errorf("%s: %s is %v in the configuration, and %v in the spec", what, name, got, want)
		}
	}
	same("min", group.Min, spec.Min)
	same("max", group.Max, spec.Max)
	same("scale_out.stabilization", group.ScaleOut.Stabilization, spec.Out.Stabilization)
	same("scale_out.cooldown", group.ScaleOut.Cooldown, spec.Out.Cooldown)
	same("scale_in.stabilization", group.ScaleIn.Stabilization, spec.In.Stabilization)
	same("scale_in.cooldown", group.ScaleIn.Cooldown, spec.In.Cooldown)
	same("min_life", group.ScaleIn.MinLife, spec.MinLife)
	same("standby", group.ScaleIn.Standby, spec.Standby)
	for i, rate := range append(slices.Clone(group.ScaleOut.Rates), group.ScaleIn.Rates...) {
		same("a rate", policy.Rate(rate), append(slices.Clone(spec.Out.Rates), spec.In.Rates...)[i])
	}
	for i, p := range group.Policies {
		switch rule := spec.Policies[i]; {
		case p.Target != nil:
			same("value", p.Target.Value, rule.Target.Value)
			same("tolerance_out", p.Target.ToleranceOut, rule.Target.ToleranceOut)
			same("tolerance_in", p.Target.ToleranceIn, rule.Target.ToleranceIn)
		case p.Step != nil:
			for j, band := range append(slices.Clone(p.Step.Above), p.Step.Below...) {
				want := append(slices.Clone(rule.Step.Above), rule.Step.Below...)[j]
				same("a step", band, config.Band{Bound: want.Bound, Change: config.Change(want.Change)})
			}
		case p.Threshold != nil:
			same("hits", p.Threshold.Hits.Count, rule.Threshold.Hits)
			same("change", policy.Change(p.Threshold.Change), rule.Threshold.Change)
			for j, condition := range p.Threshold.When {
				if condition.Above != nil {
					same("above", *condition.Above, *rule.Threshold.When[j].Above)
				} else {
					same("below", *condition.Below, *rule.Threshold.When[j].Below)
				}
			}
		}
	}
}

// newTry is a search that has tried nothing.
func newTry(t testing.TB) *search {
	t.Helper()
	s, err := newSearch(everything(t), false, &Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAPatchOfAnyNumberLoadsAsWhatWasReplayed(t *testing.T) {
	t.Parallel()
	s := newTry(t)
	alikeIn(t, "without a patch", check(t, []byte(configuration)), s.scenario.Spec)
	for i, p := range s.params {
		for value := range p.Values {
			c := candidateOf(t, s, map[int]int{i: value})
			if value == s.present[i] || !sound(s.scenario, c.Spec) {
				continue
			}
			patch, err := c.Patch("web")
			if err != nil {
				t.Fatal(err)
			}
			alikeIn(t, p.Key+" at "+p.Unit.Text(p.Values[value]), check(t, laidOver(t, []byte(configuration), patch)), c.Spec)
		}
	}
}

func TestAPatchOfManyNumbersLoadsAsWhatWasReplayed(t *testing.T) {
	t.Parallel()
	s, sounds := newTry(t), 0
	for _, at := range s.design(200) {
		changes := map[int]int{}
		for i, value := range at {
			changes[i] = value
		}
		c := candidateOf(t, s, changes)
		if !sound(s.scenario, c.Spec) {
			continue
		}
		sounds++
		patch, err := c.Patch("web")
		if err != nil {
			t.Fatal(err)
		}
		alikeIn(t, string(patch), check(t, laidOver(t, []byte(configuration), patch)), c.Spec)
	}
	if sounds < 50 {
		t.Errorf("only %d of 200 draws are sound", sounds)
	}
}

func TestAPatchSaysWhatChangesAndWhatItWas(t *testing.T) {
	t.Parallel()
	c := Candidate{Changes: []Change{
		{"policies[1].target.per_instance", "120", "150"},
		{"policies[1].target.tolerance_in", "10%", "20%"},
		{"scale_out.rates[0].add", "4", "8"},
		{"scale_in.stabilization", "10m", "5m"},
		{"min", "2", "3"},
	}}
	got, err := c.Patch("web")
	want := `groups:
  web:
    policies:
      - {}
      - target:
          per_instance: 150 # was 120
          tolerance_in: 20% # was 10%
    scale_out:
      rates:
        - add: 8 # was 4
    scale_in:
      stabilization: 5m # was 10m
    min: 3 # was 2
`
	if err != nil || string(got) != want {
		t.Errorf("got\n%s(%v), want\n%s", got, err, want)
	}
}

func TestAPatchShowsStepsWhole(t *testing.T) {
	t.Parallel()
	s := newTry(t)
	i := slices.IndexFunc(s.params, func(p Parameter) bool { return p.Key == "policies[2].step.steps[above 80%].above" })
	c := candidateOf(t, s, map[int]int{i: slices.Index(s.params[i].Values, 0.75)})
	got, err := c.Patch("web")
	want := `groups:
  web:
    policies:
      - {}
      - {}
      - step:
          steps:
            - {above: 70%, add: 1}
            - {above: 75%, add: 30%, at_least: 2}
            - {below: 30%, remove: 1}
`
	if err != nil || string(got) != want {
		t.Errorf("got\n%s(%v), want\n%s", got, err, want)
	}
}

func TestAPathThatIsNoneMakesNoPatch(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"policies[x].target.value", "policies[7].step.steps[above 80%].above"} {
		c := Candidate{Spec: everything(t).Spec, Changes: []Change{{key, "1", "2"}}}
		if _, err := c.Patch("web"); err == nil || !strings.HasPrefix(err.Error(), "write the patch: ") {
			t.Errorf("%s: %v", key, err)
		}
	}
}

func TestAProposalLoadsOverTheConfigurationThatItIsFor(t *testing.T) {
	t.Parallel()
	s := scenario(days(14, smooth), 0.6)
	s.Spec.In.Stabilization = 10 * time.Minute
	file := []byte(`
providers:
  gio: {type: gp, gp_service_code: gp00000001, access_key: env:A, secret_key: env:B}
groups:
  web:
    provider: gio
    min: 2
    max: 40
    template: {source: gc00000001, type: V40}
    signals: {cpu: {snmp: {profile: cpu_busy}}}
    policies: [{target: {signal: cpu, value: 60%}}]
`)
	r := tuned(t, s, Options{Replays: 40, Seed: 2})
	for _, c := range append(r.Front, *r.Proposal) {
		patch, err := c.Patch("web")
		if err != nil {
			t.Fatal(err)
		}
		group := check(t, laidOver(t, file, patch))
		alikeIn(t, string(patch), group, c.Spec)
		if group.Gap() != c.Spec.Gap {
			t.Errorf("%s: the gap is %v in the configuration, and %v in the spec", patch, group.Gap(), c.Spec.Gap)
		}
	}
}
