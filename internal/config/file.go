package config

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

var installation = matching(regexp.MustCompile(`^[a-z0-9-]{1,16}$`),
	"the name of an installation: write up to 16 of a-z, 0-9 and -", "up to 16 of a-z, 0-9, `-`")

func readConfig(s *section) *Config {
	defer s.close()
	s.require("providers", "groups")
	c := &Config{
		File:         s.file,
		Installation: read(s, "installation", "", installation),
		State:        read(s, "state", s.env.stateDirectory(), absolutePath),
		Socket:       read(s, "socket", s.env.socket(), socketPath),
		Listen:       read(s, "listen", "127.0.0.1:9469", hostPort),
		Providers:    map[string]Provider{},
		Queries:      map[string]Query{},
		Groups:       map[string]Group{},
	}
	c.Web = readWeb(s, c.Listen)
	c.History = readHistory(s.section("history"))
	var known definitions
	for _, entry := range s.entries("providers") {
		c.Providers[entry.name] = readProvider(entry)
		known.providers = append(known.providers, entry.name)
	}
	for _, entry := range s.entries("queries") {
		c.Queries[entry.name] = readQuery(entry)
		known.queries = append(known.queries, entry.name)
	}
	known.profiles = map[string]SNMP{}
	for _, entry := range s.entries("profiles") {
		known.profiles[entry.name] = readProfile(entry)
	}
	if s.has("traps") {
		c.Traps = readTraps(s.section("traps"))
	}
	known.traps = c.Traps
	for _, entry := range s.some("groups", s.entries("groups"), "there is no group: add one") {
		c.Groups[entry.name] = readGroup(entry, known)
	}
	c.Notify = readNotify(s, c.Groups)
	if s.has("prometheus") || c.asksInPromQL() {
		c.Prometheus = readPrometheus(s.section("prometheus"))
	}
	return c
}

// definitions are the names that groups can refer to.
type definitions struct {
	providers, queries []string
	signals            []string        // of the group being read
	profiles           map[string]SNMP // what each one reads; without how agents are reached
	traps              *Traps          // nil: nobody listens for notifications
}

func (c *Config) asksInPromQL() bool {
	if len(c.Queries) > 0 {
		return true
	}
	for _, group := range c.Groups {
		policies := group.Policies
		if group.Shadow != nil {
			policies = slices.Concat(policies, group.Shadow.Policies)
		}
		if slices.ContainsFunc(group.Signals, func(s Signal) bool { return s.PromQL != "" }) ||
			slices.ContainsFunc(policies, func(p Policy) bool { return p.Forecast != nil && p.Forecast.Backfill.PromQL != "" }) {
			return true
		}
	}
	return false
}

// stateDirectory is the first directory of those that systemd made for the
// daemon (systemd.exec(5): StateDirectory), else the one that it would make.
func (e Env) stateDirectory() string {
	first, _, _ := strings.Cut(e.lookup("STATE_DIRECTORY", "/var/lib/autoscaled"), ":")
	return first
}

func (e Env) socket() string {
	first, _, _ := strings.Cut(e.lookup("RUNTIME_DIRECTORY", "/run/autoscaled"), ":")
	return filepath.Join(first, "autoscaled.sock")
}
