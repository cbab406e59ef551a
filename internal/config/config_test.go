package config

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/secret"
)

func TestDefaultsAreTheDocumentedOnes(t *testing.T) {
	t.Parallel()
	got, err := parseFile(t, "../../configs/minimal.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want := &Config{
		File:    "minimal.yaml",
		State:   "/var/lib/autoscaled",
		Socket:  "/run/autoscaled/autoscaled.sock",
		Listen:  "127.0.0.1:9469",
		Web:     Web{HTTP2: true, Anonymous: "read", URL: "http://127.0.0.1:9469"},
		History: History{Retention: 840 * time.Hour, BytesMax: 1 << 30},
		Providers: map[string]Provider{"gio": {
			Name: "gio", Type: "gp", Endpoint: "https://gp.api.iij.jp/json", GpServiceCode: "gp00000001",
			AccessKey: secret.New("AKTESTTESTTESTTEST02"), SecretKey: secret.New("content-of-other-variable"),
			CallsPerSecond: 2, CallTimeout: 200 * time.Second,
			PollMoving: 10 * time.Second, PollIdle: time.Minute, StaleRead: 2 * time.Minute,
			SettleWindow: 10 * time.Minute, AbsenceAfter: 30 * time.Second, MachinesMax: 0, PaidPeriod: "day",
		}},
		Queries: map[string]Query{},
		Groups: map[string]Group{"web": {
			Name: "web", Provider: "gio", Mode: ModeRecommend, Min: 2, Max: 6, Interval: 10 * time.Second,
			Template:  Template{Source: "gc00000001", Type: "V40", SSHPublicKey: got.Groups["web"].Template.SSHPublicKey, FwLb: "gl00000001"},
			Balancers: []Balancer{{GlServiceCode: "gl00000001", Pool: "web", Port: 80}},
			Ready:     Ready{Port: 80, Path: "/healthz", Consecutive: 3, Interval: 2 * time.Second, Timeout: 5 * time.Second},
			Signals: []Signal{{
				Name: "cpu", Statistic: "avg", Over: "avg", Staleness: 30 * time.Second, Quorum: 1,
				SNMP: &SNMP{
					Profile: "cpu_busy", Scale: 1, Interface: 2, Path: "/", Version: "v2c", Port: 161,
					Community: secret.New("public"), Timeout: 2 * time.Second, Retries: 1,
				},
			}},
			Policies: []Policy{{
				Name:   "target/cpu",
				Target: &Target{Signal: "cpu", Value: 0.6, ToleranceOut: 0.1, ToleranceIn: 0.1},
			}},
			ScaleOut: ScaleOut{WarmUp: time.Minute, BatchMax: 10},
			ScaleIn: ScaleIn{
				Stabilization: 10 * time.Minute, Cooldown: 5 * time.Minute, Drain: 30 * time.Second,
				StopTimeout: 10 * time.Minute, ReleaseBefore: 30 * time.Minute,
				Watch: time.Minute, Pick: []string{"newest"}, StandbyAge: 0,
				RateLeast: true, LoadLoss: LoadLoss{Fall: 0.6, Release: 30 * time.Minute},
			},
			Launch:  Launch{Timeout: time.Hour, FailuresMax: 3},
			Health:  Health{Interval: 10 * time.Second, Failures: 3, Budget: 0.1, Brake: 0.45},
			Rollout: Rollout{Bake: 10 * time.Minute},
			Drift: map[string]string{
				"stopped": "repair", "ended": "repair", "relabelled": "ignore", "removed": "repair", "added": "repair", "started": "repair",
			},
		}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}

// TestExampleWritesDefaultsOut holds the complete example, where it says what a
// default is, against a file that leaves everything out.
func TestExampleWritesDefaultsOut(t *testing.T) {
	t.Parallel()
	example, minimal := shipped(t, "autoscaled.example.yaml"), shipped(t, "minimal.yaml")
	group, bare := example.Groups["web"], minimal.Groups["web"]
	bare.ScaleIn.Standby = group.ScaleIn.Standby
	bare.ScaleOut.Rates, bare.ScaleIn.Rates = group.ScaleOut.Rates, group.ScaleIn.Rates
	account, bareAccount := example.Providers["gio"], minimal.Providers["gio"]
	account.AccessKey, account.SecretKey = bareAccount.AccessKey, bareAccount.SecretKey
	account.Billing = bareAccount.Billing
	for what, pair := range map[string][2]any{
		"state":     {example.State, minimal.State},
		"socket":    {example.Socket, minimal.Socket},
		"listen":    {example.Listen, minimal.Listen},
		"provider":  {account, bareAccount},
		"mode":      {group.Mode, bare.Mode},
		"interval":  {group.Interval, bare.Interval},
		"balancers": {group.Balancers, bare.Balancers},
		"ready":     {group.Ready, bare.Ready},
		"signal":    {group.Signals[0], bare.Signals[0]},
		"policy":    {group.Policies[0], bare.Policies[0]},
		"scale_out": {group.ScaleOut, bare.ScaleOut},
		"scale_in":  {group.ScaleIn, bare.ScaleIn},
		"launch":    {group.Launch, bare.Launch},
		"health":    {group.Health, bare.Health},
		"rollout":   {group.Rollout, bare.Rollout},
		"drift":     {group.Drift, bare.Drift},
	} {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			t.Errorf("%s: the example has %+v, the default is %+v", what, pair[0], pair[1])
		}
	}
}

func TestExampleIsReadAsWritten(t *testing.T) {
	t.Parallel()
	example := shipped(t, "autoscaled.example.yaml")
	group := example.Groups["web"]
	signals := map[string]Signal{}
	for _, signal := range group.Signals {
		signals[signal.Name] = signal
	}
	for what, pair := range map[string][2]any{
		"installation": {example.Installation, "tokyo"},
		"prometheus": {*example.Prometheus, Prometheus{
			URL: "https://prometheus.example.jp", Timeout: 10 * time.Second,
			Access: Access{BearerToken: secret.New("content-of-token"), TLS: &TLS{
				CA: secret.New(certificateInPEM), Cert: secret.New(certificateInPEM), Key: secret.New(keyInPEM), ServerName: "prometheus.internal",
			}},
		}},
		"pages": {signals["in-flight"].Scrape.Access, Access{
			Username: "autoscaled", Password: secret.New("content-of-password"), TLS: &TLS{CA: secret.New(certificateInPEM)},
		}},
		"range":        {example.Queries["request-rate"].Range, Range{Span: 5 * time.Minute, Step: 15 * time.Second, Statistic: "avg"}},
		"signal range": {signals["latency"].Range, Range{Span: 2 * time.Minute, Step: 6 * time.Second, Statistic: "avg"}},
		"query":        {example.Queries["request-rate"].GroupLabel, "group"},
		"version":      {group.Template.Version, "2026-04-01"},
		"ssh key":      {group.Template.SSHPublicKey.Reveal(), publicKey},
		"window":       {signals["traffic"].Window, time.Minute},
		"profile":      {signals["traffic"].SNMP.Profile, "network_out"},
		"oid":          {signals["processes"].SNMP.OID, "1.3.6.1.2.1.25.1.6.0"},
		"statistic":    {signals["processes"].Statistic, "max"},
		"over":         {signals["traffic"].Over, "avg"},
		"frozen_after": {signals["traffic"].FrozenAfter, 5 * time.Minute},
		"ceiling":      {signals["queue"].Ceiling, 1e6},
		"check":        {*signals["queue"].Check, CrossCheck{Signal: "queue-recorded", Within: 0.2, Least: 50}},
		"offset":       {signals["queue-recorded"].Offset, 30 * time.Second},
		"first_of":     {signals["backlog"].FirstOf, []string{"queue", "queue-recorded"}},
		"formula":      {signals["wait"].Formula, "backlog / max(requests, 1)"},
		"labels":       {signals["in-flight"].Scrape.Labels, map[string]string{"handler": "api"}},
		"quorum":       {signals["in-flight"].Quorum, 0.8},
		"url":          {signals["queue"].Scrape.URL, "http://10.0.0.5:15692/metrics"},
		"signal query": {signals["requests"].Query, "request-rate"},
		"policies": {policyNames(group), []string{
			"target/cpu", "target/in-flight", "request-rate", "step/cpu", "threshold/cpu", "forecast/cpu", "forecast/requests", "size/jobs", "webhook/orders", "schedule", "schedule/2",
		}},
		"share": {group.Policies[2].Target.Value, 250.0},
		"forecast": {*group.Policies[5].Forecast, Forecast{
			Signal: "cpu", Value: 0.8, Budget: 0.01, Fallback: 0.6, TimeToServe: 10 * time.Minute, TimeToReturn: 3 * time.Minute,
			Backfill: Backfill{CSV: "/var/lib/autoscaled/cpu.csv"},
		}},
		"quantile": {*group.Policies[6].Forecast, Forecast{
			Signal: "requests", Value: 350, Quantile: 0.99, TimeToServe: 10 * time.Minute, TimeToReturn: 3 * time.Minute,
			Backfill: Backfill{PromQL: "sum(rate(http_requests_total[1m]))"},
		}},
		"standby": {group.ScaleIn.Standby, 2},
	} {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			t.Errorf("%s: got %v, want %v", what, pair[0], pair[1])
		}
	}
}

