package gpsim_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
)

func injectScript(t *testing.T, sim *gpsim.Sim, script string) {
	t.Helper()
	for _, fault := range parseFaults(t, script) {
		inject(t, sim, fault)
	}
}

func listedCodes(t *testing.T, sim *gpsim.Sim) []string {
	t.Helper()
	return must(t, sim, "GetServiceCodeList", "GpServiceCode="+gp).texts("GcServiceCodeList")
}

func TestACallThatIsDeliveredTwiceIsOnRecordTwice(t *testing.T) {
	t.Parallel()
	sim := newCloud(t, testOptions())
	injectScript(t, sim, "AddLbNode 1st duplicate")
	must(t, sim, "AddLbNode", lb("Pool=web", "NodeIpAddress=127.10.9.10", "NodePort=80")...)
	calls := sim.Books().Calls
	if len(calls) != 2 || !calls[0].Effect || calls[1].Effect || calls[1].ErrorType != "AlreadyExists" || calls[0].RequestID == calls[1].RequestID {
		t.Errorf("the books say %+v", calls)
	}
}

// TestAnAnswerMayBeSpoiledOnItsWay goes over a real connection and in memory: both
// have to show the same.
func TestAnAnswerMayBeSpoiledOnItsWay(t *testing.T) {
	t.Parallel()
	for what, check := range map[string]func(t *testing.T, response *http.Response, body string, err error){
		"truncated": func(t *testing.T, response *http.Response, body string, err error) {
			if response.StatusCode != http.StatusOK || !errors.Is(err, io.ErrUnexpectedEOF) || !strings.HasPrefix(body, `{"SetLabelResponse":`) || json.Valid([]byte(body)) {
				t.Errorf("got %d, %q, %v", response.StatusCode, body, err)
			}
		},
		"empty": func(t *testing.T, response *http.Response, body string, err error) {
			if response.StatusCode != http.StatusOK || err != nil || body != "" {
				t.Errorf("got %d, %q, %v", response.StatusCode, body, err)
			}
		},
		"html 502": func(t *testing.T, response *http.Response, body string, err error) {
			kind := response.Header.Get("Content-Type")
			if response.StatusCode != http.StatusBadGateway || err != nil || !strings.HasPrefix(body, "<!DOCTYPE html>") || !strings.HasPrefix(kind, "text/html") {
				t.Errorf("got %d, %s, %q, %v", response.StatusCode, kind, body, err)
			}
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			sim := newCloud(t, testOptions())
			injectScript(t, sim, "SetLabel 1st..2nd "+what)
			server := httptest.NewServer(sim)
			defer server.Close()
			transport := &http.Transport{}
			defer transport.CloseIdleConnections()
			for label, carrier := range map[string]http.RoundTripper{"memory": gpsim.Transport(sim), "socket": transport} {
				request := newRequest(t, http.MethodPost, signed(t, http.MethodPost, "SetLabel", "GpServiceCode="+gp, "ServiceCode="+gp, "Label="+label))
				request.URL.Host = strings.TrimPrefix(server.URL, "http://") // its Host header stays
				response, err := carrier.RoundTrip(request)
				if err != nil {
					t.Fatal(err)
				}
				body, err := io.ReadAll(response.Body)
				_ = response.Body.Close()
				check(t, response, string(body), err)
				if got := must(t, sim, "GetContractInformation", "GpServiceCode="+gp).text("GpServiceCodeLabel"); got != label {
					t.Errorf("the label is %q: the call had no effect", got)
				}
			}
		})
	}
}

func TestWhatAnOrderBuysMayBeLateInAllLists(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		options := testOptions()
		options.Delays = gpsim.Delays{Prepare: time.Minute}
		sim := newCloud(t, options)
		injectScript(t, sim, "AddCloneVirtualMachines 1st late 10m")
		code := must(t, sim, "AddCloneVirtualMachines", cloneParameters("1")...).texts("GcServiceCodeList")[0]
		other := must(t, sim, "AddCloneVirtualMachines", cloneParameters("1")...).texts("GcServiceCodeList")[0]
		shown := func() string {
			var lists []string
			if slices.Contains(listedCodes(t, sim), code) {
				lists = append(lists, "codes")
			}
			for list, action := range map[string]string{"VirtualMachineList": "GetContractInformation", "VirtualMachineStatusList": "GetVirtualMachineStatusList"} {
				for _, entry := range must(t, sim, action, "GpServiceCode="+gp).fields[list].([]any) {
					if entry.(map[string]any)["GcServiceCode"] == code {
						lists = append(lists, list)
					}
				}
			}
			slices.Sort(lists)
			return strings.Join(lists, " ")
		}
		time.Sleep(9 * time.Minute)
		if got := shown(); got != "" || !slices.Contains(listedCodes(t, sim), other) {
			t.Errorf("after nine minutes it is in %q; the lists have %v", got, listedCodes(t, sim))
		}
		if got := must(t, sim, "GetContractStatus", vm(code)...).text("Status"); got != "InService" {
			t.Errorf("asked for by its code, it is %s", got)
		}
		time.Sleep(time.Minute)
		if got := shown(); got != "VirtualMachineList VirtualMachineStatusList codes" {
			t.Errorf("after ten minutes it is in %q", got)
		}
	})
}

