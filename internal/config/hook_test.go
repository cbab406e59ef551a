package config

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/secret"
)

func TestTheExamplesHookIsReadAsWrittenAndMinimalHasNone(t *testing.T) {
	t.Parallel()
	want := []Hook{{
		Name: "cookbook", At: "launch", URL: "https://finish.example.jp/autoscaled", Secret: secret.New("content-of-hook-secret"),
		Timeout: 10 * time.Minute, Max: time.Hour, Otherwise: "abandon",
	}}
	if got := shipped(t, "autoscaled.example.yaml").Groups["web"].Hooks; !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := shipped(t, "minimal.yaml").Groups["web"].Hooks; got != nil {
		t.Errorf("without the key there are %+v", got)
	}
}

func TestWhatAHookLeavesOutDependsOnItsPoint(t *testing.T) {
	t.Parallel()
	text := string(contents(t, "../../configs/minimal.yaml")) + `
    hooks:
      - {name: b, at: launch, url: "http://10.0.0.9:8080/hook?k=1", secret: env:HOOK_SECRET}
      - {name: a, at: end, url: "http://localhost/", secret: env:HOOK_SECRET, timeout: 2h}
`
	config, err := Parse("hooks.yaml", []byte(text), furnished().env())
	if err != nil {
		t.Fatal(err)
	}
	key := secret.New("content-of-hook-secret")
	want := []Hook{
		{Name: "b", At: "launch", URL: "http://10.0.0.9:8080/hook?k=1", Secret: key, Timeout: 10 * time.Minute, Max: time.Hour, Otherwise: "abandon"},
		{Name: "a", At: "end", URL: "http://localhost/", Secret: key, Timeout: 2 * time.Hour, Max: 2 * time.Hour, Otherwise: "continue"},
	}
	if got := config.Groups["web"].Hooks; !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestAHookIsAskedByHTTPSOrNearBy(t *testing.T) {
	t.Parallel()
	for value, good := range map[string]bool{
		"https://finish.example.jp/a?token=s3cret": true, "https://203.0.113.7/": true, "https://[2001:db8::1]:8443/": true,
		"http://127.0.0.1:8080/": true, "http://[::1]/": true, "http://192.168.0.9/": true, "http://[fd00::9]/": true, "http://finish.internal/": true,
		"http://203.0.113.7/s3cret": false, "http://[::ffff:203.0.113.7]/s3cret": false, "http://169.254.169.254/s3cret": false, "https://169.254.169.254/s3cret": false,
		"https://[fe80::1]/s3cret": false, "https://[::ffff:169.254.169.254]/s3cret": false, "https://0.0.0.0/s3cret": false, "https://224.0.0.1/s3cret": false,
		"ftp://finish.example.jp/s3cret": false, "https:///s3cret": false, "/s3cret": false, "https://user:s3cret@finish.example.jp/": false, "https://finish.example.jp/#s3cret": false,
	} {
		got, err := hookURL.parse(value)
		if (err == nil) != good || good && got != value {
			t.Errorf("%s: %q, %v", value, got, err)
		}
		if err != nil && strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: the error repeats it: %v", value, err)
		}
	}
}
