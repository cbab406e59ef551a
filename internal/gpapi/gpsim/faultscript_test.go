package gpsim_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
)

func parseFaults(t *testing.T, script string) []gpsim.Fault {
	t.Helper()
	faults, err := gpsim.ParseFaults("faults", script)
	if err != nil {
		t.Fatal(err)
	}
	return faults
}

func TestAScriptSaysWhichCallsGoWrongAndHow(t *testing.T) {
	t.Parallel()
	const script = `# a bad day
AddCloneVirtualMachines  2nd   timeout after   # it takes effect, nobody hears of it

AddLbNode                1     reset before
*                        rate 5%         status 503
SetLabel                 3rd..5th        status 429 after
GetServiceCodeList       11th..          partial 30%
AddCloneVirtualMachines  every           late 90s
StartVirtualMachine      22nd            stuck 5m
StartVirtualMachine      1st             never boots
AddLbNode                every           half
DeleteLbNode             1st             duplicate
Echo                     1st             truncated
Echo                     1st             empty 502
Echo                     1st             html`
	want := []gpsim.Fault{
		{Action: "AddCloneVirtualMachines", Nth: 2, Count: 1, Kind: gpsim.FaultHang, Effect: true},
		{Action: "AddLbNode", Nth: 1, Count: 1, Kind: gpsim.FaultReset},
		{Count: gpsim.Always, Rate: 0.05, Status: 503},
		{Action: "SetLabel", Nth: 3, Count: 3, Status: 429, Effect: true},
		{Action: "GetServiceCodeList", Nth: 11, Count: gpsim.Always, Kind: gpsim.FaultPartial, Share: 0.3},
		{Action: "AddCloneVirtualMachines", Count: gpsim.Always, Kind: gpsim.FaultLate, For: 90 * time.Second},
		{Action: "StartVirtualMachine", Nth: 22, Count: 1, Kind: gpsim.FaultStuck, For: 5 * time.Minute},
		{Action: "StartVirtualMachine", Nth: 1, Count: 1, Kind: gpsim.FaultNeverBoots},
		{Action: "AddLbNode", Count: gpsim.Always, Kind: gpsim.FaultHalf},
		{Action: "DeleteLbNode", Nth: 1, Count: 1, Kind: gpsim.FaultDuplicate},
		{Action: "Echo", Nth: 1, Count: 1, Kind: gpsim.FaultTruncated},
		{Action: "Echo", Nth: 1, Count: 1, Kind: gpsim.FaultEmpty, Status: 502},
		{Action: "Echo", Nth: 1, Count: 1, Kind: gpsim.FaultHTML},
	}
	got := parseFaults(t, script)
	if len(got) != len(want) {
		t.Fatalf("got %d faults, want %d", len(got), len(want))
	}
	for i := range want {
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Errorf("fault %d is %+v, want %+v", i+1, got[i], want[i])
		}
	}
}

func TestAMistakeInAScriptIsNamedWithItsLineAndWhatWasMeant(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"AddLbNod 1st half":                   "unknown action `AddLbNod`: did you mean `AddLbNode`?",
		"AddLbNode":                           "the line ends early: after the action write when",
		"AddLbNode evry half":                 "`evry` is no time: did you mean `every`?",
		"AddLbNode 0th half":                  "`0th` is no time",
		"AddLbNode 3th half":                  "`3th` is no time",
		"AddLbNode 5th..2nd half":             "`5th..2nd` is no span",
		"AddLbNode rate 0% half":              "`0%` is no share",
		"AddLbNode rate 5 half":               "`5` is no share",
		"AddLbNode every":                     "the line ends early: write what goes wrong: valid: duplicate, ",
		"AddLbNode every hafl":                "unknown fault `hafl`: did you mean `half`?",
		"AddLbNode every half way":            "`way` is too much",
		"AddLbNode every timeout":             "write before or after",
		"AddLbNode every timeout during":      "write before or after, for without or with the call's effect: `during` is neither",
		"AddLbNode every status":              "`` is no status",
		"AddLbNode every status 200":          "status 200: give one from 300 to 599",
		"AddLbNode every status 503 later":    "write before or after, for without or with the call's effect: `later` is neither",
		"DescribeLb every half":               "DescribeLb cannot go wrong like this: name an action that changes pools",
		"StartVirtualMachine 1st never ends":  "`never ends`: write never boots",
		"StartVirtualMachine 1st stuck 5":     "`5` is no time: write one like 30s or 5m",
		"StartVirtualMachine 1st stuck 0s":    "the time 0s: give more than 0",
		"GetServiceCodeList 1st partial 101%": "`101%` is no share",
		"Echo 1st html page":                  "`page` is no status",
	} {
		_, err := gpsim.ParseFaults("faults.txt", "# first\n\n"+line+" # and why\n")
		if err == nil || !strings.HasPrefix(err.Error(), "faults.txt:3: "+want) {
			t.Errorf("%s: got %v, want faults.txt:3: %s", line, err, want)
		}
	}
}

func TestAllMistakesOfAScriptAreNamed(t *testing.T) {
	t.Parallel()
	_, err := gpsim.ParseFaults("f", "x 1st half\nEcho 1st html\ny 1st half\n")
	if err == nil || !strings.Contains(err.Error(), "f:1: ") || strings.Contains(err.Error(), "f:2: ") || !strings.Contains(err.Error(), "f:3: ") {
		t.Errorf("got %v", err)
	}
}

func TestTheBooksNameAFaultInTheWordsOfAScript(t *testing.T) {
	t.Parallel()
	for _, what := range []string{
		"status 503 before", "status 429 after", "reset before", "reset after", "duplicate", "truncated", "empty", "empty 502", "html",
		"html 404", "late 1m30s", "stuck 5m0s", "half",
	} {
		action := "AddLbNode"
		parameters := lb("Pool=web", "NodeIpAddress=127.10.9.10", "NodePort=80")
		if strings.HasPrefix(what, "late") {
			action, parameters = "AddCloneVirtualMachines", cloneParameters("1")
		}
		sim := newCloud(t, testOptions())
		inject(t, sim, parseFaults(t, action+" 1st "+what)[0])
		request := newRequest(t, "POST", signed(t, "POST", action, parameters...))
		response, err := gpsim.Transport(sim).RoundTrip(request)
		if err == nil {
			_ = response.Body.Close()
		}
		if got := sim.Books().Calls[0].Fault; got != what {
			t.Errorf("the books say %q, want %q", got, what)
		}
	}
}

func FuzzParseFaults(f *testing.F) {
	f.Add("AddLbNode every half\n* rate 5% status 503 # x\n")
	f.Add("GetServiceCodeList 1st..10th partial 30%")
	f.Add("StartVirtualMachine 3rd.. stuck 5m\r\n\tEcho 1 empty 502")
	f.Fuzz(func(t *testing.T, script string) {
		faults, err := gpsim.ParseFaults("f", script)
		if err != nil {
			return
		}
		sim, err := gpsim.New(testOptions())
		if err != nil {
			t.Fatal(err)
		}
		for _, fault := range faults {
			if err := sim.Inject(fault); err != nil {
				t.Errorf("%q gave %+v: %v", script, fault, err)
			}
		}
	})
}
