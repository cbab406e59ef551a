package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/httpd"
)

func adoptCommand() *cobra.Command {
	var adoption fleet.Adoption
	var none bool
	command := &cobra.Command{
		Use:   "adopt [CODE...]",
		Short: "Say which machines a lost order bought, or which belong to a group",
		Long: `Say what only a person can know about machines.

With --order, the machines are what an order bought whose answer was lost: all that
it bought, and nothing else. With --order and --none, it bought nothing. "autoscaled
orders" lists such orders. With --group, the machines belong to the group, whoever
bought them. Once adopted, a machine is labelled, and moved like any other.`,
		Example: `  autoscaled adopt gc00000007 gc00000008 --order 20260401T115000.000000000
  autoscaled adopt --order 20260401T115000.000000000 --none
  autoscaled adopt gc00000009 --group web`,
	}
	flags := command.Flags()
	flags.StringVar(&adoption.Order, "order", "", "the `ID` of the order that bought them")
	flags.StringVar(&adoption.Group, "group", "", "the `GROUP` that they belong to")
	flags.BoolVar(&none, "none", false, "the order bought nothing")
	signFlags(command, &adoption.By, &adoption.Why)
	form := formFlag(command)
	command.Args = func(_ *cobra.Command, codes []string) error {
		return checkAdoption(adoption.Order, adoption.Group, codes, none)
	}
	return daemonCommand(command, func(ctx context.Context, client *httpd.Client, codes []string) error {
		adoption.Codes = codes
		if err := client.Adopt(ctx, adoption); err != nil {
			return err
		}
		return form.tell(command, codes, adopted(adoption))
	})
}

// checkAdoption refuses what does not say clearly which machines are meant.
func checkAdoption(order, group string, codes []string, none bool) error {
	switch {
	case (order == "") == (group == ""):
		return errors.New("adopt: write either --order ID (see `autoscaled orders`) or --group GROUP")
	case none && group != "":
		return errors.New("adopt: --none says that an order bought nothing: write it with --order ID")
	case none && len(codes) > 0:
		return fmt.Errorf("adopt: --none says that the order bought nothing, and %s named: leave one of the two out", areText(codes))
	case !none && len(codes) == 0:
		return errors.New("adopt: name the machines' codes; if the order bought nothing, write --none")
	}
	for i, code := range codes {
		if slices.Contains(codes[:i], code) {
			return fmt.Errorf("adopt: %s is named twice: name each machine once", code)
		}
	}
	return nil
}

func adopted(adoption fleet.Adoption) string {
	switch {
	case adoption.Group != "":
		return fmt.Sprintf("%s taken on record for group %s", areText(adoption.Codes), adoption.Group)
	case len(adoption.Codes) == 0:
		return fmt.Sprintf("order %s is settled: it bought nothing", adoption.Order)
	default:
		return fmt.Sprintf("order %s is settled: %s taken on record as what it bought", adoption.Order, areText(adoption.Codes))
	}
}

// areText names machines as the subject of a sentence, with its verb.
func areText(codes []string) string {
	if len(codes) == 1 {
		return codes[0] + " is"
	}
	return strings.Join(codes, ", ") + " are"
}

func disownCommand() *cobra.Command {
	var request httpd.SignedRequest
	command := &cobra.Command{
		Use:   "disown CODE",
		Short: "Give a machine up: it is left as it is",
		Long: `Give a machine up: it is left as it is, in the pools where it is, and our mark on it
becomes a label that says so. It does not count any more, and what it costs is
yours to end. Of a machine that a lost order may have bought, this says that the
order did not.`,
		Example: `  autoscaled disown gc00000007 --why "the database team takes it over"
  autoscaled disown gc00000009 --why "ordered by hand, not by us"`,
		Args: cobra.ExactArgs(1),
	}
	signFlags(command, &request.By, &request.Why)
	form := formFlag(command)
	return daemonCommand(command, func(ctx context.Context, client *httpd.Client, args []string) error {
		if err := client.Disown(ctx, args[0], request); err != nil {
			return err
		}
		return form.tell(command, args, args[0]+" is not ours any more: it is left as it is, and goes on costing money until you end its contract")
	})
}
