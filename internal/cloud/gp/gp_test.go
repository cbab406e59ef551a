package gp_test

import (
	"errors"
	"io"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/cloud/gp"
	"github.com/autoscaled/autoscaled/internal/gpapi"
	"github.com/autoscaled/autoscaled/internal/secret"
)

var japan = time.FixedZone("JST", 9*60*60)

// script is a server that gives fixed answers, for what the simulator never does.
// The content for an action may depend on the request; "" is a refusal.
type script map[string]func(form url.Values) string

func says(content string) func(url.Values) string { return func(url.Values) string { return content } }

type scriptedServer struct {
	script script
	mu     sync.Mutex
	sent   []url.Values
}

func (s *scriptedServer) RoundTrip(request *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.sent = append(s.sent, form)
	s.mu.Unlock()
	action := form.Get("Action")
	answer, ok := s.script[action]
	if !ok {
		return nil, errors.New("the script has no " + action)
	}
	status, text := http.StatusBadRequest, `{"ErrorResponse":{"RequestId":"r","ErrorType":"ParameterError","ErrorMessage":"refused"}}`
	if content := answer(form); content != "" {
		status, text = http.StatusOK, `{"`+action+`Response":`+content+`}`
	}
	return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(text)), Request: request}, nil
}

func newClient(t *testing.T, script script) (*gpapi.Client, *scriptedServer) {
	t.Helper()
	server := &scriptedServer{script: script}
	client, err := gpapi.New(gpapi.Options{
		AccessKey: secret.New("AKTEST"), SecretKey: secret.New("s3cret"),
		CallsPerSecond: 50, CallTimeout: time.Minute, Transport: server, Jitter: func() float64 { return 0 },
	})
	if err != nil {
		t.Fatal(err)
	}
	return client, server
}

func newWriter(t *testing.T, script script) *gp.Writer {
	t.Helper()
	client, _ := newClient(t, script)
	return gp.NewWriter(client, gp.Options{GpServiceCode: mainContract, FwLb: fwlb, SSHPublicKey: "ssh-ed25519 AAAA"})
}

func TestWhoeverOnlyReadsCannotWrite(t *testing.T) {
	t.Parallel()
	if _, writes := any(&gp.Reader{}).(cloud.Writer); writes {
		t.Error("gp.Reader is a cloud.Writer")
	}
	if _, writes := any(&gp.PoolReader{}).(cloud.Balancer); writes {
		t.Error("gp.PoolReader is a cloud.Balancer")
	}
}

func TestAListingMergesWhatTheApisListsShow(t *testing.T) {
	t.Parallel()
	writer := newWriter(t, script{
		"GetServiceCodeList": says(`{"GcServiceCodeList":["gc00000005","gc00000001","gc00000002","gc00000004","gc00000006"]}`),
		"GetContractInformation": says(`{"VirtualMachineList":[
			{"GcServiceCode":"gc00000001","Label":"web","Status":"InService","StartDate":"20260102","StopDate":""},
			{"GcServiceCode":"gc00000002","Status":"InService","StopDate":"20260203"},
			{"GcServiceCode":"gc00000003","Status":"InService"},
			{"GcServiceCode":"gc00000004","Status":"Abolished"},
			{"GcServiceCode":"gc00000006","Status":"InService","StopDate":"soon"}]}`),
		"GetVirtualMachineStatusList": func(form url.Values) string {
			if form.Get("GcServiceCode.1") != "gc00000001" || form.Get("GcServiceCode.2") != "gc00000002" || form.Has("GcServiceCode.3") {
				t.Errorf("asked for the status of %v", form)
			}
			return `{"VirtualMachineStatusList":[{"GcServiceCode":"gc00000001","Status":"Running"},{"GcServiceCode":"gc00000002","Status":"Levitating"}]}`
		},
	})
	machines, err := writer.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []cloud.Machine{
		{
			Code: "gc00000001", Label: "web", Contract: cloud.ContractInService, Power: cloud.PowerOn, Status: "Running",
			Start: time.Date(2026, 1, 2, 0, 0, 0, 0, japan),
		},
		{
			Code: "gc00000002", Contract: cloud.ContractInService, Power: cloud.PowerUnknown, Status: "Levitating",
			Stop: time.Date(2026, 2, 3, 0, 0, 0, 0, japan),
		},
		{Code: "gc00000003", Contract: cloud.ContractUnknown, Status: "InService"},
		{Code: "gc00000004", Contract: cloud.ContractUnknown, Status: "Abolished"},
		{Code: "gc00000005", Contract: cloud.ContractPreparing},
		{Code: "gc00000006", Contract: cloud.ContractUnknown, Status: `InService, StopDate "soon"`},
	}
	if !slices.EqualFunc(machines, want, equalMachines) {
		t.Errorf("got\n%+v\nwant\n%+v", machines, want)
	}
}

