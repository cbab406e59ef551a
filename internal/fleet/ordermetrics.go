package fleet

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/autoscaled/autoscaled/internal/actions"
)

// The metrics of orders.
var (
	ordersMetric       = prometheus.NewDesc("autoscaled_account_orders", "Orders that are not settled, by what is known of them.", []string{"account", "state"}, nil)
	orderFailingMetric = prometheus.NewDesc("autoscaled_account_order_failing", "1 while the newest order of the account failed.", []string{"account"}, nil)
)

// Orders shows, when it is read, the orders that the accounts of a fleet have. It is a
// [prometheus.Collector].
type Orders struct{ Fleet *Fleet }

// Describe is part of [prometheus.Collector].
func (o Orders) Describe(descriptions chan<- *prometheus.Desc) {
	descriptions <- ordersMetric
	descriptions <- orderFailingMetric
}

// Collect is part of [prometheus.Collector].
func (o Orders) Collect(series chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		series <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	for _, account := range o.Fleet.members().accounts {
		count := map[actions.IntentState]int{}
		for _, order := range account.Unsettled() {
			count[order.State]++
		}
		for _, state := range []actions.IntentState{actions.IntentOpen, actions.IntentUnknown, actions.IntentAsking} {
			gauge(ordersMetric, float64(count[state]), account.Name, string(state))
		}
		gauge(orderFailingMetric, truth(account.Trouble() != ""), account.Name)
	}
}
