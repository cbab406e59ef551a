package demo

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/cmd/autoscaled/internal/simcloud"
	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim/guest"
)

var foreignAddress = netip.MustParseAddr("127.20.0.4")

func newDemo() *demo { return &demo{cloud: &simcloud.Cloud{ForeignAddress: foreignAddress}} }

// courseOf is a day with the given number of refused requests in each second.
func courseOf(refused func(second int) uint64) []moment {
	var course []moment
	var total uint64
	for second := 1; time.Duration(second)*time.Second <= length; second++ {
		total += refused(second)
		course = append(course, moment{at: time.Duration(second) * time.Second, traffic: guest.Counts{Overloaded: total}})
	}
	return course
}

func TestTheFlashCrowdMustHurtAndGrowingMustHelp(t *testing.T) {
	t.Parallel()
	begins, ends := int(flashBegins.Seconds()), int(flashEnds.Seconds())
	for what, c := range map[string]struct {
		refused func(second int) uint64
		good    bool
	}{
		"nothing was refused": {func(int) uint64 { return 0 }, false},
		"refused at first, and served in the end": {func(s int) uint64 {
			if s >= begins && s < begins+8 {
				return 100
			}
			return 0
		}, true},
		"refused throughout the crowd": {func(s int) uint64 {
			if s >= begins && s <= ends {
				return 100
			}
			return 0
		}, false},
		"only a few still refused in the end": {func(s int) uint64 {
			switch {
			case s >= begins && s < begins+8:
				return 100
			case s > begins && s <= ends:
				return 10
			}
			return 0
		}, true},
	} {
		d := newDemo()
		d.course = courseOf(c.refused)
		if v := d.overloadVerdict(); v.good != c.good {
			t.Errorf("%s: judged %v: %s", what, v.good, v.seen)
		}
	}
}

func TestAMachineThatCostsMoneyMustBeOnRecord(t *testing.T) {
	t.Parallel()
	books := gpsim.Books{Machines: []gpsim.MachineRecord{
		{Code: simcloud.Template}, {Code: simcloud.First}, {Code: simcloud.Foreign},
		{Code: "gc00000005", To: time.Now().Add(-time.Hour)}, // its contract is over
	}}
	group := fleet.GroupStatus{
		Instances: []actions.InstanceStatus{{Code: simcloud.First}},
		Foreign:   []string{netip.AddrPortFrom(foreignAddress, 80).String()},
	}
	if v := newDemo().recordVerdict(books, group); !v.good {
		t.Errorf("all are known, and the verdict is: %s", v.seen)
	}
	books.Machines = append(books.Machines, gpsim.MachineRecord{Code: "gc00000006"})
	if v := newDemo().recordVerdict(books, group); v.good || !strings.Contains(v.seen, "gc00000006") {
		t.Errorf("one was forgotten, and the verdict is %v: %s", v.good, v.seen)
	}
	books.Machines, group.Foreign = books.Machines[:4], nil
	if v := newDemo().recordVerdict(books, group); v.good {
		t.Errorf("the foreign node was not seen, and the verdict is good: %s", v.seen)
	}
}

func TestTheForeignMachineMustNotBeNamedByCodeNorByAddress(t *testing.T) {
	t.Parallel()
	call := func(parameter string) gpsim.Call {
		return gpsim.Call{Action: "DeleteLbNode", Parameters: map[string]string{"X": parameter}}
	}
	for parameter, good := range map[string]bool{
		simcloud.First: true, simcloud.Foreign: false, foreignAddress.String(): false,
	} {
		if v := newDemo().foreignVerdict(gpsim.Books{Calls: []gpsim.Call{call(parameter)}}); v.good != good {
			t.Errorf("a call naming %s: judged %v: %s", parameter, v.good, v.seen)
		}
	}
}

func TestOnlyCallsThatChangedSomethingCount(t *testing.T) {
	t.Parallel()
	counts := effects(gpsim.Books{Calls: []gpsim.Call{
		{Action: "AddLbNode", Effect: true}, {Action: "AddLbNode"}, {Action: "AddLbNode", Effect: true}, {Action: "StopVirtualMachine"},
	}})
	if counts["AddLbNode"] != 2 || counts["StopVirtualMachine"] != 0 || total(counts) != 2 {
		t.Errorf("counted %v", counts)
	}
}

func TestTheStoryTellsInOneLineWhatSeveralInstancesDid(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	d := newDemo()
	d.out = &out
	d.story = newStory(d)
	log := zap.New(d.story).With(zap.String("group", "web"))
	for _, instance := range []string{"gc00000006", "gc00000005"} {
		log.Info("step", zap.String("instance", instance), zap.String("step", "label"))
		log.Info("step", zap.String("instance", instance), zap.String("step", "start"))
	}
	log.Info("step", zap.String("instance", "gc00000007"), zap.String("step", "stop"))
	log.Info("goal", zap.String("instance", "gc00000007"))
	log.Debug("held")
	log.Warn("reading failed", zap.String("instance", "gc00000002"))
	d.story.tell()
	d.story.tell()
	want := "   0.0s    WARN reading failed instance=gc00000002\n" +
		"          gc00000005 gc00000006  label → start\n" +
		"          gc00000007  stop\n"
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}
