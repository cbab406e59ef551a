package manifests_test

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"gopkg.in/yaml.v3"
	_ "k8s.io/kubectl/pkg/util/slice" // so that the module is there: its test data has the OpenAPI of Kubernetes
)

var kubernetesFiles = []string{"kubernetes/deployment.yaml", "kubernetes/sidecar.yaml"}

// object is one of the cluster's, as it is written.
type object = map[string]any

// published is what Kubernetes publishes of its objects, by apiVersion, save that it knows no
// keys beside those it names.
var published = sync.OnceValues(func() (map[string]openapi3.Schemas, error) {
	directory, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "k8s.io/kubectl").Output()
	if err != nil {
		return nil, fmt.Errorf("find the OpenAPI of Kubernetes: %w", err)
	}
	all := map[string]openapi3.Schemas{}
	for version, name := range map[string]string{"v1": "api/v1.json", "apps/v1": "apis/apps/v1.json"} {
		description, err := openapi3.NewLoader().LoadFromFile(filepath.Join(strings.TrimSpace(string(directory)), "testdata/openapi/v3", name))
		if err != nil {
			return nil, fmt.Errorf("read the OpenAPI of Kubernetes: %w", err)
		}
		all[version] = description.Components.Schemas
		for _, schema := range all[version] {
			if s := schema.Value; len(s.Properties) > 0 && s.AdditionalProperties.Schema == nil {
				*s = *s.WithoutAdditionalProperties()
			}
		}
	}
	return all, nil
})

// objects are those of a file, each held against what is published.
func objects(text string) (all []object, err error) {
	schemas, err := published()
	if err != nil {
		return nil, err
	}
	for decoder := yaml.NewDecoder(strings.NewReader(text)); ; {
		var o object
		switch err := decoder.Decode(&o); {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, err
		}
		version, kind := fmt.Sprint(o["apiVersion"]), fmt.Sprint(o["kind"])
		schema := schemas[version]["io.k8s.api."+map[string]string{"v1": "core.v1.", "apps/v1": "apps.v1."}[version]+kind]
		if schema == nil {
			return nil, fmt.Errorf("%s %s is not known", version, kind)
		}
		if err := schema.Value.VisitJSON(numbers(o), openapi3.MultiErrors()); err != nil {
			return nil, fmt.Errorf("%s %v: %w", kind, at(o, "metadata", "name"), err)
		}
		all = append(all, o)
	}
}

// numbers turns whole numbers into those that JSON has.
func numbers(value any) any {
	switch v := value.(type) {
	case int:
		return float64(v)
	case []any:
		turned := make([]any, len(v))
		for i := range v {
			turned[i] = numbers(v[i])
		}
		return turned
	case object:
		turned := object{}
		for key := range v {
			turned[key] = numbers(v[key])
		}
		return turned
	}
	return value
}

// at is what is found along the keys; nil: there is none.
func at(o any, keys ...string) any {
	for _, key := range keys {
		within, _ := o.(object)
		o = within[key]
	}
	return o
}

// list is what is found along the keys, when it is a list of objects.
func list(o any, keys ...string) (all []object) {
	items, _ := at(o, keys...).([]any)
	for _, item := range items {
		if o, is := item.(object); is {
			all = append(all, o)
		}
	}
	return all
}

// named are the objects of a kind by their names.
func named(all []object, kind string) map[string]object {
	of := map[string]object{}
	for _, o := range all {
		if o["kind"] == kind {
			of[fmt.Sprint(at(o, "metadata", "name"))] = o
		}
	}
	return of
}

func TestKubernetesManifestsAreGood(t *testing.T) {
	t.Parallel()
	for _, name := range kubernetesFiles {
		all, err := objects(read(t, name))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		deployments := slices.Collect(maps.Values(named(all, "Deployment")))
		if len(deployments) != 1 {
			t.Fatalf("%s: %d deployments", name, len(deployments))
		}
		theDeploymentStandsAlone(t, deployments[0])
		itsPodsAreRestricted(t, at(deployments[0], "spec", "template", "spec"))
		whatItsPodsUseIsThere(t, all, at(deployments[0], "spec", "template", "spec"))
		configuration, _ := at(named(all, "ConfigMap")["autoscaled"], "data", "autoscaled.yaml").(string)
		recommends(t, name+" autoscaled.yaml", configuration)
		for _, o := range all {
			if namespace := at(o, "metadata", "namespace"); o["kind"] != "Namespace" && named(all, "Namespace")[fmt.Sprint(namespace)] == nil {
				t.Errorf("%s: %v %v is in the namespace %v, which is not there", name, o["kind"], at(o, "metadata", "name"), namespace)
			}
		}
	}
}

// theDeploymentStandsAlone: two daemons on one state are one too many.
func theDeploymentStandsAlone(t *testing.T, deployment object) {
	t.Helper()
	replicas, strategy := at(deployment, "spec", "replicas"), at(deployment, "spec", "strategy", "type")
	selected, labels := fmt.Sprint(at(deployment, "spec", "selector", "matchLabels")), fmt.Sprint(at(deployment, "spec", "template", "metadata", "labels"))
	if replicas != 1 || strategy != "Recreate" || selected != labels {
		t.Errorf("replicas %v, strategy %v, selects %s of %s", replicas, strategy, selected, labels)
	}
}

