package config

import (
	"reflect"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/secret"
)

func TestTheExamplesNotifiersAreReadAsWritten(t *testing.T) {
	t.Parallel()
	usual := Notify{Severity: "warning", Wait: 30 * time.Second, Repeat: 5 * time.Minute, Remind: 4 * time.Hour}
	mail, chat, webhook := usual, usual, usual
	mail.Name, mail.Severity = "night-watch", "critical"
	mail.Email = &NotifyEmail{
		Server: "mail.example.jp:587", From: "autoscaled@example.jp", To: []string{"ops@example.jp"},
		Username: "autoscaled", Password: secret.New("content-of-mail-password"), TLS: "starttls",
	}
	chat.Name, chat.Severity = "chat", "info"
	chat.Groups, chat.Accounts = []string{"web"}, []string{"gio"}
	chat.Kinds, chat.Reasons = []string{"capped", "quarantine", "drift", "order"}, []string{"at_max", "asking", "stopped"}
	chat.Slack = &NotifySlack{URL: secret.New("https://hooks.slack.example/services/T0/B0/content")}
	webhook.Name = "tickets"
	webhook.Webhook = &NotifyWebhook{URL: secret.New("https://tickets.example.jp/autoscaled"), Secret: secret.New("content-of-notify-secret")}
	got, want := shipped(t, "autoscaled.example.yaml").Notify, []Notify{mail, chat, webhook}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if minimal := shipped(t, "minimal.yaml"); minimal.Notify != nil {
		t.Errorf("without the key there are %+v", minimal.Notify)
	}
}

func TestAReceiverIsReachedByHTTPSOrOnThisMachine(t *testing.T) {
	t.Parallel()
	for value, good := range map[string]bool{
		"https://tickets.example.jp/x?y=z": true, "http://127.0.0.1:8065/hooks/x": true, "http://localhost/x": true, "http://[::1]:80/x": true,
		"http://10.0.0.5/x": false, "http://tickets.example.jp": false, "http://127.0.0.1.example.jp/": false, "https://": false,
		"https://me@tickets.example.jp": false, "ftp://127.0.0.1/": false, "https://x/#y": false,
	} {
		if err := receiverURL(value); (err == nil) != good {
			t.Errorf("%s: %v", value, err)
		}
	}
}
