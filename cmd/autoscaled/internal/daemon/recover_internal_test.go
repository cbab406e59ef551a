package daemon

import (
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/config"
)

func TestTheRepairCommandUsesTheDaemonsOwnConfiguration(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		file      string
		variables map[string]string
		want      string
	}{
		{"/etc/autoscaled/autoscaled.yaml", nil, "autoscaled recover --from-cloud --config /etc/autoscaled/autoscaled.yaml"},
		{"/srv/it's here/a.yaml", nil, `autoscaled recover --from-cloud --config '/srv/it'\''s here/a.yaml'`},
		{
			"/etc/autoscaled/autoscaled.yaml", map[string]string{"CREDENTIALS_DIRECTORY": "/run/credentials/x", "STATE_DIRECTORY": "/var/lib/private/autoscaled"},
			"STATE_DIRECTORY=/var/lib/private/autoscaled CREDENTIALS_DIRECTORY=/etc/autoscaled autoscaled recover --from-cloud --config /etc/autoscaled/autoscaled.yaml",
		},
		{"/a.yaml", map[string]string{"STATE_DIRECTORY": "/elsewhere"}, "autoscaled recover --from-cloud --config /a.yaml"},
	} {
		configuration := &config.Config{File: c.file, State: "/var/lib/private/autoscaled"}
		if got := repairCommand(configuration, func(name string) string { return c.variables[name] }); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

func TestOnlyWhatBeganLatelyMayBeAPurchaseWithoutItsLabel(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	s := Survey{now: now}
	for what, c := range map[string]struct {
		machine cloud.Machine
		want    bool
	}{
		"today":        {cloud.Machine{Start: now.Add(-9 * time.Hour)}, true},
		"yesterday":    {cloud.Machine{Start: now.Add(-33 * time.Hour)}, true},
		"days ago":     {cloud.Machine{Start: now.Add(-57 * time.Hour)}, false},
		"not told yet": {cloud.Machine{Contract: cloud.ContractPreparing}, true},
		"it ends":      {cloud.Machine{Start: now.Add(-9 * time.Hour), Stop: now}, false},
	} {
		if got := s.began(c.machine); got != c.want {
			t.Errorf("%s: %v", what, got)
		}
	}
}
