package gpsim_test

import (
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// devices lists the disks that DescribeVirtualMachine shows.
func devices(t testing.TB, described result) []string {
	t.Helper()
	names := []string{}
	for _, d := range described.entries("DiskOptionList") {
		names = append(names, d.text("DeviceName"))
	}
	return names
}

func TestADiskIsInPreparationThenDescribedAndGoneAfterItsLastDay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		options := testOptions()
		options.Delays = instantReads()
		sim := newCloud(t, options)
		status := func() string {
			t.Helper()
			return must(t, sim, "GetContractStatus", vm(template, "DiskDeviceName=/dev/xvdb")...).text("Status")
		}
		must(t, sim, "AddDiskOption", vm(template, "DiskSpace=100")...)
		must(t, sim, "AddDiskOption", vm(template, "DiskSpace=500")...)
		refused(t, sim, http.StatusBadRequest, "GetContractStatus", vm(template, "DiskDeviceName=/dev/xvdb")...)
		time.Sleep(options.Delays.EarlyStatus)
		if got := status(); got != "InPreparation" {
			t.Errorf("the disk is %s", got)
		}
		if got := devices(t, must(t, sim, "DescribeVirtualMachine", vm(template)...)); len(got) != 0 {
			t.Errorf("before it is in service the machine shows %v", got)
		}
		refused(t, sim, http.StatusBadRequest, "DeleteDiskOption", "GcServiceCode="+template, "DiskDeviceName=/dev/xvdb", "StopDate=20991231")
		time.Sleep(options.Delays.Prepare)
		if got := status(); got != "InService" {
			t.Errorf("the disk is %s", got)
		}

		must(t, sim, "DeleteDiskOption", "GcServiceCode="+template, "DiskDeviceName=/dev/sdb", "StopDate="+today())
		contract := must(t, sim, "GetContractInformation", "GpServiceCode="+gp).entries("VirtualMachineList")[0].entries("DiskOptionList")
		if len(contract) != 2 || contract[0].text("StopDate") != today() || contract[1].text("StopDate") != "" {
			t.Errorf("the contracts are %v", contract)
		}
		time.Sleep(24 * time.Hour)
		if got := devices(t, must(t, sim, "DescribeVirtualMachine", vm(template)...)); !slices.Equal(got, []string{"/dev/xvdc"}) {
			t.Errorf("a day later the machine shows %v", got)
		}
		refused(t, sim, http.StatusNotFound, "GetContractStatus", vm(template, "DiskDeviceName=/dev/xvdb")...)
		must(t, sim, "AddDiskOption", vm(template, "DiskSpace=HS300")...)
		time.Sleep(options.Delays.Prepare)
		if got := status(); got != "InService" {
			t.Errorf("the new disk under the free name is %s", got)
		}
	})
}

// today is the date in Japan.
func today() string { return time.Now().In(time.FixedZone("JST", 9*60*60)).Format("20060102") }

func TestAMachineTakesEightDisks(t *testing.T) {
	t.Parallel()
	sim := newCloud(t, testOptions())
	for range 8 {
		must(t, sim, "AddDiskOption", vm(template, "DiskSpace=100")...)
	}
	refused(t, sim, http.StatusBadRequest, "AddDiskOption", vm(template, "DiskSpace=100")...)
}
