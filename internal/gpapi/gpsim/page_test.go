package gpsim_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
)

// get reads what is there for people.
func get(t *testing.T, sim http.Handler, path string) (http.Header, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+host+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := gpsim.Transport(sim).RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %d, %v", path, response.StatusCode, err)
	}
	return response.Header, string(body)
}

func TestThePageRunsNothingButItsOwnScriptAndAsksNobodyElse(t *testing.T) {
	t.Parallel()
	header, body := get(t, newCloud(t, testOptions()), "/")
	policy := header.Get("Content-Security-Policy")
	for _, part := range []string{"default-src 'none'", "connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"} {
		if !strings.Contains(policy, part) {
			t.Errorf("the policy %q lacks %s", policy, part)
		}
	}
	for _, tag := range []string{"script", "style"} {
		elements := regexp.MustCompile(`(?s)<`+tag+`[^>]*>(.*?)</`+tag+`>`).FindAllStringSubmatch(body, -1)
		if len(elements) != 1 {
			t.Fatalf("the page has %d elements %s, want 1", len(elements), tag)
		}
		sum := sha256.Sum256([]byte(elements[0][1]))
		if source := tag + "-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(policy, source) {
			t.Errorf("the policy %q does not name the page's %s", policy, tag)
		}
	}
	for _, forbidden := range []string{"unsafe", "http:", "https:", "//"} {
		if strings.Contains(policy, forbidden) {
			t.Errorf("the policy %q has %s", policy, forbidden)
		}
	}
	if found := regexp.MustCompile(`(?i)innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|Function\(|\son[a-z]+=|style=|https?:|src=|href=`).FindString(body); found != "" {
		t.Errorf("the page has %q", found)
	}
}

// shownCloud is what the page's script reads.
type shownCloud struct {
	Now      time.Time
	Seed     string
	Statuses map[string]int
	Hidden   int
	Machines []struct {
		Code, Type, Label, Location, Address, Contract, Status, Shown, Next string

		NextMillis int64  `json:"next_millis"`
		StopDate   string `json:"stop_date"`
		Pools      []struct {
			Pool string
			Port int
		}
	}
	FwLbs []struct {
		Code, Type, Contract string
		Pools                []struct {
			Name  string
			Nodes []struct{ Address, Machine, Status string }
		}
	}
	Options []gpsim.OptionRecord
	Calls   []gpsim.Call
	Faults  []string
	Bill    []gpsim.BillDay
}

func look(t *testing.T, sim *gpsim.Sim) (shown shownCloud) {
	t.Helper()
	header, body := get(t, sim, "/cloud")
	if kind := header.Get("Content-Type"); kind != "application/json; charset=utf-8" {
		t.Errorf("the cloud has Content-Type %q", kind)
	}
	if strings.Contains(body, "null") {
		t.Errorf("the page cannot show what is null: %s", body)
	}
	if strings.ContainsAny(body, "<>") {
		t.Errorf("what people wrote is not escaped: %s", body)
	}
	if err := json.Unmarshal([]byte(body), &shown); err != nil {
		t.Fatal(err)
	}
	return shown
}

