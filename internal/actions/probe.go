package actions

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"time"

	"github.com/autoscaled/autoscaled/internal/dial"
)

// HTTPProbe returns a probe that asks http://ADDRESS:port/path and takes any 2xx
// answer within timeout for "it serves". Redirects are not followed.
func HTTPProbe(port uint16, path string, timeout time.Duration) func(context.Context, netip.Addr) error {
	client := &http.Client{
		Transport:     &http.Transport{DialContext: dial.Dialer().DialContext, DisableKeepAlives: true, MaxResponseHeaderBytes: 64 << 10},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return func(ctx context.Context, address netip.Addr) error {
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		url := "http://" + netip.AddrPortFrom(address, port).String() + path
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return fmt.Errorf("probe %s: %w", url, err)
		}
		response, err := client.Do(request)
		if err != nil {
			return fmt.Errorf("probe: %w", err)
		}
		defer response.Body.Close()
		_, _ = io.CopyN(io.Discard, response.Body, 64<<10)
		if response.StatusCode < 200 || response.StatusCode > 299 {
			return fmt.Errorf("probe %s: answered %.100q", url, response.Status)
		}
		return nil
	}
}
