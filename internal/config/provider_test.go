package config

import (
	"strings"
	"testing"
)

func TestBillingIsAModelThatIsShippedOrAFile(t *testing.T) {
	t.Parallel()
	for written, says := range map[string]string{
		"gp-gio":                      "",
		"gp-gio-month":                "",
		"/etc/autoscaled/prices.yaml": "",
		"gp-goi":                      "did you mean `gp-gio`?",
		"prices.yaml":                 "is not an absolute path",
		"etc/prices":                  "is not an absolute path",
	} {
		config, err := Parse("billing.yaml", []byte(`
providers:
  gio: {type: gp, gp_service_code: gp00000001, access_key: env:ACCESS, secret_key: env:SECRET, billing: `+written+`}
groups:
  web:
    provider: gio
    min: 0
    max: 3
    template: {source: gc00000001, type: V40}
    policies: [{target: {signal: cpu, value: 60%}}]
    signals: {cpu: {snmp: {profile: cpu_busy}}}
`), furnished().env())
		switch {
		case says == "" && (err != nil || config.Providers["gio"].Billing != written):
			t.Errorf("%s: %v", written, err)
		case says != "" && (err == nil || !strings.Contains(err.Error(), says)):
			t.Errorf("%s: %v, want %q", written, err, says)
		}
	}
}
