package cloud_test

import (
	"testing"

	"github.com/autoscaled/autoscaled/internal/cloud"
)

func TestWhatAnInstanceIsMadeFromIsItsSourceAndTheNamedVersion(t *testing.T) {
	t.Parallel()
	for want, template := range map[string]cloud.Template{
		"gc00000001":    {Source: "gc00000001", Type: "V10"},
		"gc00000001@v2": {Source: "gc00000001", Type: "V10", Version: "v2"},
		"gc00000002@v2": {Source: "gc00000002", Type: "V40", Version: "v2"},
	} {
		if got := template.ID(); got != want {
			t.Errorf("%+v is %q, want %q", template, got, want)
		}
	}
}
