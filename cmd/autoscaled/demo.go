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
		Long: `Play a compressed day against the simulated cloud, and judge it by the cloud's books. It is a
show for people, told as it happens, and so has no -o json: a program goes by the exit status,
which is 1 if the books and the daemon do not agree, or asks "autoscaled plan -o json".`,
		Example: `  autoscaled demo
  autoscaled demo --seed 7`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return demo.Run(cmd.Context(), cmd.OutOrStdout(), seed)
		},
	}
	command.Flags().Uint64Var(&seed, "seed", 1, "`NUMBER` from which the chance of the load comes")
	return command
}
