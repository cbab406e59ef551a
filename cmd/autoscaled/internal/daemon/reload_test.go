package daemon_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/zap/zaptest/observer"

	"github.com/autoscaled/autoscaled/cmd/autoscaled/internal/daemon"
	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/events"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/httpd"
)

// more are groups beside web, which act on nothing.
const more = `
  api:
    provider: gio
    min: 1
    max: 5
    interval: 200ms
    template: {source: gc00000001, type: V40}
    signals:
      level: {push: {token: env:TOKEN}}
    policies:
      - target: {signal: level, per_instance: 100}
  night:
    provider: gio
    min: 1
    max: 5
    interval: 200ms
    template: {source: gc00000001, type: V40}
    policies:
      - schedule: {cron: "0 8 * * *", zone: Asia/Tokyo, for: 10h, min: 2}
`

// running is a daemon with the groups web, api and night, at a simulated cloud.
func running(t *testing.T) (*scene, *daemon.Daemon, *observer.ObservedLogs) {
	t.Helper()
	s := newScene(t)
	s.text = strings.TrimSuffix(s.text, "\n") + more
	s.simulate(t)
	d, logged, err := s.new(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	run(t, d)
	eventually(t, "every group has decided", func() bool {
		return !slices.ContainsFunc(d.Fleet.Status().Groups, func(g fleet.GroupStatus) bool { return g.Decision.At.IsZero() })
	})
	return s, d, logged
}

// shownValues is the sum of the series of a gauge.
func shownValues(t *testing.T, d *daemon.Daemon, name string) (sum float64) {
	t.Helper()
	for _, family := range gather(t, d.Registry) {
		for _, metric := range family.GetMetric() {
			if family.GetName() == name {
				sum += metric.GetGauge().GetValue()
			}
		}
	}
	return sum
}

// fates are what a report says becomes of each group.
func fates(report httpd.ReloadReport) map[string]httpd.GroupChange {
	all := map[string]httpd.GroupChange{}
	for _, group := range report.Groups {
		all[group.Group] = group.Change
	}
	return all
}

func of(report httpd.ReloadReport, name string) httpd.GroupChanged {
	i := slices.IndexFunc(report.Groups, func(g httpd.GroupChanged) bool { return g.Group == name })
	return report.Groups[i]
}

func TestAReloadRebuildsWhatChangedAndNothingElse(t *testing.T) {
	t.Parallel()
	const kept, changed, added, removed = httpd.GroupKept, httpd.GroupRebuilt, httpd.GroupAdded, httpd.GroupRemoved
	for what, c := range map[string]struct {
		change   func(s *scene)
		web, api httpd.GroupChange
		night    httpd.GroupChange
		keys     []string // of api
		accounts []string
		other    string // a further group
		sections []string
	}{
		"nothing": {change: func(*scene) {}, web: kept, api: kept, night: kept},
		"a remark, and how a time is written": {
			change: func(s *scene) { s.replace("interval: 200ms", "interval: 0.2s # a fifth of a second") }, web: kept, api: kept, night: kept,
		},
		"a bound": {change: func(s *scene) { s.replace("max: 5", "max: 4") }, web: kept, api: changed, night: kept, keys: []string{"max"}},
		"a signal": {
			change: func(s *scene) {
				s.replace("level: {push: {token: env:TOKEN}}", "level: {push: {token: env:TOKEN}, staleness: 5m}")
			},
			web: kept, api: changed, night: kept, keys: []string{"signals.level.staleness"},
		},
		"a policy more": {
			change: func(s *scene) { s.replace("per_instance: 100}", "per_instance: 100}\n      - size: {signal: level}") },
			web:    kept, api: changed, night: kept, keys: []string{"policies"},
		},
		"the content of a secret": {
			change: func(s *scene) { s.secrets["TOKEN"] = "another token of the sender" }, web: kept, api: changed, night: kept,
			keys: []string{"(the content of a secret or a file)"},
		},
		"the mode, so that it acts": {
			change: func(s *scene) { s.replace("min: 1", "mode: act\n    min: 1") }, web: kept, api: changed, night: kept, keys: []string{"mode"},
		},
		"the mode, so that nobody acts": {
			change: func(s *scene) { s.replace("mode: act", "mode: recommend") }, web: changed, api: kept, night: kept,
		},
		"who may look": {
			change: func(s *scene) { s.text += "web: {anonymous: none}\n" }, web: kept, api: kept, night: kept, sections: []string{"web"},
		},
		"how long messages wait": {
			change: func(s *scene) {
				s.text += "notify: [{name: ops, webhook: {url: 'http://127.0.0.1:9/', secret: env:TOKEN}}]\n"
			}, web: kept, api: kept, night: kept, sections: []string{"notify"},
		},
		"a group less": {change: func(s *scene) { s.text = s.text[:strings.Index(s.text, "  night:")] }, web: kept, api: kept, night: removed},
		"a group more": {
			change: func(s *scene) {
				s.text += strings.ReplaceAll(s.text[strings.Index(s.text, "  night:"):], "night:", "day:")
			},
			web: kept, api: kept, night: kept, other: "day",
		},
		"the account": {
			change: func(s *scene) { s.replace("poll_idle: 200ms", "poll_idle: 300ms") }, web: changed, api: changed, night: changed,
			keys: []string{"providers.gio.poll_idle"}, accounts: []string{"gio"},
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			s, d, _ := running(t)
			machines := d.Fleet.Status().Accounts[0].Machines
			c.change(s)
			s.save(t)
			want := map[string]httpd.GroupChange{"web": c.web, "api": c.api, "night": c.night}
			if c.other != "" {
				want[c.other] = added
			}
			for _, dry := range []bool{true, false} {
				report, err := d.Reload(t.Context(), dry, "sato")
				if err != nil {
					t.Fatal(err)
				}
				if got := fates(report); !maps.Equal(got, want) || report.Applied == dry || len(report.RestartNeeded) > 0 {
					t.Errorf("dry: %v, the report is %+v", dry, report)
				}
				if c.keys != nil && !slices.Equal(of(report, "api").What, c.keys) {
					t.Errorf("the keys are %q, want %q", of(report, "api").What, c.keys)
				}
				if !slices.Equal(report.Sections, slices.Concat([]string{}, c.sections)) {
					t.Errorf("the sections are %q", report.Sections)
				}
				if !slices.Equal(report.Accounts, slices.Concat([]string{}, c.accounts)) {
					t.Errorf("the accounts are %q", report.Accounts)
				}
			}
			if report, err := d.Reload(t.Context(), false, "sato"); err != nil || slices.ContainsFunc(report.Groups, func(g httpd.GroupChanged) bool { return g.Change != kept }) {
				t.Errorf("a second time, the report is %+v: %v", report, err)
			}
			eventually(t, "every group decides again", func() bool {
				now := d.Fleet.Status()
				return len(now.Groups) == len(want)-len(slices.DeleteFunc(slices.Collect(maps.Values(want)), func(c httpd.GroupChange) bool { return c != removed })) &&
					len(now.Accounts) == 1 && now.Accounts[0].Machines >= machines && // who begins to act may have ordered already
					!slices.ContainsFunc(now.Groups, func(g fleet.GroupStatus) bool {
						return g.Unseen || g.Decision.At.IsZero() || len(g.Signals) > 0 && g.Name == "web" && g.Serving < 2
					})
			})
		})
	}
}