// itsPodsAreRestricted: they may not do what the profile `restricted` of Kubernetes' Pod Security Standards forbids.
func itsPodsAreRestricted(t *testing.T, pod any) {
	t.Helper()
	if at(pod, "securityContext", "runAsNonRoot") != true || at(pod, "securityContext", "seccompProfile", "type") != "RuntimeDefault" || at(pod, "automountServiceAccountToken") != false {
		t.Errorf("the pod may more than it needs: %v", at(pod, "securityContext"))
	}
	for _, container := range list(pod, "containers") {
		its := container["securityContext"]
		user := at(its, "runAsUser")
		if user == nil {
			user = at(pod, "securityContext", "runAsUser")
		}
		if at(its, "allowPrivilegeEscalation") != false || at(its, "readOnlyRootFilesystem") != true || fmt.Sprint(at(its, "capabilities", "drop")) != "[ALL]" || user == nil || user == 0 {
			t.Errorf("the container %v may more than it needs: %v, user %v", container["name"], its, user)
		}
		if container["name"] == "autoscaled" && user != 65532 {
			t.Errorf("the image's state belongs to 65532, and the container runs as %v", user)
		}
	}
}

// whatItsPodsUseIsThere: volumes, claims and maps. Secrets are in no file.
func whatItsPodsUseIsThere(t *testing.T, all []object, pod any) {
	t.Helper()
	volumes := map[any]bool{}
	sources := list(pod, "volumes")
	for _, volume := range sources {
		volumes[volume["name"]] = true
		sources = append(sources, list(volume, "projected", "sources")...)
	}
	for _, source := range sources {
		if claim := at(source, "persistentVolumeClaim", "claimName"); claim != nil && named(all, "PersistentVolumeClaim")[fmt.Sprint(claim)] == nil {
			t.Errorf("there is no claim %v", claim)
		}
		if configMap := at(source, "configMap", "name"); configMap != nil {
			data, _ := at(named(all, "ConfigMap")[fmt.Sprint(configMap)], "data").(object)
			if data == nil {
				t.Errorf("there is no map %v", configMap)
			}
			for _, item := range list(source, "configMap", "items") {
				if data[fmt.Sprint(item["key"])] == nil {
					t.Errorf("the map %v has no %v", configMap, item["key"])
				}
			}
		}
	}
	for _, container := range list(pod, "containers") {
		for _, mount := range list(container, "volumeMounts") {
			if !volumes[mount["name"]] {
				t.Errorf("the container %v mounts %v, which is no volume", container["name"], mount["name"])
			}
		}
		if container["name"] == "autoscaled" {
			itIsProbed(t, container, len(list(pod, "containers")) == 1)
		}
	}
}

// itIsProbed: beside another container its state of health is none of the pod's, which would lose its services by it.
func itIsProbed(t *testing.T, container object, alone bool) {
	t.Helper()
	ready, live := "[/autoscaled health]", "[/autoscaled health --live]"
	wanted := map[string]string{"startupProbe": ready, "readinessProbe": ready, "livenessProbe": live}
	if !alone {
		wanted = map[string]string{"startupProbe": live, "livenessProbe": live}
		if container["readinessProbe"] != nil {
			t.Errorf("beside another container it has a readinessProbe: %v", container["readinessProbe"])
		}
	}
	for probe, want := range wanted {
		if got := fmt.Sprint(at(container, probe, "exec", "command")); got != want {
			t.Errorf("%s is %s, want %s", probe, got, want)
		}
	}
}

// TestEachFileHasANamespaceThatIsItsOwn: applied to a cluster that is in use, none changes what is there.
func TestEachFileHasANamespaceThatIsItsOwn(t *testing.T) {
	t.Parallel()
	taken := map[string]string{}
	for _, name := range kubernetesFiles {
		all, err := objects(read(t, name))
		if err != nil {
			t.Fatal(err)
		}
		for namespace := range named(all, "Namespace") {
			if taken[namespace] != "" || !strings.HasPrefix(namespace, "autoscaled") {
				t.Errorf("%s makes the namespace %s, which may be another's: %s", name, namespace, taken[namespace])
			}
			taken[namespace] = name
			if text := read(t, name); strings.Count(text, "kubectl -n ") != strings.Count(text, "kubectl -n "+namespace+" ") {
				t.Errorf("%s: a command at its head is about another namespace than %s", name, namespace)
			}
		}
	}
}

func TestAKubernetesManifestWithAMisspeltKeyIsRefused(t *testing.T) {
	t.Parallel()
	for _, name := range kubernetesFiles {
		text := read(t, name)
		if _, err := objects(text); err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{
			"kind", "data", "accessModes", "strategy", "matchLabels", "fsGroup", "seccompProfile", "readOnlyRootFilesystem", "drop",
			"limits", "livenessProbe", "exec", "periodSeconds", "mountPath", "claimName", "defaultMode", "targetPort",
		} {
			if _, err := objects(misspelt(t, text, key)); err == nil {
				t.Errorf("%s: %s misspelt is not noticed", name, key)
			}
		}
		for _, wrong := range [][2]string{{"replicas: 1", "replicas: one"}, {"[ReadWriteOnce]", "ReadWriteOnce"}, {"runAsNonRoot: true", "runAsNonRoot: 1"}} {
			if _, err := objects(strings.Replace(text, wrong[0], wrong[1], 1)); err == nil {
				t.Errorf("%s: %s is not noticed", name, wrong[1])
			}
		}
	}
}
