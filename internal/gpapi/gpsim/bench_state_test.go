package gpsim_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"os"
	"testing"

	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
)

// BenchmarkADurableChange shows what it costs to keep each change in a file: the
// whole file is written anew.
func BenchmarkADurableChange(b *testing.B) {
	for _, machines := range []int{100, 1000, 10_000} {
		b.Run(fmt.Sprint(machines), func(b *testing.B) {
			options := testOptions()
			options.StateFile = b.TempDir() + "/state.json"
			crowdedFile(b, options, machines)
			sim := newCloud(b, options)
			if got := len(sim.Books().Machines); got != machines {
				b.Fatalf("%d machines", got)
			}
			label := signed(b, http.MethodPost, "SetLabel", "GpServiceCode="+gp, "ServiceCode="+template, "Label=x")
			for b.Loop() {
				response, err := gpsim.Transport(sim).RoundTrip(newRequest(b, http.MethodPost, label))
				if err != nil || response.StatusCode != http.StatusOK {
					b.Fatal(response, err)
				}
			}
			info, err := os.Stat(options.StateFile)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(info.Size())/1e6, "MB")
		})
	}
}

// crowdedFile writes a state with so many machines, made after the template.
func crowdedFile(b *testing.B, options gpsim.Options, machines int) {
	b.Helper()
	newCloud(b, options)
	content, err := os.ReadFile(options.StateFile)
	if err != nil {
		b.Fatal(err)
	}
	var state map[string]any
	if err := json.Unmarshal(content, &state); err != nil {
		b.Fatal(err)
	}
	list := state["machines"].([]any)
	address := netip.MustParseAddr("127.11.0.0")
	for n := 2; n <= machines; n++ {
		machine := maps.Clone(list[0].(map[string]any))
		address = address.Next()
		machine["code"], machine["address"] = fmt.Sprintf("gc%08d", n), address.String()
		list = append(list, machine)
	}
	state["machines"] = list
	if content, err = json.Marshal(state); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(options.StateFile, content, 0o600); err != nil {
		b.Fatal(err)
	}
}