// The size that a group would have is none that it has, and it begins to act with what is there.
func TestAGroupThatIsToActIsForetoldNoSize(t *testing.T) {
	t.Parallel()
	s, d, _ := running(t)
	s.replace("min: 1", "mode: act\n    min: 1")
	s.save(t)
	report, err := d.Reload(t.Context(), true, "sato")
	if err != nil {
		t.Fatal(err)
	}
	api := of(report, "api")
	if api.Before == nil || api.After != nil {
		t.Fatalf("foretold is %+v", api)
	}
	want := fmt.Sprintf("from now on it acts; what it will decide is known when it has looked: it begins with the machines that carry its label, "+
		"or at the size at which it last acted, and not at the %d that it would have by now", api.Before.Desired)
	if api.Text != want {
		t.Errorf("foretold is %q, want %q", api.Text, want)
	}
	s.replace("mode: act\n    min: 1", "min: 1")
	s.replace("max: 5", "max: 4")
	s.save(t)
	if report, err = d.Reload(t.Context(), true, "sato"); err != nil {
		t.Fatal(err)
	}
	if api := of(report, "api"); !strings.HasPrefix(api.Text, "now it would decide") || api.After == nil {
		t.Errorf("as it goes on to recommend, foretold is %+v", api)
	}
}

func TestAFileThatCannotBePutInForceChangesNothingAndSaysWhy(t *testing.T) {
	t.Parallel()
	s, d, logged := running(t)
	before, err := d.Config()
	if err != nil {
		t.Fatal(err)
	}
	good := s.text
	for what, c := range map[string]struct {
		change func()
		faults []string // of the error
		keys   []string // that need a restart
	}{
		"faults": {
			change: func() { s.replace("min: 1", "min: 9").replace("per_instance: 100", "per_instnace: 100") },
			faults: []string{s.file() + ":", "min", "per_instnace"},
		},
		"no YAML":             {change: func() { s.text = "groups: [" }, faults: []string{s.file() + ":1"}},
		"a secret is gone":    {change: func() { s.replace("env:TOKEN", "env:TOKEN_GONE") }, faults: []string{"TOKEN_GONE"}},
		"the port":            {change: func() { s.replace("listen: 127.0.0.1:0", "listen: 127.0.0.1:9").replace("max: 5", "max: 4") }, keys: []string{"listen"}},
		"how people reach it": {change: func() { s.text += "web: {url: 'https://autoscaled.example.jp'}\n" }, keys: []string{"web.url"}},
		"the state":           {change: func() { s.replace("/state\n", "/other\n") }, keys: []string{"state"}},
		"the installation":    {change: func() { s.replace("installation: "+installation, "installation: another") }, keys: []string{"installation"}},
		"history, and traps": {change: func() {
			s.text += "history: {retention: 5h}\ntraps: {listen: '127.0.0.1:0', senders: [{from: 10.0.0.0/8, community: public}]}\n"
		}, keys: []string{"history", "traps"}},
	} {
		s.text = good
		c.change()
		s.save(t)
		logged.TakeAll()
		report, err := d.Reload(t.Context(), false, "sato")
		told := logged.FilterMessageSnippet("nothing is changed").Len()
		if told != 1 || logged.FilterMessageSnippet("reloading").Len() > 0 {
			t.Errorf("%s: the log has %v", what, logged.All())
		}
		for _, fault := range c.faults {
			if err == nil || !strings.Contains(err.Error(), fault) {
				t.Errorf("%s: the error is %v, without %s", what, err, fault)
			}
		}
		if c.faults == nil && (err != nil || !slices.Equal(report.RestartNeeded, c.keys)) || report.Applied {
			t.Errorf("%s: the report is %+v: %v", what, report, err)
		}
		now, err := d.Config()
		if err != nil || now.SHA256 != before.SHA256 || now.Text != good || !now.Differs {
			t.Errorf("%s: in force is %s, differs: %v (%v)", what, now.SHA256, now.Differs, err)
		}
		if families := shownValues(t, d, "autoscaled_config_last_reload_successful"); families != 0 {
			t.Errorf("%s: shown is that it succeeded", what)
		}
	}
	if err := os.Remove(s.file()); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Reload(t.Context(), false, "sato"); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("without a file, the error is %v", err)
	}
	s.text = good
	s.save(t)
	if report, err := d.Reload(t.Context(), false, "sato"); err != nil || !report.Applied || shownValues(t, d, "autoscaled_config_last_reload_successful") != 1 {
		t.Errorf("with the good file again, the report is %+v: %v", report, err)
	}
}

