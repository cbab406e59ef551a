package gpsim_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
)

// endsOf says when each option of the books has ended, by its machine and code.
func endsOf(sim *gpsim.Sim) map[string]time.Time {
	ends := map[string]time.Time{}
	for _, option := range sim.Books().Options {
		ends[option.Of+option.Code] = option.To
	}
	return ends
}

// attachedTo is to which FW+LBs the page shows a machine as attached; GP-API itself
// does not tell.
func attachedTo(t *testing.T, sim *gpsim.Sim, code string) []string {
	t.Helper()
	response, err := gpsim.Transport(sim).RoundTrip(newRequestTo(t, http.MethodGet, "/cloud"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var view struct {
		Machines []struct {
			Code  string
			FwLbs []string
		}
	}
	if err := json.NewDecoder(response.Body).Decode(&view); err != nil {
		t.Fatal(err)
	}
	for _, m := range view.Machines {
		if m.Code == code {
			return m.FwLbs
		}
	}
	t.Fatalf("the page has no %s", code)
	return nil
}

// datedCloud is a whole cloud with a file and a clock that the test sets.
func datedCloud(t *testing.T) (wall *time.Time, sim *gpsim.Sim, reopen func() *gpsim.Sim) {
	t.Helper()
	now := time.Now().Add(time.Minute) // so that what is signed for an hour is valid throughout
	options := testOptions()
	options.StateFile = stateFile(t)
	options.Now = func() time.Time { return now }
	return &now, wholeCloud(t, options), func() *gpsim.Sim {
		t.Helper()
		options.Delays = gpsim.Delays{StaleRead: 1}
		reopened, err := gpsim.New(options)
		if err != nil {
			t.Fatal(err)
		}
		return reopened
	}
}

func TestAReopenedSimulatorEndsEveryKindOfContract(t *testing.T) {
	t.Parallel()
	wall, sim, reopen := datedCloud(t)
	date := "StopDate=" + wall.Add(24*time.Hour).In(time.FixedZone("JST", 9*60*60)).Format("20060102")
	must(t, sim, "DeleteDiskOption", "GcServiceCode="+equipped, "DiskDeviceName=/dev/xvdb", date)
	must(t, sim, "DeleteGlobalAddressOption", "GcServiceCode="+equipped, "IPv4Address="+optionIPv4, date)
	must(t, sim, "DeleteFwLbOption", "GlServiceCode="+redundant, date)
	must(t, sim, "DeleteVlanOption", "GxServiceCode="+lan, date)

	reopened := reopen()
	must(t, reopened, "Echo", "Param=x")
	for code, end := range endsOf(reopened) {
		if !end.IsZero() {
			t.Errorf("%s has ended early", code)
		}
	}
	if attached := attachedTo(t, reopened, equipped); !slices.Equal(attached, []string{redundant}) {
		t.Errorf("the machine is attached to %v", attached)
	}
	*wall = wall.AddDate(0, 0, 3)
	expire := "Expire=" + wall.Add(time.Hour).UTC().Format("2006-01-02T15:04:05Z")
	contracts := must(t, reopened, "GetContractInformation", "GpServiceCode="+gp, expire)
	for _, list := range []string{"VLANOptionList", "FWLBOptionList"} {
		for _, entry := range contracts.entries(list) {
			if entry.text("StopDate") != "" {
				t.Errorf("%s still has %v", list, entry.fields)
			}
		}
	}
	ends := endsOf(reopened)
	for _, code := range []string{equipped + "/dev/xvdb", equipped + optionIPv4, redundant, lan} {
		if !ends[code].Equal(*wall) {
			t.Errorf("%s has ended at %v, want %v", code, ends[code], *wall)
		}
	}
	if !ends[gl].IsZero() {
		t.Errorf("%s, which had no StopDate, has ended", gl)
	}
	if vlan := must(t, reopened, "DescribeVirtualMachine", vm(equipped, expire)...).text("Vlan"); vlan != "" {
		t.Errorf("the machine is still in %s", vlan)
	}
	if attached := attachedTo(t, reopened, equipped); len(attached) != 0 {
		t.Errorf("the machine is still attached to %v", attached)
	}
}

func TestWithAMachineEndWhatWasBoughtForIt(t *testing.T) {
	t.Parallel()
	wall, sim, _ := datedCloud(t)
	must(t, sim, "DeleteVirtualMachine", "GcServiceCode="+equipped, "StopDate="+today())
	*wall = wall.AddDate(0, 0, 3)
	expire := "Expire=" + wall.Add(time.Hour).UTC().Format("2006-01-02T15:04:05Z")
	refused(t, sim, http.StatusNotFound, "GetContractStatus", vm(equipped, "DiskDeviceName=/dev/xvdb", expire)...)
	refused(t, sim, http.StatusNotFound, "AddDiskOption", vm(equipped, "DiskSpace=100", expire)...)
	ends := endsOf(sim)
	for code, over := range map[string]bool{equipped + "/dev/xvdb": true, equipped + optionIPv4: true, redundant: false, lan: false} {
		if ends[code].IsZero() == over {
			t.Errorf("%s has the end %v", code, ends[code])
		}
	}
}
