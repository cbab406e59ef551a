package main

import (
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/autoscaled/autoscaled/cmd/autoscaled/internal/daemon"
	"github.com/autoscaled/autoscaled/cmd/autoscaled/internal/logs"
	"github.com/autoscaled/autoscaled/internal/config"
)

const defaultConfig = "/etc/autoscaled/autoscaled.yaml"

func runCommand() *cobra.Command {
	var file, logFormat, logLevel string
	var dryRun bool
	command := &cobra.Command{
		Use:   "run",
		Short: "Run the daemon until it is told to end (SIGTERM)",
		Long: `Run the daemon until it is told to end (SIGTERM).

It ends within 5 s, or within 30 s while the answer to an order is outstanding; a
second SIGTERM ends it at once. The next start carries on where it was.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			log, err := logs.New(os.Stderr, logFormat, logLevel)
			if err != nil {
				return err
			}
			c, err := config.Load(file)
			if err != nil {
				return err
			}
			d, err := daemon.New(daemon.Options{Config: c, DryRun: dryRun, Version: versionText(), Log: log})
			if err != nil {
				return err
			}
			tightenMemory()
			return d.Run(cmd.Context())
		},
	}
	command.Flags().StringVar(&file, "config", defaultConfig, "the configuration `FILE`")
	command.Flags().BoolVar(&dryRun, "dry-run", false, "let every group only say what it would do; change and write nothing")
	command.Flags().StringVar(&logFormat, "log-format", "auto", "json, text, or auto: text on a terminal")
	command.Flags().StringVar(&logLevel, "log-level", "info", "debug, info, warn or error")
	return command
}

// tightenMemory gives back what building the daemon took, and lets garbage be collected
// sooner than Go would unless GOGC says how: little of it arises while it runs.
func tightenMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(40)
	}
	debug.FreeOSMemory()
}

func checkCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check FILE...",
		Short: "Check configuration files, offline: no secret is read, nothing is called",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error {
			faulty := false
			for _, file := range files {
				c, err := config.Check(file)
				if err != nil {
					cmd.PrintErrln(err)
					faulty = true
					continue
				}
				cmd.Printf("%s: good: %s\n", file, summary(c))
			}
			if faulty {
				return errSilent
			}
			return nil
		},
	}
}