// equalMachines compares times as instants.
func equalMachines(a, b cloud.Machine) bool {
	sameTimes := a.Start.Equal(b.Start) && a.Stop.Equal(b.Stop)
	a.Start, a.Stop, b.Start, b.Stop = time.Time{}, time.Time{}, time.Time{}, time.Time{}
	return sameTimes && a == b
}

func TestAMachineWhoseStatusIsRefusedHidesNoOther(t *testing.T) {
	t.Parallel()
	var codes, contracts []string
	for _, digit := range "123456789" {
		code := "gc0000000" + string(digit)
		codes = append(codes, `"`+code+`"`)
		contracts = append(contracts, `{"GcServiceCode":"`+code+`","Status":"InService"}`)
	}
	writer := newWriter(t, script{
		"GetServiceCodeList":     says(`{"GcServiceCodeList":[` + strings.Join(codes, ",") + `]}`),
		"GetContractInformation": says(`{"VirtualMachineList":[` + strings.Join(contracts, ",") + `]}`),
		"GetVirtualMachineStatusList": func(form url.Values) string {
			var entries []string
			for name, values := range form {
				if !strings.HasPrefix(name, "GcServiceCode.") {
					continue
				}
				if values[0] == "gc00000004" {
					return ""
				}
				entries = append(entries, `{"GcServiceCode":"`+values[0]+`","Status":"Stopped"}`)
			}
			return `{"VirtualMachineStatusList":[` + strings.Join(entries, ",") + `]}`
		},
	})
	machines, err := writer.List(t.Context())
	if err != nil || len(machines) != 9 {
		t.Fatalf("%d machines, %v", len(machines), err)
	}
	for _, machine := range machines {
		want := cloud.PowerOff
		if machine.Code == "gc00000004" {
			want = cloud.PowerUnknown
		}
		if machine.Power != want || machine.Contract != cloud.ContractInService {
			t.Errorf("%+v, want power %v", machine, want)
		}
	}
}

func TestAnIncompleteListingIsAnError(t *testing.T) {
	t.Parallel()
	whole := script{
		"GetServiceCodeList":          says(`{"GcServiceCodeList":["gc00000001"]}`),
		"GetContractInformation":      says(`{"VirtualMachineList":[{"GcServiceCode":"gc00000001","Status":"InService"}]}`),
		"GetVirtualMachineStatusList": says(`{"VirtualMachineStatusList":[]}`),
	}
	if _, err := newWriter(t, whole).List(t.Context()); err != nil {
		t.Fatalf("a whole one: %v", err)
	}
	for action := range whole {
		broken := script{}
		for name, answer := range whole {
			broken[name] = answer
		}
		broken[action] = says(`{}`)
		if _, err := newWriter(t, broken).List(t.Context()); cloud.ClassOf(err) != cloud.ClassTransient {
			t.Errorf("%s without its list: class %v: %v", action, cloud.ClassOf(err), err)
		}
	}
}

