package daemon

import (
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/secret"
)

func TestADigestTellsApartWhateverAConfigurationSays(t *testing.T) {
	t.Parallel()
	group := func() config.Group {
		return config.Group{
			Name: "web", Max: 5, Interval: time.Second, Drift: map[string]string{"stopped": "repair"},
			Signals: []config.Signal{{Name: "cpu", Quorum: 0.5, Push: &config.Push{Token: secret.New("one")}}},
			Traps:   []config.TrapRule{{OID: "1.3", From: netip.MustParsePrefix("10.0.0.0/8")}},
		}
	}
	if one, other := digestOf(group()), digestOf(group()); one != other {
		t.Fatal("two alike differ")
	}
	seen := map[digest]string{digestOf(group()): "nothing"}
	for what, change := range map[string]func(*config.Group){
		"a number":             func(g *config.Group) { g.Max = 6 },
		"a time":               func(g *config.Group) { g.Interval++ },
		"a share":              func(g *config.Group) { g.Signals[0].Quorum = 0.6 },
		"a truth":              func(g *config.Group) { g.ScaleIn.RateLeast = true },
		"what a map holds":     func(g *config.Group) { g.Drift["stopped"] = "adopt" },
		"a key of a map":       func(g *config.Group) { g.Drift["added"] = "" },
		"a secret":             func(g *config.Group) { g.Signals[0].Push.Token = secret.New("two") },
		"no pointer":           func(g *config.Group) { g.Signals[0].Push = nil },
		"one more of a list":   func(g *config.Group) { g.Signals = append(g.Signals, config.Signal{}) },
		"a prefix":             func(g *config.Group) { g.Traps[0].From = netip.MustParsePrefix("10.0.0.0/9") },
		"where a text ends":    func(g *config.Group) { g.Name, g.Provider = "we", "b" },
		"where a text ends, 2": func(g *config.Group) { g.Name, g.Provider = "w", "eb" },
	} {
		changed := group()
		change(&changed)
		if same, found := seen[digestOf(changed)]; found {
			t.Errorf("%s is taken for %s", what, same)
		}
		seen[digestOf(changed)] = what
	}
}

// TestADigestKnowsEveryTypeThatAConfigurationIsMadeOf fails when a type comes in that it would pass over.
func TestADigestKnowsEveryTypeThatAConfigurationIsMadeOf(t *testing.T) {
	t.Parallel()
	seen := map[reflect.Type]bool{}
	var walk func(at reflect.Type, path string)
	walk = func(at reflect.Type, path string) {
		if seen[at] {
			return
		}
		seen[at] = true
		switch at.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Array:
			walk(at.Elem(), path)
		case reflect.Map:
			if at.Key().Kind() != reflect.String {
				t.Errorf("%s is a map by %s", path, at.Key())
			}
			walk(at.Elem(), path)
		case reflect.Struct:
			for i := range at.NumField() {
				if field := at.Field(i); field.Type.PkgPath() != "net/netip" && field.Type.PkgPath() != "time" {
					walk(field.Type, path+"."+field.Name)
				}
			}
		case reflect.Func, reflect.Chan, reflect.UnsafePointer, reflect.Complex64, reflect.Complex128:
			t.Errorf("%s is a %s", path, at)
		}
	}
	walk(reflect.TypeFor[config.Config](), "Config")
	if len(seen) < 50 {
		t.Errorf("only %d types were met", len(seen))
	}
}

func TestAGroupWithHooksThatOnlyTheDaemonsAddressChangesNamesTheAddress(t *testing.T) {
	t.Parallel()
	was, is := rootOf([]byte("listen: 127.0.0.1:1")), rootOf([]byte("listen: 127.0.0.1:2"))
	group := config.Group{Name: "web", Hooks: []config.Hook{{Name: "drain"}}}
	for url, want := range map[bool]string{true: "web.url", false: strings.TrimSpace(hidden)} {
		if keys := (twoTexts{was: was, is: is, url: url}).ofGroup(group, false); !slices.Equal(keys, []string{want}) {
			t.Errorf("the address differs: %v, and the keys are %q", url, keys)
		}
	}
}

func TestWhatFollowsFromAnotherKeyIsNoDifferenceOfItsOwn(t *testing.T) {
	t.Parallel()
	texts := twoTexts{was: rootOf([]byte("listen: 127.0.0.1:1\nweb: {roles: {a: read}}")), is: rootOf([]byte("listen: 127.0.0.1:2\nweb: {roles: {a: read}}"))}
	was, is := &config.Config{Listen: "127.0.0.1:1"}, &config.Config{Listen: "127.0.0.1:2"}
	was.Web.URL, is.Web.URL = "http://127.0.0.1:1", "http://127.0.0.1:2"
	keys := texts.changed(was, is, func(string) bool { return true })
	if !slices.Equal(keys, []string{"listen"}) {
		t.Errorf("the keys are %q", keys)
	}
	if is.Web.Config = "/etc/web.yaml"; !slices.Equal(texts.changed(was, is, func(string) bool { return true }), []string{"listen", "web" + hidden}) {
		t.Error("what a file beside says is no difference")
	}
}
