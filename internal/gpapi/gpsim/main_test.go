package gpsim_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/autoscaled/autoscaled/internal/gpapi"
	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
	"github.com/autoscaled/autoscaled/internal/secret"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	gp        = "gp00000001"
	gl        = "gl00000001"
	template  = "gc00000001"
	accessKey = "AKTESTTESTTESTTEST01"
	secretKey = "secretSECRETsecretSECRETsecretSECRET0001"
	host      = "gp.test"
)

var webNode = netip.MustParseAddrPort("127.10.9.9:80")

func testOptions() gpsim.Options {
	return gpsim.Options{
		Accounts: []gpsim.Account{{AccessKey: accessKey, SecretKey: secret.New(secretKey), GpServiceCode: gp}},
	}
}

// newCloud has a stopped template and an FW+LB whose pool web has one node.
func newCloud(t testing.TB, options gpsim.Options) *gpsim.Sim {
	t.Helper()
	sim, err := gpsim.New(options)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := sim.AddMachine(gpsim.MachineSpec{Code: template, Label: "template"}); err != nil {
		t.Fatal(err)
	}
	if err := sim.AddFwLb(gl, map[string][]netip.AddrPort{"web": {webNode}}); err != nil {
		t.Fatal(err)
	}
	return sim
}

// result is what a client got to see of one call.
type result struct {
	status int
	key    string // the one top-level member of the answer
	fields map[string]any
}

func (r result) text(name string) string {
	text, _ := r.fields[name].(string)
	return text
}

func (r result) under(object, name string) string {
	members, _ := r.fields[object].(map[string]any)
	text, _ := members[name].(string)
	return text
}

// entries are the objects of a list.
func (r result) entries(name string) []result {
	var entries []result
	list, _ := r.fields[name].([]any)
	for _, entry := range list {
		entries = append(entries, result{fields: entry.(map[string]any)})
	}
	return entries
}

func (r result) texts(name string) []string {
	var texts []string
	list, _ := r.fields[name].([]any)
	for _, member := range list {
		texts = append(texts, member.(string))
	}
	return texts
}

// signed gives the parameters of a call, written as name=value, with a signature.
func signed(t testing.TB, method, action string, parameters ...string) url.Values {
	t.Helper()
	form := url.Values{
		"APIVersion":       {"20130901"},
		"AccessKeyId":      {accessKey},
		"Action":           {action},
		"Expire":           {time.Now().Add(time.Hour).UTC().Format("2006-01-02T15:04:05Z")},
		"SignatureMethod":  {gpapi.HmacSHA256},
		"SignatureVersion": {"2"},
	}
	for _, parameter := range parameters {
		name, value, _ := strings.Cut(parameter, "=")
		form.Set(name, value)
	}
	sign(t, method, form)
	return form
}

func sign(t testing.TB, method string, form url.Values) {
	t.Helper()
	signature, err := gpapi.Sign(method, host, "/json", form, secretKey)
	if err != nil {
		t.Fatal(err)
	}
	form.Set("Signature", signature)
}

func newRequest(t testing.TB, method string, form url.Values) *http.Request {
	t.Helper()
	target, body := "http://"+host+"/json", form.Encode()
	if method == http.MethodGet {
		target, body = target+"?"+body, ""
	}
	request, err := http.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return request
}

// send carries a request in memory and checks what holds for every answer.
func send(t testing.TB, sim http.Handler, request *http.Request) (result, error) {
	t.Helper()
	response, err := gpsim.Transport(sim).RoundTrip(request)
	if err != nil {
		return result{}, err
	}
	defer func() { _ = response.Body.Close() }()
	if got := response.Header.Get("Content-Type"); got != "application/json; charset=utf-8" {
		t.Errorf("%d answer has Content-Type %q", response.StatusCode, got)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return result{}, err
	}
	var envelope map[string]map[string]any
	if err := json.Unmarshal(body, &envelope); err != nil {
		t.Fatalf("answer %q: %v", body, err)
	}
	if len(envelope) != 1 {
		t.Fatalf("answer %q has %d top-level members, want 1", body, len(envelope))
	}
	for key, fields := range envelope {
		checkShape(t, key, fields)
		return result{response.StatusCode, key, fields}, nil
	}
	return result{}, nil
}

// checkShape demands strings for all scalars and no null.
func checkShape(t testing.TB, path string, value any) {
	t.Helper()
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			checkShape(t, path+"."+name, member)
		}
	case []any:
		for i, member := range value {
			checkShape(t, fmt.Sprintf("%s[%d]", path, i), member)
		}
	case string:
	default:
		t.Errorf("%s is %v (%T), want a string, object or list", path, value, value)
	}
}

// call posts an action.
func call(t testing.TB, sim http.Handler, action string, parameters ...string) result {
	t.Helper()
	got, err := send(t, sim, newRequest(t, http.MethodPost, signed(t, http.MethodPost, action, parameters...)))
	if err != nil {
		t.Fatalf("%s: %v", action, err)
	}
	return got
}

// must posts an action that has to succeed.
func must(t testing.TB, sim http.Handler, action string, parameters ...string) result {
	t.Helper()
	got := call(t, sim, action, parameters...)
	if got.status != http.StatusOK || got.key != action+"Response" {
		t.Fatalf("%s %v: got %d %s %v, want success", action, parameters, got.status, got.key, got.fields)
	}
	return got
}

// refused posts an action that has to be answered with status.
func refused(t testing.TB, sim http.Handler, status int, action string, parameters ...string) result {
	t.Helper()
	got := call(t, sim, action, parameters...)
	if got.status != status || got.key != "ErrorResponse" || got.text("ErrorType") == "" || got.text("ErrorMessage") == "" {
		t.Fatalf("%s %v: got %d %s %v, want an ErrorResponse with %d", action, parameters, got.status, got.key, got.fields, status)
	}
	return got
}

// vm is the pair of parameters that names a machine.
func vm(code string, more ...string) []string {
	return append([]string{"GpServiceCode=" + gp, "GcServiceCode=" + code}, more...)
}

// lb is the pair of parameters that names the FW+LB.
func lb(more ...string) []string {
	return append([]string{"GpServiceCode=" + gp, "GlServiceCode=" + gl}, more...)
}

func cloneParameters(count string, more ...string) []string {
	return append([]string{
		"GpServiceCode=" + gp, "SrcGcServiceCode=" + template, "ContractNum=" + count, "VirtualMachineType=V10",
	}, more...)
}

func shownStatus(t testing.TB, sim http.Handler, code string) string {
	t.Helper()
	return must(t, sim, "GetVirtualMachineStatus", vm(code)...).text("Status")
}

func stateFile(t *testing.T) string {
	t.Helper()
	return t.TempDir() + string(os.PathSeparator) + "state.json"
}