func TestSignalIsAboutInstancesOrAboutTheGroup(t *testing.T) {
	t.Parallel()
	want := map[string]bool{
		"cpu": true, "traffic": true, "processes": true, "in-flight": true, "sessions": true,
		"queue": false, "requests": false, "latency": false,
		"queue-recorded": false, "backlog": false, "wait": false,
	}
	for _, signal := range shipped(t, "autoscaled.example.yaml").Groups["web"].Signals {
		if got := signal.PerInstance(); got != want[signal.Name] {
			t.Errorf("%s: per instance is %v", signal.Name, got)
		}
	}
}

func TestPlacesOfSystemdAreTheDefaultOnes(t *testing.T) {
	t.Parallel()
	scene := furnished()
	scene.variables["STATE_DIRECTORY"] = "/var/lib/private/autoscaled:/var/lib/other"
	scene.variables["RUNTIME_DIRECTORY"] = "/run/user/7/autoscaled"
	config, err := Parse("systemd.yaml", contents(t, "../../configs/systemd.yaml"), scene.env())
	if err != nil {
		t.Fatal(err)
	}
	if config.State != "/var/lib/private/autoscaled" || config.Socket != "/run/user/7/autoscaled/autoscaled.sock" {
		t.Errorf("state %s, socket %s", config.State, config.Socket)
	}
}

