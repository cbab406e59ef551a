package gpsim_test

import (
	"net/http"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
)

func freshParameters(count string, more ...string) []string {
	return append([]string{"GpServiceCode=" + gp, "ContractNum=" + count, "VirtualMachineType=V20", "OS=CentOS6_64_U"}, more...)
}

func TestAMachineThatIsNoCloneLandsInitializedAndNeedsAKey(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		options := testOptions()
		options.Delays = instantReads()
		sim := newCloud(t, options)
		codes := must(t, sim, "AddVirtualMachines", freshParameters("3", "LLocationNum=1", "RLocationNum=2")...).texts("GcServiceCodeList")
		if len(codes) != 3 {
			t.Fatalf("ordered %v, want three", codes)
		}
		refused(t, sim, http.StatusBadRequest, "GetContractStatus", vm(codes[0])...)
		time.Sleep(options.Delays.EarlyStatus)
		if got := must(t, sim, "GetContractStatus", vm(codes[0])...).text("Status"); got != "InPreparation" {
			t.Errorf("the contract is %s", got)
		}
		refused(t, sim, http.StatusBadRequest, "DescribeVirtualMachine", vm(codes[0])...)
		if got := recordOf(t, sim, codes[0]); got.Status != gpsim.StatusInitializing || got.Content != "CentOS6_64_U" || got.OrderedBy != accessKey {
			t.Errorf("the books say %+v", got)
		}
		time.Sleep(options.Delays.Prepare - options.Delays.EarlyStatus)
		for i, location := range []string{"L", "R", "R"} {
			described := must(t, sim, "DescribeVirtualMachine", vm(codes[i])...)
			for name, want := range map[string]string{
				"Status": gpsim.StatusInitialized, "Location": location, "VirtualMachineType": "V20", "OS": "CentOS6_64_U", "CPU": "2", "Label": "",
			} {
				if got := described.text(name); got != want {
					t.Errorf("%s of %s is %q, want %q", name, codes[i], got, want)
				}
			}
		}
		refused(t, sim, http.StatusBadRequest, "StartVirtualMachine", vm(codes[0])...)
		must(t, sim, "ImportRootSshPublicKey", vm(codes[0], "PublicKey=ssh-rsa AAAA")...)
		time.Sleep(options.Delays.Configure)
		must(t, sim, "StartVirtualMachine", vm(codes[0])...)
		if got := shownStatus(t, sim, template); got != gpsim.StatusStopped {
			t.Errorf("the template, which has nothing to do with it, is %s", got)
		}
	})
}

func TestAnOrderBringsTheDisksAndAddressesThatItAsksFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		options := testOptions()
		options.Delays = instantReads()
		sim := newCloud(t, options)
		codes := must(t, sim, "AddVirtualMachines", freshParameters("2", "DiskOption.1.DiskSpace=100", "DiskOption.2.DiskSpace=HS300", "GlobalAddressOptionNum=3")...).texts("GcServiceCodeList")
		time.Sleep(options.Delays.Prepare)
		seen := map[string]bool{}
		for _, code := range codes {
			described := must(t, sim, "DescribeVirtualMachine", vm(code)...)
			var disks []string
			for _, d := range described.entries("DiskOptionList") {
				disks = append(disks, d.text("DeviceName")+" "+d.text("Size"))
			}
			if want := []string{"/dev/xvdb 100GB", "/dev/xvdc 300GB"}; !slices.Equal(disks, want) {
				t.Errorf("%s has the disks %q, want %q", code, disks, want)
			}
			seen[described.under("GlobalAddress", "IPv4Address")] = true
			for _, address := range described.entries("GlobalAddressOptionList") {
				seen[address.under("IPv4", "IpAddress")] = true
			}
		}
		if len(seen) != 8 {
			t.Errorf("two machines with four addresses each have %v", seen)
		}
	})
}

func TestRefusedOrdersBuyNothing(t *testing.T) {
	t.Parallel()
	options := testOptions()
	options.MaxMachines = 3
	sim := newCloud(t, options)
	for name, parameters := range map[string][]string{
		"no OS":                freshParameters("1", "OS="),
		"an impossible OS":     freshParameters("1", "OS=a b"),
		"an unknown type":      freshParameters("1", "VirtualMachineType=V11"),
		"none":                 freshParameters("0"),
		"beyond the quota":     freshParameters("3"),
		"an unknown disk":      freshParameters("1", "DiskOption.1.DiskSpace=200"),
		"too many disks":       freshParameters("1", nineDisks()...),
		"too many addresses":   freshParameters("1", "GlobalAddressOptionNum=4"),
		"zero addresses":       freshParameters("1", "GlobalAddressOptionNum=0"),
		"more places than one": freshParameters("1", "LLocationNum=2"),
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, sim, http.StatusBadRequest, "AddVirtualMachines", parameters...)
		})
	}
	if machines := sim.Books().Machines; len(machines) != 1 {
		t.Errorf("the books have %v", machines)
	}
}

func nineDisks() []string {
	var disks []string
	for i := range 9 {
		disks = append(disks, "DiskOption."+strconv.Itoa(i+1)+".DiskSpace=100")
	}
	return disks
}

func TestAChangeOfTypeLeavesARunningMachineOff(t *testing.T) {
	t.Parallel()
	for before, after := range map[string]string{
		gpsim.StatusRunning: gpsim.StatusStopped, gpsim.StatusStopped: gpsim.StatusStopped, gpsim.StatusInitialized: gpsim.StatusInitialized,
	} {
		synctest.Test(t, func(t *testing.T) {
			options := testOptions()
			options.Delays = instantReads()
			sim := newCloud(t, options)
			code, _, err := sim.AddMachine(gpsim.MachineSpec{Status: before})
			if err != nil {
				t.Fatal(err)
			}
			refused(t, sim, http.StatusBadRequest, "ChangeVirtualMachineType", vm(code, "VirtualMachineType=V11")...)
			must(t, sim, "ChangeVirtualMachineType", vm(code, "VirtualMachineType=V160")...)
			if got := shownStatus(t, sim, code); got != gpsim.StatusConfiguring {
				t.Errorf("during the change the machine is %s", got)
			}
			refused(t, sim, http.StatusBadRequest, "ChangeVirtualMachineType", vm(code, "VirtualMachineType=V20")...)
			time.Sleep(options.Delays.Configure)
			described := must(t, sim, "DescribeVirtualMachine", vm(code)...)
			if described.text("Status") != after || described.text("VirtualMachineType") != "V160" || described.text("Memory") != "16GB" {
				t.Errorf("a machine that was %s is %v afterwards", before, described.fields)
			}
		})
	}
}
