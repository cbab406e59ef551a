package daemon

import (
	"errors"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/plan/billing"
)

// prices are what machines cost, by the name or path of the file that says so.
type prices map[string]*billing.Model

// Check reads the configuration at path without its secrets, and the prices that it names, where
// their files are there. The error is [config.Problems] when there are faults in them, and an ordinary error when the
// configuration cannot be read.
func Check(path string) (*config.Config, error) {
	c, text, err := readConfig(path, config.Env{SkipSecrets: true})
	if err != nil {
		return nil, err
	}
	for name, provider := range c.Providers {
		if _, err := billing.Load(provider.Billing); errors.Is(err, fs.ErrNotExist) { // perhaps it is, where the daemon runs
			provider.Billing = ""
			c.Providers[name] = provider
		}
	}
	if _, err := readPrices(c, text); err != nil {
		return nil, err
	}
	return c, nil
}

// readPrices reads the prices that the configuration, whose text is given, names. The error is
// [config.Problems].
func readPrices(c *config.Config, text []byte) (prices, error) {
	all := prices{}
	var faults config.Problems
	for _, name := range slices.Sorted(maps.Keys(c.Providers)) {
		file := c.Providers[name].Billing
		if _, known := all[file]; known || file == "" {
			continue
		}
		model, err := billing.Load(file)
		all[file] = model
		var within config.Problems
		switch {
		case errors.As(err, &within):
			faults = append(faults, within...)
		case err != nil:
			faults = append(faults, faultAt(c.File, text, err, "providers", name, "billing"))
		}
	}
	if len(faults) > 0 {
		return nil, faults
	}
	return all, nil
}

// faultAt is a fault at the place of the configuration that has the path.
func faultAt(file string, text []byte, err error, path ...string) config.Problem {
	fault := config.Problem{File: file, Line: 1, Path: strings.Join(path, "."), Message: err.Error()}
	if at := (twoTexts{is: rootOf(text)}).at(path...).is; at != nil {
		fault.Line, fault.Column = at.Line, at.Column
	}
	return fault
}
