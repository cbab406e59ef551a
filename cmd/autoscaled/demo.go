package main

import (
	"github.com/spf13/cobra"

	"github.com/autoscaled/autoscaled/cmd/autoscaled/internal/demo"
)

func demoCommand() *cobra.Command {
	var seed uint64
	command := &cobra.Command{
		Use:   "demo",
		Short: "Play a compressed day against the simulated cloud, and judge it by the cloud's books",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return demo.Run(cmd.Context(), cmd.OutOrStdout(), seed)
		},
	}
	command.Flags().Uint64Var(&seed, "seed", 1, "seed of the load's chance")
	return command
}
