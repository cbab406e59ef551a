package gpapi_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/gpapi"
)

func TestDoSendsExactlyWhatItIsGivenAndReturnsWhatTheServerSent(t *testing.T) {
	t.Parallel()
	const content = `{"RequestId":"r", "Status":"InService","More":[1,null,true]}`
	server := &fakeServer{answer: always(200, `{"GetVirtualMachineStatusListResponse":`+content+`}`)}
	given := url.Values{"GpServiceCode": {"gp00000001"}, "GcServiceCode.1": {"gc00000001"}, "GcServiceCode.2": {"gc00000009"}}
	got, err := newClient(t, testOptions(server)).Do(t.Context(), "GetVirtualMachineStatusList", given)
	if err != nil || string(got) != content {
		t.Fatalf("%s, %v", got, err)
	}
	form := server.forms[0]
	if !gpapi.Verify("POST", "gp.api.iij.jp", "/json", form, testSecretKey) {
		t.Error("the signature does not verify")
	}
	if len(form) != len(given)+7 { // the common parameters and the signature
		t.Errorf("sent %v", form)
	}
	for name := range given {
		if !form.Has(name) || form.Get(name) != given.Get(name) {
			t.Errorf("%s = %q", name, form[name])
		}
	}
}

func TestDoRefusesWhatTheActionDoesNotHaveAndNamesTheNearest(t *testing.T) {
	t.Parallel()
	server := &fakeServer{answer: always(200, `{}`)}
	client := newClient(t, testOptions(server))
	for name, test := range map[string]struct {
		action string
		given  string // as a query
		want   string
	}{
		"an unknown action":        {"startVirtualMachin", "", "did you mean `StartVirtualMachine`?"},
		"an action like no other":  {"\x1b[2J\n", "", "64 in all"},
		"an unknown parameter":     {"StartVirtualMachine", "GpServiceCode=a&GcServiceCod=b", "GcServiceCod: the action has none of this name: did you mean `GcServiceCode`?"},
		"a slip of the slides":     {"AddCloneVirtualMachines", "ContructNum=1", "did you mean `ContractNum`?"},
		"one where there are none": {"GetGpServiceCodeList", "GpServiceCode=a", "takes none"},
		"a common parameter":       {"Echo", "Param=x&Signature=y", "Signature"},
		"a missing one":            {"SetLabel", "GpServiceCode=a", "missing: ServiceCode, Label"},
		"an empty one":             {"StartVirtualMachine", "GpServiceCode=a&GcServiceCode=", "GcServiceCode: it is empty"},
		"one given twice":          {"Echo", "Param=x&Param=y", "2 values"},
		"a list without number":    {"SetLbPool", "NodePort=80", "number it: NodePort.1"},
		"a number that is none":    {"SetLbPool", "NodePort.0=80", "NodePort.N"},
		"the N of the list itself": {"SetLbPool", "NodePort.N=80", "write a number in place of N"},
		"a list with a gap":        {"SetLbPool", "GpServiceCode=a&GlServiceCode=b&Pool=c&NodePort.1=80&NodePort.3=80", "numbered 3 and none numbered 2"},
		"a list from 2 on":         {"SetLbPool", "GpServiceCode=a&GlServiceCode=b&Pool=c&NodePort.2=80", "none numbered 1"},
		"a misspelled nested one":  {"AddVirtualMachines", "DiskOption.1.DiskSpac=80", "did you mean `DiskOption.N.DiskSpace`?"},
		"a number for a scalar":    {"Echo", "Param.1=x", "did you mean `Param`?"},
		"text that is not UTF-8":   {"Echo", "Param=%FF", "not UTF-8"},
		"text with a zero byte":    {"Echo", "Param=a%00b", "zero byte"},
	} {
		given, err := url.ParseQuery(test.given)
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.Do(t.Context(), test.action, given)
		if cloud.ClassOf(err) != cloud.ClassInvalid || !strings.Contains(err.Error(), test.want) || strings.ContainsAny(err.Error(), "\x1b\n\x00") {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
	if sent := server.actions(); len(sent) != 0 {
		t.Errorf("sent %v", sent)
	}
}

func TestDoTakesNumberedAndNestedParameters(t *testing.T) {
	t.Parallel()
	server := &fakeServer{answer: always(200, `{"AddVirtualMachinesResponse":{}}`)}
	_, err := newClient(t, testOptions(server)).Do(t.Context(), "AddVirtualMachines", url.Values{
		"GpServiceCode": {"gp00000001"}, "ContractNum": {"1"}, "VirtualMachineType": {"V10"}, "OS": {"CentOS6_64_U"},
		"DiskOption.1.DiskSpace": {"100"}, "DiskOption.2.DiskSpace": {"300"},
	})
	if err != nil || server.forms[0].Get("DiskOption.2.DiskSpace") != "300" {
		t.Errorf("%v, sent %v", err, server.forms)
	}
}

func TestDoFailsAsTheMethodDoes(t *testing.T) {
	t.Parallel()
	pair := url.Values{"GpServiceCode": {"gp00000001"}, "GcServiceCode": {"gc00000001"}}
	for body, status := range map[string]int{
		"<html>": 200, "": 503, `{"EchoResponse":{}}`: 200, `{"StartVirtualMachineResponse":[],"GetVirtualMachineStatusResponse":null}`: 200,
	} {
		synctest.Test(t, func(t *testing.T) {
			server := &fakeServer{answer: always(status, body)}
			client := newClient(t, testOptions(server))
			if _, err := client.Do(t.Context(), "GetVirtualMachineStatus", pair); cloud.ClassOf(err) != cloud.ClassTransient || len(server.forms) != 3 {
				t.Errorf("%d %q: read sent %d times: %v", status, body, len(server.forms), err)
			}
			if _, err := client.Do(t.Context(), "StartVirtualMachine", pair); cloud.ClassOf(err) != cloud.ClassUnknownOutcome || len(server.forms) != 4 {
				t.Errorf("%d %q: write sent %d times: %v", status, body, len(server.forms)-3, err)
			}
		})
	}
}

func TestDoTellsAnXMLAnswerInJSON(t *testing.T) {
	t.Parallel()
	server := &fakeServer{answer: always(200, `<?xml version="1.0" encoding="UTF-8"?>
		<GetServiceCodeListResponse>
			<RequestId>r</RequestId>
			<GcServiceCodeList><member>gc00000001</member></GcServiceCodeList>
			<GlServiceCodeList/>
		</GetServiceCodeListResponse>`)}
	options := testOptions(server)
	options.Endpoint = "https://gp.api.iij.jp/xml"
	got, err := newClient(t, options).Do(t.Context(), "GetServiceCodeList", url.Values{"GpServiceCode": {"gp00000001"}})
	const want = `{"GcServiceCodeList":["gc00000001"],"GlServiceCodeList":[],"RequestId":"r"}`
	if err != nil || string(got) != want || !json.Valid(got) {
		t.Errorf("%s, %v", got, err)
	}
}

func TestAGetIsSignedAndSentInTheQuery(t *testing.T) {
	t.Parallel()
	options := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.ContentLength != 0 || !gpapi.Verify("GET", r.Host, r.URL.Path, r.URL.Query(), testSecretKey) {
			w.WriteHeader(http.StatusUnauthorized)
		}
		_, _ = io.WriteString(w, `{"EchoResponse":{"Param":"`+r.URL.Query().Get("Param")+`"},"SetLabelResponse":{}}`)
	})
	options.Method, options.SignatureMethod = http.MethodGet, gpapi.HmacSHA1
	client := newClient(t, options)
	const text = "a b+c&d=e 日本"
	if answer, err := client.Echo(t.Context(), gpapi.EchoRequest{Param: text}); err != nil || answer.Param != text {
		t.Errorf("read: %q, %v", answer.Param, err)
	}
	if _, err := client.SetLabel(t.Context(), gpapi.SetLabelRequest{GpServiceCode: "gp1", ServiceCode: "gc1", Label: text}); err != nil {
		t.Errorf("write: %v", err)
	}
}
