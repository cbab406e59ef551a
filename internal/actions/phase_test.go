package actions

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/policy"
)

var noon = time.Date(2026, time.April, 1, 12, 0, 0, 0, time.UTC)

// phaseCase is a machine on its way: on, labelled, prepared and described, in no
// pool, unless change says otherwise.
type phaseCase struct {
	name   string
	change func(f *Facts, v *view, c *circumstances)
	want   Phase
}

func ago(d time.Duration) time.Time { return noon.Add(-d) }

func power(p cloud.Power) func(*Facts, *view, *circumstances) {
	return func(_ *Facts, v *view, _ *circumstances) { v.machine.Power = p }
}

var phaseCases = []phaseCase{
	{"its code is known only", func(f *Facts, v *view, _ *circumstances) { f.Labelled, *v = time.Time{}, view{} }, Ordered},
	{"nothing was looked at since the start", func(_ *Facts, v *view, _ *circumstances) { *v = view{} }, Ordered},
	{"its contract has not begun", func(_ *Facts, v *view, _ *circumstances) { v.machine.Contract = cloud.ContractPreparing }, Preparing},
	{"the lists disagree about its contract", func(_ *Facts, v *view, _ *circumstances) { v.machine.Contract = cloud.ContractUnknown }, Preparing},
	{"it has no label of ours", func(f *Facts, _ *view, _ *circumstances) { f.Labelled = time.Time{} }, Unlabelled},
	{"a listing shows another label", func(_ *Facts, v *view, _ *circumstances) { v.machine.Label = "db" }, Disputed},
	{"an old listing shows another label", func(f *Facts, v *view, _ *circumstances) {
		v.machine.Label, f.Labelled = "", ago(time.Second)
	}, Described},

	{"blank, nothing prepared", func(f *Facts, v *view, _ *circumstances) { v.machine.Power, f.Prepared = cloud.PowerBlank, nil }, Unprepared},
	{"off, one preparation missing", func(f *Facts, v *view, _ *circumstances) {
		v.machine.Power, f.Prepared = cloud.PowerOff, map[string]time.Time{"attach": noon}
	}, Unprepared},
	{"blank, and nothing more is configured", power(cloud.PowerBlank), Off},
	{"the cloud changes it", power(cloud.PowerBusy), Busy},
	{"its power was not read", power(cloud.PowerUnknown), Busy},
	{"its power was not read, and it is in the pool", func(_ *Facts, v *view, _ *circumstances) { v.machine.Power, v.pools = cloud.PowerUnknown, 2 }, Busy},
	{"off, made from another template", func(_ *Facts, v *view, c *circumstances) { v.machine.Power, c.outdated = cloud.PowerOff, true }, Unfit},
	{"off, its service failed", func(f *Facts, v *view, _ *circumstances) { v.machine.Power, f.Failing = cloud.PowerOff, ago(time.Hour) }, Unfit},
	{"off, perhaps overwritten already", func(f *Facts, v *view, _ *circumstances) {
		v.machine.Power, f.Overwrite = cloud.PowerOff, &Overwrite{At: ago(time.Hour)}
	}, Unfit},
	{"blank and not prepared, made from another template", func(f *Facts, v *view, c *circumstances) {
		v.machine.Power, f.Prepared, c.outdated = cloud.PowerBlank, nil, true
	}, Unprepared},
	{"on, made from another template", func(_ *Facts, v *view, c *circumstances) { v.pools, c.outdated = 2, true }, InPool},
	{"off and prepared", power(cloud.PowerOff), Off},
	{"off, as before our start a moment ago", func(f *Facts, v *view, _ *circumstances) {
		v.machine.Power, f.Stale = cloud.PowerOff, &Stale{Power: "off", Until: noon.Add(time.Second)}
	}, Busy},
	{"off, long after our start", func(f *Facts, v *view, _ *circumstances) {
		v.machine.Power, f.Stale = cloud.PowerOff, &Stale{Power: "off", Until: ago(time.Second)}
	}, Off},
	{"going up", power(cloud.PowerStarting), Starting},

	{"on, its address unknown", func(f *Facts, _ *view, _ *circumstances) { f.Address = netip.Addr{} }, Running},
	{"on, and a launch hook is awaited", func(_ *Facts, _ *view, c *circumstances) { c.unfinished = true }, Unfinished},
	{"on, probed before it was finished", func(_ *Facts, _ *view, c *circumstances) { c.unfinished, c.probed = true, true }, Unfinished},
	{"in the pool, unfinished", func(_ *Facts, v *view, c *circumstances) { c.unfinished, v.pools = true, 2 }, InPool},
	{"on, not probed", func(*Facts, *view, *circumstances) {}, Described},
	{"on, probed", func(_ *Facts, _ *view, c *circumstances) { c.probed = true }, Ready},
	{"on, probed, no balancer", func(_ *Facts, _ *view, c *circumstances) { c.probed, c.pools = true, 0 }, InPool},
	{"on, not probed, no balancer", func(_ *Facts, _ *view, c *circumstances) { c.pools = 0 }, Described},
	{"in one of two pools", func(_ *Facts, v *view, _ *circumstances) { v.pools = 1 }, PartPooled},
	{"in both pools", func(_ *Facts, v *view, _ *circumstances) { v.pools = 2 }, InPool},
	{"off, in a pool", func(_ *Facts, v *view, _ *circumstances) { v.machine.Power, v.pools = cloud.PowerOff, 1 }, Stray},

	{"it left a moment ago", func(f *Facts, _ *view, _ *circumstances) { f.Left = ago(time.Second) }, Draining},
	{"it left as long ago as draining takes", func(f *Facts, _ *view, _ *circumstances) { f.Left = ago(30 * time.Second) }, Drained},
	{"it drained, and an end hook is awaited", func(f *Facts, _ *view, c *circumstances) { f.Left, c.parting = ago(time.Hour), true }, Parting},
	{"it drains, and an end hook will be asked", func(f *Facts, _ *view, c *circumstances) { f.Left, c.parting = ago(time.Second), true }, Draining},
	{"it left, and is in a pool again", func(f *Facts, v *view, _ *circumstances) { f.Left, v.pools = ago(time.Minute), 1 }, PartPooled},
	{"asked to stop, and still shown on", func(f *Facts, _ *view, _ *circumstances) { f.Left, f.StopAsked = ago(time.Minute), ago(time.Second) }, Stopping},
	{"asked to stop in vain", func(f *Facts, _ *view, _ *circumstances) { f.Left, f.StopAsked = ago(time.Hour), ago(10*time.Minute) }, Drained},
	{"going down", func(f *Facts, v *view, _ *circumstances) {
		v.machine.Power, f.StopAsked = cloud.PowerStopping, ago(time.Second)
	}, Stopping},
	{"going down without our asking", power(cloud.PowerStopping), Stopping},
	{"going down for too long", func(f *Facts, v *view, _ *circumstances) {
		v.machine.Power, f.StopAsked = cloud.PowerStopping, ago(10*time.Minute)
	}, Drained},

	{"we ended its contract", func(f *Facts, _ *view, _ *circumstances) { f.LastDay = noon }, Ending},
	{"somebody ended its contract", func(_ *Facts, v *view, _ *circumstances) { v.machine.Stop = noon }, Ending},
	{"somebody ended its contract, and it serves until then", func(_ *Facts, v *view, _ *circumstances) { v.machine.Stop, v.pools = noon, 2 }, InPool},
	{"missing in one listing", func(_ *Facts, v *view, _ *circumstances) { v.absences, v.absentSince = 1, ago(time.Hour) }, Described},
	{"missing in two listings, close together", func(_ *Facts, v *view, _ *circumstances) { v.absences, v.absentSince = 2, ago(29*time.Second) }, Described},
	{"missing in two listings, far enough apart", func(_ *Facts, v *view, _ *circumstances) { v.absences, v.absentSince = 2, ago(30*time.Second) }, Gone},
	{"missing, and its node is in a pool", func(_ *Facts, v *view, _ *circumstances) {
		v.absences, v.absentSince, v.pools = 2, ago(30*time.Second), 1
	}, Stray},
	{"never listed, so not missed", func(f *Facts, v *view, _ *circumstances) {
		f.Seen = time.Time{}
		*v = view{absences: 9, absentSince: ago(time.Hour)}
	}, Ordered},
}

