package notify

import (
	"bytes"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"strings"
	"time"
)

// subject is the message in one line.
func (m *message) subject() string {
	name := "autoscaled"
	if m.Installation != "" {
		name += " " + m.Installation
	}
	return "[" + name + "] " + m.Title
}

// letter is the message as mail (RFC 5322). Nothing from elsewhere gets into its head but
// the subject, encoded.
func (e email) letter(m *message) []byte {
	var b bytes.Buffer
	domain := e.From[strings.LastIndex(e.From, "@")+1:]
	for _, field := range [][2]string{
		{"From", e.From},
		{"To", strings.Join(e.To, ",\r\n ")},
		{"Subject", mime.QEncoding.Encode("utf-8", m.subject())},
		{"Date", m.At.Format(time.RFC1123Z)},
		{"Message-ID", "<" + m.ID + "@" + domain + ">"},
		{"Auto-Submitted", "auto-generated"}, // so that nobody's absence answers (RFC 3834)
		{"MIME-Version", "1.0"},
		{"Content-Type", "text/plain; charset=utf-8"},
		{"Content-Transfer-Encoding", "quoted-printable"},
	} {
		fmt.Fprintf(&b, "%s: %s\r\n", field[0], field[1])
	}
	b.WriteString("\r\n")
	body := quotedprintable.NewWriter(&b)
	_, _ = body.Write([]byte(m.text())) // to a buffer
	_ = body.Close()
	return b.Bytes()
}

// text is the message as people read it.
func (m *message) text() string {
	lines := append([]string{m.Title, ""}, m.Lines...)
	if m.URL != "" {
		lines = append(lines, "", m.URL)
	}
	lines = append(lines, "", fmt.Sprintf("Sent by autoscaled, notifier %s, at %s.", m.Notifier, m.At.Format(time.RFC3339)))
	return strings.Join(lines, "\r\n") + "\r\n"
}
