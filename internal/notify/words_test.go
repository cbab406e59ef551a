package notify

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/events"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/secret"
)

func texts[T ~string](lists ...[]T) (list []string) {
	for _, l := range lists {
		for _, word := range l {
			list = append(list, string(word))
		}
	}
	return list
}

func TestTheConfigurationKnowsEveryKindOfEvent(t *testing.T) {
	t.Parallel()
	if got, want := config.NotifyKinds(), texts(events.Kinds()); !slices.Equal(got, want) {
		t.Errorf("it knows %v, and there are %v", got, want)
	}
	if got, want := []string{"info", "warning", "critical"}, texts(events.Severities()); !slices.Equal(got, want) {
		t.Errorf("there are %v", want)
	}
}

// TestTheConfigurationKnowsEveryReasonOfEvents holds it against the lists of what events are
// about. A signal that warms up or fills its window is no event.
func TestTheConfigurationKnowsEveryReasonOfEvents(t *testing.T) {
	t.Parallel()
	want := slices.Concat(
		texts(policy.Reasons()), texts(policy.Holds()), texts(policy.OverrideKinds()), texts(policy.Silences()), texts(actions.Phases()),
		texts(actions.DriftKinds()), texts(actions.Doubts()[1:]), texts([]actions.IntentState{actions.IntentUnknown, actions.IntentAsking}),
		texts([]policy.RolloutState{policy.RolloutUnderWay, policy.RolloutGivenUp}), texts([]fleet.DrillOutcome{fleet.DrillReady, fleet.DrillTaken, fleet.DrillFailed}),
	)
	for _, absence := range policy.Absences() {
		if absence != policy.Present && absence != policy.Warming && absence != policy.Filling {
			want = append(want, absence.String())
		}
	}
	slices.Sort(want)
	want = slices.Compact(want)
	if got := slices.Sorted(slices.Values(config.NotifyReasons())); !slices.Equal(got, want) {
		t.Errorf("it knows\n%v, and there are\n%v", got, want)
	}
}

func page(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/notifications.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var kindRow = regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| (info|warning|critical) \\| (.+) \\|$")

func TestTheKindsAreDocumentedAsTheyAre(t *testing.T) {
	t.Parallel()
	var documented []string
	for _, row := range kindRow.FindAllStringSubmatch(page(t), -1) {
		kind := events.Kind(row[1])
		documented = append(documented, row[1])
		if row[2] != string(kind.Severity()) || !strings.EqualFold(row[3], kind.Text()+".") && !strings.EqualFold(row[3], kind.Text()) {
			t.Errorf("%s is documented as %s: %s\nand is %s: %s", kind, row[2], row[3], kind.Severity(), kind.Text())
		}
	}
	if want := texts(events.Kinds()); !slices.Equal(documented, want) {
		t.Errorf("documented are %v, and there are %v", documented, want)
	}
}

func TestTheDocumentedSignatureIsOurs(t *testing.T) {
	t.Parallel()
	want := sign(secret.New(key), time.Unix(1775044800, 0), []byte(`{"version":1,"title":"a test"}`))
	if text := page(t); !strings.Contains(text, "header='"+want+"'") || !strings.Contains(text, "secret="+key+"\n") {
		t.Errorf("the page does not show %s", want)
	}
}