func TestAListingThatCannotBeTrueIsAnError(t *testing.T) {
	t.Parallel()
	for name, lists := range map[string][2]string{
		"no machine at all": {`[]`, `[]`},
		"a code missing":    {`["gc00000001",""]`, `[]`},
		"a contract's code": {`["gc00000001"]`, `[{"Status":"InService"}]`},
	} {
		writer := newWriter(t, script{
			"GetServiceCodeList":     says(`{"GcServiceCodeList":` + lists[0] + `}`),
			"GetContractInformation": says(`{"VirtualMachineList":` + lists[1] + `}`),
		})
		if machines, err := writer.List(t.Context()); cloud.ClassOf(err) != cloud.ClassTransient {
			t.Errorf("%s: %+v, class %v: %v", name, machines, cloud.ClassOf(err), err)
		}
	}
}

func TestAContractToldTwiceIsNotUsable(t *testing.T) {
	t.Parallel()
	writer := newWriter(t, script{
		"GetServiceCodeList": says(`{"GcServiceCodeList":["gc00000001"]}`),
		"GetContractInformation": says(`{"VirtualMachineList":[
			{"GcServiceCode":"gc00000001","Label":"theirs","Status":"InService"},
			{"GcServiceCode":"gc00000001","Label":"ours","Status":"InService"}]}`),
	})
	machines, err := writer.List(t.Context())
	if err != nil || len(machines) != 1 || machines[0].Contract != cloud.ContractUnknown {
		t.Errorf("%+v, %v", machines, err)
	}
}

func TestAnAnswerAboutAnotherMachineIsNotUsed(t *testing.T) {
	t.Parallel()
	whole := script{
		"GetContractStatus":       says(`{"Status":"InService"}`),
		"GetVirtualMachineStatus": says(`{"GcServiceCode":"gc00000002","Status":"Running"}`),
		"DescribeVirtualMachine":  says(`{"GcServiceCode":"gc00000002","PrivateAddress":{"IPv4Address":"10.0.0.7"}}`),
	}
	if _, err := newWriter(t, whole).Describe(t.Context(), "gc00000002"); err != nil {
		t.Fatalf("about the machine itself: %v", err)
	}
	for _, action := range []string{"GetVirtualMachineStatus", "DescribeVirtualMachine"} {
		confused := maps.Clone(whole)
		confused[action] = func(form url.Values) string {
			return strings.ReplaceAll(whole[action](form), "gc00000002", "gc00000004")
		}
		machine, err := newWriter(t, confused).Describe(t.Context(), "gc00000002")
		if cloud.ClassOf(err) != cloud.ClassTransient || machine.Address.IsValid() {
			t.Errorf("%s: %+v, class %v: %v", action, machine, cloud.ClassOf(err), err)
		}
	}
}

func TestAnAddressThatNoMachineCanHaveIsRefused(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"169.254.169.254", "0.0.0.0", "255.255.255.255", "224.0.0.1", "::1"} {
		machine, err := newWriter(t, script{
			"GetContractStatus": says(`{"Status":"InService"}`), "GetVirtualMachineStatus": says(`{"Status":"Running"}`),
			"DescribeVirtualMachine": says(`{"PrivateAddress":{"IPv4Address":"` + address + `"}}`),
		}).Describe(t.Context(), "gc00000002")
		if cloud.ClassOf(err) != cloud.ClassInvalid || machine.Address.IsValid() {
			t.Errorf("%s: %+v, class %v: %v", address, machine, cloud.ClassOf(err), err)
		}
	}
}

