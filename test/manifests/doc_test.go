// Package manifests holds what deploy/container ships against what others have published of it: the Compose
// files against the schema in Compose's own loader, those of Kubernetes against its OpenAPI. Every
// configuration within them is one that the daemon takes.
package manifests_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/autoscaled/autoscaled/internal/config"
)

const shipped = "../../deploy/container"

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// read is the content of a file that is shipped.
func read(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(shipped, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// misspelt is text with the first such key written otherwise.
func misspelt(t *testing.T, text, key string) string {
	t.Helper()
	wrong := strings.Replace(text, key+":", key+"s:", 1)
	if wrong == text {
		t.Fatalf("there is no %s", key)
	}
	return wrong
}

// recommends says that a configuration is good, and that no group of it acts.
func recommends(t *testing.T, name, text string) {
	t.Helper()
	c, err := config.Parse(name, []byte(text), config.Env{SkipSecrets: true})
	if err != nil {
		t.Error(err)
		return
	}
	for _, group := range c.Groups {
		if group.Mode != config.ModeRecommend {
			t.Errorf("%s: group %s is in mode %s", name, group.Name, group.Mode)
		}
	}
}
