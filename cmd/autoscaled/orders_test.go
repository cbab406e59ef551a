package main

import (
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/actions"
)

func TestEachUnsettledOrderSaysHowAPersonSettlesIt(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	orders := []accountOrder{
		{"gio", actions.OrderStatus{ID: "20260401T115955.000000000", Group: "web", Count: 2, State: actions.IntentOpen, At: before(5 * time.Second)}},
		{"gio", actions.OrderStatus{
			ID: "20260401T115700.000000000", Group: "web", Count: 2, State: actions.IntentUnknown, At: before(3 * time.Minute),
			Error: "clone gc00000001: context deadline exceeded",
		}},
		{"osaka", actions.OrderStatus{
			ID: "20260401T110000.000000000", Group: "api", Count: 2, State: actions.IntentAsking, At: before(time.Hour),
			Error: "lost its answer, and 1 appeared", Candidates: []string{"gc00000007"},
		}},
		{"osaka", actions.OrderStatus{
			ID: "20260401T100000.000000000", Group: "api", Count: 2, State: actions.IntentAsking, At: before(2 * time.Hour),
			Error: "lost its answer, and 3 appeared", Candidates: []string{"gc00000011", "gc00000012", "gc00000013"},
		}},
	}
	if err := printOrders(&out, orders, "", now); err != nil {
		t.Fatal(err)
	}
	golden(t, "orders.txt", out.String())
}
