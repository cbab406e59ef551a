package config

import (
	"errors"
	"fmt"
	"math"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/autoscaled/autoscaled/internal/secret"
	"github.com/autoscaled/autoscaled/internal/words"
)

// Notify is somebody who is told what happens. Exactly one of Webhook, Slack and Email is set.
type Notify struct {
	Name     string
	Groups   []string      // whose events are told; empty: those of all
	Accounts []string      // of these groups, whose events are told as well; empty: those of all
	Kinds    []string      // of events; empty: all
	Reasons  []string      // of events; empty: all
	Severity string        // the least: info, warning or critical; default warning, and info with Kinds
	Wait     time.Duration // what happens so soon after the first event goes into one message; default 30s
	Repeat   time.Duration // from one message to the next, at least; default 5m
	Remind   time.Duration // how often what lasts is told again; 0: never; default 4h
	Webhook  *NotifyWebhook
	Slack    *NotifySlack
	Email    *NotifyEmail
}

// NotifyWebhook is a program that is sent JSON.
type NotifyWebhook struct {
	URL    secret.Secret // https, or http to a loopback address
	Secret secret.Secret // with which what is sent is signed
}

// NotifySlack is an incoming webhook as Slack has them, and Mattermost and Rocket.Chat.
type NotifySlack struct {
	URL secret.Secret // https, or http to a loopback address
}

// NotifyEmail is a mail server, and who is written to through it.
type NotifyEmail struct {
	Server   string // host:port
	From     string // an address, without a name
	To       []string
	Username string // with Password; empty: the server wants none
	Password secret.Secret
	TLS      string // starttls (default), implicit, none (to a loopback address only)
}

// NotifyKinds lists the kinds of events that there are: those of package events, which is above.
func NotifyKinds() []string {
	return []string{
		"trouble", "capped", "held", "override", "signal", "forecast", "rollout", "shadow", "drill", "failing", "quarantine", "drift",
		"account_mode", "account_look", "order", "order_failed",
		"decision", "phase", "instance_came", "instance_went", "group_added", "group_removed", "action", "reload", "test",
	}
}

// NotifyReasons lists the reasons that events have: those of package events, which is above.
func NotifyReasons() []string {
	return []string{
		// of decisions, and of what is capped
		"want", "steady", "at_max", "at_min", "at_ceiling", "at_floor", "unknown", "abstained", "stabilizing_out", "stabilizing_in", "flapping",
		"cooldown_out", "cooldown_in", "rate_out", "rate_in", "projected", "load_lost", "warming", "out_only", "paused", "held", "put_back",
		"cloud_in_doubt", "clock_jumped",
		// of what is held
		"failing_together", "launches_failing", "no_room", "baking", "young",
		// of overrides
		"pause", "pause_out", "pause_in", "hold", "at_least",
		// of signals without a value
		"absent", "stale", "failed", "not_finite", "out_of_range", "frozen", "unit_changed", "disagrees", "skewed", "censored", "overloaded",
		// of forecasts that abstain
		"no_data", "bad_record",
		// of rollouts, and of fire drills
		"under_way", "given_up", "ready", "taken",
		// of what somebody else did
		"stopped", "ended", "relabelled", "removed", "added", "started",
		// of accounts, and of orders
		"blind", "writes_failing", "truncated", "lagging", "asking",
		// of instances: their phases
		"ordered", "preparing", "unfinished", "unlabelled", "disputed", "unfit", "unprepared", "busy", "starting", "running", "described", "part_pooled",
		"in_pool", "stray", "parting", "draining", "drained", "stopping", "ending", "gone",
	}
}

// readNotify reads the list under notify. groups are those of the file.
func readNotify(s *section, groups map[string]Group) []Notify {
	var list []Notify
	names := map[string]bool{}
	for _, item := range s.items("notify") {
		n := readNotifier(item, groups)
		if names[n.Name] {
			item.fault("name", "is the name of an earlier one as well: write another")
		}
		names[n.Name] = true
		list = append(list, n)
	}
	return list
}

func readNotifier(s *section, groups map[string]Group) Notify {
	defer s.close()
	s.require("name")
	known := make([]string, 0, len(groups))
	for name := range groups {
		known = append(known, name)
	}
	slices.Sort(known)
	n := Notify{
		Name:    read(s, "name", "", name),
		Groups:  readSome(s, "groups", reference("group", known)),
		Kinds:   readSome(s, "kinds", oneOf(NotifyKinds()...).saying("kinds")),
		Reasons: readSome(s, "reasons", oneOf(NotifyReasons()...).saying("reasons")),
		Wait:    read(s, "wait", 30*time.Second, duration(0, time.Hour)),
		Repeat:  read(s, "repeat", 5*time.Minute, duration(0, 24*time.Hour)),
		Remind:  read(s, "remind", 4*time.Hour, duration(0, 31*24*time.Hour)),
	}
	least := "warning"
	if s.has("kinds") {
		least = "info"
	}
	n.Severity = read(s, "severity", least, oneOf("info", "warning", "critical"))
	if 0 < n.Remind && n.Remind < n.Repeat {
		s.fault("remind", "%s is shorter than repeat (%s): lengthen it, or write 0s for no reminders", words.Span(n.Remind), words.Span(n.Repeat))
	}
	for _, group := range n.Groups {
		if account := groups[group].Provider; !slices.Contains(n.Accounts, account) {
			n.Accounts = append(n.Accounts, account)
		}
	}
	readChannel(s, &n)
	return n
}

