package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

// version is set by the linker in releases.
var version = ""

// build says what the program was made from.
type build struct {
	Version  string            `json:"version"`
	Go       string            `json:"go"`
	Platform string            `json:"platform"`
	Revision string            `json:"revision,omitempty"`
	Time     string            `json:"time,omitempty"`  // of the revision
	Dirty    bool              `json:"dirty,omitempty"` // something was changed after the revision
	Settings map[string]string `json:"settings"`        // what the compiler was told: -trimpath, CGO_ENABLED, GOAMD64
	Modules  []module          `json:"modules"`         // by path
}

// module is one that is linked.
type module struct {
	Path    string `json:"path"`
	Version string `json:"version"`
	Sum     string `json:"sum,omitempty"`
}

func versionCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "version",
		Short: "Say what this program was made from: version, revision and modules",
		Example: `  autoscaled version
  autoscaled version -o json`,
		Args: cobra.NoArgs,
	}
	form := formFlag(command)
	command.RunE = func(cmd *cobra.Command, _ []string) error {
		info, _ := debug.ReadBuildInfo()
		b := buildOf(versionText(), info)
		return form.print(cmd, b, func(out io.Writer) error { return printBuild(out, b) })
	}
	return command
}

// buildOf reads what the linker noted; info is nil when it noted nothing.
func buildOf(version string, info *debug.BuildInfo) build {
	b := build{Version: version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, Settings: map[string]string{}, Modules: []module{}}
	if info == nil {
		return b
	}
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			b.Revision = setting.Value
		case "vcs.time":
			b.Time = setting.Value
		case "vcs.modified":
			b.Dirty = setting.Value == "true"
		case "vcs":
		default:
			b.Settings[setting.Key] = setting.Value
		}
	}
	for _, linked := range info.Deps {
		if linked.Replace != nil {
			linked = linked.Replace
		}
		b.Modules = append(b.Modules, module{linked.Path, linked.Version, linked.Sum})
	}
	return b
}

func printBuild(out io.Writer, b build) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "autoscaled\t%s\n", b.Version)
	if b.Revision != "" {
		changed := ""
		if b.Dirty {
			changed = ", and something was changed after it"
		}
		fmt.Fprintf(w, "revision\t%s of %s%s\n", b.Revision, b.Time, changed)
	}
	fmt.Fprintf(w, "made with\t%s for %s\n", b.Go, b.Platform)
	for _, m := range b.Modules {
		fmt.Fprintf(w, "%s\t%s\n", m.Path, m.Version)
	}
	return w.Flush()
}

func versionText() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "unreleased"
}
