package main

import (
	"encoding/json"
	"errors"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/gpapi"
	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
	"github.com/autoscaled/autoscaled/internal/secret"
)

// simulated serves an account with one stopped machine, gc00000001.
func simulated(t *testing.T) (sim *gpsim.Sim, endpoint string) {
	t.Helper()
	sim, err := gpsim.New(gpsim.Options{Accounts: []gpsim.Account{{AccessKey: "ACCESSKEY", SecretKey: secret.New("s3cret-key"), GpServiceCode: "gp00000001"}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := sim.AddMachine(gpsim.MachineSpec{Code: "gc00000001"}); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	return sim, server.URL + "/json"
}

// gpConfig is a configuration with one provider, the simulated account.
func gpConfig(t *testing.T, endpoint string) string {
	t.Helper()
	directory := t.TempDir()
	keys := map[string]string{"access": "ACCESSKEY", "secret": "s3cret-key"}
	for name, key := range keys {
		if err := os.WriteFile(filepath.Join(directory, name), []byte(key), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	minimal, err := os.ReadFile("../../configs/minimal.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer(
		"env:IIJAPI_ACCESS_KEY", "file:"+filepath.Join(directory, "access"),
		"env:IIJAPI_SECRET_KEY", "file:"+filepath.Join(directory, "secret"),
		"    gp_service_code:", "    endpoint: "+endpoint+"\n    gp_service_code:",
		", ssh_public_key: file:/etc/autoscaled/id_rsa.pub", "",
	).Replace(string(minimal))
	file := filepath.Join(directory, "autoscaled.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestGpPrintsWhatTheActionAnswers(t *testing.T) {
	t.Parallel()
	_, endpoint := simulated(t)
	for _, path := range []string{"/json", "/xml"} {
		for _, flags := range [][]string{nil, {"--method", "GET"}, {"--signature-method", "HmacSHA1"}} {
			args := append([]string{"gp", "GetVirtualMachineStatus", "GcServiceCode=gc00000001", "--config", gpConfig(t, strings.Replace(endpoint, "/json", path, 1))}, flags...)
			out, errs, err := execute(t, args...)
			if err != nil || !strings.Contains(out, `"Status": "Stopped"`) || errs != "" {
				t.Errorf("%v: %v\n%s%s", args, err, out, errs)
			}
		}
	}
}

func TestGpReadsValuesFromFiles(t *testing.T) {
	t.Parallel()
	sim, endpoint := simulated(t)
	file := filepath.Join(t.TempDir(), "label")
	if err := os.WriteFile(file, []byte("a label\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for value, want := range map[string]string{"@" + file: "a label", "@@home": "@home", "x=y": "x=y"} {
		_, errs, err := execute(t, "gp", "SetLabel", "ServiceCode=gc00000001", "Label="+value, "--config", gpConfig(t, endpoint))
		if got := sim.Books().Machines[0].Label; err != nil || got != want {
			t.Errorf("%s: label %q, want %q; %v %s", value, got, want, err, errs)
		}
	}
}

func TestGpSaysWithItsStatusHowACallFailed(t *testing.T) {
	t.Parallel()
	sim, endpoint := simulated(t)
	for name, c := range map[string]struct {
		args   []string
		fault  int // HTTP status
		status int
		says   string
	}{
		"the machine does not allow it":    {[]string{"StopVirtualMachine", "GcServiceCode=gc00000001"}, 0, exitStatus(cloud.ClassInvalid), "HTTP status 400"},
		"there is no such machine":         {[]string{"DescribeVirtualMachine", "GcServiceCode=gc00000009"}, 0, exitStatus(cloud.ClassNotFound), "HTTP status 404"},
		"the rights are missing":           {[]string{"StartVirtualMachine", "GcServiceCode=gc00000001"}, 403, exitStatus(cloud.ClassDenied), "HTTP status 403"},
		"the outcome is not known":         {[]string{"StartVirtualMachine", "GcServiceCode=gc00000001"}, 500, exitStatus(cloud.ClassUnknownOutcome), "look before doing it again"},
		"there is no such action":          {[]string{"StartVirtualMachin"}, 0, 1, "did you mean `StartVirtualMachine`"},
		"there is no such parameter":       {[]string{"StartVirtualMachine", "GcServiceCod=gc00000001"}, 0, 1, "did you mean `GcServiceCode`"},
		"a parameter is missing":           {[]string{"StartVirtualMachine"}, 0, 1, "GcServiceCode"},
		"a parameter has no value":         {[]string{"StartVirtualMachine", "gc00000001"}, 0, 1, "write it as KEY=VALUE"},
		"a parameter is there twice":       {[]string{"SetLabel", "Label=a", "Label=b"}, 0, 1, "Label.1"},
		"a file of a value does not exist": {[]string{"SetLabel", "Label=@/does/not/exist"}, 0, 1, "parameter Label"},
	} {
		if c.fault != 0 {
			if err := sim.Inject(gpsim.Fault{Action: c.args[0], Status: c.fault}); err != nil {
				t.Fatal(err)
			}
		}
		out, _, err := execute(t, append([]string{"gp", "--config", gpConfig(t, endpoint)}, c.args...)...)
		if err == nil || statusOf(err) != c.status || !strings.Contains(err.Error(), c.says) || out != "" {
			t.Errorf("%s: status %d, want %d; %v %s", name, statusOf(err), c.status, err, out)
		}
	}
}

func TestGpTellsWhatIsSignedWithoutTheKeys(t *testing.T) {
	t.Parallel()
	_, endpoint := simulated(t)
	_, errs, err := execute(t, "gp", "Echo", "Param=hello world", "--debug", "--config", gpConfig(t, endpoint))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"POST\n", "/json\n", "Action=Echo", "Param=hello%20world", "200"} {
		if !strings.Contains(errs, want) {
			t.Errorf("it does not tell %q:\n%s", want, errs)
		}
	}
	for _, key := range []string{"ACCESSKEY", "s3cret-key", "Signature="} {
		if strings.Contains(errs, key) {
			t.Errorf("it tells %q:\n%s", key, errs)
		}
	}
}

// broken is an output that takes nothing.
type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestGpSaysThatACallSucceededWhoseAnswerCannotBePrinted(t *testing.T) {
	t.Parallel()
	sim, endpoint := simulated(t)
	command := root()
	command.SetArgs([]string{"gp", "AddVlanOption", "--config", gpConfig(t, endpoint)})
	command.SetOut(broken{})
	command.SetErr(io.Discard)
	err := command.ExecuteContext(t.Context())
	if err == nil || statusOf(err) != exitStatus(cloud.ClassUnknownOutcome) || !strings.Contains(err.Error(), "gx00000001") {
		t.Errorf("status %d, %v", statusOf(err), err)
	}
	if bought := len(sim.Books().Options); bought != 1 {
		t.Errorf("%d were bought", bought)
	}
}

func TestGpListsEveryActionWithItsParameters(t *testing.T) {
	t.Parallel()
	out, _, err := execute(t, "gp")
	if lines := strings.Count(out, "\n"); err != nil || lines != 1+len(gpapi.Actions()) {
		t.Errorf("%d lines for %d actions, %v", lines, len(gpapi.Actions()), err)
	}
	if !strings.Contains(out, "Force=Yes|No") || !strings.Contains(out, "GcServiceCode* PublicKey*") {
		t.Errorf("it does not show parameters:\n%s", out)
	}
	out, _, err = execute(t, "gp", "-o", "json")
	var listed []listedAction
	if err != nil || json.Unmarshal([]byte(out), &listed) != nil || len(listed) != len(gpapi.Actions()) || listed[0].Name == "" || !strings.Contains(out, `"values": [`) {
		t.Errorf("error is %v, as JSON\n%s", err, out)
	}
}

func TestGpCompletesActionsParametersAndValues(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args  []string
		begun string
		want  string
	}{
		{nil, "Sto", "StopVirtualMachine"},
		{[]string{"StopVirtualMachine"}, "", "GcServiceCode="},
		{[]string{"StopVirtualMachine", "GcServiceCode=gc00000001"}, "Force=", "Force=Yes"},
		{[]string{"GetVirtualMachineStatusList", "GcServiceCode.1=gc00000001"}, "", "GcServiceCode.2="},
		{[]string{"AddLbPool", "NodePort.1=80"}, "", "NodePort.2="},
	} {
		if got, _ := completeGp(nil, c.args, c.begun); !slices.Contains(got, c.want) {
			t.Errorf("after %v %q: %v, want %s among them", c.args, c.begun, got, c.want)
		}
	}
	if got, _ := completeGp(nil, []string{"StopVirtualMachine", "GcServiceCode=gc00000001"}, ""); slices.Contains(got, "GcServiceCode=") {
		t.Errorf("it offers what is there already: %v", got)
	}
}

func TestGpWithoutKeysSaysWhereToPutThem(t *testing.T) {
	t.Setenv(accessKeyVariable, "")
	if _, _, err := execute(t, "gp", "Echo", "Param=x"); err == nil || !strings.Contains(err.Error(), accessKeyVariable) || !strings.Contains(err.Error(), "--config") {
		t.Errorf("error is %v", err)
	}
}

func TestGpTakesTheVariablesOfTheVendorsCommandLine(t *testing.T) {
	_, endpoint := simulated(t)
	t.Setenv(accessKeyVariable, "ACCESSKEY")
	t.Setenv(secretKeyVariable, "s3cret-key")
	out, _, err := execute(t, "gp", "GetGpServiceCodeList", "--endpoint", endpoint)
	if err != nil || !strings.Contains(out, "gp00000001") {
		t.Errorf("%v: %s", err, out)
	}
}