func TestThePageShowsWhatIsTrueAndWhatAStaleReadShows(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		options := testOptions()
		options.Seed = 7
		options.Delays = gpsim.Delays{Prepare: time.Minute, Start: time.Minute, StaleRead: 30 * time.Second}
		sim := newCloud(t, options)
		if got := look(t, sim); len(got.Machines) != 1 || len(got.Calls) != 0 || len(got.Faults) != 0 {
			t.Errorf("at first the page shows %+v", got)
		}
		time.Sleep(time.Minute)
		inject(t, sim, gpsim.Fault{Action: "Echo", Nth: 3, Count: 2, Status: 503})
		inject(t, sim, gpsim.Fault{Rate: 0.05, Count: gpsim.Always, Kind: gpsim.FaultPartial, Share: 0.5})
		const hostile = `<script>alert(1)</script>`
		must(t, sim, "SetLabel", "GpServiceCode="+gp, "ServiceCode="+template, "Label="+hostile)
		must(t, sim, "StartVirtualMachine", vm(template)...)
		must(t, sim, "AddDiskOption", vm(template, "DiskSpace=100")...)
		time.Sleep(20 * time.Second)

		got := look(t, sim)
		m := got.Machines[0]
		if m.Code != template || m.Label != hostile || m.Contract != "InService" || m.Status != "Starting" || m.Shown != "Stopped" || m.Next != "Running" || m.NextMillis != 40_000 {
			t.Errorf("the machine is shown as %+v", m)
		}
		if got.Statuses["Starting"] != 1 || got.Seed != "7" {
			t.Errorf("the page shows %v and seed %s", got.Statuses, got.Seed)
		}
		pool := got.FwLbs[0].Pools[0]
		if got.FwLbs[0].Code != gl || pool.Name != "web" || pool.Nodes[0].Address != webNode.String() || pool.Nodes[0].Machine != "" {
			t.Errorf("the FW+LB is shown as %+v", got.FwLbs)
		}
		if want := []string{"Echo 3rd..4th status 503 before", "* rate 5% partial 50%"}; !slices.Equal(got.Faults, want) {
			t.Errorf("the faults are shown as %q, want %q", got.Faults, want)
		}
		if len(got.Options) != 1 || got.Options[0].Kind != gpsim.OptionDisk || got.Options[0].Of != template {
			t.Errorf("the options are shown as %+v", got.Options)
		}
		if len(got.Calls) != 3 || got.Calls[1].Action != "StartVirtualMachine" {
			t.Errorf("the calls are shown as %+v", got.Calls)
		}
		if len(got.Bill) != 1 || got.Bill[0].Machines["V10"] != 1 || got.Bill[0].Options["FW+LB B100M"] != 1 || got.Bill[0].Options["disk 100"] != 1 {
			t.Errorf("the bill is shown as %+v", got.Bill)
		}
	})
}

func TestAPoolsNodeIsShownWithItsMachine(t *testing.T) {
	t.Parallel()
	sim := newCloud(t, testOptions())
	code, address, err := sim.AddMachine(gpsim.MachineSpec{Status: gpsim.StatusRunning})
	if err != nil {
		t.Fatal(err)
	}
	must(t, sim, "AddLbNode", lb("Pool=web", "NodeIpAddress="+address.String(), "NodePort=80")...)
	got := look(t, sim)
	if node := got.FwLbs[0].Pools[0].Nodes[1]; node.Machine != code || node.Status != gpsim.StatusRunning {
		t.Errorf("the node is shown as %+v", node)
	}
	if pools := got.Machines[1].Pools; len(pools) != 1 || pools[0].Pool != "web" || pools[0].Port != 80 {
		t.Errorf("the machine is shown in %+v", pools)
	}
}

func TestThePageShowsTheLastOfManyMachines(t *testing.T) {
	t.Parallel()
	sim := newCloud(t, testOptions())
	var last string
	for range 600 {
		code, _, err := sim.AddMachine(gpsim.MachineSpec{})
		if err != nil {
			t.Fatal(err)
		}
		last = code
	}
	got := look(t, sim)
	if len(got.Machines) != 500 || got.Hidden != 101 || got.Statuses["Stopped"] != 601 || got.Machines[499].Code != last {
		t.Errorf("%d machines are shown up to %s, %d are hidden, and %v are counted", len(got.Machines), got.Machines[499].Code, got.Hidden, got.Statuses)
	}
}

func TestThePageShowsWhatIsLeftOfAFault(t *testing.T) {
	t.Parallel()
	sim := newCloud(t, testOptions())
	injectScript(t, sim, `
		Echo 1st        status 500
		Echo 2nd..4th   status 501
		Echo every      status 502
		Echo 3rd..      status 503`)
	for _, want := range [][]string{
		{"Echo 1st status 500 before", "Echo 2nd..4th status 501 before", "Echo every status 502 before", "Echo 3rd.. status 503 before"},
		{"Echo 1st..3rd status 501 before", "Echo every status 502 before", "Echo 2nd.. status 503 before"},
		{"Echo 1st..2nd status 501 before", "Echo every status 502 before", "Echo every status 503 before"},
		{"Echo 1st status 501 before", "Echo every status 502 before", "Echo every status 503 before"},
		{"Echo every status 502 before", "Echo every status 503 before"},
		{"Echo every status 502 before", "Echo every status 503 before"},
	} {
		if got := look(t, sim).Faults; !slices.Equal(got, want) {
			t.Errorf("the faults are shown as %q, want %q", got, want)
		}
		call(t, sim, "Echo", "Param=x")
	}
}
