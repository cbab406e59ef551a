package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/user"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/autoscaled/autoscaled/internal/httpd"
)

// controlTimeout is longer than the daemon takes to answer, so that it is the one
// to say what it waited for.
const controlTimeout = 30 * time.Second

// daemonCommand makes command speak to a running daemon, whose socket --socket names.
func daemonCommand(command *cobra.Command, run func(ctx context.Context, client *httpd.Client, args []string) error) *cobra.Command {
	directory := os.Getenv("RUNTIME_DIRECTORY")
	if directory == "" {
		directory = "/run/autoscaled"
	}
	var socket string
	command.Flags().StringVar(&socket, "socket", filepath.Join(directory, "autoscaled.sock"), "the daemon's control socket")
	command.RunE = func(cmd *cobra.Command, args []string) error {
		ctx, cancel := context.WithTimeout(cmd.Context(), controlTimeout)
		defer cancel()
		return run(ctx, httpd.NewClient(socket), args)
	}
	return command
}

// signFlags adds the flags by which a person says who asks for something, and why.
func signFlags(command *cobra.Command, by, why *string) {
	command.Flags().StringVar(by, "by", userName(), "who asks for it")
	command.Flags().StringVar(why, "why", "", "why, for whoever reads about it")
}

func userName() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return fmt.Sprintf("uid %d", os.Getuid())
}

func printJSON(out io.Writer, value any) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}
