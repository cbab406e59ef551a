package notify

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/http/httptest"
	"net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/secret"
)

// postOffice is a mail server for one conversation.
type postOffice struct {
	encryption string // starttls, implicit or none
	refuses    string // a part of the lines that it refuses
	answers    string // what it says to these; default: 550 no
	mute       bool   // it never says anything
	settings   *tls.Config
	heard      []string // what it was told
	letter     string
	encrypted  bool
	done       chan error
}

// certificate is one for 127.0.0.1, with those who trust it.
func certificate(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	trust := x509.NewCertPool()
	trust.AddCert(server.Certificate())
	return &tls.Config{Certificates: server.TLS.Certificates}, trust
}

// open lets the office take one call, and returns what is configured of it.
func (p *postOffice) open(t *testing.T) email {
	t.Helper()
	settings, trust := certificate(t)
	p.settings, p.done = settings, make(chan error, 1)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		connection, err := listener.Accept()
		if err == nil {
			err = p.talk(connection)
			_ = connection.Close()
		}
		p.done <- err
	}()
	t.Cleanup(func() { _ = listener.Close() })
	e := newEmail(&config.NotifyEmail{
		Server: listener.Addr().String(), From: "autoscaled@example.jp", To: []string{"ops@example.jp", "night@example.jp"},
		Username: "autoscaled", Password: secret.New("hunter2hunter2"), TLS: p.encryption,
	})
	e.settings.RootCAs = trust
	return e
}

func (p *postOffice) talk(connection net.Conn) error {
	if p.mute {
		_, err := connection.Read(make([]byte, 1)) // until the other side hangs up
		return err
	}
	if p.encryption == "implicit" {
		connection, p.encrypted = tls.Server(connection, p.settings), true
	}
	lines := bufio.NewReader(connection)
	say := func(format string, args ...any) { fmt.Fprintf(connection, format+"\r\n", args...) }
	say("220 post.example.jp")
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return err
		}
		line = strings.TrimSuffix(line, "\r\n")
		p.heard = append(p.heard, line)
		verb, _, _ := strings.Cut(line, " ")
		switch {
		case p.refuses != "" && strings.Contains(line, p.refuses):
			say("%s", p.answers)
		case verb == "EHLO" && p.encryption == "starttls" && !p.encrypted:
			say("250-post.example.jp\r\n250 STARTTLS")
		case verb == "EHLO":
			say("250-post.example.jp\r\n250 AUTH LOGIN PLAIN")
		case verb == "STARTTLS":
			say("220 go on")
			connection, p.encrypted = tls.Server(connection, p.settings), true
			lines = bufio.NewReader(connection)
		case verb == "AUTH":
			say("235 welcome")
		case verb == "DATA":
			say("354 go on")
			for line = ""; line != ".\r\n"; p.letter += line {
				if line, err = lines.ReadString('\n'); err != nil {
					return err
				}
			}
			say("250 taken")
		case verb == "QUIT":
			say("221 bye")
			return nil
		default:
			say("250 ok")
		}
	}
}

func TestALetterArrives(t *testing.T) {
	t.Parallel()
	for _, encryption := range []string{"starttls", "implicit", "none"} {
		t.Run(encryption, func(t *testing.T) {
			t.Parallel()
			p := &postOffice{encryption: encryption}
			e := p.open(t)
			m := example()
			if err := e.send(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			if err := <-p.done; err != nil {
				t.Fatal(err)
			}
			if p.encrypted != (encryption != "none") {
				t.Errorf("encrypted: %v", p.encrypted)
			}
			if i := slices.IndexFunc(p.heard, func(line string) bool { return strings.HasPrefix(line, "AUTH PLAIN ") }); i < 0 {
				t.Errorf("nobody logged in: %q", p.heard)
			} else if said, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(p.heard[i], "AUTH PLAIN ")); string(said) != "\x00autoscaled\x00hunter2hunter2" {
				t.Errorf("logged in with %q", said)
			}
			for _, want := range []string{"MAIL FROM:<autoscaled@example.jp>", "RCPT TO:<ops@example.jp>", "RCPT TO:<night@example.jp>"} {
				if !slices.ContainsFunc(p.heard, func(line string) bool { return strings.HasPrefix(line, want) }) {
					t.Errorf("%q was not said, but %q", want, p.heard)
				}
			}
			check(t, p.letter, m)
		})
	}
}

