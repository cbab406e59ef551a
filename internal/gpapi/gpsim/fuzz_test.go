package gpsim_test

import (
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
)

// FuzzRequest sends any bytes as they are, and once more as the parameters of a
// correctly signed call, which reach the actions.
func FuzzRequest(f *testing.F) {
	f.Add("POST", "/json", "Action=Echo&Param=x")
	f.Add("GET", "/json", "Action=GetVirtualMachineStatusList&GpServiceCode=gp00000001&GcServiceCode.1=gc00000001")
	f.Add("POST", "/json", "Action=AddCloneVirtualMachines&GpServiceCode=gp00000001&SrcGcServiceCode=gc00000001&ContractNum=2&VirtualMachineType=V10&LLocationNum=1")
	f.Add("POST", "/json", "Action=AddLbNode&GpServiceCode=gp00000001&GlServiceCode=gl00000001&Pool=web&NodeIpAddress=127.1.1.1&NodePort=80")
	f.Add("POST", "/json", "Action=CloneVirtualMachine&SrcGcServiceCode=gc00000001&DestGcServiceCode=gc00000001&GpServiceCode=gp00000001")
	f.Add("POST", "/json", "Action=DeleteVirtualMachine&GcServiceCode=gc00000001&StopDate=20991231")
	f.Add("POST", "/json", "Action=StopVirtualMachine&GpServiceCode=gp00000001&GcServiceCode=gc00000001&Force=Yes")
	f.Add("PUT", "/books", "%zz;&&=")
	f.Fuzz(func(t *testing.T, method, path, text string) {
		sim := newCloud(t, testOptions())
		raw := &http.Request{
			Method: method, Host: host, URL: &url.URL{Path: path, RawQuery: text},
			Header: http.Header{}, Body: io.NopCloser(strings.NewReader(text)),
		}
		answered(t, sim, raw)

		own, err := url.ParseQuery(text)
		if err != nil {
			return
		}
		form := signed(t, http.MethodPost, own.Get("Action"))
		for name, values := range own {
			if !form.Has(name) {
				form[name] = values
			}
		}
		sign(t, http.MethodPost, form)
		answered(t, sim, newRequest(t, http.MethodPost, form))
	})
}

func answered(t *testing.T, sim *gpsim.Sim, request *http.Request) {
	t.Helper()
	response, err := gpsim.Transport(sim).RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode >= 500 {
		t.Errorf("got status %d", response.StatusCode)
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
		sim.Books()
	})
}
