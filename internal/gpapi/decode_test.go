package gpapi

import (
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/autoscaled/autoscaled/internal/secret"
)

func testOptions() Options {
	return Options{AccessKey: secret.New("access"), SecretKey: secret.New("secret"), CallsPerSecond: 50, CallTimeout: time.Second}
}

func jsonAccount() *account {
	account, err := newAccount(testOptions())
	if err != nil {
		panic(err)
	}
	return account
}

// readJSON reads the content of a JSON answer to an action into a Response.
func readJSON[Response any](act *action, text string) (Response, error) {
	var response Response
	content, err := jsonAccount().open(act, []byte(`{"`+act.name+`Response":`+text+`}`))
	if err == nil {
		err = content.read(act.name, &response)
	}
	return response, err
}

func TestTheVendorsSpellingsAreRead(t *testing.T) {
	t.Parallel()
	server := LbVirtualServerResponse{
		GlServiceCode: "gl", VirtualServerName: "web", Pool: "pool", Port: "80", Protocol: "http", Enabled: "Yes", TrafficIpNameList: []string{"ip"},
	}
	for _, spelling := range []string{"VirtualServername", "VirtualServerName"} {
		got, err := readJSON[LbVirtualServerResponse](addLbVirtualServer.action, `{"GlServiceCode":"gl","`+spelling+`":"web",
			"Pool":"pool","Port":"80","Protocol":"http","Enabled":"Yes","TrafficNameList":["ip"]}`)
		if err != nil || !reflect.DeepEqual(got, server) {
			t.Errorf("%s: %+v, %v", spelling, got, err)
		}
	}
	lb, err := readJSON[DescribeLbResponse](describeLb.action, `{"PoolList":[],"VirtualServerList":[{"Name":"web","TrafficIpNameList":["ip"]}],
		"TrafficIpList":[{"Primary":"Yes","IPv4":{"TrafficIpAddress":"192.0.2.1","TrafficIpName":"ip","DomainName":"d"}}]}`)
	if err != nil || lb.VirtualServerList[0].TrafficIpNameList[0] != "ip" || lb.TrafficIpList[0].IPv4.TrafficIpAddress != "192.0.2.1" {
		t.Errorf("%+v, %v", lb, err)
	}
	added, err := readJSON[VirtualIpAddressResponse](addVirtualIPAddress.action, `{"IPv4":{"TrafficAddress":"192.0.2.1","TrafficIpName":"ip"}}`)
	if err != nil || added.IPv4.TrafficIpAddress != "192.0.2.1" || added.IPv4.TrafficIpName != "ip" {
		t.Errorf("%+v, %v", added, err)
	}
	renamed, err := readJSON[SetVirtualIpAddressNameResponse](setVirtualIPAddressName.action, `{"Current":{"IPv6":{"TrafficIpAddress":"2001:db8::1","TrafficIpName":"ip"}}}`)
	if err != nil || renamed.Current.IPv6.TrafficIpAddress != "2001:db8::1" {
		t.Errorf("%+v, %v", renamed, err)
	}
	info, err := readJSON[GetContractInformationResponse](getContractInformation.action,
		`{"Status":"InService","VirtualMachineList":[{"StopDate":"20260101","GlobalAddressOptionList":[{"Ipv4Address":"192.0.2.1","Status":"InPreparation"}]}]}`)
	if err != nil || info.Status != "InService" || info.VirtualMachineList[0].StopDate != "20260101" ||
		info.VirtualMachineList[0].GlobalAddressOptionList[0].IPv4Address != "192.0.2.1" {
		t.Errorf("%+v, %v", info, err)
	}
}

func TestThePrivateAddressOfABalancersHostIsReadInEachPlaceAndForm(t *testing.T) {
	t.Parallel()
	for _, address := range []string{`"10.0.0.1"`, `{"IPv4Address":"10.0.0.1"}`} {
		hosts, err := readJSON[GetLbHostListResponse](getLbHostList.action, `{"HostList":[{"PrivateIpAddress":`+address+`}],"HostListPrivateIpAddress":`+address+`}`)
		if err != nil || hosts.HostList[0].PrivateIpAddress.IPv4Address != "10.0.0.1" || hosts.HostListPrivateIpAddress.IPv4Address != "10.0.0.1" {
			t.Errorf("%s: %+v, %v", address, hosts, err)
		}
	}
	for _, address := range []string{`10.0.0.1`, `<IPv4Address>10.0.0.1</IPv4Address>`} {
		hosts, err := readXML[GetLbHostListResponse](getLbHostList.action,
			`<GetLbHostListResponse><HostList><m><PrivateIpAddress>`+address+`</PrivateIpAddress></m></HostList></GetLbHostListResponse>`)
		if err != nil || hosts.HostList[0].PrivateIpAddress.IPv4Address != "10.0.0.1" {
			t.Errorf("%s: %+v, %v", address, hosts, err)
		}
	}
}

