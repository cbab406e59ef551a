package config

import (
	"strings"
	"testing"
	"time"
)

func TestAPushTakesValuesUnlessTheFileSaysOtherwise(t *testing.T) {
	t.Parallel()
	signals := signalsOf(t, `
      plain: {push: {token: env:PUSH_TOKEN}}
      alerts: {push: {token: env:PUSH_TOKEN, format: alertmanager}}
      events: {push: {token: env:PUSH_TOKEN, format: zabbix, step: 100, again_after: 1s}}
`)
	for name, want := range map[string]Push{
		"plain":  {Format: PushValue},
		"alerts": {Format: PushAlertmanager, Step: 1, AgainAfter: 10 * time.Minute},
		"events": {Format: PushZabbix, Step: 100, AgainAfter: time.Second},
	} {
		want.Token = signals[name].Push.Token
		if got := *signals[name].Push; got != want || got.Token.Reveal() == "" {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
}

func TestAPushThatMakesNoSenseIsAFault(t *testing.T) {
	t.Parallel()
	for section, says := range map[string]string{
		`{push: {format: direction}}`:                                           "push.token: is missing",
		`{push: {token: env:PUSH_TOKEN, format: alertmanger}}`:                  "did you mean `alertmanager`?",
		`{push: {token: env:PUSH_TOKEN, step: 2}}`:                              "push.step: belongs to formats that say up or down",
		`{push: {token: env:PUSH_TOKEN, format: value, again_after: 5m}}`:       "push.again_after: belongs to formats that say up or down",
		`{push: {token: env:PUSH_TOKEN, format: grafana, step: 0}}`:             "push.step: ",
		`{push: {token: env:PUSH_TOKEN, format: grafana, step: 101}}`:           "push.step: ",
		`{push: {token: env:PUSH_TOKEN, format: grafana, again_after: 0s}}`:     "push.again_after: ",
		`{push: {token: env:PUSH_TOKEN, format: grafana, again_after: 8d}}`:     "push.again_after: ",
		`{push: {token: env:PUSH_TOKEN, format: direction, agin_after: 5m}}`:    "did you mean `again_after`?",
		`{push: {token: env:PUSH_TOKEN, format: direction}, statistic: medain}`: "did you mean `median`?",
	} {
		if err := faultsOfPush(section, "size"); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want it to say %q", section, err, says)
		}
	}
}

func TestOnlyAWebhookPolicyTakesUpAndDown(t *testing.T) {
	t.Parallel()
	const ways = `{push: {token: env:PUSH_TOKEN, format: direction}}`
	if err := faultsOfPush(ways, "webhook"); err != nil {
		t.Error(err)
	}
	if err := faultsOfPush(ways, "size"); err == nil || !strings.Contains(err.Error(), "policies[0].size.signal: says up or down, which is no quantity") {
		t.Errorf("a size that is up or down: %v", err)
	}
	if err := faultsOfPush(`{push: {token: env:PUSH_TOKEN}}`, "size"); err != nil {
		t.Error(err)
	}
}

// faultsOfPush is what is wrong with a group that has the signal, and a policy of the kind
// for it.
func faultsOfPush(signal, policy string) error {
	_, err := Parse("push.yaml", []byte(`
providers:
  gio: {type: gp, gp_service_code: gp00000001, access_key: env:ACCESS, secret_key: env:SECRET}
groups:
  web:
    provider: gio
    min: 0
    max: 3
    template: {source: gc00000001, type: V40}
    policies: [{`+policy+`: {signal: pushed}}]
    signals:
      pushed: `+signal+`
`), furnished().env())
	return err
}
