package gpsim_test

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
)

// FuzzRequest sends any bytes as they are, and once more as the parameters of a
// correctly signed call, which reach the actions of a cloud that has everything.
func FuzzRequest(f *testing.F) {
	for _, action := range slices.Sorted(maps.Keys(shapes)) {
		f.Add("POST", "/json", "Action="+action+"&"+shapes[action].parameters)
		f.Add("GET", "/xml", "Action="+action+"&"+shapes[action].parameters)
	}
	f.Add("GET", "/json", "Action=GetVirtualMachineStatusList&GpServiceCode=gp00000001&GcServiceCode.1=gc00000001")
	f.Add("POST", "/json", "Action=AddVirtualMachines&GpServiceCode=gp00000001&ContractNum=2&VirtualMachineType=V10&OS=x&DiskOption.1.DiskSpace=100&LLocationNum=1&GlobalAddressOptionNum=3")
	f.Add("POST", "/json", "Action=CloneVirtualMachine&SrcGcServiceCode=gc00000001&DestGcServiceCode=gc00000001&GpServiceCode=gp00000001")
	f.Add("POST", "/xml", "Action=StopVirtualMachine&GpServiceCode=gp00000001&GcServiceCode=gc00000012&Force=Yes")
	f.Add("PUT", "/books", "%zz;&&=")
	f.Fuzz(func(t *testing.T, method, path, text string) {
		sim := wholeCloud(t, testOptions())
		raw := &http.Request{
			Method: method, Host: host, URL: &url.URL{Path: path, RawQuery: text},
			Header: http.Header{}, Body: io.NopCloser(strings.NewReader(text)),
		}
		answered(t, sim, raw)

		own, err := url.ParseQuery(text)
		if err != nil {
			return
		}
		for _, path := range []string{"/json", "/xml"} {
			form := signed(t, http.MethodPost, own.Get("Action"))
			for name, values := range own {
				if !form.Has(name) {
					form[name] = values
				}
			}
			answered(t, sim, requestOf(t, http.MethodPost, path, form))
		}
	})
}

func answered(t *testing.T, sim *gpsim.Sim, request *http.Request) {
	t.Helper()
	response, err := gpsim.Transport(sim).RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode >= 500 {
		t.Errorf("got status %d", response.StatusCode)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	switch contentType := response.Header.Get("Content-Type"); contentType {
	case "application/json; charset=utf-8":
		if !json.Valid(body) {
			t.Errorf("%q is not JSON", body)
		}
	case "text/xml; charset=utf-8":
		if err := xml.Unmarshal(body, new(element)); err != nil {
			t.Errorf("%q is not XML: %v", body, err)
		}
	}
}

// FuzzStateFile opens any bytes as a state file; what is accepted can be used.
func FuzzStateFile(f *testing.F) {
	options := testOptions()
	options.StateFile = f.TempDir() + "/seed.json"
	sim, err := gpsim.New(options)
	if err != nil {
		f.Fatal(err)
	}
	if _, _, err := sim.AddMachine(gpsim.MachineSpec{}); err != nil {
		f.Fatal(err)
	}
	content, err := os.ReadFile(options.StateFile)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(content)
	whole := testOptions()
	whole.StateFile = f.TempDir() + "/whole.json"
	wholeCloud(f, whole)
	if content, err = os.ReadFile(whole.StateFile); err != nil {
		f.Fatal(err)
	}
	f.Add(content)
	f.Add([]byte(`{"version":1,"gp_labels":{},"call_counts":{},"balancers":[{"code":"gl00000001","pools":[null]}]}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		options := testOptions()
		options.StateFile = stateFile(t)
		if err := os.WriteFile(options.StateFile, content, 0o600); err != nil {
			t.Fatal(err)
		}
		sim, err := gpsim.New(options)
		if err != nil {
			return
		}
		must(t, sim, "GetContractInformation", "GpServiceCode="+gp)
		for _, action := range slices.Sorted(maps.Keys(shapes)) {
			if !onlyReads(action) { // the others write the file, which is slow
				continue
			}
			answered(t, sim, newRequest(t, http.MethodPost, signed(t, http.MethodPost, action, own(shapes[action].parameters)...)))
		}
		sim.Books()
	})
}
