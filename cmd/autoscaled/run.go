package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/autoscaled/autoscaled/cmd/autoscaled/internal/daemon"
	"github.com/autoscaled/autoscaled/cmd/autoscaled/internal/logs"
	"github.com/autoscaled/autoscaled/internal/httpd"
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
second SIGTERM ends it at once. The next start carries on where it was.

SIGHUP makes it read its configuration again: what did not change goes on untouched,
and a file with a fault changes nothing; the log says what happens, and why.`,
		Example: `  autoscaled run --config /etc/autoscaled/autoscaled.yaml
  autoscaled run --config web.yaml --dry-run --log-format text`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			log, err := logs.New(os.Stderr, logFormat, logLevel)
			if err != nil {
				return err
			}
			hangups := make(chan os.Signal, 1) // several that come together are one
			signal.Notify(hangups, syscall.SIGHUP)
			defer signal.Stop(hangups)
			c, text, err := daemon.Load(file)
			if err != nil {
				return err
			}
			d, err := daemon.New(daemon.Options{Config: c, Text: text, DryRun: dryRun, Version: versionText(), Log: log})
			if err != nil {
				return err
			}
			tightenMemory()
			ctx, stop := context.WithCancel(cmd.Context())
			reloading := make(chan struct{})
			go func() { defer close(reloading); reloadAt(ctx, hangups, d) }()
			err = d.Run(cmd.Context())
			stop()
			<-reloading
			return err
		},
	}
	command.Flags().StringVar(&file, "config", defaultConfig, "the configuration `FILE`")
	command.Flags().BoolVar(&dryRun, "dry-run", false, "let every group only say what it would do; change and write nothing")
	command.Flags().StringVar(&logFormat, "log-format", "auto", "json, text, or auto: text on a terminal")
	command.Flags().StringVar(&logLevel, "log-level", "info", "debug, info, warn or error")
	return command
}

// reloader is a daemon that can read its configuration again, and logs what becomes of it.
type reloader interface {
	Reload(ctx context.Context, dryRun bool, by string) (httpd.ReloadReport, error)
}

// reloadAt reloads at every signal, one after the other, until ctx ends.
func reloadAt(ctx context.Context, signals <-chan os.Signal, d reloader) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-signals:
			_, _ = d.Reload(ctx, false, "SIGHUP") // the log says what became of it
		}
	}
}

// tightenMemory gives back what building the daemon took, and lets garbage be collected
// sooner than Go would unless GOGC says how: little of it arises while it runs.
func tightenMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(25)
	}
	debug.FreeOSMemory()
}
