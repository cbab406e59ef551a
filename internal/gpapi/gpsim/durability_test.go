package gpsim_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
)

func TestAReopenedSimulatorCarriesOnInTheMiddleOfATransition(t *testing.T) {
	t.Parallel()
	file := stateFile(t)
	synctest.Test(t, func(t *testing.T) {
		options := testOptions()
		options.Delays = instantReads()
		options.StateFile = file
		first := newCloud(t, options)
		code := must(t, first, "AddCloneVirtualMachines", cloneParameters("1")...).texts("GcServiceCodeList")[0]
		time.Sleep(options.Delays.Clone - time.Second)

		second := newCloud(t, options)
		if got := must(t, second, "GetContractStatus", vm(code)...).text("Status"); got != "InPreparation" {
			t.Errorf("contract is %s", got)
		}
		time.Sleep(time.Second)
		if got := must(t, second, "GetContractStatus", vm(code)...).text("Status"); got != "InService" {
			t.Errorf("contract is %s", got)
		}
		must(t, second, "SetLabel", "GpServiceCode="+gp, "ServiceCode="+code, "Label=mine")
		must(t, second, "StartVirtualMachine", vm(template)...)
		must(t, second, "DeleteVirtualMachine", "GcServiceCode="+code, "StopDate=20000101")

		third := newCloud(t, options)
		if want, got := second.Books(), third.Books(); asJSON(t, want) != asJSON(t, got) {
			t.Errorf("the books were\n%+v, are\n%+v", want, got)
		}
		time.Sleep(options.Delays.Start)
		if got := shownStatus(t, third, template); got != gpsim.StatusRunning {
			t.Errorf("the template is %s", got)
		}
		again := must(t, third, "GetServiceCodeList", "GpServiceCode="+gp).texts("GcServiceCodeList")
		if !slices.Equal(again, []string{template, code}) {
			t.Errorf("after all reopenings the codes are %v", again)
		}
	})
}

func TestAReopenedSimulatorEndsTheContractsThatAreOverByThen(t *testing.T) {
	t.Parallel()
	wall := time.Date(2026, 3, 31, 12, 0, 0, 0, time.UTC)
	options := testOptions()
	options.StateFile = stateFile(t)
	options.Now = func() time.Time { return wall }
	sim := newCloud(t, options)
	code, _, err := sim.AddMachine(gpsim.MachineSpec{Status: gpsim.StatusRunning})
	if err != nil {
		t.Fatal(err)
	}
	expire := func() string { return "Expire=" + wall.Add(time.Hour).Format("2006-01-02T15:04:05Z") }
	must(t, sim, "DeleteVirtualMachine", "GcServiceCode="+code, "StopDate=20260402", expire())

	wall = wall.AddDate(0, 0, 1)
	must(t, newCloud(t, options), "DescribeVirtualMachine", vm(code, expire())...)
	wall = wall.AddDate(0, 0, 2)
	reopened := newCloud(t, options)
	refused(t, reopened, http.StatusNotFound, "DescribeVirtualMachine", vm(code, expire())...)
	must(t, reopened, "DescribeVirtualMachine", vm(template, expire())...)
	end := wall
	wall = wall.AddDate(0, 0, 1)
	last := newCloud(t, options)
	must(t, last, "Echo", "Param=x", expire())
	if ended := recordOf(t, last, code); !ended.To.Equal(end) {
		t.Errorf("the books say %+v, want the end %v", ended, end)
	}
}

func TestAnOverwrittenMachineStaysSoWhenTheSimulatorIsReopened(t *testing.T) {
	t.Parallel()
	file := stateFile(t)
	synctest.Test(t, func(t *testing.T) {
		options := testOptions()
		options.Delays, options.StateFile, options.CloneLanding = instantReads(), file, gpsim.StatusStopped
		first := newCloud(t, options)
		code := orderOne(t, first, options.Delays)
		setContent(t, first, template, "v2")
		must(t, first, "CloneVirtualMachine", overwrite(template, code)...)

		second := newCloud(t, options)
		if want, got := first.Books(), second.Books(); asJSON(t, want) != asJSON(t, got) {
			t.Errorf("the books were\n%+v, are\n%+v", want, got)
		}
		refused(t, second, http.StatusBadRequest, "StartVirtualMachine", vm(code)...)
		time.Sleep(options.Delays.Clone)
		must(t, second, "StartVirtualMachine", vm(code)...)
		if got := recordOf(t, second, code).Content; got != "v2" {
			t.Errorf("the machine holds %q", got)
		}
	})
}