func TestFileDecides(t *testing.T) {
	t.Parallel()
	const head = `
providers:
  gio: {type: gp, gp_service_code: gp00000001, access_key: env:ACCESS, secret_key: env:SECRET}
groups:
  web:
    provider: gio
    min: 0
    max: 3
    interval: 20s
`
	read := func(t *testing.T, rest string) (Group, *Config) {
		t.Helper()
		config, err := Parse("group.yaml", []byte(head+rest), furnished().env())
		if err != nil {
			t.Fatal(err)
		}
		return config.Groups["web"], config
	}
	t.Run("that no FW+LB is attached", func(t *testing.T) {
		t.Parallel()
		group, _ := read(t, `
    template: {source: gc00000001, type: V40, fwlb: none}
    balancers: [{gp: {gl_service_code: gl00000001, pool: web, port: 8080}}]
    signals: {cpu: {snmp: {oid: .1.3.6.1.4.1.2021.10.1.5.1, scale: 1%}}}
    policies: [{target: {signal: cpu, value: 2}}, {target: {signal: cpu, value: 3}}]
`)
		if group.Template.FwLb != "" || group.Ready.Port != 8080 {
			t.Errorf("FW+LB %q, ready at %d", group.Template.FwLb, group.Ready.Port)
		}
		if got := group.Signals[0]; got.SNMP.OID != "1.3.6.1.4.1.2021.10.1.5.1" || got.SNMP.Scale != 0.01 || got.Staleness != time.Minute {
			t.Errorf("signal %+v of %+v", got, got.SNMP)
		}
		if got := policyNames(group); !reflect.DeepEqual(got, []string{"target/cpu", "target/cpu/2"}) {
			t.Errorf("policies %q", got)
		}
	})
	t.Run("what is replaced, who goes first and what a change by hand means", func(t *testing.T) {
		t.Parallel()
		group, _ := read(t, `
    template: {source: gc00000001, type: V40, version: 1.10}
    balancers: [{gp: {gl_service_code: gl00000001, pool: web, port: 80, nodes_max: 12}}]
    signals: {cpu: {snmp: {profile: cpu_busy}}}
    policies: [{target: {signal: cpu, value: 60%}}]
    scale_in:
      pick:
        - location
        - oldest
      watch: 0s
      standby_age: 720h
    launch: {failures_max: 5}
    health: {interval: 1s, failures: 1, budget: 0.2, brake: 100%}
    rollout: {bake: 0s}
    drift: {stopped: adopt, relabelled: repair}
`)
		drift := map[string]string{
			"stopped": "adopt", "ended": "repair", "relabelled": "repair", "removed": "repair", "added": "repair", "started": "repair",
		}
		for what, pair := range map[string][2]any{
			"version":      {group.Template.Version, "1.10"},
			"nodes_max":    {group.Balancers[0].NodesMax, 12},
			"pick":         {group.ScaleIn.Pick, []string{"location", "oldest"}},
			"watch":        {group.ScaleIn.Watch, time.Duration(0)},
			"standby_age":  {group.ScaleIn.StandbyAge, 720 * time.Hour},
			"failures_max": {group.Launch.FailuresMax, 5},
			"health":       {group.Health, Health{Interval: time.Second, Failures: 1, Budget: 0.2, Brake: 1}},
			"rollout":      {group.Rollout, Rollout{}},
			"drift":        {group.Drift, drift},
		} {
			if !reflect.DeepEqual(pair[0], pair[1]) {
				t.Errorf("%s: got %v, want %v", what, pair[0], pair[1])
			}
		}
	})
	t.Run("how many machines the account may have", func(t *testing.T) {
		t.Parallel()
		text := strings.Replace(head, "secret_key: env:SECRET", "secret_key: env:SECRET, machines_max: 40", 1) + `
    template: {source: gc00000001, type: V40}
    signals: {cpu: {snmp: {profile: cpu_busy}}}
    policies: [{target: {signal: cpu, value: 60%}}]
`
		config, err := Parse("account.yaml", []byte(text), furnished().env())
		if err != nil || config.Providers["gio"].MachinesMax != 40 {
			t.Errorf("got %+v, %v", config, err)
		}
	})
	t.Run("that Prometheus is asked, and leaves its place to the default", func(t *testing.T) {
		t.Parallel()
		group, config := read(t, `
    template: {source: gc00000001, type: V40}
    signals: {rate: {promql: "sum(rate(x[1m]))\n/ 2"}}
    policies: [{target: {signal: rate, per_instance: 1e3}}]
`)
		if config.Prometheus == nil || config.Prometheus.URL != "http://127.0.0.1:9090" {
			t.Errorf("Prometheus is %+v", config.Prometheus)
		}
		if group.Ready.Port != 80 || group.Template.FwLb != "" || group.Policies[0].Target.Value != 1000 {
			t.Errorf("group %+v", group)
		}
	})
}

func shipped(t *testing.T, name string) *Config {
	t.Helper()
	config, err := parseFile(t, "../../configs/"+name)
	if err != nil {
		t.Fatal(err)
	}
	return config
}

func policyNames(group Group) []string {
	names := make([]string, len(group.Policies))
	for i, policy := range group.Policies {
		names[i] = policy.Name
	}
	return names
}
