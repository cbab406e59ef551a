package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/smtp"
	"net/textproto"
	"os"
	"strings"
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/dial"
	"github.com/autoscaled/autoscaled/internal/words"
)

// email sends messages through a mail server.
type email struct {
	*config.NotifyEmail
	host     string      // of the server
	settings *tls.Config // of what is encrypted
}

func newEmail(c *config.NotifyEmail) email {
	host, _, _ := net.SplitHostPort(c.Server)
	return email{c, host, &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}}
}

func (email) timeout() time.Duration { return 30 * time.Second }

func (e email) send(ctx context.Context, m *message) error {
	return discreet(ctx, e.talk(ctx, e.letter(m)), e.Password)
}

// talk hands the letter over to the server.
func (e email) talk(ctx context.Context, letter []byte) error {
	connection, err := dial.Dialer().DialContext(ctx, "tcp", e.Server)
	if err != nil {
		return err
	}
	defer func() { _ = connection.Close() }()
	defer context.AfterFunc(ctx, func() { _ = connection.SetDeadline(time.Unix(1, 0)) })()
	client, err := e.greet(connection)
	if err != nil {
		return err
	}
	if err := e.login(client); err != nil {
		return err
	}
	if err := client.Mail(e.From); err != nil {
		return fmt.Errorf("the server refused the sender %s: %w", e.From, shown(err))
	}
	if err := e.address(client); err != nil {
		return err
	}
	body, err := client.Data()
	if err != nil {
		return fmt.Errorf("the server refused the message: %w", shown(err))
	}
	if _, err := body.Write(letter); err != nil {
		return err
	}
	if err := body.Close(); err != nil {
		return fmt.Errorf("the server refused the message: %w", shown(err))
	}
	_ = client.Quit() // it has the message
	return nil
}

// greet begins to talk, encrypted unless that is not wanted.
func (e email) greet(connection net.Conn) (*smtp.Client, error) {
	if e.TLS == "implicit" {
		connection = tls.Client(connection, e.settings)
	}
	client, err := smtp.NewClient(connection, e.host)
	if err != nil {
		return nil, fmt.Errorf("the server at %s did not greet: %w", e.Server, shown(err))
	}
	if err := client.Hello(ownName()); err != nil {
		return nil, fmt.Errorf("the server at %s refused us: %w", e.Server, shown(err))
	}
	if e.TLS != "starttls" {
		return client, nil
	}
	if offered, _ := client.Extension("STARTTLS"); !offered {
		return nil, fmt.Errorf("the server at %s offers no STARTTLS: is the port the right one? (465 is for tls: implicit)", e.Server)
	}
	if err := client.StartTLS(e.settings); err != nil {
		return nil, fmt.Errorf("encrypt what is said to %s: %w", e.Server, err)
	}
	return client, nil
}

// login says who we are, if that is configured. The server's words are not repeated: they may
// hold what it was told.
func (e email) login(client *smtp.Client) error {
	if e.Username == "" {
		return nil
	}
	offered, kinds := client.Extension("AUTH")
	if !offered || !strings.Contains(" "+kinds+" ", " PLAIN ") {
		return fmt.Errorf("the server at %s does not offer to log in by PLAIN (it offers %q): remove username and password, or use another server", e.Server, words.Shown(kinds))
	}
	err := client.Auth(smtp.PlainAuth("", e.Username, e.Password.Reveal(), e.host))
	var answer *textproto.Error
	if errors.As(err, &answer) {
		return fmt.Errorf("the server at %s refused user name and password (%d)", e.Server, answer.Code)
	}
	return err
}

// address names those who are written to. The message goes to those whom the server accepts; only
// if there is none that is an error.
func (e email) address(client *smtp.Client) error {
	var refused error
	accepted := 0
	for _, to := range e.To {
		if err := client.Rcpt(to); err != nil {
			refused = errors.Join(refused, fmt.Errorf("the server refused the recipient %s: %w", to, shown(err)))
		} else {
			accepted++
		}
	}
	if accepted == 0 {
		return refused
	}
	return nil
}

// shown is a server's answer as it is fit for a log.
func shown(err error) error {
	var answer *textproto.Error
	if errors.As(err, &answer) {
		return fmt.Errorf("%d %s", answer.Code, words.Shown(answer.Msg))
	}
	return err
}

// ownName is what this machine calls itself to servers.
func ownName() string {
	name, err := os.Hostname()
	if err != nil || name == "" || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "localhost"
	}
	return name
}