func TestAMachineIsDescribedAsFarAsItsStateAllows(t *testing.T) {
	t.Parallel()
	describe := func(address string) func(url.Values) string {
		return says(`{"Status":"Running","Label":"web","VirtualMachineType":"V40","Location":"R","PrivateAddress":{"IPv4Address":"` + address + `"}}`)
	}
	for name, test := range map[string]struct {
		script script
		want   cloud.Machine
		class  cloud.Class
	}{
		"just ordered": {
			script: script{"GetContractStatus": says("")},
			class:  cloud.ClassNotFound,
		},
		"in preparation": {
			script: script{"GetContractStatus": says(`{"Status":"InPreparation"}`)},
			want:   cloud.Machine{Contract: cloud.ContractPreparing, Status: "InPreparation"},
		},
		"in a contract state that is not published": {
			script: script{"GetContractStatus": says(`{"Status":"Suspended"}`)},
			want:   cloud.Machine{Contract: cloud.ContractUnknown, Status: "Suspended"},
		},
		"off": {
			script: script{"GetContractStatus": says(`{"Status":"InService"}`), "GetVirtualMachineStatus": says(`{"Status":"Initialized"}`)},
			want:   cloud.Machine{Contract: cloud.ContractInService, Power: cloud.PowerBlank, Status: "Initialized"},
		},
		"on": {
			script: script{
				"GetContractStatus": says(`{"Status":"InService"}`), "GetVirtualMachineStatus": says(`{"Status":"Running"}`),
				"DescribeVirtualMachine": describe("10.0.0.7"),
			},
			want: cloud.Machine{
				Contract: cloud.ContractInService, Power: cloud.PowerOn, Status: "Running", Type: "V40", Label: "web", Location: "R",
				Address: netip.MustParseAddr("10.0.0.7"),
			},
		},
		"on, without an address yet": {
			script: script{
				"GetContractStatus": says(`{"Status":"InService"}`), "GetVirtualMachineStatus": says(`{"Status":"Running"}`),
				"DescribeVirtualMachine": describe(""),
			},
			want: cloud.Machine{Contract: cloud.ContractInService, Power: cloud.PowerOn, Status: "Running", Type: "V40", Label: "web", Location: "R"},
		},
		"on, at an address that is none": {
			script: script{
				"GetContractStatus": says(`{"Status":"InService"}`), "GetVirtualMachineStatus": says(`{"Status":"Running"}`),
				"DescribeVirtualMachine": describe("10.0.0.777"),
			},
			class: cloud.ClassInvalid,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			machine, err := newWriter(t, test.script).Describe(t.Context(), "gc00000002")
			if cloud.ClassOf(err) != test.class {
				t.Fatalf("class %v: %v", cloud.ClassOf(err), err)
			}
			if err == nil {
				test.want.Code = "gc00000002"
			}
			if machine != test.want {
				t.Errorf("got  %+v\nwant %+v", machine, test.want)
			}
		})
	}
}

func TestALabelIsFoundInAnAnswerThatWasNotNarrowed(t *testing.T) {
	t.Parallel()
	writer := newWriter(t, script{"GetContractInformation": says(`{"VirtualMachineList":[
		{"GcServiceCode":"gc00000001","Label":"template"},
		{"GcServiceCode":"gc00000002","Label":"mine","StopDate":"20261231"},
		{"GcServiceCode":"gc00000003","Label":"odd","StopDate":"31.12.2026"}]}`)})
	label, stop, err := writer.Label(t.Context(), "gc00000002")
	if err != nil || label != "mine" || !stop.Equal(time.Date(2026, 12, 31, 0, 0, 0, 0, japan)) {
		t.Errorf("label %q, end %v: %v", label, stop, err)
	}
	if _, _, err := writer.Label(t.Context(), "gc00000003"); cloud.ClassOf(err) != cloud.ClassInvalid {
		t.Errorf("an end that cannot be read: class %v: %v", cloud.ClassOf(err), err)
	}
	if _, _, err := writer.Label(t.Context(), "gc00000004"); cloud.ClassOf(err) != cloud.ClassNotFound {
		t.Errorf("an absent machine: class %v: %v", cloud.ClassOf(err), err)
	}
}

func TestAnOrderWhoseAnswerNamesTheWrongNumberIsOfUnknownOutcome(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string][]string{
		`[]`:                          {},
		`["gc00000002"]`:              {"gc00000002"},
		`["gc00000002","gc00000002"]`: {"gc00000002"},
		`["gc00000002",""]`:           {"gc00000002"},
		`["gc00000001","gc00000002"]`: {"gc00000002"},
		`["gc00000004","gc00000003","gc00000002"]`: {"gc00000002", "gc00000003", "gc00000004"},
	} {
		writer := newWriter(t, script{"AddCloneVirtualMachines": says(`{"GcServiceCodeList":` + answer + `}`)})
		codes, err := writer.Order(t.Context(), cloud.Template{Source: template, Type: "V40"}, 2)
		if cloud.ClassOf(err) != cloud.ClassUnknownOutcome || !slices.Equal(codes, want) {
			t.Errorf("answer %s: codes %q, class %v: %v", answer, codes, cloud.ClassOf(err), err)
		}
	}
}

