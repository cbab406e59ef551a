package config

import (
	"errors"
	"net/netip"
	"net/url"
	"time"

	"github.com/autoscaled/autoscaled/internal/secret"
	"github.com/autoscaled/autoscaled/internal/words"
)

// Hook is somebody who is asked, by a signed request, before an instance goes on.
type Hook struct {
	Name      string        // unique in the group
	At        string        // launch (it runs, and was not probed yet) or end (it is drained, and was not stopped yet)
	URL       string        // https; http only to a loopback or private address
	Secret    secret.Secret // at least 16 bytes: requests are signed with it, and the tokens of later answers are made of it
	Timeout   time.Duration // how long an answer or a heartbeat is waited for, 1s..48h; default 10m
	Max       time.Duration // how long it is waited in all, Timeout..48h; default 1h, at least Timeout
	Otherwise string        // continue or abandon: what counts as its answer after that; default at launch abandon, at end continue
}

// The bounds of how long a hook is waited for.
const (
	hookLeast = time.Second
	hookMost  = 48 * time.Hour
)

func readHooks(s *section, launch Launch) []Hook {
	var hooks []Hook
	named := map[string]bool{}
	for _, item := range s.items("hooks") {
		hook := readHook(item, launch)
		if named[hook.Name] && hook.Name != "" {
			item.fault("name", "there are two hooks %s: give each a name of its own", hook.Name)
		}
		named[hook.Name] = true
		hooks = append(hooks, hook)
	}
	return hooks
}

func readHook(s *section, launch Launch) Hook {
	defer s.close()
	s.require("name", "at", "url", "secret")
	hook := Hook{
		Name:    read(s, "name", "", name),
		At:      read(s, "at", "launch", oneOf("end", "launch")),
		URL:     read(s, "url", "", hookURL),
		Secret:  read(s, "secret", secret.Secret{}, referringTo("secret of 16 bytes or more", s.env.token)),
		Timeout: read(s, "timeout", 10*time.Minute, duration(hookLeast, hookMost)),
	}
	hook.Max = read(s, "max", max(time.Hour, hook.Timeout), duration(hookLeast, hookMost))
	usual := "abandon"
	if hook.At == "end" {
		usual = "continue"
	}
	hook.Otherwise = read(s, "otherwise", usual, oneOf("abandon", "continue"))
	if hook.Max < hook.Timeout {
		s.fault("max", "%s is shorter than timeout (%s): lengthen it, or shorten timeout", words.Span(hook.Max), words.Span(hook.Timeout))
	}
	if hook.At == "launch" && hook.Timeout >= launch.Timeout {
		s.fault("timeout", "%s is not shorter than launch.timeout (%s), which ends the launch first: shorten it, or lengthen launch.timeout",
			words.Span(hook.Timeout), words.Span(launch.Timeout))
	}
	return hook
}

// hookURL accepts where a hook is asked. What it is told lets others answer in its place,
// so it is https beyond loopback and private addresses; behind a name, that is seen when it
// is asked. Its errors do not repeat the value, which may hold a token.
var hookURL = parser[string]{parseHookURL, like(`^[Hh][Tt][Tt][Pp][Ss]?`+urlRest, "https URL; http only to a loopback or private address")}

func parseHookURL(value string) (string, error) {
	if _, err := httpURL.parse(value); err != nil {
		return "", err
	}
	u, err := url.Parse(value)
	if err != nil {
		return "", err
	}
	address, err := netip.ParseAddr(u.Hostname())
	if err != nil {
		return value, nil //nolint:nilerr // a name is no address
	}
	address = address.Unmap()
	switch {
	case address.IsLinkLocalUnicast() || address.IsMulticast() || address.IsUnspecified():
		return "", errors.New("the URL has an address at which no receiver can be: write that of the receiver")
	case u.Scheme == "http" && !address.IsLoopback() && !address.IsPrivate():
		return "", errors.New("the URL begins with http: write https (http only to a loopback or private address)")
	}
	return value, nil
}
