package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/httpd"
)

// accountOrder is an order that is not settled, with the account that it is of.
type accountOrder struct {
	Account string `json:"account"`
	actions.OrderStatus
}

func ordersCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "orders",
		Short: "List the orders that are not settled, and how a person settles each",
		Long: `List the orders of which it is not known what they bought, with what they may have bought
and the commands that settle each. Nothing more is ordered on such an account.`,
		Example: `  autoscaled orders
  autoscaled orders -o json`,
		Args: cobra.NoArgs,
	}
	form := formFlag(command)
	return daemonCommand(command, func(ctx context.Context, client *httpd.Client, _ []string) error {
		status, err := client.Status(ctx)
		if err != nil {
			return err
		}
		orders := unsettled(status)
		return form.print(command, orders, func(out io.Writer) error {
			return printOrders(out, orders, sameDaemon(command), time.Now())
		})
	})
}

// unsettled lists the orders of all accounts, and is never nil.
func unsettled(status fleet.Status) []accountOrder {
	orders := []accountOrder{}
	for _, account := range status.Accounts {
		for _, order := range account.Orders {
			orders = append(orders, accountOrder{account.Name, order})
		}
	}
	return orders
}

// printOrders writes the orders for a person. daemon ends each command shown.
func printOrders(out io.Writer, orders []accountOrder, daemon string, now time.Time) error {
	if len(orders) == 0 {
		_, err := fmt.Fprintln(out, "every order is settled")
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for i, order := range orders {
		if i > 0 {
			fmt.Fprintln(w)
		}
		printOrder(w, order, daemon, now)
	}
	return w.Flush()
}

func printOrder(w io.Writer, order accountOrder, daemon string, now time.Time) {
	fmt.Fprintf(w, "order %s: %d for %s at account %s, sent %s ago\n  %s\n",
		order.ID, order.Count, order.Group, order.Account, ago(order.At, now), stateOf(order.OrderStatus))
	if order.Error != "" {
		fmt.Fprintf(w, "  ! %s\n", order.Error)
	}
	if order.State == actions.IntentOpen {
		return // there is nothing to know yet
	}
	codes := "CODE..."
	switch found := order.Candidates; {
	case len(found) == 0:
		fmt.Fprintln(w, "  nothing that it may have bought was seen")
	case len(found) <= order.Count:
		fmt.Fprintf(w, "  it may have bought %s\n", strings.Join(found, ", "))
		codes = strings.Join(found, " ")
	default:
		fmt.Fprintf(w, "  it may have bought %d of %s\n", order.Count, strings.Join(found, ", "))
	}
	fmt.Fprintf(w, "  if it bought machines:\tautoscaled adopt %s --order %s%s\n", codes, order.ID, daemon)
	fmt.Fprintf(w, "  if it bought nothing:\tautoscaled adopt --order %s --none%s\n", order.ID, daemon)
}
