package gpsim_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
)

// BenchmarkACall shows that a call costs the same however many machines there are.
func BenchmarkACall(b *testing.B) {
	for _, machines := range []int{10, 1000, 10_000} {
		for name, form := range map[string]url.Values{
			"read":   signed(b, http.MethodPost, "GetVirtualMachineStatus", vm(template)...),
			"change": signed(b, http.MethodPost, "SetLabel", "GpServiceCode="+gp, "ServiceCode="+template, "Label=x"),
		} {
			b.Run(fmt.Sprintf("%s/%d", name, machines), func(b *testing.B) {
				sim := crowdedCloud(b, machines)
				for b.Loop() {
					response, err := gpsim.Transport(sim).RoundTrip(newRequest(b, http.MethodPost, form))
					if err != nil || response.StatusCode != http.StatusOK {
						b.Fatal(response, err)
					}
				}
			})
		}
	}
}

// BenchmarkListing reads all contracts in one answer.
func BenchmarkListing(b *testing.B) {
	for _, path := range []string{"/json", "/xml"} {
		b.Run(path, func(b *testing.B) {
			sim := crowdedCloud(b, 10_000)
			b.ReportAllocs()
			for b.Loop() {
				response, err := gpsim.Transport(sim).RoundTrip(requestTo(b, http.MethodPost, path, "GetContractInformation", "GpServiceCode="+gp))
				if err != nil || response.StatusCode != http.StatusOK {
					b.Fatal(response, err)
				}
			}
		})
	}
}

// BenchmarkBooks reads the books, with ten calls in them for each machine.
func BenchmarkBooks(b *testing.B) {
	for _, machines := range []int{10, 1000, 10_000} {
		b.Run(fmt.Sprint(machines), func(b *testing.B) {
			sim := crowdedCloud(b, machines)
			label := signed(b, http.MethodPost, "SetLabel", "GpServiceCode="+gp, "ServiceCode="+template, "Label=x")
			for range 10 * machines {
				if _, err := gpsim.Transport(sim).RoundTrip(newRequest(b, http.MethodPost, label)); err != nil {
					b.Fatal(err)
				}
			}
			for b.Loop() {
				if got := len(sim.Books().Machines); got != machines {
					b.Fatalf("%d machines", got)
				}
			}
		})
	}
}

// crowdedCloud has a template, and machines that run.
func crowdedCloud(b *testing.B, machines int) *gpsim.Sim {
	b.Helper()
	options := testOptions()
	options.MaxMachines = machines
	sim := newCloud(b, options)
	for range machines - 1 {
		if _, _, err := sim.AddMachine(gpsim.MachineSpec{Status: gpsim.StatusRunning}); err != nil {
			b.Fatal(err)
		}
	}
	return sim
}
