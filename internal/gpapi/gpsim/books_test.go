package gpsim_test

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
)

func TestAMachineLeavesTheListsWhenTheDayOfItsStopDateHasEndedInJapan(t *testing.T) {
	t.Parallel()
	japan := time.FixedZone("JST", 9*60*60)
	wall := time.Date(2026, 3, 31, 23, 30, 0, 0, japan)
	var power []bool
	options := testOptions()
	options.Now = func() time.Time { return wall }
	options.Hooks.Power = func(_ string, _ netip.Addr, on bool) { power = append(power, on) }
	sim := newCloud(t, options)
	code, _, err := sim.AddMachine(gpsim.MachineSpec{Status: gpsim.StatusRunning})
	if err != nil {
		t.Fatal(err)
	}
	expire := func() string { return "Expire=" + wall.Add(time.Hour).UTC().Format("2006-01-02T15:04:05Z") }

	refused(t, sim, 400, "DeleteVirtualMachine", "GcServiceCode="+code, "StopDate=20260330", expire())
	must(t, sim, "DeleteVirtualMachine", "GcServiceCode="+code, "StopDate=20260331", expire())
	refused(t, sim, 400, "DeleteVirtualMachine", "GcServiceCode="+code, "StopDate=20260401", expire())

	wall = time.Date(2026, 3, 31, 23, 59, 59, 0, japan)
	must(t, sim, "DescribeVirtualMachine", vm(code, expire())...)
	if active := sim.Books().ActiveMachines(wall); len(active) != 2 {
		t.Errorf("on its last day %d machines are active, want 2", len(active))
	}

	wall = time.Date(2026, 4, 1, 0, 0, 0, 0, japan)
	if active := sim.Books().ActiveMachines(wall); len(active) != 1 || active[0].Code != template {
		t.Errorf("after its last day the active machines are %v", active)
	}
	refused(t, sim, 404, "DescribeVirtualMachine", vm(code, expire())...)
	if codes := must(t, sim, "GetServiceCodeList", "GpServiceCode="+gp, expire()).texts("GcServiceCodeList"); slices.Contains(codes, code) {
		t.Errorf("GetServiceCodeList still shows %v", codes)
	}
	if !slices.Equal(power, []bool{true, false}) {
		t.Errorf("the power hooks said %v, want on and off", power)
	}
	ended := sim.Books().Machines[1]
	if ended.Code != code || !ended.To.Equal(wall) || ended.Status != gpsim.StatusStopped {
		t.Errorf("the books say %+v", ended)
	}

	wall = time.Date(2026, 3, 31, 12, 0, 0, 0, japan)
	refused(t, sim, 404, "DescribeVirtualMachine", vm(code, expire())...)
}

func TestTheBooksSayWhoOrderedWhatAndWhatWasChanged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		options := testOptions()
		options.Delays = instantReads()
		sim := newCloud(t, options)
		foreign, address, err := sim.AddMachine(gpsim.MachineSpec{Label: "somebody else's", Status: gpsim.StatusRunning})
		if err != nil {
			t.Fatal(err)
		}
		order := must(t, sim, "AddCloneVirtualMachines", cloneParameters("1")...)
		must(t, sim, "DescribeVirtualMachine", vm(foreign)...)
		refused(t, sim, 400, "DeleteLbNode", lb("Pool=web", "NodeIpAddress="+address.String(), "NodePort=80")...)

		books := fetchBooks(t, sim)
		bought := books.Machines[2]
		if bought.OrderedBy != accessKey || bought.OrderID != order.text("RequestId") || bought.Code != order.texts("GcServiceCodeList")[0] {
			t.Errorf("the order is on record as %+v", bought)
		}
		if books.Machines[0].OrderedBy != "seed" {
			t.Errorf("the template is on record as %+v", books.Machines[0])
		}
		if calls := books.MutatingCallsNaming(foreign); len(calls) != 0 {
			t.Errorf("the foreign machine was named in %+v", calls)
		}
		calls := books.MutatingCallsNaming(address.String())
		if len(calls) != 1 || calls[0].Action != "DeleteLbNode" || calls[0].HTTPStatus != 400 || calls[0].Effect || calls[0].ErrorType == "" {
			t.Errorf("the foreign address was named in %+v", calls)
		}
		if books.CallCounts["DescribeVirtualMachine"] != 1 || books.CallCounts["AddCloneVirtualMachines"] != 1 {
			t.Errorf("calls were counted as %v", books.CallCounts)
		}
		for _, entry := range books.Calls {
			if _, leaked := entry.Parameters["Signature"]; leaked {
				t.Errorf("the books hold a signature: %+v", entry)
			}
		}
	})
}

// fetchBooks reads the books as another process does.
func fetchBooks(t *testing.T, sim *gpsim.Sim) gpsim.Books {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+host+"/books", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := gpsim.Transport(sim).RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var books gpsim.Books
	if err := json.NewDecoder(response.Body).Decode(&books); err != nil {
		t.Fatal(err)
	}
	return books
}

// asJSON is how the books look to another process; clocks lose what JSON loses.
func asJSON(t *testing.T, books gpsim.Books) string {
	t.Helper()
	content, err := json.Marshal(books)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestBooksStayAsTheyWereWhenTheyWereRead(t *testing.T) {
	t.Parallel()
	sim := newCloud(t, testOptions())
	label := func(label string) {
		must(t, sim, "SetLabel", "GpServiceCode="+gp, "ServiceCode="+template, "Label="+label)
	}
	for _, text := range []string{"a", "b", "c"} {
		label(text)
	}
	early := sim.Books()
	before := asJSON(t, early)
	label("d")
	_ = append(early.Calls, gpsim.Call{Action: "made up"})
	if after := asJSON(t, early); after != before {
		t.Errorf("%s became %s", before, after)
	}
	if late := sim.Books(); len(late.Calls) != 4 || late.Calls[3].Action != "SetLabel" || late.Machines[0].Label != "d" {
		t.Errorf("the new books say %+v", late)
	}
}