func TestTheRulesOfAFirewallAreReadFromAnObjectAndFromAList(t *testing.T) {
	t.Parallel()
	const in = `"In":{"IPv4List":[{"Source":{"IpAddress":"0.0.0.0/0"},"Destination":{"IpAddress":"a","Port":"80","Protocol":"TCP"},"Target":"ACCEPT"}],"IPv6List":[]}`
	const out = `"Out":{"IPv4List":[{"Target":"DROP"}]}`
	var want FilteringRules
	want.In.IPv4List, want.In.IPv6List = make([]FilteringRule, 1), []FilteringRule{}
	want.In.IPv4List[0].Source.IpAddress, want.In.IPv4List[0].Target = "0.0.0.0/0", "ACCEPT"
	destination := &want.In.IPv4List[0].Destination
	destination.IpAddress, destination.Port, destination.Protocol = "a", "80", "TCP"
	want.Out.IPv4List = []FilteringRule{{Target: "DROP"}}
	for _, rules := range []string{`{` + in + `,` + out + `}`, `[{` + in + `},{` + out + `}]`, `[{` + in + `,` + out + `}]`} {
		got, err := readJSON[DescribeFwResponse](describeFw.action, `{"FilteringRuleList":`+rules+`}`)
		if err != nil || len(got.FilteringRuleList.In.IPv6List) != 0 || !reflect.DeepEqual(got.FilteringRuleList.In.IPv4List, want.In.IPv4List) ||
			!reflect.DeepEqual(got.FilteringRuleList.Out, want.Out) {
			t.Errorf("%s: %+v, %v", rules, got, err)
		}
	}
}

func TestNumbersAndTruthValuesAreTakenAsTheirText(t *testing.T) {
	t.Parallel()
	got, err := readJSON[DescribeLbResponse](describeLb.action,
		`{"Redundant":true,"Label":null,"PoolList":[{"Name":7,"NodeList":[{"IpAddress":"10.0.0.1","Port":80,"Status":false},{"Port":1e400}]}]}`)
	want := []LbPool{{"7", []LbNode{{"10.0.0.1", "80", "false"}, {Port: "1e400"}}}}
	if err != nil || got.Redundant != "true" || got.Label != "" || !reflect.DeepEqual(got.PoolList, want) {
		t.Errorf("%+v, %v", got, err)
	}
	refused, err := jsonAccount().open(echo.action, []byte(`{"ErrorResponse":{"RequestId":1,"ErrorType":false,"ErrorMessage":"m"}}`))
	if refusal, ok := refused.refusal(); err != nil || !ok || refusal != (errorResponse{"1", "false", "m"}) {
		t.Errorf("%+v, %v, %v", refusal, ok, err)
	}
}

func TestWhatIsOfAnotherTypeThanItOughtToBeCountsAsAbsent(t *testing.T) {
	t.Parallel()
	machine, err := readJSON[DescribeVirtualMachineResponse](describeVirtualMachine.action,
		`{"Vlan":["gx"],"MobileWebOption":{"Status":"No"},"GlobalAddress":"","DiskOptionList":{},"CPU":4,"Status":"Running","PrivateAddress":{"IPv4Address":"10.0.0.1"}}`)
	if err != nil || machine.Vlan != "" || machine.CPU != "4" || machine.Status != "Running" || machine.PrivateAddress.IPv4Address != "10.0.0.1" {
		t.Errorf("%+v, %v", machine, err)
	}
	if got, err := readJSON[GetVirtualMachineStatusResponse](getVirtualMachineStatus.action, `{"Status":{"x":1}}`); err == nil || !strings.Contains(err.Error(), "lacks Status") {
		t.Errorf("what is needed is an object: %+v, %v", got, err)
	}
	if got, err := readJSON[DescribeLbResponse](describeLb.action, `{"PoolList":[{"Name":"web","NodeList":"none"}]}`); err == nil {
		t.Errorf("a text is taken for an empty list: %+v", got)
	}
}