func TestAListMayLackEntriesAndHasThemAgain(t *testing.T) {
	t.Parallel()
	lengths := func(seed uint64) (lengths []int) {
		options := testOptions()
		options.Seed = seed
		sim := newCloud(t, options)
		for range 199 {
			if _, _, err := sim.AddMachine(gpsim.MachineSpec{}); err != nil {
				t.Fatal(err)
			}
		}
		injectScript(t, sim, "GetServiceCodeList 2nd..3rd partial 30%")
		for range 4 {
			lengths = append(lengths, len(listedCodes(t, sim)))
		}
		return lengths
	}
	first, again, other := lengths(1), lengths(1), lengths(2)
	if first[0] != 200 || first[3] != 200 || first[1] < 110 || first[1] > 170 || first[1] == first[2] && first[1] == other[1] {
		t.Errorf("the lists had %v entries of 200", first)
	}
	if !slices.Equal(first, again) || slices.Equal(first, other) {
		t.Errorf("seeds 1, 1 and 2 gave %v, %v and %v", first, again, other)
	}
}

func TestAPartialListOfPoolsMayLackNodes(t *testing.T) {
	t.Parallel()
	sim := newCloud(t, testOptions())
	injectScript(t, sim, "GetLbPool 1st partial 100%")
	if nodes := must(t, sim, "GetLbPool", lb("Pool=web")...).fields["NodeList"].([]any); len(nodes) != 0 {
		t.Errorf("the pool shows %v", nodes)
	}
	if nodes := must(t, sim, "GetLbPool", lb("Pool=web")...).fields["NodeList"].([]any); len(nodes) != 1 {
		t.Errorf("afterwards the pool shows %v", nodes)
	}
}

func TestAMachineMayStayInItsStatusForATime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var on []time.Duration
		began := time.Now()
		options := testOptions()
		options.Delays = gpsim.Delays{Start: time.Minute}
		options.Hooks.Power = func(string, netip.Addr, bool) { on = append(on, time.Since(began)) }
		sim := newCloud(t, options)
		injectScript(t, sim, "StartVirtualMachine 1st stuck 5m")
		must(t, sim, "StartVirtualMachine", vm(template)...)
		for minute := range 7 {
			want := gpsim.StatusStarting
			if minute == 6 {
				want = gpsim.StatusRunning
			}
			if got := shownStatus(t, sim, template); got != want {
				t.Errorf("in minute %d it is %s", minute, got)
			}
			time.Sleep(time.Minute)
		}
		if len(on) != 1 || on[0] != 6*time.Minute {
			t.Errorf("it went on after %v", on)
		}
	})
}

func TestAnOrderMayStayInPreparationForATime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		options := testOptions()
		options.Delays = gpsim.Delays{Prepare: time.Minute}
		sim := newCloud(t, options)
		injectScript(t, sim, "AddCloneVirtualMachines 1st stuck 5m")
		code := must(t, sim, "AddCloneVirtualMachines", cloneParameters("1")...).texts("GcServiceCodeList")[0]
		time.Sleep(6*time.Minute - time.Nanosecond)
		if got := must(t, sim, "GetContractStatus", vm(code)...).text("Status"); got != "InPreparation" {
			t.Errorf("too early it is %s", got)
		}
		time.Sleep(time.Nanosecond)
		if got := must(t, sim, "GetContractStatus", vm(code)...).text("Status"); got != "InService" {
			t.Errorf("after six minutes it is %s", got)
		}
	})
}

func TestAMachineThatNeverBootsCanBeForcedOffAndStartedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		options := testOptions()
		options.Delays = gpsim.Delays{Start: time.Minute, Stop: time.Minute}
		options.StateFile = stateFile(t)
		sim := newCloud(t, options)
		injectScript(t, sim, "StartVirtualMachine 1st never boots")
		must(t, sim, "StartVirtualMachine", vm(template)...)
		time.Sleep(24 * time.Hour)
		reopened := newCloud(t, options)
		if got := shownStatus(t, reopened, template); got != gpsim.StatusStarting {
			t.Errorf("after a day it is %s", got)
		}
		must(t, reopened, "StopVirtualMachine", vm(template, "Force=Yes")...)
		time.Sleep(time.Minute)
		must(t, reopened, "StartVirtualMachine", vm(template)...)
		time.Sleep(time.Minute)
		if got := shownStatus(t, reopened, template); got != gpsim.StatusRunning {
			t.Errorf("started again, it is %s", got)
		}
	})
}

