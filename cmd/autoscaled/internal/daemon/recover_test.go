package daemon_test

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/autoscaled/autoscaled/cmd/autoscaled/internal/daemon"
	"github.com/autoscaled/autoscaled/cmd/autoscaled/internal/simcloud"
	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
	"github.com/autoscaled/autoscaled/internal/httpd"
	"github.com/autoscaled/autoscaled/internal/store"
)

// survey looks at the cloud for what the scene's daemon owns.
func (s *scene) survey(t *testing.T, change func(*daemon.SurveyOptions)) (*daemon.Survey, error) {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	c, err := config.Parse("test.yaml", []byte(s.text), config.Env{LookupEnv: func(name string) (string, bool) {
		value, ok := map[string]string{"ACCESS_KEY": simcloud.AccessKey, "SECRET_KEY": simcloud.SecretKey}[name]
		return value, ok
	}})
	if err != nil {
		t.Fatal(err)
	}
	options := daemon.SurveyOptions{Config: c, Transport: transport}
	if change != nil {
		change(&options)
	}
	return daemon.LookForMarks(t.Context(), options)
}

// machines are further machines in the simulated cloud: code, label and status.
func machines(t *testing.T, cloud *simcloud.Cloud, list ...[3]string) {
	t.Helper()
	for _, m := range list {
		spec := gpsim.MachineSpec{Code: m[0], Label: m[1], Status: m[2], Type: simcloud.Type}
		if _, _, err := cloud.Sim.AddMachine(spec); err != nil {
			t.Fatal(err)
		}
	}
}

// said puts the outcome of a survey into words.
func said(s *daemon.Survey) string {
	var words []string
	for _, group := range s.Groups {
		for _, m := range group.Machines {
			words = append(words, fmt.Sprintf("%s: %s %s %v", group.Name, m.Code, m.Goal, m.Pools))
		}
	}
	for what, list := range map[string][]daemon.SurveyedMachine{"unlabelled": s.Unlabelled, "unconfigured": s.Unconfigured, "other": s.Others} {
		for _, m := range list {
			words = append(words, what+": "+m.Code)
		}
	}
	slices.Sort(words)
	return strings.Join(words, "\n")
}