func TestPreparationsFollowTheOptions(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		options gp.Options
		want    []string
	}{
		"both":    {gp.Options{FwLb: fwlb, SSHPublicKey: "k"}, []string{"attach_fwlb", "import_ssh_key"}},
		"key":     {gp.Options{SSHPublicKey: "k"}, []string{"import_ssh_key"}},
		"FW+LB":   {gp.Options{FwLb: fwlb}, []string{"attach_fwlb"}},
		"nothing": {gp.Options{}, nil},
	} {
		var names []string
		for _, preparation := range gp.NewReader(nil, test.options).Preparations() {
			names = append(names, preparation.Name)
		}
		if !slices.Equal(names, test.want) {
			t.Errorf("%s: %q", name, names)
		}
	}
}

func TestOverwritingTheDiskUndoesTheKeyAndNotTheFwLb(t *testing.T) {
	t.Parallel()
	for _, preparation := range newWriter(t, nil).Preparations() {
		if want := preparation.Name == "import_ssh_key"; preparation.OnDisk != want {
			t.Errorf("%s is on disk: %v", preparation.Name, preparation.OnDisk)
		}
	}
}

func TestAccessNeedsAKeyForTheMainContract(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answer string
		class  cloud.Class
	}{
		"its own":           {`{"GpServiceCodeList":["gp00000001"]}`, cloud.ClassNone},
		"among others":      {`{"GpServiceCodeList":["gp00000009","gp00000001"]}`, cloud.ClassNone},
		"another":           {`{"GpServiceCodeList":["gp00000009"]}`, cloud.ClassDenied},
		"none":              {`{"GpServiceCodeList":[]}`, cloud.ClassDenied},
		"not told":          {`{}`, cloud.ClassTransient},
		"refused, not told": {"", cloud.ClassInvalid},
	} {
		synctest.Test(t, func(t *testing.T) {
			err := newWriter(t, script{"GetGpServiceCodeList": says(test.answer)}).Access(t.Context())
			if cloud.ClassOf(err) != test.class {
				t.Errorf("%s: class %v: %v", name, cloud.ClassOf(err), err)
			}
			if test.class == cloud.ClassDenied && !strings.Contains(err.Error(), mainContract+": ") {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
}

func TestAPreparedMachineIsBusyUnlessItIsSaidToBeOff(t *testing.T) {
	t.Parallel()
	for status, want := range map[string]bool{"Configuring": true, "Stopped": false, "Initialized": false, "Something": true, "": true} {
		answer := says(`{"Current":{"Status":"` + status + `"},"Previous":{"Status":"Stopped"}}`)
		writer := newWriter(t, script{"AttachFwLb": answer, "ImportRootSshPublicKey": answer})
		for _, preparation := range writer.Preparations() {
			busy, err := writer.Prepare(t.Context(), "gc00000002", preparation.Name)
			if err != nil || busy != want {
				t.Errorf("%s ending in %q: busy %v, %v", preparation.Name, status, busy, err)
			}
		}
	}
}

func TestADayIsOneOfJapan(t *testing.T) {
	t.Parallel()
	client, server := newClient(t, script{"DeleteVirtualMachine": says(`{}`)})
	writer := gp.NewWriter(client, gp.Options{GpServiceCode: mainContract})
	lateOnThe9thInUTC := time.Date(2026, 3, 9, 23, 0, 0, 0, time.UTC)
	if err := writer.Release(t.Context(), "gc00000002", lateOnThe9thInUTC); err != nil {
		t.Fatal(err)
	}
	if date := server.sent[0].Get("StopDate"); date != "20260310" {
		t.Errorf("released with %s", date)
	}
}

func TestPaidPeriodsAreThoseOfTheCalendarInJapan(t *testing.T) {
	t.Parallel()
	lastInstant := time.Date(2026, 2, 28, 14, 59, 59, 999, time.UTC)
	for name, test := range map[string]struct {
		period       gp.PaidPeriod
		notice       int
		now          time.Time
		end, lastDay time.Time
	}{
		"by default the day": {"", 0, lastInstant, time.Date(2026, 3, 1, 0, 0, 0, 0, japan), time.Date(2026, 2, 28, 0, 0, 0, 0, japan)},
		"day":                {gp.PaidByDay, 0, lastInstant.Add(time.Second), time.Date(2026, 3, 2, 0, 0, 0, 0, japan), time.Date(2026, 3, 1, 0, 0, 0, 0, japan)},
		"month's last day":   {gp.PaidByMonth, 0, lastInstant, time.Date(2026, 3, 1, 0, 0, 0, 0, japan), time.Date(2026, 2, 28, 0, 0, 0, 0, japan)},
		"month's first day":  {gp.PaidByMonth, 0, lastInstant.Add(time.Second), time.Date(2026, 4, 1, 0, 0, 0, 0, japan), time.Date(2026, 3, 31, 0, 0, 0, 0, japan)},
		"the end of a year":  {gp.PaidByMonth, 0, time.Date(2026, 12, 31, 0, 0, 0, 0, japan), time.Date(2027, 1, 1, 0, 0, 0, 0, japan), time.Date(2026, 12, 31, 0, 0, 0, 0, japan)},
		"a day's notice":     {gp.PaidByDay, 1, lastInstant, time.Date(2026, 3, 1, 0, 0, 0, 0, japan), time.Date(2026, 3, 1, 0, 0, 0, 0, japan)},
		"within the month":   {gp.PaidByMonth, 7, lastInstant.Add(time.Second), time.Date(2026, 4, 1, 0, 0, 0, 0, japan), time.Date(2026, 3, 31, 0, 0, 0, 0, japan)},
	} {
		got := gp.NewReader(nil, gp.Options{PaidPeriod: test.period, NoticeDays: test.notice}).Billing(test.now)
		if !got.PeriodEnd.Equal(test.end) || !got.LastDay.Equal(test.lastDay) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestAPoolShowsEveryNode(t *testing.T) {
	t.Parallel()
	client, _ := newClient(t, script{"DescribeLb": says(`{"PoolList":[
		{"Name":"other","NodeList":[{"IpAddress":"10.0.0.9","Port":"80","Status":"Active"}]},
		{"Name":"empty","NodeList":[]},
		{"Name":"web","NodeList":[
			{"IpAddress":"10.0.0.1","Port":"80","Status":"Disable"},
			{"IpAddress":"backend.example","Port":"http","Status":"Active"}]}]}`)})
	pool := func(name string) *gp.PoolReader {
		return gp.NewPoolReader(client.Reader, gp.PoolOptions{GpServiceCode: mainContract, GlServiceCode: fwlb, Pool: name, Port: 80})
	}
	if most := pool("web").Capacity(); most != 0 {
		t.Errorf("no limit is known, and it takes %d", most)
	}
	nodes, err := pool("web").Nodes(t.Context())
	want := []cloud.Node{
		{Address: netip.MustParseAddrPort("10.0.0.1:80"), Status: "Disable"},
		{Status: `Active at "backend.example:http"`},
	}
	if err != nil || !slices.Equal(nodes, want) {
		t.Errorf("%+v, %v", nodes, err)
	}
	if nodes, err := pool("empty").Nodes(t.Context()); err != nil || len(nodes) != 0 {
		t.Errorf("an empty pool: %+v, %v", nodes, err)
	}
	_, err = pool("wbe").Nodes(t.Context())
	if cloud.ClassOf(err) != cloud.ClassNotFound || !strings.Contains(err.Error(), `"web"`) {
		t.Errorf("an absent pool: class %v: %v", cloud.ClassOf(err), err)
	}
}
