package gp_test

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/cloud/cloudtest"
	"github.com/autoscaled/autoscaled/internal/cloud/gp"
	"github.com/autoscaled/autoscaled/internal/gpapi"
	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
	"github.com/autoscaled/autoscaled/internal/secret"
)

const (
	mainContract = "gp00000001"
	fwlb         = "gl00000001"
	template     = "gc00000001"
)

// TestAgainstTheSimulator runs the suite with everything that an option turns on,
// and with nothing of it.
func TestAgainstTheSimulator(t *testing.T) {
	t.Parallel()
	full := gp.Options{
		GpServiceCode: mainContract,
		SSHPublicKey:  "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJ1dCBub3QgYSByZWFsIGtleSBhdCBhbGwhISEh operator@example",
		FwLb:          fwlb,
	}
	bare := gp.Options{GpServiceCode: mainContract, PaidPeriod: gp.PaidByMonth}
	t.Run("with key and FW+LB, paid by day", func(t *testing.T) {
		t.Parallel()
		cloudtest.Run(t, func(t *testing.T) cloudtest.Fixture { return simulated(t, full, gpsim.StatusInitialized) })
	})
	t.Run("without preparations, paid by month", func(t *testing.T) {
		t.Parallel()
		cloudtest.Run(t, func(t *testing.T) cloudtest.Fixture { return simulated(t, bare, gpsim.StatusStopped) })
	})
}

// simulated is a cloud with a template, a serving machine in a pool, and a writer
// with the given options. Clones land in the given status.
func simulated(t *testing.T, options gp.Options, cloneLanding string) cloudtest.Fixture {
	t.Helper()
	sim, err := gpsim.New(gpsim.Options{
		Accounts:     []gpsim.Account{{AccessKey: "AKTEST", SecretKey: secret.New("s3cret"), GpServiceCode: mainContract}},
		CloneLanding: cloneLanding,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sim.Close() })
	if _, _, err = sim.AddMachine(gpsim.MachineSpec{Code: template, Label: "template", Type: "V40"}); err != nil {
		t.Fatal(err)
	}
	_, address, err := sim.AddMachine(gpsim.MachineSpec{Label: "somebody else's", Status: gpsim.StatusRunning})
	if err != nil {
		t.Fatal(err)
	}
	err = sim.AddFwLb(fwlb, map[string][]netip.AddrPort{"web": {netip.AddrPortFrom(address, 80)}})
	if err != nil {
		t.Fatal(err)
	}
	client, err := gpapi.New(gpapi.Options{
		AccessKey:      secret.New("AKTEST"),
		SecretKey:      secret.New("s3cret"),
		CallsPerSecond: 2,
		CallTimeout:    200 * time.Second,
		Transport:      gpsim.Transport(sim),
	})
	if err != nil {
		t.Fatal(err)
	}
	return cloudtest.Fixture{
		Writer:    gp.NewWriter(client, options),
		Balancer:  gp.NewPool(client, gp.PoolOptions{GpServiceCode: mainContract, GlServiceCode: fwlb, Pool: "web", Port: 80, NodesMax: 50}),
		Template:  cloud.Template{Source: template, Type: "V40"},
		Absent:    "gc99999999",
		Denied:    gp.NewReader(client.Reader, gp.Options{GpServiceCode: "gp00000009"}),
		StaleRead: gpsim.RealDelays().StaleRead,
		Content: func(code string) string {
			machines := sim.Books().Machines
			i := slices.IndexFunc(machines, func(m gpsim.MachineRecord) bool { return m.Code == code })
			return machines[i].Content
		},
		SetContent: sim.SetContent,
	}
}
