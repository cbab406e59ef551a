package gpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/words"
)

// Do carries out the action of that name with exactly the given parameters beside
// the common ones; those of a list are numbered, Name.1. It returns the object
// inside <action>Response as the server sent it, of an XML answer the JSON that
// says the same. It refuses parameters that the action does not have, and lists with
// gaps, and tells those that are missing. Rules across parameters, and what an answer
// ought to hold, are not checked, as they are by the action's method. Errors are of
// type [*Error].
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
		_, ok := known[pattern]
		switch {
		case strings.HasSuffix(name, ".N") || strings.Contains(name, ".N."):
			return nil, fmt.Errorf("parameter %s: write a number in place of N, from 1 on", words.Shown(name))
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
		if values[0] == "" {
			return nil, fmt.Errorf("parameter %s: it is empty: leave it out, or give it a value", name)
		}
		params = append(params, pair{name, values[0]})
		given[pattern] = true
	}
	if err := checkNumbers(parameters); err != nil {
		return nil, err
	}
	var missing []string
	for _, name := range names {
		if known[name].Required && !given[name] {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("parameters are missing: %s", strings.Join(missing, ", "))
	}
	return params, nil
}

// checkNumbers refuses lists that are not numbered from 1 on without a gap: what the
// server has would be replaced by less than was meant. An action has one list, or
// several whose entries belong together.
func checkNumbers(parameters url.Values) error {
	numbers := map[int]bool{}
	for name := range parameters {
		_, rest, _ := strings.Cut(name, ".")
		text, _, _ := strings.Cut(rest, ".")
		if number, err := strconv.Atoi(text); err == nil {
			numbers[number] = true
		}
	}
	for number := range numbers {
		if number > 1 && !numbers[number-1] {
			return fmt.Errorf("there is a parameter numbered %d and none numbered %d: number lists from 1 on without a gap", number, number-1)
		}
	}
	return nil
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
