package dial_test

import (
	"net"
	"net/http"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/autoscaled/autoscaled/internal/dial"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestNothingIsSentWhereCloudsKeepCredentials(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"169.254.169.254:80", "[fe80::1]:443", "[fe80::1%eth0]:443", "[::ffff:169.254.169.254]:80", "224.0.0.1:80", "[ff02::1]:80", "0.0.0.0:80", "[::]:80", "nonsense", "",
	} {
		if _, err := dial.Check(address); err == nil {
			t.Errorf("%s may be dialled", address)
		}
	}
	for _, address := range []string{"127.0.0.1:80", "10.0.0.1:443", "[::1]:25", "[fd00::1]:80", "203.0.113.7:443"} {
		if _, err := dial.Check(address); err != nil {
			t.Error(err)
		}
	}
}

// A name is judged by what it leads to, however the address is written.
func TestADialerJudgesWhatANameLeadsTo(t *testing.T) {
	t.Parallel()
	transport := &http.Transport{DialContext: dial.Dialer().DialContext}
	for _, url := range []string{"http://169.254.169.254/latest/meta-data", "http://[::ffff:a9fe:a9fe]/", "http://0.0.0.0:80/"} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := transport.RoundTrip(request)
		if err == nil {
			_ = response.Body.Close()
		}
		if err == nil || !strings.Contains(err.Error(), "nothing is sent there") {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func TestADialerReachesWhomItMay(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	conn, err := dial.Dialer().DialContext(t.Context(), "tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
}