func TestAPipeInPlaceOfTheFileIsRefusedAndKeepsNobodyWaiting(t *testing.T) {
	t.Parallel()
	s, d, _ := running(t)
	if err := errors.Join(os.Remove(s.file()), syscall.Mkfifo(s.file(), 0o600)); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Reload(t.Context(), false, "sato"); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("the error is %v", err)
	}
	if now, err := d.Config(); err != nil || !now.Differs {
		t.Errorf("in force is %+v: %v", now, err)
	}
}

func TestAPartThatFollowsASectionPreparesFirstAndIsAskedLast(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	d, _, err := s.new(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	var applied []string
	refuse := true
	d.Follow("history", func(was, is *config.Config) (func(), error) {
		if refuse {
			return nil, os.ErrPermission
		}
		return func() {
			applied = append(applied, was.History.Retention.String()+" → "+is.History.Retention.String())
		}, nil
	})
	run(t, d)
	s.text += "history: {retention: 5h}\n"
	s.save(t)
	eventually(t, "it runs", func() bool { return len(status(t, s).Groups) == 1 })
	if _, err := d.Reload(t.Context(), false, "sato"); err == nil || !strings.Contains(err.Error(), "history: permission denied") || applied != nil {
		t.Errorf("the error is %v, and applied was %q", err, applied)
	}
	refuse = false
	if report, err := d.Reload(t.Context(), false, "sato"); err != nil || !report.Applied || !slices.Equal(applied, []string{"840h0m0s → 5h0m0s"}) {
		t.Errorf("the report is %+v: %v, and applied was %q", report, err, applied)
	}
}

// Else a reload during an outage would say that all is well, and that instances which serve are new.
func TestAReloadWhileTheCloudIsAwayEndsNothingThatWasWrong(t *testing.T) {
	t.Parallel()
	s, d, _ := running(t)
	of := func(name string) (fleet.GroupStatus, fleet.Status) {
		now := d.Fleet.Status()
		i := slices.IndexFunc(now.Groups, func(g fleet.GroupStatus) bool { return g.Name == name })
		return now.Groups[i], now
	}
	eventually(t, "two serve", func() bool { web, _ := of("web"); return web.Serving == 2 })
	there := regexp.MustCompile(`endpoint: \S+`).FindString(s.text)
	const away = "endpoint: http://127.0.0.1:1/json"
	for _, change := range [][2]string{{there, away}, {"max: 2", "max: 3"}} { // the account, and then the group alone
		_, before := of("web")
		s.replace(change[0], change[1])
		s.save(t)
		if _, err := d.Reload(t.Context(), false, "sato"); err != nil {
			t.Fatal(err)
		}
		web, now := of("web")
		if !web.Unseen || web.Serving != 2 || web.Decision.At.IsZero() || now.Accounts[0].LookedAt.IsZero() || now.Accounts[0].Machines != before.Accounts[0].Machines {
			t.Errorf("after %s the group is %+v, and the account %+v", change[1], web, now.Accounts[0])
		}
		for _, e := range events.Compare(&before, &now).Events {
			if e.Over || e.Instance != "" {
				t.Errorf("after %s, it is told: %s", change[1], e.Text)
			}
		}
		eventually(t, "that it cannot look is critical", func() bool {
			web, _ := of("web")
			return web.Unseen && web.LookTrouble != "" && fleet.Gravest(web.Concerns()) == fleet.Critical
		})
	}
	s.replace(away, there)
	s.save(t)
	if _, err := d.Reload(t.Context(), false, "sato"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it has looked", func() bool {
		web, _ := of("web")
		return !web.Unseen && web.Serving == 2 && fleet.Gravest(web.Concerns()) != fleet.Critical
	})
}
