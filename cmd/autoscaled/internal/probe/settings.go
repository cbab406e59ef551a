package probe

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/autoscaled/autoscaled/internal/config"
)

// Settings are keys of a configuration that somebody gives one by one: those of a
// signal, and those of the Prometheus server.
type Settings struct {
	Signal     map[string]any
	Prometheus map[string]any
}

// Read judges the settings as a configuration file would be judged, and reads the
// secrets that they refer to. Of an agent without a quantity it makes a signal of each
// profile. The error is config.Problems, with paths from the signal on, such as
// snmp.profile, or prometheus.url.
func (s Settings) Read() (signals []config.Signal, prometheus *config.Prometheus, err error) {
	all, policies := map[string]any{}, []any{}
	for i, keys := range s.signals() {
		name := groupName + strconv.Itoa(10+i) // which keeps their order in YAML
		all[name] = keys
		policies = append(policies, map[string]any{"target": map[string]any{"signal": name, goal(keys): "1e-9"}})
	}
	document := map[string]any{
		"providers": map[string]any{"none": map[string]any{"type": "gp", "gp_service_code": "gp00000000", "access_key": "env:NONE", "secret_key": "env:NONE"}},
		"groups": map[string]any{groupName: map[string]any{
			"provider": "none", "min": "0", "max": "1", "template": map[string]any{"source": "gc00000000", "type": "V40"},
			"signals": all, "policies": policies,
		}},
	}
	if s.Prometheus != nil {
		document["prometheus"] = s.Prometheus
	}
	text, err := yaml.Marshal(document)
	if err != nil {
		return nil, nil, err
	}
	c, err := config.Parse("", text, withStandIns(text))
	if err != nil {
		return nil, nil, shortened(err)
	}
	return c.Groups[groupName].Signals, c.Prometheus, nil
}

// groupName is that of the group that settings become.
const groupName = "probe"

// signals are those that the settings are about.
func (s Settings) signals() []map[string]any {
	agent, ok := s.Signal["snmp"].(map[string]any)
	if !ok || agent["profile"] != nil || agent["oid"] != nil {
		return []map[string]any{s.Signal}
	}
	var list []map[string]any
	for _, profile := range config.SNMPProfiles() {
		keys := maps.Clone(agent)
		keys["profile"] = profile
		if !strings.HasPrefix(profile, "network_") {
			delete(keys, "interface")
		}
		if !strings.HasPrefix(profile, "disk_") {
			delete(keys, "path")
		}
		list = append(list, map[string]any{"snmp": keys})
	}
	return list
}

// goal is the key under which a target is told for the signal with these keys.
func goal(keys map[string]any) string {
	if keys["snmp"] != nil {
		return "value"
	}
	return "per_instance"
}

// shortened are the problems with the settings, each once, with paths that begin at the
// signal. What else is told of the file that they became follows from them.
func shortened(err error) error {
	var problems config.Problems
	if !errors.As(err, &problems) {
		return err
	}
	var short config.Problems
	for _, p := range problems {
		path := p.Path
		if below, ok := strings.CutPrefix(path, "groups."+groupName+".signals."); ok {
			_, path, _ = strings.Cut(below, ".")
		} else if !strings.HasPrefix(path, "prometheus") {
			continue
		}
		if one := (config.Problem{Path: path, Message: p.Message}); !slices.Contains(short, one) {
			short = append(short, one)
		}
	}
	if short == nil {
		return err
	}
	return short
}