// check holds a letter against the message.
func check(t *testing.T, letter string, m *message) {
	t.Helper()
	read, err := mail.ReadMessage(strings.NewReader(letter))
	if err != nil {
		t.Fatal(err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(read.Header.Get("Subject"))
	if err != nil || subject != m.subject() {
		t.Errorf("the subject is %q, %v", subject, err)
	}
	if at, err := read.Header.Date(); err != nil || !at.Equal(m.At) {
		t.Errorf("the date is %v, %v", at, err)
	}
	if to, err := read.Header.AddressList("To"); err != nil || len(to) != 2 {
		t.Errorf("it is to %v, %v", to, err)
	}
	if got := read.Header.Get("Message-Id"); got != "<"+m.ID+"@example.jp>" {
		t.Errorf("its id is %q", got)
	}
	text, err := io.ReadAll(quotedprintable.NewReader(strings.NewReader(strings.TrimSuffix(letter[strings.Index(letter, "\r\n\r\n")+4:], "\r\n.\r\n"))))
	if err != nil || strings.TrimSpace(strings.ReplaceAll(string(text), "\r\n", "\n")) != strings.TrimSpace(strings.ReplaceAll(m.text(), "\r\n", "\n")) {
		t.Errorf("the text is %q, %v", text, err)
	}
	for line := range strings.Lines(letter) {
		if len(line) > 998 || strings.ContainsFunc(line, func(r rune) bool { return r > '~' }) {
			t.Errorf("the line %q is none of a letter", line)
		}
	}
}

func TestNothingThatHappensWritesIntoALettersHead(t *testing.T) {
	t.Parallel()
	m := example()
	m.Title = "a\r\nBcc: thief@example.com\r\n\r\nhello, 日本" + strings.Repeat(" and so on", 30)
	m.Lines = []string{".", "..", "From here", strings.Repeat("長", 500)}
	e := newEmail(&config.NotifyEmail{From: "autoscaled@example.jp", To: []string{"ops@example.jp", "night@example.jp"}})
	letter := string(e.letter(m))
	read, err := mail.ReadMessage(strings.NewReader(letter))
	if err != nil || len(read.Header) != 9 || read.Header.Get("Bcc") != "" {
		t.Errorf("the head is %v, %v", read.Header, err)
	}
	check(t, letter, m)
}

func TestWhatTheServerRefusesIsSaidWithoutThePassword(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		office postOffice
		want   string // empty: it arrives all the same
	}{
		"the password":        {postOffice{refuses: "AUTH", answers: "535 wrong: hunter2hunter2"}, "refused user name and password (535)"},
		"the sender":          {postOffice{refuses: "MAIL", answers: "550 not you, hunter2hunter2\x1b"}, "the server refused the sender autoscaled@example.jp: 550 not you, <secret>\uFFFD"},
		"one recipient":       {postOffice{refuses: "RCPT TO:<night", answers: "550 unknown"}, ""},
		"all recipients":      {postOffice{refuses: "RCPT", answers: "550 unknown"}, "the server refused the recipient ops@example.jp: 550 unknown"},
		"the letter":          {postOffice{refuses: "DATA", answers: "451 later"}, "the server refused the message: 451 later"},
		"encryption":          {postOffice{refuses: "STARTTLS", answers: "454 no"}, "encrypt what is said to 127.0.0.1:"},
		"to offer encryption": {postOffice{refuses: "EHLO", answers: "250 post.example.jp"}, "offers no STARTTLS"},
		"to greet":            {postOffice{refuses: "LO ", answers: "554 go away"}, "refused us"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := c.office
			p.encryption = "starttls"
			err := p.open(t).send(t.Context(), example())
			<-p.done
			switch {
			case c.want == "" && (err != nil || p.letter == ""):
				t.Errorf("it did not arrive: %v", err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hunter2")):
				t.Errorf("error is %v", err)
			}
		})
	}
}

func TestAServerThatIsNotWhoItShouldBeIsToldNothing(t *testing.T) {
	t.Parallel()
	for _, encryption := range []string{"starttls", "implicit"} {
		p := &postOffice{encryption: encryption}
		e := p.open(t)
		e.settings.RootCAs = x509.NewCertPool()
		err := e.send(t.Context(), example())
		var unknown x509.UnknownAuthorityError
		if <-p.done; err == nil || !strings.Contains(err.Error(), "certificate") {
			t.Errorf("error is %v (%T)", err, unknown)
		}
		if slices.ContainsFunc(p.heard, func(line string) bool { return strings.HasPrefix(line, "AUTH") }) {
			t.Error("it was told the password")
		}
	}
}

func TestAServerThatSaysNothingIsLeft(t *testing.T) {
	t.Parallel()
	p := &postOffice{encryption: "none", mute: true}
	e := p.open(t)
	ctx, cancel := context.WithTimeoutCause(t.Context(), 50*time.Millisecond, errors.New("it took too long"))
	defer cancel()
	if err := e.send(ctx, example()); err == nil || err.Error() != "it took too long" {
		t.Errorf("error is %v", err)
	}
	<-p.done
}
