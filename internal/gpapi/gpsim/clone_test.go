package gpsim_test

import (
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
)

func overwrite(source, destination string, more ...string) []string {
	return append([]string{"SrcGcServiceCode=" + source, "DestGcServiceCode=" + destination}, more...)
}

// recordOf is a machine of the books.
func recordOf(t *testing.T, sim *gpsim.Sim, code string) gpsim.MachineRecord {
	t.Helper()
	machines := sim.Books().Machines
	i := slices.IndexFunc(machines, func(m gpsim.MachineRecord) bool { return m.Code == code })
	if i < 0 {
		t.Fatalf("the books have no %s", code)
	}
	return machines[i]
}

func setContent(t *testing.T, sim *gpsim.Sim, code, content string) {
	t.Helper()
	if err := sim.SetContent(code, content); err != nil {
		t.Fatal(err)
	}
}

// orderOne buys a machine and waits until its clone job is over.
func orderOne(t *testing.T, sim *gpsim.Sim, delays gpsim.Delays) string {
	t.Helper()
	code := must(t, sim, "AddCloneVirtualMachines", cloneParameters("1")...).texts("GcServiceCodeList")[0]
	time.Sleep(max(delays.Prepare, delays.Clone))
	return code
}

func TestAnOverwrittenMachineHasAnotherDiskAndKeepsWhatIsAroundIt(t *testing.T) {
	t.Parallel()
	for _, landing := range []string{gpsim.StatusInitialized, gpsim.StatusStopped} {
		t.Run(landing, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				options := testOptions()
				options.Delays, options.CloneLanding = instantReads(), landing
				sim := newCloud(t, options)
				code := orderOne(t, sim, options.Delays)
				must(t, sim, "SetLabel", "GpServiceCode="+gp, "ServiceCode="+code, "Label=mine")
				must(t, sim, "AttachFwLb", vm(code, "GlServiceCode="+gl)...)
				time.Sleep(options.Delays.Configure)
				must(t, sim, "ImportRootSshPublicKey", vm(code, "PublicKey=ssh-rsa AAAA")...)
				time.Sleep(options.Delays.Configure)
				before := recordOf(t, sim, code)
				if before.Content != template || before.Source != template || before.Keys != 1 || before.Refreshes != 0 {
					t.Errorf("before, the books say %+v", before)
				}

				setContent(t, sim, template, "v2")
				answer := must(t, sim, "CloneVirtualMachine", overwrite(template, code, "GpServiceCode="+gp)...)
				for object, want := range map[string][2]string{
					"Source": {template, gpsim.StatusLockForCloning}, "Destination": {code, gpsim.StatusCloning},
				} {
					party := result{fields: answer.fields[object].(map[string]any)}
					if party.text("GcServiceCode") != want[0] || party.under("Previous", "Status") != gpsim.StatusStopped || party.under("Current", "Status") != want[1] {
						t.Errorf("%s is %v", object, party.fields)
					}
				}
				time.Sleep(options.Delays.Clone - time.Nanosecond)
				if source, destination := shownStatus(t, sim, template), shownStatus(t, sim, code); source != gpsim.StatusLockForCloning || destination != gpsim.StatusCloning {
					t.Errorf("during the job the source is %s and the destination %s", source, destination)
				}
				time.Sleep(time.Nanosecond)
				if got := shownStatus(t, sim, template); got != gpsim.StatusStopped {
					t.Errorf("after the job the source is %s", got)
				}

				want := before
				want.Status, want.Content, want.Refreshes, want.Keys = landing, "v2", 1, 0
				if got := recordOf(t, sim, code); got != want {
					t.Errorf("the books say\n%+v, want\n%+v", got, want)
				}
				refused(t, sim, http.StatusBadRequest, "AttachFwLb", vm(code, "GlServiceCode="+gl)...)
			})
		})
	}
}

func TestAMachineHasTheContentThatItsSourceHadWhenItWasMade(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		options := testOptions()
		options.Delays, options.CloneLanding = instantReads(), gpsim.StatusStopped
		sim := newCloud(t, options)
		setContent(t, sim, template, "v1")
		first := orderOne(t, sim, options.Delays)
		setContent(t, sim, template, "v2")
		second := orderOne(t, sim, options.Delays)
		setContent(t, sim, template, "v3")
		for code, want := range map[string]string{first: "v1", second: "v2", template: "v3"} {
			if got := recordOf(t, sim, code).Content; got != want {
				t.Errorf("%s holds %q, want %q", code, got, want)
			}
		}
		must(t, sim, "CloneVirtualMachine", overwrite(first, second)...)
		if got := recordOf(t, sim, second); got.Content != "v1" || got.Source != first {
			t.Errorf("made from a machine with v1: %+v", got)
		}
		if err := sim.SetContent("gc99999999", "v4"); err == nil {
			t.Error("the content of a machine that is not there was set")
		}
	})
}

func TestAMachineInACloneJobTakesPartInNoOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		options := testOptions()
		options.Delays, options.CloneLanding = instantReads(), gpsim.StatusStopped
		sim := newCloud(t, options)
		first, second := orderOne(t, sim, options.Delays), orderOne(t, sim, options.Delays)
		must(t, sim, "CloneVirtualMachine", overwrite(template, first)...)
		refuse := func(destination string) {
			t.Helper()
			refused(t, sim, http.StatusBadRequest, "CloneVirtualMachine", overwrite(template, destination)...)
		}
		refuse(second)
		refuse(first)
		refused(t, sim, http.StatusBadRequest, "CloneVirtualMachine", overwrite(first, second)...)
		refused(t, sim, http.StatusBadRequest, "CloneVirtualMachine", overwrite(second, template)...)
		refused(t, sim, http.StatusBadRequest, "AddCloneVirtualMachines", cloneParameters("1")...)
		refused(t, sim, http.StatusBadRequest, "StartVirtualMachine", vm(first)...)

		time.Sleep(options.Delays.Clone)
		must(t, sim, "CloneVirtualMachine", overwrite(template, second)...)
		if first, second := recordOf(t, sim, first), recordOf(t, sim, second); first.Refreshes != 1 || second.Refreshes != 1 {
			t.Errorf("refreshed %d and %d times, want once each", first.Refreshes, second.Refreshes)
		}
	})
}

func TestBothSidesOfACloneJobEndAtOnceHoweverLongItTakes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		options := testOptions()
		options.Delays, options.CloneLanding = instantReads(), gpsim.StatusStopped
		options.Spread = 0.2
		sim := newCloud(t, options)
		code := must(t, sim, "AddCloneVirtualMachines", cloneParameters("1")...).texts("GcServiceCodeList")[0]
		time.Sleep(2 * options.Delays.Clone)
		for i := range 100 {
			if i%20 == 0 {
				must(t, sim, "CloneVirtualMachine", overwrite(template, code)...)
			}
			time.Sleep(options.Delays.Clone / 10)
			if source, destination := shownStatus(t, sim, template), shownStatus(t, sim, code); (source == gpsim.StatusStopped) != (destination == gpsim.StatusStopped) {
				t.Errorf("the source is %s, the destination %s", source, destination)
			}
		}
	})
}

func TestOrdersGoToBothLocationsByTurnsUnlessTheySayWhere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		options := testOptions()
		options.Delays = instantReads()
		sim := newCloud(t, options) // its template is the first machine
		if _, _, err := sim.AddMachine(gpsim.MachineSpec{Location: "R"}); err != nil {
			t.Fatal(err)
		}
		for _, order := range []struct {
			parameters []string
			want       string
		}{
			{cloneParameters("1"), "L"},
			{cloneParameters("1"), "R"},
			{cloneParameters("3"), "LRL"},
			{cloneParameters("2"), "RL"},
			{cloneParameters("2", "RLocationNum=2"), "RR"},
			{cloneParameters("3", "LLocationNum=3"), "LLL"},
			{cloneParameters("3", "LLocationNum=1", "RLocationNum=2"), "LRR"},
			{cloneParameters("4", "LLocationNum=1", "RLocationNum=1"), "LRRL"}, // 17 machines before
		} {
			got := ""
			for _, code := range must(t, sim, "AddCloneVirtualMachines", order.parameters...).texts("GcServiceCodeList") {
				got += recordOf(t, sim, code).Location
			}
			if got != order.want {
				t.Errorf("%v went to %s, want %s", order.parameters[2:], got, order.want)
			}
			time.Sleep(options.Delays.Clone)
		}
		if got := must(t, sim, "DescribeVirtualMachine", vm("gc00000002")...).text("Location"); got != "R" {
			t.Errorf("the seeded machine is described in %q", got)
		}
	})
}
