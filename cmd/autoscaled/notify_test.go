package main

import (
	"context"
	"reflect"
	"strings"
	"testing"

	"github.com/autoscaled/autoscaled/internal/httpd"
)

func (f *fakeFleet) TestNotifier(_ context.Context, name string) error {
	return f.take([]string{"test notifier", name})
}

func TestATestOfANotifierIsSentAndSaysWhatBecameOfIt(t *testing.T) {
	t.Parallel()
	f := &fakeFleet{}
	out, _, err := execute(t, "notify", "test", "chat", "--socket", serve(t, f))
	if err != nil || out != "the test was sent by chat, and accepted\n" || !reflect.DeepEqual(f.asked, []any{[]string{"test notifier", "chat"}}) {
		t.Errorf("error is %v, asked %v, printed %q", err, f.asked, out)
	}
	out, _, err = execute(t, "notify", "test", "chat", "-o", "json", "--socket", serve(t, f))
	if err != nil || !strings.Contains(out, `"command": "notify test"`) {
		t.Errorf("error is %v, as JSON %s", err, out)
	}
	f.refusal = httpd.Error{Code: httpd.NotFound, Text: "there is no notifier `chta`: did you mean `chat`?"}
	if _, _, err := execute(t, "notify", "test", "chta", "--socket", serve(t, f)); err == nil || !strings.Contains(err.Error(), "did you mean `chat`?") {
		t.Errorf("of an unknown one, error is %v", err)
	}
}
