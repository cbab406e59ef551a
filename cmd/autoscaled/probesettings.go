package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/words"
)

// kind is what a probe asks; a setting can belong to several.
type kind int

const (
	kindAgent kind = 1 << iota
	kindPage
	kindQuery
)

func (k kind) String() string {
	var names []string
	for i, name := range []string{"SNMP agents (snmp://…)", "pages (http://…)", "--promql"} {
		if k&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return words.Either(names)
}

// setting is a key of the configuration that can be given as a flag.
type setting struct {
	flag  string
	key   string // its path within the source; empty: as the flag
	of    kind
	usage string
}

var settings = []setting{
	{"profile", "", kindAgent, "the `NAME` of a quantity in docs/snmp.md"},
	{"oid", "", kindAgent, "numeric `OID` of an object"},
	{"table", "", kindAgent, "with --oid: the OID is a table's column, of which this is taken: `avg`, max or sum"},
	{"max", "", kindAgent, "with --oid: the largest value that there can be"},
	{"interface", "", kindAgent, "with the profiles network_…: ifIndex or ifName"},
	{"path", "", kindAgent, "with the profile disk_used: where the file system is mounted"},
	{"version", "", kindAgent, "v1, v2c or v3"},
	{"community", "", kindAgent, "with v1 and v2c: public, or a reference to the `SECRET`"},
	{"user", "", kindAgent, "with v3"},
	{"auth", "auth.protocol", kindAgent, "with v3: md5, sha, sha224, sha256, sha384 or sha512"},
	{"auth-passphrase", "auth.passphrase", kindAgent, "with v3: a reference to the `SECRET`"},
	{"privacy", "privacy.protocol", kindAgent, "with v3: des, aes, aes192, aes256, aes192c or aes256c"},
	{"privacy-passphrase", "privacy.passphrase", kindAgent, "with v3: a reference to the `SECRET`"},
	{"context", "", kindAgent, "with v3"},
	{"port", "", kindAgent, "where agents listen, if TARGET does not say it"},
	{"retries", "", kindAgent, "further attempts when nothing is answered"},
	{"metric", "", kindPage, "the `NAME` of the metric"},
	{"label", "labels", kindPage, "`NAME=VALUE` that the series must have; can be given several times"},
	{"kind", "", kindAgent | kindPage, "gauge, or counter: the rate per second is taken"},
	{"scale", "", kindAgent | kindPage, "the value is multiplied by this"},
	{"promql", "", kindQuery, "the `EXPRESSION` to evaluate"},
	{"prometheus", "url", kindQuery, "the server's `URL`"},
	{"timeout", "", kindAgent | kindPage | kindQuery, "of one attempt"},
	{"username", "", kindPage | kindQuery, "for basic authentication"},
	{"password", "", kindPage | kindQuery, "for basic authentication: a reference to the `SECRET`"},
	{"bearer-token", "bearer_token", kindPage | kindQuery, "a reference to the `SECRET`"},
	{"ca", "tls.ca", kindPage | kindQuery, "authorities that are trusted: a reference, such as `file:/PATH`"},
	{"cert", "tls.cert", kindPage | kindQuery, "what is shown to the server: a reference, such as `file:/PATH`"},
	{"key", "tls.key", kindPage | kindQuery, "that of --cert: a reference to the `SECRET`"},
	{"server-name", "tls.server_name", kindPage | kindQuery, "what the server's certificate must be for"},
	{"insecure-skip-verify", "tls.insecure_skip_verify", kindPage | kindQuery, "true: any certificate will do"},
}

func (s setting) path() string {
	if s.key == "" {
		return s.flag
	}
	return s.key
}

func (s setting) declare(command *cobra.Command) {
	if s.flag == "label" {
		command.Flags().StringArray(s.flag, nil, s.usage)
		return
	}
	command.Flags().String(s.flag, "", s.usage)
}

// givenSettings are the settings whose flags are on the command line.
func givenSettings(command *cobra.Command) map[string]any {
	given := map[string]any{}
	for _, s := range settings {
		if command.Flags().Changed(s.flag) {
			given[s.flag] = s.value(command)
		}
	}
	return given
}

// value is what the flag says: a word, or of labels a list.
func (s setting) value(command *cobra.Command) any {
	if s.flag == "label" {
		list, _ := command.Flags().GetStringArray(s.flag) // it is one
		return list
	}
	return command.Flags().Lookup(s.flag).Value.String()
}

// keysFor are the keys of a source of the kind, as a configuration has them. Flags that
// are not of the kind are refused.
func keysFor(k kind, given map[string]any) (map[string]any, error) {
	keys := map[string]any{}
	for _, s := range settings {
		value, ok := given[s.flag]
		switch {
		case !ok:
			continue
		case s.of&k == 0:
			return nil, fmt.Errorf("probe: --%s belongs to %s: remove it", s.flag, s.of)
		case s.flag == "label":
			labels, err := readLabels(value.([]string))
			if err != nil {
				return nil, err
			}
			value = labels
		}
		section, key := keys, s.path()
		if parent, child, nested := strings.Cut(key, "."); nested {
			if keys[parent] == nil {
				keys[parent] = map[string]any{}
			}
			section, key = keys[parent].(map[string]any), child
		}
		section[key] = value
	}
	return keys, nil
}

func readLabels(list []string) (map[string]string, error) {
	labels := map[string]string{}
	for _, label := range list {
		name, value, found := strings.Cut(label, "=")
		if !found {
			return nil, fmt.Errorf("probe: --label `%s`: write it as NAME=VALUE", words.Shown(label))
		}
		labels[name] = value
	}
	return labels, nil
}

// asFlags says what is wrong with settings in the words of the command line.
func asFlags(err error) error {
	var problems config.Problems
	if !errors.As(err, &problems) {
		return err
	}
	var lines []string
	for _, p := range problems {
		lines = append(lines, "probe: "+flagOf(p.Path)+p.Message)
	}
	return errors.New(strings.Join(slices.Compact(lines), "\n"))
}

// flagOf is the flag of the key at the path, as the beginning of a sentence.
func flagOf(path string) string {
	byPath := map[string]string{"scrape.url": "TARGET: ", "promql": "--promql: "}
	for _, s := range settings {
		for of, source := range map[kind]string{kindAgent: "snmp", kindPage: "scrape", kindQuery: "prometheus"} {
			if s.of&of != 0 {
				byPath[source+"."+s.path()] = "--" + s.flag + ": "
			}
		}
	}
	for known, flag := range byPath {
		if path == known || strings.HasPrefix(path, known+".") {
			return flag
		}
	}
	return ""
}
