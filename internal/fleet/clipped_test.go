package fleet_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"

	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
)

// clippedTransport carries calls of a cloud that is half broken: changes fail, or
// listings lack machines.
type clippedTransport struct {
	world *world
	inner http.RoundTripper
}

var listings = []string{"GetServiceCodeList", "GetContractInformation", "GetVirtualMachineStatusList"}

// clip makes listings lack the machines with these codes, and no others.
func (w *world) clip(codes ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clipped = map[string]bool{}
	for _, code := range codes {
		w.clipped[code] = true
	}
}

// breakChanges makes every changing call fail with the HTTP status; 0: no more.
func (w *world) breakChanges(status int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.broken = status
}

func (t clippedTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	request.Body = io.NopCloser(bytes.NewReader(body))
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	t.world.mu.Lock()
	clipped, broken := t.world.clipped, t.world.broken
	t.world.mu.Unlock()
	if action := form.Get("Action"); broken != 0 && changing[action] {
		t.world.breaking.Lock()
		defer t.world.breaking.Unlock()
		if err := t.world.sim.Inject(gpsim.Fault{Action: action, Kind: gpsim.FaultAnswer, Status: broken}); err != nil {
			return nil, err
		}
	}
	answer, err := t.inner.RoundTrip(request)
	if err != nil || len(clipped) == 0 || !slices.Contains(listings, form.Get("Action")) || form.Get("GcServiceCode") != "" {
		return answer, err
	}
	return clip(answer, clipped)
}

func clip(answer *http.Response, clipped map[string]bool) (*http.Response, error) {
	defer answer.Body.Close()
	var content any
	if err := json.NewDecoder(answer.Body).Decode(&content); err != nil {
		return nil, err
	}
	text, err := json.Marshal(without(content, clipped))
	if err != nil {
		return nil, err
	}
	answer.Body, answer.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
	answer.Header.Del("Content-Length")
	return answer, nil
}

// without is a JSON value without the codes, and without the objects that are about them.
func without(value any, codes map[string]bool) any {
	switch value := value.(type) {
	case map[string]any:
		for name, part := range value {
			value[name] = without(part, codes)
		}
	case []any:
		left := []any{}
		for _, part := range value {
			object, _ := part.(map[string]any)
			about, _ := object["GcServiceCode"].(string)
			text, _ := part.(string)
			if !codes[about] && !codes[text] {
				left = append(left, without(part, codes))
			}
		}
		return left
	}
	return value
}
