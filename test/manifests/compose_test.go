package manifests_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
)

var composeFiles = []string{"compose.yaml", "compose.sidecar.yaml"}

// composed loads a Compose file as `docker compose` does.
func composed(t *testing.T, text string) (*types.Project, error) {
	t.Helper()
	directory, err := filepath.Abs(shipped)
	if err != nil {
		t.Fatal(err)
	}
	return loader.LoadWithContext(t.Context(), types.ConfigDetails{
		WorkingDir:  directory,
		ConfigFiles: []types.ConfigFile{{Filename: filepath.Join(directory, "compose.yaml"), Content: []byte(text)}},
		Environment: types.Mapping{"AUTOSCALED_VERSION": "1.2.3"},
	}, func(o *loader.Options) { o.SetProjectName("autoscaled", true) })
}

func TestComposeFilesAreGood(t *testing.T) {
	t.Parallel()
	for _, name := range composeFiles {
		project, err := composed(t, read(t, name))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, service := range project.Services {
			if !service.ReadOnly || strings.Join(service.CapDrop, " ") != "ALL" || strings.Join(service.SecurityOpt, " ") != "no-new-privileges:true" {
				t.Errorf("%s: the service %s may do more than it needs", name, service.Name)
			}
		}
		daemon := project.Services["autoscaled"]
		if daemon.Image != "localhost/autoscaled:1.2.3" || daemon.User != "65532:65532" || len(daemon.Ports) > 0 {
			t.Errorf("%s: image %s, user %s, ports %v", name, daemon.Image, daemon.User, daemon.Ports)
		}
		if check := strings.Join(daemon.HealthCheck.Test, " "); check != "CMD /autoscaled health" {
			t.Errorf("%s: health is %q", name, check)
		}
		bound(t, name, daemon)
	}
}

// bound finds what the daemon is to see: its configuration, which is shipped beside the file and is good, and
// its secrets where that configuration expects them.
func bound(t *testing.T, name string, daemon types.ServiceConfig) {
	t.Helper()
	var places []string
	for _, volume := range daemon.Volumes {
		places = append(places, volume.Target)
		if volume.Target != "/etc/autoscaled" {
			continue
		}
		text, err := os.ReadFile(filepath.Join(volume.Source, "autoscaled.yaml"))
		if err != nil || !volume.ReadOnly {
			t.Errorf("%s: read-only is %v, error is %v", name, volume.ReadOnly, err)
			continue
		}
		recommends(t, filepath.Join(volume.Source, "autoscaled.yaml"), string(text))
		for _, secret := range daemon.Secrets {
			if !strings.Contains(string(text), "credential:"+secret.Source+"\n") {
				t.Errorf("%s: the configuration uses no secret %s", name, secret.Source)
			}
		}
	}
	if strings.Join(places, " ") != "/etc/autoscaled /var/lib/autoscaled" || len(daemon.Secrets) != 3 {
		t.Errorf("%s: volumes at %v, %d secrets", name, places, len(daemon.Secrets))
	}
}

func TestAComposeFileWithAMisspeltKeyIsRefused(t *testing.T) {
	t.Parallel()
	for _, name := range composeFiles {
		for _, key := range []string{"services", "image", "read_only", "healthcheck", "interval", "stop_grace_period", "secrets"} {
			if _, err := composed(t, misspelt(t, read(t, name), key)); err == nil {
				t.Errorf("%s: %s misspelt is not noticed", name, key)
			}
		}
	}
}