func TestAListOfNullIsAbsent(t *testing.T) {
	t.Parallel()
	for name, act := range table {
		whole, ok := reflect.New(act.response).Interface().(wholeness)
		if !ok {
			continue
		}
		field := whole.missing()
		content, err := jsonAccount().open(act, []byte(`{"`+name+`Response":{"`+field+`":null}}`))
		if err != nil {
			t.Fatal(err)
		}
		if err := content.read(name, reflect.New(act.response).Interface()); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %s of null: %v", name, field, err)
		}
	}
}

func TestASecondAttemptKeepsNothingOfTheFirst(t *testing.T) {
	t.Parallel()
	var response DescribeVirtualMachineResponse
	for _, body := range []string{`{"Label":"old","Status":[]}`, `{"Status":"Running"}`} {
		content, err := jsonAccount().open(describeVirtualMachine.action, []byte(`{"DescribeVirtualMachineResponse":`+body+`}`))
		if err != nil {
			t.Fatal(err)
		}
		_ = content.read("DescribeVirtualMachine", &response)
	}
	if response.Label != "" || response.Status != "Running" {
		t.Errorf("%+v", response)
	}
}

// checkDecoding reads a body as the answer to every action: nothing may panic, and
// what is taken for whole must be.
func checkDecoding(t *testing.T, a *account, body []byte) {
	t.Helper()
	clean := a.newCleaner(signedRequest{signature: "signature"}).clean
	for name, act := range table {
		answer, err := a.open(act, body)
		if err != nil {
			if text := clean(err.Error()); len(text) > textMaxBytes || !utf8.ValidString(text) {
				t.Fatalf("unfit for an error: %q", text)
			}
			continue
		}
		response := reflect.New(act.response).Interface()
		err = answer.read(name, response)
		if whole, ok := response.(wholeness); err == nil && ok && whole.missing() != "" {
			t.Fatalf("%s: an answer without %s was taken for a whole one", name, whole.missing())
		}
		refusal, _ := answer.refusal()
		if text := clean(refusal.ErrorMessage); len(text) > textMaxBytes || !utf8.ValidString(text) {
			t.Fatalf("unfit for an error: %q", text)
		}
	}
}

func FuzzDecodeJSON(f *testing.F) {
	for _, seed := range []string{
		`{"DescribeLbResponse":{"RequestId":"r","PoolList":[{"Name":"web","NodeList":[{"IpAddress":"10.0.0.1","Port":"80","Status":"Active"}]}]}}`,
		`{"ErrorResponse":{"RequestId":"r","ErrorType":"NotFound","ErrorMessage":"no such code"}}`,
		`{"DescribeLbResponse":{"PoolList":null}}`,
		`{"DescribeLbResponse":{"PoolList":[{"NodeList":[{"Port":80,"Status":true}]}]}}`,
		`{"DescribeFwResponse":{"FilteringRuleList":[{"In":{"IPv4List":[]}}]}}`,
		`{"DescribeLbResponse":[]}`,
		`{"DescribeLbResponse":{}} trailing`,
		`{"DescribeLbResponse":`,
		`<html>`, `null`, `[]`, ``,
	} {
		f.Add([]byte(seed))
	}
	a := jsonAccount()
	f.Fuzz(func(t *testing.T, body []byte) { checkDecoding(t, a, body) })
}

func FuzzDecodeXML(f *testing.F) {
	for _, seed := range []string{
		`<?xml version="1.0" encoding="UTF-8"?><DescribeLbResponse><PoolList><m><Name>web</Name><NodeList><m><Port>80</Port></m></NodeList></m></PoolList></DescribeLbResponse>`,
		`<DescribeLbResponse><PoolList><Name>web</Name><NodeList/></PoolList><PoolList/></DescribeLbResponse>`,
		`<ErrorResponse><ErrorType>NotFound</ErrorType><ErrorMessage><![CDATA[no <such> code]]></ErrorMessage></ErrorResponse>`,
		`<GetServiceCodeListResponse><GcServiceCodeList>a</GcServiceCodeList></GetServiceCodeListResponse>`,
		`<DescribeFwResponse><FilteringRuleList><In><IPv4List><m><Target>DROP</Target></m></IPv4List></In></FilteringRuleList></DescribeFwResponse>`,
		`<EchoResponse><Param>&a;</Param></EchoResponse>`, `<!DOCTYPE x><x/>`, `<a:b xmlns:a="c"/>`, `<`, ``,
	} {
		f.Add([]byte(seed))
	}
	a := xmlAccount()
	f.Fuzz(func(t *testing.T, body []byte) { checkDecoding(t, a, body) })
}
