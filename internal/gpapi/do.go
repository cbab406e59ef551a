package gpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/words"
)

// Do carries out the action of that name with exactly the given parameters beside
// the common ones; those of a list are numbered, Name.1. It returns the object
// inside <action>Response as the server sent it, of an XML answer the JSON that
// says the same. What such an answer ought to hold is not checked. Otherwise Do
// is as the action's method: it refuses parameters that the action does not have,
// and those it lacks, and its errors are of type [*Error].
func (c *Client) Do(ctx context.Context, name string, parameters url.Values) (json.RawMessage, error) {
	act, ok := table[name]
	if !ok {
		err := fmt.Errorf("GP-API has no such action: %s", words.Suggest(name, actionNames()))
		return nil, &Error{Action: words.Shown(name), Class: cloud.ClassInvalid, Err: err}
	}
	params, err := act.check(parameters)
	if err != nil {
		return nil, &Error{Action: name, Class: cloud.ClassInvalid, Err: err}
	}
	var content json.RawMessage
	if err := c.account.send(ctx, act, params, &content); err != nil {
		return nil, err
	}
	return content, nil
}

// check returns the parameters as they are sent, if the action has each of them
// and lacks none that it needs.
func (a *action) check(parameters url.Values) ([]pair, error) {
	known, names := map[string]Parameter{}, []string(nil)
	for _, p := range parametersOf(a.fields) {
		known[p.pattern()] = p
		names = append(names, p.pattern())
	}
	params, given := []pair(nil), map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		values, pattern := parameters[name], patternOf(name)
		switch _, ok := known[pattern]; {
		case !ok && known[pattern+".N"].List:
			return nil, fmt.Errorf("parameter %s: it is a list, so number it: %s.1", name, name)
		case !ok && len(known) == 0:
			return nil, fmt.Errorf("parameter %s: the action takes none", words.Shown(name))
		case !ok:
			return nil, fmt.Errorf("parameter %s: the action has none of this name: %s", words.Shown(name), words.Suggest(pattern, names))
		case len(values) != 1:
			return nil, fmt.Errorf("parameter %s: it has %d values, give it one", name, len(values))
		}
		if err := checkText(values[0]); err != nil {
			return nil, fmt.Errorf("parameter %s: %w", name, err)
		}
		params = append(params, pair{name, values[0]})
		given[pattern] = given[pattern] || values[0] != ""
	}
	for _, name := range names {
		if known[name].Required && !given[name] {
			return nil, fmt.Errorf("parameter %s: %w", name, errMissing)
		}
	}
	return params, nil
}

// patternOf is a parameter's name with N for each number from 1.
func patternOf(name string) string {
	parts := strings.Split(name, ".")
	for i, part := range parts[1:] {
		if part != "" && part[0] != '0' && strings.Trim(part, "0123456789") == "" {
			parts[i+1] = "N"
		}
	}
	return strings.Join(parts, ".")
}