func TestThePhaseFollowsFromFactsAndWhatIsSeen(t *testing.T) {
	t.Parallel()
	for _, c := range phaseCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := Facts{
				Seen: ago(time.Hour), Labelled: ago(time.Hour), Address: addressOf(1),
				Prepared: map[string]time.Time{"attach": ago(time.Hour), "key": ago(time.Hour)},
			}
			v := view{
				machine: cloud.Machine{Label: "mark", Contract: cloud.ContractInService, Power: cloud.PowerOn},
				listed:  true, machineAt: ago(time.Second), labelAt: ago(time.Second), poolsAt: ago(time.Second),
			}
			in := circumstances{
				mark: "mark", preparations: (*model)(nil).Preparations(), pools: 2, drain: 30 * time.Second, stopTimeout: 10 * time.Minute,
				absenceAfter: 30 * time.Second, staleRead: 2 * time.Minute, now: noon,
			}
			c.change(&f, &v, &in)
			if got := phaseOf(&f, &v, in); got != c.want {
				t.Errorf("it is %s, want %s", got, c.want)
			}
		})
	}
	for _, phase := range Phases() {
		if !slices.ContainsFunc(phaseCases, func(c phaseCase) bool { return c.want == phase }) {
			t.Errorf("no case is %s", phase)
		}
	}
}

func TestOnlyWhatIsInThePoolCountsAsServingAndOnlyWhatIsOffAsStopped(t *testing.T) {
	t.Parallel()
	stages := map[Phase]policy.Stage{
		InPool: policy.Serving, Off: policy.Stopped, Unfit: policy.Stopped, Unprepared: policy.Stopped, Ending: policy.Ending, Gone: policy.Ending, Draining: policy.Leaving, Parting: policy.Leaving, Drained: policy.Leaving,
	}
	for _, phase := range Phases() {
		if got, want := phase.Stage(), stages[phase]; got != want { // the zero stage is Becoming
			t.Errorf("%s has the stage %v, want %v", phase, got, want)
		}
	}
}