func TestASurveySortsEveryMachineByItsLabelAndChangesNothing(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	cloud := s.simulate(t)
	machines(t, cloud,
		[3]string{"gc00000011", actions.Mark(installation, "web", "gc00000011"), gpsim.StatusStopped},
		[3]string{"gc00000012", actions.Mark(installation, "web", "gc00000011"), gpsim.StatusStopped}, // copied: proves nothing
		[3]string{"gc00000013", actions.Mark(installation, "worker", "gc00000013"), gpsim.StatusStopped},
		[3]string{"gc00000014", actions.Mark("osaka", "web", "gc00000014"), gpsim.StatusRunning},
		[3]string{"gc00000015", "", gpsim.StatusInitialized},
		[3]string{"gc00000016", "web template", gpsim.StatusInitialized}, // as a clone inherits it
		[3]string{"gc00000017", "the shop's", gpsim.StatusStopped},
		[3]string{"gc00000018", actions.Mark(installation, "web", "gc00000018"), gpsim.StatusRunning},
	)
	found, err := s.survey(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Join([]string{
		"other: gc00000014", "unconfigured: gc00000013", "unlabelled: gc00000015", "unlabelled: gc00000016",
		"web: gc00000002 in_service [gl00000001/web]", "web: gc00000003 in_service [gl00000001/web]",
		"web: gc00000011 standby []", "web: gc00000018 in_service []",
	}, "\n")
	if got := said(found); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	books := cloud.Sim.Books()
	if len(books.Calls) > 0 {
		t.Errorf("something was changed: %+v", books.Calls)
	}
	for action := range maps.Keys(books.CallCounts) {
		if !strings.HasPrefix(action, "Get") && !strings.HasPrefix(action, "Describe") {
			t.Errorf("%s was called", action)
		}
	}
	if _, err := os.Stat(s.state()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the state directory: %v", err)
	}
}

func TestAMachineThatCannotBeDescribedIsFoundAllTheSame(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	cloud := s.simulate(t)
	if err := cloud.Sim.Inject(gpsim.Fault{Action: "DescribeVirtualMachine", Status: 400}); err != nil {
		t.Fatal(err)
	}
	found, err := s.survey(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := said(found), "web: gc00000002 in_service []\nweb: gc00000003 in_service [gl00000001/web]"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if first, second := found.Groups[0].Machines[0], found.Groups[0].Machines[1]; !first.NoAddress || second.NoAddress {
		t.Errorf("it does not say which pools are not known: %+v, %+v", first, second)
	}
}

func TestAGroupThatOnlyRecommendsGivesNoGoals(t *testing.T) {
	t.Parallel()
	s := newScene(t).replace("mode: act", "mode: recommend")
	s.simulate(t)
	found, err := s.survey(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := said(found), "web: gc00000002  [gl00000001/web]\nweb: gc00000003  [gl00000001/web]"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestTheInstallationsNameIsConfiguredOrGivenOrTheOnlyOneFound(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	cloud := s.simulate(t)
	configured := s.text
	unnamed := strings.Replace(s.text, "installation: "+installation+"\n", "", 1)
	for _, c := range []struct {
		text, given, also string // also: a further installation with a machine of the group
		want, refusal     string
	}{
		{text: configured, want: installation},
		{text: configured, given: installation, want: installation},
		{text: configured, given: "osaka", refusal: "the configuration names the installation daemontest, and not osaka"},
		{text: unnamed, want: installation},
		{text: unnamed, given: "kobe", want: "kobe"},
		{text: unnamed, also: "osaka", refusal: "machines carry marks of several installations (daemontest, osaka): name this one with --installation"},
		{text: unnamed, given: "osaka", want: "osaka"},
		{text: strings.ReplaceAll(unnamed, "  web:", "  worker:"), refusal: "no machine carries a mark of a configured group"},
	} {
		if c.also != "" {
			machines(t, cloud, [3]string{"gc00000011", actions.Mark(c.also, "web", "gc00000011"), gpsim.StatusStopped})
		}
		s.text = c.text
		found, err := s.survey(t, func(o *daemon.SurveyOptions) { o.Installation = c.given })
		switch {
		case c.refusal != "" && (err == nil || !strings.Contains(err.Error(), c.refusal)):
			t.Errorf("%+v: got %v", c, err)
		case c.refusal == "" && (err != nil || found.Installation != c.want):
			t.Errorf("%+v: got %+v, %v", c, found, err)
		}
	}
}

func TestADaemonBeginsPausedOnAStateMadeAnewAndAdoptsWhatTheSurveyShowed(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	cloud := s.simulate(t)
	machines(t, cloud, [3]string{"gc00000011", actions.Mark(installation, "web", "gc00000011"), gpsim.StatusStopped})
	s.replace("installation: "+installation+"\n", "") // the labels alone tell it
	if err := os.Mkdir(s.state(), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, s.database(), "damaged")

	found, err := s.survey(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	aside, err := found.Write(false)
	if err != nil {
		t.Fatal(err)
	}
	if content, err := os.ReadFile(aside); err != nil || string(content) != "damaged" || !strings.HasPrefix(aside, s.database()+".damaged-2") {
		t.Errorf("%s holds %q, %v", aside, content, err)
	}
	if aside, err := found.Write(false); !errors.Is(err, store.ErrWhole) || aside != "" {
		t.Errorf("written once more: %q, %v", aside, err)
	}

	d, _, err := s.new(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	run(t, d)
	eventually(t, "every machine is an instance, and the group decides nothing", func() bool {
		web := status(t, s).Groups[0]
		return len(web.Instances) == 3 && web.Decision.Reason == "paused" && web.Override != nil && web.Override.By == "recover"
	})
	web := status(t, s).Groups[0]
	for i, m := range found.Groups[0].Machines {
		if in := web.Instances[i]; in.Code != m.Code || in.Goal != m.Goal {
			t.Errorf("%s has the goal %s, and the survey showed %s with %s", in.Code, in.Goal, m.Code, m.Goal)
		}
	}
	if web.Desired != 2 {
		t.Errorf("%d are desired, want the 2 that serve", web.Desired)
	}
	if calls := cloud.Sim.Books().Calls; len(calls) > 0 {
		t.Errorf("something was changed: %+v", calls)
	}

	if err := httpd.NewClient(filepath.Join(s.directory, "control.sock")).Resume(t.Context(), "web", httpd.SignedRequest{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "what was in the pool serves", func() bool { return status(t, s).Groups[0].Serving == 2 })
	for _, call := range cloud.Sim.Books().Calls {
		if call.Action == "AddCloneVirtualMachines" || slices.Contains(slices.Collect(maps.Values(call.Parameters)), simcloud.Foreign) {
			t.Errorf("something was bought, or is not ours: %+v", call)
		}
	}
}

func TestADamagedStateIsRefusedWithTheCommandThatRepairsIt(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	if err := os.Mkdir(s.state(), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, s.database(), "damaged")
	_, _, err := s.new(t, func(o *daemon.Options) { o.Config.File = "test.yaml" })
	file, pathErr := filepath.Abs("test.yaml")
	if pathErr != nil {
		t.Fatal(pathErr)
	}
	if err == nil || !strings.Contains(err.Error(), "the state file "+s.database()+" is damaged: ") ||
		!strings.HasSuffix(err.Error(), "\n  autoscaled recover --from-cloud --config "+file) {
		t.Errorf("got %v", err)
	}
}