func TestACallOfTheBalancerMayHalfWork(t *testing.T) {
	t.Parallel()
	sim := newCloud(t, testOptions())
	injectScript(t, sim, "AddLbNode 1st half")
	node := lb("Pool=web", "NodeIpAddress=127.10.9.10", "NodePort=80")
	refused(t, sim, http.StatusOK, "AddLbNode", node...)
	if nodes := must(t, sim, "GetLbPool", lb("Pool=web")...).fields["NodeList"].([]any); len(nodes) != 2 {
		t.Errorf("the pool has %v", nodes)
	}
	if call := sim.Books().Calls[0]; !call.Effect || call.HTTPStatus != 200 || call.ErrorType == "" {
		t.Errorf("the books say %+v", call)
	}
}

func TestARateHitsItsShareOfTheCallsByTheSeed(t *testing.T) {
	t.Parallel()
	hits := func(seed uint64) (hits string) {
		options := testOptions()
		options.Seed = seed
		sim := newCloud(t, options)
		injectScript(t, sim, "* rate 20% status 503")
		for range 200 {
			if call(t, sim, "Echo", "Param=x").status == http.StatusOK {
				hits += "."
			} else {
				hits += "x"
			}
		}
		return hits
	}
	first, again, other := hits(1), hits(1), hits(2)
	if n := strings.Count(first, "x"); n < 20 || n > 60 {
		t.Errorf("%d of 200 calls were hit at a rate of 20%%", n)
	}
	if first != again || first == other {
		t.Errorf("seeds 1, 1 and 2 gave\n%s\n%s\n%s", first, again, other)
	}
}

func TestAFaultOfAnyActionHitsOnlyThoseThatItFits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		options := testOptions()
		options.Delays = gpsim.Delays{Start: time.Minute}
		sim := newCloud(t, options)
		injectScript(t, sim, "* 1st never boots")
		must(t, sim, "Echo", "Param=x")
		must(t, sim, "SetLabel", "GpServiceCode="+gp, "ServiceCode="+template, "Label=x")
		must(t, sim, "StartVirtualMachine", vm(template)...)
		time.Sleep(time.Hour)
		if got := shownStatus(t, sim, template); got != gpsim.StatusStarting {
			t.Errorf("it is %s", got)
		}
	})
}

func TestTheLastCallsOfAnyKindAreRemembered(t *testing.T) {
	t.Parallel()
	sim := newCloud(t, testOptions())
	must(t, sim, "Echo", "Param=first")
	for range gpsim.RecentMax {
		must(t, sim, "Echo", "Param=x")
	}
	refused(t, sim, http.StatusBadRequest, "StartVirtualMachine", "GpServiceCode="+gp)
	calls := sim.RecentCalls()
	last := calls[len(calls)-1]
	if len(calls) != gpsim.RecentMax || calls[0].Parameters["Param"] != "x" || last.Action != "StartVirtualMachine" || last.HTTPStatus != 400 {
		t.Errorf("%d calls are remembered, from %+v to %+v", len(calls), calls[0], last)
	}
}

func TestACallThatIsTurnedAwayIsRememberedAndNotInTheBooks(t *testing.T) {
	t.Parallel()
	sim := newCloud(t, testOptions())
	refused(t, sim, http.StatusUnauthorized, "SetLabel", "GpServiceCode="+gp, "ServiceCode="+template, "Label=x", "AccessKeyId=SOMEBODY")
	refused(t, sim, http.StatusBadRequest, "SetLable")
	calls := sim.RecentCalls()
	if len(calls) != 2 || calls[0].HTTPStatus != 401 || calls[0].AccessKey != "SOMEBODY" || len(calls[0].Parameters) != 0 || calls[1].Action != "SetLable" {
		t.Errorf("remembered is %+v", calls)
	}
	if books := sim.Books(); len(books.Calls) != 0 || len(books.CallCounts) != 0 {
		t.Errorf("the books say %+v and %v", books.Calls, books.CallCounts)
	}
	if shown := look(t, sim); len(shown.Calls) != 2 || shown.Calls[0].ErrorType != "Unauthorized" {
		t.Errorf("the page shows %+v", shown.Calls)
	}
}

func TestThePageCutsLongParameters(t *testing.T) {
	t.Parallel()
	sim := newCloud(t, testOptions())
	must(t, sim, "Echo", "Param="+strings.Repeat("日", 1000))
	if got := look(t, sim).Calls[0].Parameters["Param"]; got != strings.Repeat("日", 40)+"…" {
		t.Errorf("the page shows %q", got)
	}
	if got := sim.RecentCalls()[0].Parameters["Param"]; got != strings.Repeat("日", 1000) {
		t.Errorf("what is remembered was cut to %q", got)
	}
}