func TestAReopenedSimulatorHasAllThatTheAPISells(t *testing.T) {
	t.Parallel()
	options := testOptions()
	options.StateFile = stateFile(t)
	first := wholeCloud(t, options)
	must(t, first, "SetDomainNameByIpAddress", vm(equipped, "IPv4GlobalAddress="+equippedIPv4, "IPv4DomainName=www.example.jp")...)
	must(t, first, "DeleteDiskOption", "GcServiceCode="+equipped, "DiskDeviceName=/dev/xvdb", "StopDate=20991231")
	options.Delays = gpsim.Delays{StaleRead: 1}
	second, err := gpsim.New(options)
	if err != nil {
		t.Fatal(err)
	}
	for action, c := range shapes {
		if !onlyReads(action) {
			continue
		}
		want, got := must(t, first, action, own(c.parameters)...), must(t, second, action, own(c.parameters)...)
		if !sameAnswer(want, got) {
			t.Errorf("%s said %v, says %v", action, want.fields, got.fields)
		}
	}
	for sim, want := range map[*gpsim.Sim]string{first: "gl00000003 gx00000002", second: "gl00000003 gx00000002"} {
		got := must(t, sim, "AddFwLbOption", "GpServiceCode="+gp, "Type=B100M", "Redundant=No").text("GlServiceCode") + " " +
			must(t, sim, "AddVlanOption", "GpServiceCode="+gp).text("GxServiceCode")
		if got != want {
			t.Errorf("the next codes are %s, want %s", got, want)
		}
	}
	refused(t, second, http.StatusBadRequest, "DeleteDiskOption", "GcServiceCode="+equipped, "DiskDeviceName=/dev/xvdb", "StopDate=20991231")
}

func onlyReads(action string) bool {
	return action == "Echo" || strings.HasPrefix(action, "Get") || strings.HasPrefix(action, "Describe")
}

func TestEachAnswerIsOnDiskBeforeItLeaves(t *testing.T) {
	t.Parallel()
	options := testOptions()
	options.StateFile = stateFile(t)
	sim := newCloud(t, options)
	for i := range 5 {
		node := fmt.Sprintf("127.10.9.%d", i+10)
		must(t, sim, "AddLbNode", lb("Pool=web", "NodeIpAddress="+node, "NodePort=80")...)
		content, err := os.ReadFile(options.StateFile)
		if err != nil || !strings.Contains(string(content), node+":80") {
			t.Fatalf("the file lacks %s (%v)", node, err)
		}
	}
}

func TestAReopenedSimulatorTellsItsHooksWhatIsOnAndInThePools(t *testing.T) {
	t.Parallel()
	options := testOptions()
	options.StateFile = stateFile(t)
	running, _, err := newCloud(t, options).AddMachine(gpsim.MachineSpec{Status: gpsim.StatusRunning})
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	options.Hooks = gpsim.Hooks{
		Power: func(code string, _ netip.Addr, on bool) { told = append(told, fmt.Sprint(code, " ", on)) },
		Pool: func(gl, pool string, nodes []netip.AddrPort) {
			told = append(told, fmt.Sprint(gl, " ", pool, " ", nodes))
		},
	}
	reopened, err := gpsim.New(options)
	if err != nil {
		t.Fatal(err)
	}
	must(t, reopened, "Echo", "Param=x")
	if want := []string{running + " true", fmt.Sprint(gl, " web ", []netip.AddrPort{webNode})}; !slices.Equal(told, want) {
		t.Errorf("hooks were told %q, want %q", told, want)
	}
}

func TestAStateThatCannotBeSavedIsAnsweredAsUnknown(t *testing.T) {
	t.Parallel()
	options := testOptions()
	options.StateFile = stateFile(t)
	sim := newCloud(t, options)
	obstacle := options.StateFile + ".tmp"
	if err := os.Mkdir(obstacle, 0o700); err != nil {
		t.Fatal(err)
	}
	refused(t, sim, http.StatusInternalServerError, "StartVirtualMachine", vm(template)...)
	if err := os.Remove(obstacle); err != nil {
		t.Fatal(err)
	}
	must(t, sim, "Echo", "Param=x")
	if calls := newCloud(t, options).Books().Calls; len(calls) != 1 {
		t.Errorf("the file has the calls %+v, want the one start", calls)
	}
}

func TestAFileThatIsNoStateIsRefusedAndLeftAlone(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"empty":           "",
		"not JSON":        "hello",
		"cut off":         `{"version":1,"machines":[`,
		"another version": `{"version":2}`,
		"unknown key":     `{"version":1,"gp_labels":{},"call_counts":{},"extra":1}`,
		"two documents":   `{"version":1,"gp_labels":{},"call_counts":{}}{}`,
		"unknown disk": `{"version":1,"gp_labels":{},"call_counts":{},
			"machines":[{"code":"gc00000001","address":"127.10.0.1","timeline":[{"status":"Stopped"}],"disks":[null]}]}`,
		"FW+LB with half an address": `{"version":1,"gp_labels":{},"call_counts":{},"balancers":[{"code":"gl00000001","hosts":[{}]}]}`,
		"FW+LB twice":                `{"version":1,"gp_labels":{},"call_counts":{},"balancers":[{"code":"gl00000001"},{"code":"gl00000001"}]}`,
		"VLAN without a code":        `{"version":1,"gp_labels":{},"call_counts":{},"vlans":[{"code":"gx1"}]}`,
		"machine without a timeline": `{"version":1,"gp_labels":{},"call_counts":{},
			"machines":[{"code":"gc00000001","address":"127.10.0.1"}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			options := testOptions()
			options.StateFile = stateFile(t)
			if err := os.WriteFile(options.StateFile, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := gpsim.New(options)
			if err == nil || !strings.Contains(err.Error(), options.StateFile) {
				t.Errorf("got error %v, want one that names the file", err)
			}
			if left, _ := os.ReadFile(options.StateFile); string(left) != content {
				t.Errorf("the file now holds %q", left)
			}
		})
	}
}
