package gpapi_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/gpapi"
)

func TestAnAnswerThatMayHaveHadItsEffectIsOfUnknownOutcome(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		body   string
	}{
		"an error with a success in it": {400, `{"AddCloneVirtualMachinesResponse":{"GcServiceCodeList":["gc00000007"]}}`},
		"both":                          {200, `{"AddCloneVirtualMachinesResponse":{"GcServiceCodeList":["gc00000007","gc00000008"]},"ErrorResponse":"boom"}`},
		"see other":                     {303, ``},
	} {
		err := orderTwo(t.Context(), newClient(t, testOptions(&fakeServer{answer: always(c.status, c.body)})))
		if class := cloud.ClassOf(err); class != cloud.ClassUnknownOutcome {
			t.Errorf("%s: class %v, %v", name, class, err)
		}
	}
}

func TestAnAnswerAboutAnotherMachineIsNotBelieved(t *testing.T) {
	t.Parallel()
	client := newClient(t, testOptions(&fakeServer{answer: always(200, `{"GetVirtualMachineStatusResponse":{"GcServiceCode":"gc00000009","Status":"Running"},`+
		`"StartVirtualMachineResponse":{"GcServiceCode":"gc00000009","Current":{"Status":"Starting"}}}`)}))
	got, err := client.GetVirtualMachineStatus(t.Context(), gpapi.VirtualMachineRequest{GpServiceCode: "gp00000001", GcServiceCode: "gc00000001"})
	if cloud.ClassOf(err) != cloud.ClassTransient || !strings.Contains(err.Error(), "gc00000009") || got.Status != "" {
		t.Errorf("%+v, %v", got, err)
	}
	_, err = client.StartVirtualMachine(t.Context(), gpapi.VirtualMachineRequest{GpServiceCode: "gp00000001", GcServiceCode: "gc00000001"})
	if cloud.ClassOf(err) != cloud.ClassUnknownOutcome {
		t.Errorf("%v", err)
	}
}

func TestAnAnswerOfTooManyPartsIsNotRead(t *testing.T) {
	t.Parallel()
	many := `{"GetContractInformationResponse":{"VirtualMachineList":[` + strings.Repeat("{},", 1<<17+1) + `{}]}}`
	client := newClient(t, testOptions(&fakeServer{answer: always(200, many)}))
	_, err := client.GetContractInformation(t.Context(), gpapi.GetContractInformationRequest{GpServiceCode: "gp00000001"})
	if cloud.ClassOf(err) != cloud.ClassTransient || !strings.Contains(err.Error(), "parts") {
		t.Errorf("%v", err)
	}
}

// handover is a connection that the server keeps after switching protocols. Reading
// it never ends, and it is closed.
type handover struct{ closed bool }

func (h *handover) Read([]byte) (int, error) {
	if h.closed {
		return 0, errors.New("read after close")
	}
	select {}
}

func (h *handover) Close() error {
	h.closed = true
	return nil
}

func TestAConnectionThatTheServerTurnsIntoAnotherIsClosedUnread(t *testing.T) {
	t.Parallel()
	options, connection := testOptions(&fakeServer{}), &handover{}
	options.Transport = roundTrip(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusSwitchingProtocols, Header: http.Header{}, Body: connection}, nil
	})
	if err := orderTwo(t.Context(), newClient(t, options)); cloud.ClassOf(err) != cloud.ClassUnknownOutcome || !connection.closed {
		t.Errorf("closed: %v, %v", connection.closed, err)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }

func TestSecretsAreHiddenHoweverTheyAreSpelt(t *testing.T) {
	t.Parallel()
	var sent url.Values
	server := &fakeServer{answer: func(form url.Values) (int, http.Header, string, error) {
		sent = form
		var echoes []string
		for _, secret := range []string{form.Get("Signature"), form.Get("AccessKeyId")} {
			echoes = append(echoes, strings.TrimRight(secret, "="), strings.NewReplacer("+", "&#43;", "/", "&#x2F;", "=", "&#61;").Replace(secret),
				strings.NewReplacer("+", `\u002b`, "/", `\/`, "=", `\u003d`).Replace(secret), strings.NewReplacer("+", "%2b", "/", "%2f", "=", "%3d").Replace(secret))
		}
		return 400, nil, `{"ErrorResponse":{"ErrorMessage":"` + strings.ReplaceAll(strings.Join(echoes, " "), `\`, `\\`) + ` \u001b]52;c;x\u0007"}}`, nil
	}}
	err := orderTwo(t.Context(), newClient(t, testOptions(server)))
	for _, secret := range []string{sent.Get("Signature")[:8], sent.Get("AccessKeyId")[:8], "\x1b", "\a"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("%q is in %v", secret, err)
		}
	}
}