// readSome is readList for a list that must not be empty if it is there.
func readSome(s *section, key string, parse parser[string]) []string {
	list := readList(s, key, nil, parse)
	s.about.atLeast(1, key)
	if list != nil && len(list) == 0 {
		s.fault(key, "is empty, so nothing would ever be told: write one at least, or remove the key")
	}
	return list
}

// readChannel reads how the notifier is reached.
func readChannel(s *section, n *Notify) {
	s.about.bind(Rule{One: []string{"webhook", "slack", "email"}})
	var found []string
	for _, key := range []string{"webhook", "slack", "email"} {
		if s.has(key) {
			found = append(found, key)
		}
	}
	if len(found) != 1 && !s.broken {
		s.record(s.at, s.path, "has %d of webhook, slack and email: write exactly one", len(found))
	}
	if s.has("webhook") {
		n.Webhook = readNotifyWebhook(s.section("webhook"))
	}
	if s.has("slack") {
		n.Slack = readNotifySlack(s.section("slack"))
	}
	if s.has("email") {
		n.Email = readNotifyEmail(s.section("email"))
	}
}

func readNotifyWebhook(s *section) *NotifyWebhook {
	defer s.close()
	s.require("url", "secret")
	return &NotifyWebhook{
		URL:    read(s, "url", secret.Secret{}, parser[secret.Secret]{s.env.receiver, like(receiverPattern, "https URL, or a secret that is one; http only to a loopback address")}),
		Secret: read(s, "secret", secret.Secret{}, referringTo("secret of 16 bytes or more", s.env.token)),
	}
}

func readNotifySlack(s *section) *NotifySlack {
	defer s.close()
	s.require("url")
	return &NotifySlack{URL: read(s, "url", secret.Secret{}, referringTo("secret that is an https URL", s.env.secretReceiver))}
}

// receiverPattern is that of receivers, whose URL may be written out.
const receiverPattern = `^https` + urlRest + `|^http://(?:localhost|127\.|\[)|` + referencePattern

// receiver accepts the URL of a receiver, written out or as a reference to it.
func (e Env) receiver(value string) (secret.Secret, error) {
	if strings.HasPrefix(value, "https://") || strings.HasPrefix(value, "http://") {
		return secret.New(value), receiverURL(value)
	}
	return e.secretReceiver(value)
}

// secretReceiver accepts a reference to a URL that is a secret: who knows it can send.
func (e Env) secretReceiver(value string) (secret.Secret, error) {
	content, err := e.confidential(value)
	if err != nil || e.SkipSecrets {
		return secret.Secret{}, err
	}
	if err := receiverURL(content.Reveal()); err != nil {
		return secret.Secret{}, fmt.Errorf("%s: %w", words.Shown(value), err)
	}
	return content, nil
}

// receiverURL says what is wrong with the URL of a receiver, without repeating it.
func receiverURL(value string) error {
	if _, err := httpURL.parse(value); err != nil {
		return err
	}
	u, err := url.Parse(value)
	if err != nil {
		return errors.New("is not a URL: write for example https://alerts.example.jp/autoscaled")
	}
	if u.Scheme == "http" && !loopback(u.Hostname()) {
		return errors.New("the URL begins with http: write https (http only to a loopback address)")
	}
	return nil
}

// loopback says that a host is this machine.
func loopback(host string) bool {
	address, _ := netip.ParseAddr(host)
	return host == "localhost" || address.Unmap().IsLoopback()
}

func readNotifyEmail(s *section) *NotifyEmail {
	defer s.close()
	s.require("server", "from", "to")
	m := &NotifyEmail{
		Server:   read(s, "server", "", mailServer),
		From:     read(s, "from", "", mailAddress),
		To:       readSome(s, "to", mailAddress.saying("addresses")),
		Username: read(s, "username", "", text),
		Password: read(s, "password", secret.Secret{}, referring(s.env.confidential)),
		TLS:      read(s, "tls", "starttls", oneOf("starttls", "implicit", "none")),
	}
	s.together("username", "password")
	if host, _, _ := net.SplitHostPort(m.Server); m.TLS == "none" && m.Server != "" && !loopback(host) {
		s.fault("tls", "lets the password and the messages be read on the way to %s: write starttls or implicit (none only to a loopback address)", words.Shown(host))
	}
	return m
}

// mailServer accepts the host and port of a mail server.
var mailServer = parser[string]{parseMailServer, like(`^(?:[A-Za-z0-9.-]+|\[[A-Za-z0-9.:-]+\]):\+?0*(?:`+between(1, math.MaxUint16)+`)$`, "host:port")}

func parseMailServer(value string) (string, error) {
	host, number, err := net.SplitHostPort(value)
	if err == nil {
		_, err = port.parse(number)
	}
	if err == nil {
		_, err = serverName.parse(host)
	}
	if err != nil {
		return "", fmt.Errorf("`%s` is not host:port: write for example mail.example.jp:587", words.Shown(value))
	}
	return value, nil
}

// mailAddress accepts one address, without a name beside it.
var mailAddress = parser[string]{parseMailAddress, like(`^[^\s"]+@[^\s"]+$`, "address")}

func parseMailAddress(value string) (string, error) {
	address, err := mail.ParseAddress(value)
	if err != nil || address.Address != value || strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' }) {
		return "", fmt.Errorf("`%s` is not an address of mail: write for example ops@example.jp", words.Shown(value))
	}
	return value, nil
}
