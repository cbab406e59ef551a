package gpapi

import (
	"net/url"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestListsAreNumberedAsTheAPINumbersThem(t *testing.T) {
	t.Parallel()
	for want, request := range map[string]struct {
		fields  []field
		content any
	}{
		"GcServiceCode.1=a&GcServiceCode.2=b&GpServiceCode=gp": {
			getVirtualMachineStatusList.fields, GetVirtualMachineStatusListRequest{"gp", []string{"a", "b"}},
		},
		"ContractNum=2&DiskOption.1.DiskSpace=100&DiskOption.2.DiskSpace=HS300&GpServiceCode=gp&OS=o&VirtualMachineType=V10": {
			addVirtualMachines.fields, AddVirtualMachinesRequest{
				GpServiceCode: "gp", ContractNum: 2, VirtualMachineType: "V10", OS: "o", DiskOption: []DiskOption{{"100"}, {"HS300"}},
			},
		},
		"GlServiceCode=gl&GpServiceCode=gp&NodeIpAddress.1=10.0.0.1&NodeIpAddress.2=10.0.0.2&NodePort.1=80&NodePort.2=81&Pool=web": {
			setLbPool.fields, LbPoolNodesRequest{"gp", "gl", "web", []LbPoolNode{{"10.0.0.1", 80}, {"10.0.0.2", 81}}},
		},
		"GlServiceCode=gl&GpServiceCode=gp&Pool=web": {setLbPool.fields, LbPoolNodesRequest{"gp", "gl", "web", nil}},
		// What the second rule leaves open does not move the numbers of the others.
		"Direction=IN&GlServiceCode=gl&GpServiceCode=gp&IpVersion=4&SourceIpAddress.1=a&SourceIpAddress.2=b&Target.1=DROP&Target.2=ACCEPT" +
			"&DestinationPort.1=80": {
			setFilteringRuleList.fields, SetFilteringRuleListRequest{
				"gp", "gl", "IN", "4", []NewFilteringRule{{SourceIpAddress: "a", DestinationPort: "80", Target: "DROP"}, {SourceIpAddress: "b", Target: "ACCEPT"}},
			},
		},
		"GlServiceCode=gl&GpServiceCode=gp&SourceIpAddress.1=a&ToSourceIpAddress.1=b": {
			setSnatRuleList.fields, SetSnatRuleListRequest{"gp", "gl", []SnatRule{{"a", "b"}}},
		},
		"GcServiceCode=gc&GpServiceCode=gp&Force=No": {stopVirtualMachine.fields, StopVirtualMachineRequest{"gp", "gc", false}},
	} {
		params, err := encode(request.fields, request.content)
		wanted, _ := url.ParseQuery(want)
		if err != nil || !reflect.DeepEqual(valuesOfPairs(params), wanted) {
			t.Errorf("%v, %v, want %s", params, err, want)
		}
	}
}

func TestWhatIsMissingInsideAListIsRefused(t *testing.T) {
	t.Parallel()
	for want, request := range map[string]struct {
		fields  []field
		content any
	}{
		"parameter NodePort.2": {setLbPool.fields, LbPoolNodesRequest{"gp", "gl", "web", []LbPoolNode{{"10.0.0.1", 80}, {NodeIpAddress: "10.0.0.2"}}}},
		"entry 1 of Rules":     {setFilteringRuleList.fields, SetFilteringRuleListRequest{"gp", "gl", "IN", "4", []NewFilteringRule{{}}}},
		"DiskOption.1.DiskSpace": {addVirtualMachines.fields, AddVirtualMachinesRequest{
			GpServiceCode: "gp", ContractNum: 2, VirtualMachineType: "V10", OS: "o", DiskOption: []DiskOption{{}},
		}},
		"parameter TrafficIpName.1": {addLbVirtualServer.fields, LbVirtualServerRequest{
			GpServiceCode: "gp", GlServiceCode: "gl", VirtualServerName: "v", Port: 80, Protocol: "http", Pool: "web", TrafficIpName: []string{""},
		}},
		"GcServiceCode, GlServiceCode or GxServiceCode": {getContractStatus.fields, GetContractStatusRequest{GpServiceCode: "gp"}},
	} {
		if params, err := encode(request.fields, request.content); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, %v, want %q", params, err, want)
		}
	}
}

func TestTextThatNoServerCouldTakeIsRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"\xff", "a\x00b"} {
		if params, err := encode(echo.fields, EchoRequest{text}); err == nil {
			t.Errorf("%q became %v", text, params)
		}
	}
}

func valuesOfPairs(params []pair) url.Values {
	values := url.Values{}
	for _, p := range params {
		values.Add(p.name, p.value)
	}
	return values
}

func FuzzEncode(f *testing.F) {
	f.Add("web", "10.0.0.1", "日本 &=+%", 80)
	f.Add("", "\xff", "\x00", -1)
	f.Fuzz(func(t *testing.T, pool, first, second string, port int) {
		request := LbPoolNodesRequest{"gp", "gl", pool, []LbPoolNode{{first, port}, {second, port}}}
		params, err := encode(setLbPool.fields, request)
		fit := port >= 1
		for _, text := range []string{pool, first, second} {
			fit = fit && text != "" && utf8.ValidString(text) && !strings.Contains(text, "\x00")
		}
		if (err == nil) != fit {
			t.Fatalf("%+v: %v", request, err)
		}
		if err != nil {
			return
		}
		got, err := url.ParseQuery(string(appendQuery(nil, params)))
		if err != nil || got.Get("Pool") != pool || got.Get("NodeIpAddress.1") != first || got.Get("NodeIpAddress.2") != second || len(got) != 7 {
			t.Fatalf("%+v became %v, %v", request, got, err)
		}
		if _, err := setLbPool.check(got); err != nil {
			t.Fatalf("Do would refuse it: %v", err)
		}
	})
}
