package gpapi_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/autoscaled/autoscaled/internal/gpapi"
)

// clockedServer answers with its own time, which differs from the caller's.
type clockedServer struct {
	fakeServer
	ahead  time.Duration // of the caller's clock
	takes  time.Duration // half of it before the answer is dated
	status int
	silent bool // about the date
}

func newClockedServer() *clockedServer {
	s := &clockedServer{status: 200}
	s.answer = func(url.Values) (int, http.Header, string, error) {
		time.Sleep(s.takes / 2)
		header := http.Header{"Date": {time.Now().Add(-s.ahead).UTC().Format(http.TimeFormat)}}
		if s.silent {
			header = nil
		}
		time.Sleep(s.takes / 2)
		return s.status, header, statusAnswer, nil
	}
	return s
}

func TestASkewIsToldWhenItBeginsChangesAndEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := newClockedServer()
		var told []time.Duration
		options := testOptions(server)
		options.Skew = func(ahead time.Duration) { told = append(told, ahead) }
		client := newClient(t, options)
		for _, step := range []struct {
			ahead time.Duration
			told  string // since the step before
		}{
			{0, "[]"},
			{59 * time.Second, "[]"},
			{time.Minute, "[1m0s]"},
			{80 * time.Second, "[]"},
			{90 * time.Second, "[1m30s]"},
			{70 * time.Second, "[]"},
			{-7 * time.Minute, "[-7m0s]"},
			{-7*time.Minute - 20*time.Second, "[]"},
			{59 * time.Second, "[0s]"},
			{0, "[]"},
		} {
			server.ahead, told = step.ahead, nil
			if err := readStatus(t.Context(), client); err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprint(told); got != step.told {
				t.Errorf("ahead %v: told %v, want %s", step.ahead, got, step.told)
			}
		}
	})
}

func TestASkewIsMeasuredInTheMiddleOfACallAndNotInASlowOne(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		takes, ahead time.Duration
		silent       bool
		want         []time.Duration
	}{
		"a call of 20 s":       {20 * time.Second, 5 * time.Minute, false, []time.Duration{5 * time.Minute}},
		"a call of 20 s, none": {20 * time.Second, 0, false, nil},
		"a call of 3 min":      {3 * time.Minute, 5 * time.Minute, false, nil},
		"no date":              {0, 5 * time.Minute, true, nil},
	} {
		synctest.Test(t, func(t *testing.T) {
			server := newClockedServer()
			server.takes, server.ahead, server.silent = test.takes, test.ahead, test.silent
			var told []time.Duration
			options := testOptions(server)
			options.Skew = func(ahead time.Duration) { told = append(told, ahead) }
			if err := readStatus(t.Context(), newClient(t, options)); err != nil || !slices.Equal(told, test.want) {
				t.Errorf("%s: told %v, want %v; %v", name, told, test.want, err)
			}
		})
	}
}

func TestARefusalWhileSkewedSaysSo(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		status int
		ahead  time.Duration
		want   string // empty: nothing of the clock
	}{
		{401, 7 * time.Minute, "this machine's clock seems 7 min ahead of the server's"},
		{400, -25 * time.Hour, "this machine's clock seems 1500 min behind the server's"},
		{401, 30 * time.Second, ""},
		{503, 7 * time.Minute, ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			server := newClockedServer()
			server.status, server.ahead = test.status, test.ahead
			err := orderTwo(t.Context(), newClient(t, testOptions(server)))
			if err == nil || !strings.Contains(err.Error(), test.want) || test.want == "" && strings.Contains(err.Error(), "clock seems") {
				t.Errorf("status %d, ahead %v: %v", test.status, test.ahead, err)
			}
		})
	}
}

func TestASkewHasNoSideEffectOnWhatIsSigned(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := newClockedServer()
		server.ahead = 7 * time.Minute
		client := newClient(t, testOptions(server))
		for range 2 {
			if err := readStatus(t.Context(), client); err != nil {
				t.Fatal(err)
			}
		}
		want := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
		if got := server.forms[1].Get("Expire"); got != want || !gpapi.Verify("POST", "gp.api.iij.jp", "/json", server.forms[1], testSecretKey) {
			t.Errorf("Expire = %s, want %s", got, want)
		}
	})
}
