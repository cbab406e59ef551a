package gpsim_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/gpapi"
	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
	"github.com/autoscaled/autoscaled/internal/secret"
)

// newClient talks to the simulator over a real loopback connection.
func newClient(t *testing.T, sim http.Handler) *gpapi.Client {
	t.Helper()
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	client, err := gpapi.New(gpapi.Options{
		Endpoint:       server.URL + "/json",
		AccessKey:      secret.New(accessKey),
		SecretKey:      secret.New(secretKey),
		CallsPerSecond: 50,
		CallTimeout:    time.Minute,
		Transport:      transport,
	})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func TestTheTypedClientTakesAMachineIntoThePoolAndBackOverLoopback(t *testing.T) {
	t.Parallel()
	options := testOptions()
	options.Delays = gpsim.Delays{StaleRead: 1} // nothing takes time
	options.CloneLanding = gpsim.StatusStopped
	sim := newCloud(t, options)
	client, ctx := newClient(t, sim), t.Context()

	order, err := client.AddCloneVirtualMachines(ctx, gpapi.AddCloneVirtualMachinesRequest{
		GpServiceCode: gp, SrcGcServiceCode: template, ContractNum: 1, VirtualMachineType: "V10",
	})
	if err != nil || len(order.GcServiceCodeList) != 1 {
		t.Fatalf("order: %v, %v", order, err)
	}
	code := order.GcServiceCodeList[0]
	if _, err := client.StartVirtualMachine(ctx, gpapi.VirtualMachineRequest{GpServiceCode: gp, GcServiceCode: code}); err != nil {
		t.Fatal(err)
	}
	described, err := client.DescribeVirtualMachine(ctx, gpapi.VirtualMachineRequest{GpServiceCode: gp, GcServiceCode: code})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := netip.ParseAddr(described.PrivateAddress.IPv4Address); err != nil {
		t.Errorf("the private address: %v", err)
	}
	node := gpapi.LbNodeRequest{
		GpServiceCode: gp, GlServiceCode: gl, Pool: "web", NodeIpAddress: described.PrivateAddress.IPv4Address, NodePort: 80,
	}
	if pool, err := client.AddLbNode(ctx, node); err != nil || len(pool.NodeList) != 2 {
		t.Errorf("AddLbNode: %v, %v", pool, err)
	}
	if pool, err := client.DeleteLbNode(ctx, node); err != nil || len(pool.NodeList) != 1 {
		t.Errorf("DeleteLbNode: %v, %v", pool, err)
	}
	if _, err := client.StopVirtualMachine(ctx, gpapi.StopVirtualMachineRequest{GpServiceCode: gp, GcServiceCode: code}); err != nil {
		t.Error(err)
	}
}

func TestACutConnectionLeavesTheTypedClientWithAnUnknownOutcome(t *testing.T) {
	t.Parallel()
	for _, kind := range []gpsim.FaultKind{gpsim.FaultReset, gpsim.FaultHang} {
		ctx, giveUp := context.WithCancel(t.Context())
		options := testOptions()
		options.Hooks.Pool = func(_, _ string, nodes []netip.AddrPort) {
			if len(nodes) == 0 && kind == gpsim.FaultHang {
				giveUp()
			}
		}
		sim := newCloud(t, options)
		inject(t, sim, gpsim.Fault{Action: "DeleteLbNode", Effect: true, Kind: kind})
		_, err := newClient(t, sim).DeleteLbNode(ctx, gpapi.LbNodeRequest{
			GpServiceCode: gp, GlServiceCode: gl, Pool: "web", NodeIpAddress: webNode.Addr().String(), NodePort: int(webNode.Port()),
		})
		giveUp()
		if cloud.ClassOf(err) != cloud.ClassUnknownOutcome {
			t.Errorf("fault kind %d: got %v (%v), want an unknown outcome", kind, err, cloud.ClassOf(err))
		}
		if calls := sim.Books().Calls; len(calls) != 1 || !calls[0].Effect || calls[0].HTTPStatus != 0 {
			t.Errorf("fault kind %d: the books say %+v", kind, calls)
		}
	}
}
