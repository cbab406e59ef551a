package gpsim_test

import (
	"encoding/json"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
	"github.com/autoscaled/autoscaled/internal/secret"
)

func TestTheBillCountsWhatHadAContractOnEachDayInJapan(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const hour = time.Hour
		options := testOptions()
		options.Delays = gpsim.Delays{Prepare: time.Minute} // a bubble begins at nine in the morning in Japan
		options.Accounts = append(options.Accounts, gpsim.Account{AccessKey: "OTHER", SecretKey: secret.New("s"), GpServiceCode: "gp00000002"})
		sim := newCloud(t, options)
		if _, _, err := sim.AddMachine(gpsim.MachineSpec{GpServiceCode: "gp00000002", Type: "V40"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(14*hour + 30*time.Minute) // 23:30 on the first day
		dropped := must(t, sim, "AddCloneVirtualMachines", cloneParameters("1")...).texts("GcServiceCodeList")[0]
		must(t, sim, "AddDiskOption", vm(template, "DiskSpace=100")...)
		must(t, sim, "AddVlanOption", "GpServiceCode="+gp)
		time.Sleep(time.Minute)
		must(t, sim, "DeleteVirtualMachine", "GcServiceCode="+dropped, "StopDate=20000101")
		time.Sleep(hour) // after midnight in Japan, while UTC still has the first day
		stopped := must(t, sim, "AddCloneVirtualMachines", cloneParameters("1")...).texts("GcServiceCodeList")[0]
		time.Sleep(time.Minute)
		must(t, sim, "DeleteVirtualMachine", "GcServiceCode="+stopped, "StopDate=20000103")
		time.Sleep(72 * hour) // the fifth day

		always := map[string]int{"FW+LB B100M": 1, "disk 100": 1, "VLAN": 1}
		other := func(date string) gpsim.BillDay {
			return gpsim.BillDay{Date: date, GpServiceCode: "gp00000002", Machines: map[string]int{"V40": 1}, Options: map[string]int{}}
		}
		own := func(date string, machines int) gpsim.BillDay {
			return gpsim.BillDay{Date: date, GpServiceCode: gp, Machines: map[string]int{"V10": machines}, Options: always}
		}
		want := []gpsim.BillDay{
			own("20000101", 2), other("20000101"),
			own("20000102", 2), other("20000102"),
			own("20000103", 2), other("20000103"),
			own("20000104", 1), other("20000104"),
			own("20000105", 1), other("20000105"),
		}
		if got := sim.Books().Bill(time.Now()); !reflect.DeepEqual(got, want) {
			t.Errorf("the bill is\n%+v, want\n%+v", got, want)
		}
		if got := sim.Books().BillOn(time.Now()); !reflect.DeepEqual(got, want[8:]) {
			t.Errorf("the bill of the fifth day is %+v", got)
		}
		var fetched []gpsim.BillDay
		if _, body := get(t, sim, "/bill"); json.Unmarshal([]byte(body), &fetched) != nil || !reflect.DeepEqual(fetched, want) {
			t.Errorf("another process reads the bill %+v", fetched)
		}
	})
}
