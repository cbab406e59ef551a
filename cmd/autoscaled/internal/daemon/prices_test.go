package daemon_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/autoscaled/autoscaled/cmd/autoscaled/internal/daemon"
	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/httpd"
)

// priced is a scene with a file of prices, and the file's path.
func priced(t *testing.T, price string) (*scene, string) {
	t.Helper()
	s := newScene(t)
	path := filepath.Join(s.directory, "prices.yaml")
	writePrices(t, path, price)
	s.replace("    call_timeout: 5s\n", "    call_timeout: 5s\n    billing: "+path+"\n")
	return s, path
}

func writePrices(t *testing.T, path, price string) {
	t.Helper()
	text := fmt.Sprintf("name: ours\ncurrency: JPY\nzone: Asia/Tokyo\nunit: hour\nprice: %s\nstopped: nothing\nanchor: contract\n", price)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestFaultsOfPricesAreToldWithTheirPlaceWhenTheConfigurationIsRead(t *testing.T) {
	t.Parallel()
	faulty, path := priced(t, "cheap")
	missing, gone := priced(t, "10")
	if err := os.Remove(gone); err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		scene *scene
		says  string
	}{
		"a fault": {faulty, path + ":5:8: price: `cheap` is no amount"},
		"no file": {missing, missing.file() + ":16:14: providers.gio.billing: open the billing model: "},
	} {
		_, _, err := c.scene.new(t, nil)
		told := []error{err}
		if _, err := daemon.Check(c.scene.file()); c.scene == faulty {
			told = append(told, err)
		} else if err != nil { // it may be there where the daemon runs
			t.Errorf("%s: check says %v", what, err)
		}
		for _, err := range told {
			if problems := (config.Problems{}); !errors.As(err, &problems) || len(problems) != 1 || !strings.HasPrefix(err.Error(), c.says) {
				t.Errorf("%s: error is %v, want %s", what, err, c.says)
			}
		}
	}
}

func TestCostsFollowThePricesOfAReload(t *testing.T) {
	t.Parallel()
	s, path := priced(t, "10")
	s.simulate(t)
	d, _, err := s.new(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	run(t, d)
	cost := func() (c httpd.Cost) {
		eventually(t, "its cost is known", func() bool {
			c, err = d.Cost(t.Context(), "web")
			return err == nil && c.MonthExpected != nil && *c.MonthExpected > 0
		})
		return c
	}
	expected := *cost().MonthExpected
	writePrices(t, path, "1000")
	if now := *cost().MonthExpected; now > 2*expected {
		t.Errorf("before the reload it costs %v instead of %v", now, expected)
	}
	report, err := d.Reload(t.Context(), false, "sato")
	if err != nil || !report.Applied || fates(report)["web"] != httpd.GroupKept {
		t.Fatalf("the report is %+v: %v", report, err)
	}
	if now := *cost().MonthExpected; now < 50*expected {
		t.Errorf("after the reload it costs %v, and before %v", now, expected)
	}
	writePrices(t, path, "-1")
	if _, err := d.Reload(t.Context(), false, "sato"); err == nil || !strings.Contains(err.Error(), path+":5:8: price") {
		t.Errorf("with faulty prices the error is %v", err)
	}
	s.replace("billing: "+path, "billing: per-second")
	s.save(t)
	if report, err = d.Reload(t.Context(), false, "sato"); err != nil || !report.Applied {
		t.Fatalf("the report is %+v: %v", report, err)
	}
	if c := cost(); !strings.Contains(c.Model, "made up") || *c.MonthExpected == expected {
		t.Errorf("by the other prices it costs %+v", c)
	}
}
