package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/autoscaled/autoscaled/internal/httpd"
)

// controlTimeout is longer than the daemon takes to answer, so that it is the one
// to say what it waited for.
const controlTimeout = 30 * time.Second

// What says where the daemon is, when no flag does.
const (
	urlVariable       = "AUTOSCALED_URL"
	tokenFileVariable = "AUTOSCALED_TOKEN_FILE"
)

const defaultSocket = "/run/autoscaled/autoscaled.sock"

// connection is how a command reaches the daemon: what its flags say.
type connection struct {
	socket               string
	url                  string
	tokenFile            string // names of files, as the next three
	ca, certificate, key string
	socketGiven          func() bool
}

// connectionFlags are the names of the flags that every command which speaks to a daemon has.
var connectionFlags = []string{"socket", "url", "token-file", "ca", "cert", "key"}

func (c *connection) declare(command *cobra.Command) {
	flags := command.Flags()
	socket := defaultSocket
	if directory := os.Getenv("RUNTIME_DIRECTORY"); directory != "" {
		socket = filepath.Join(directory, filepath.Base(defaultSocket))
	}
	flags.StringVar(&c.socket, "socket", socket, "the daemon's control `SOCKET`; its permissions decide who may")
	flags.Lookup("socket").DefValue = defaultSocket // so that what is written about it is the same everywhere
	flags.StringVar(&c.url, "url", "", "speak to the daemon at this `URL` in place of a socket, as in https://autoscaled.example.jp:9469 (default $"+urlVariable+")")
	flags.StringVar(&c.tokenFile, "token-file", "", "with a URL: the `FILE` that holds the token (default $"+tokenFileVariable+")")
	flags.StringVar(&c.ca, "ca", "", "with a URL: trust the certificates in this `FILE` (PEM), in place of the system's")
	flags.StringVar(&c.certificate, "cert", "", "with a URL: show the certificate in this `FILE` (PEM)")
	flags.StringVar(&c.key, "key", "", "with a URL: the `FILE` with its private key (PEM)")
	command.MarkFlagsMutuallyExclusive("socket", "url")
	command.MarkFlagsRequiredTogether("cert", "key")
	c.socketGiven = func() bool { return flags.Changed("socket") }
}

// remote is the URL that the flags or the environment name; empty: the socket is meant.
func (c *connection) remote() string {
	if c.url == "" && !c.socketGiven() {
		return os.Getenv(urlVariable)
	}
	return c.url
}

// client makes a client out of what the flags and the environment say.
func (c *connection) client() (*httpd.Client, error) {
	if c.remote() == "" {
		if c.tokenFile != "" || c.ca != "" || c.certificate != "" {
			return nil, usageErrorf("--token-file, --ca, --cert and --key belong to a URL: add --url https://HOST:PORT")
		}
		return httpd.NewClient(c.socket), nil
	}
	token, err := readToken(cmp.Or(c.tokenFile, os.Getenv(tokenFileVariable)))
	if err != nil {
		return nil, err
	}
	trust, err := c.tls()
	if err != nil {
		return nil, err
	}
	client, err := httpd.NewRemote(c.remote(), token, trust)
	if err != nil {
		return nil, exitError{usageStatus, err}
	}
	return client, nil
}

// readToken reads the token from the file; without a file there is none.
func readToken(file string) (string, error) {
	if file == "" {
		return "", nil
	}
	content, err := os.ReadFile(file) //nolint:gosec // whoever calls the command names it
	if err != nil {
		return "", fmt.Errorf("read the token: %w", err)
	}
	token := strings.TrimSpace(string(content))
	if token == "" || strings.ContainsAny(token, " \t\r\n") {
		return "", fmt.Errorf("read the token: %s must hold one token, in one line, and nothing else", file)
	}
	return token, nil
}

// tls is whom to trust and what to show.
func (c *connection) tls() (*tls.Config, error) {
	trust := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.ca != "" {
		content, err := os.ReadFile(c.ca)
		if err != nil {
			return nil, fmt.Errorf("read whom to trust: %w", err)
		}
		trust.RootCAs = x509.NewCertPool()
		if !trust.RootCAs.AppendCertsFromPEM(content) {
			return nil, fmt.Errorf("read whom to trust: there is no certificate in %s: it must be PEM", c.ca)
		}
	}
	if c.certificate != "" {
		certificate, err := tls.LoadX509KeyPair(c.certificate, c.key)
		if err != nil {
			return nil, fmt.Errorf("--cert %s, --key %s: %w; both must be PEM and belong together", c.certificate, c.key, err)
		}
		trust.Certificates = []tls.Certificate{certificate}
	}
	return trust, nil
}

// sameDaemon is what makes another command speak to the daemon that this one speaks to.
func sameDaemon(command *cobra.Command) string {
	text := ""
	for _, name := range connectionFlags {
		if flag := command.Flag(name); flag != nil && flag.Changed {
			text += " --" + name + " " + flag.Value.String()
		}
	}
	return text
}

// daemonCommand makes command speak to a running daemon.
func daemonCommand(command *cobra.Command, run func(ctx context.Context, client *httpd.Client, args []string) error) *cobra.Command {
	return lastingCommand(command, func(ctx context.Context, client *httpd.Client, args []string) error {
		ctx, cancel := context.WithTimeout(ctx, controlTimeout)
		defer cancel()
		return run(ctx, client, args)
	})
}

// lastingCommand makes command speak to a running daemon for as long as it likes.
func lastingCommand(command *cobra.Command, run func(ctx context.Context, client *httpd.Client, args []string) error) *cobra.Command {
	return connectedCommand(command, &connection{}, run)
}

// connectedCommand does so by the connection c.
func connectedCommand(command *cobra.Command, c *connection, run func(ctx context.Context, client *httpd.Client, args []string) error) *cobra.Command {
	c.declare(command)
	command.ValidArgsFunction = c.completeArguments
	if command.Flags().Lookup("group") != nil {
		c.completeGroups(command, "group")
	}
	command.RunE = func(cmd *cobra.Command, args []string) error {
		client, err := c.client()
		if err != nil {
			return err
		}
		return run(cmd.Context(), client, args)
	}
	return command
}

// signFlags adds the flags by which a person says who asks for something, and why.
func signFlags(command *cobra.Command, by, why *string) {
	byFlag(command, by)
	command.Flags().StringVar(why, "why", "", "why, a `TEXT` for whoever reads about it")
}

// byFlag adds the flag by which a person says who asks. Over the network it is who they proved to be.
func byFlag(command *cobra.Command, by *string) {
	command.Flags().StringVar(by, "by", userName(), "`NAME` of who asks for it, over the socket (default: your user name)")
	command.Flags().Lookup("by").DefValue = "" // so that what is written about it is the same everywhere
}

func userName() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return fmt.Sprintf("uid %d", os.Getuid())
}
