package e2e

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"testing"

	"go.uber.org/goleak"
)

// autoscaled is the path of the program under test.
var autoscaled string

func TestMain(m *testing.M) {
	flag.Parse()
	spread()
	folder, err := os.MkdirTemp("", "autoscaled-e2e-")
	if err == nil {
		autoscaled = filepath.Join(folder, "autoscaled")
		err = build(autoscaled)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "build the program under test:", err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(status int) {
		_ = os.RemoveAll(folder)
		os.Exit(status)
	}))
}

// spread runs more tests at a time than there are processors: they wait for
// processes nearly always.
func spread() {
	parallel := flag.Lookup("test.parallel")
	if parallel.Value.String() == parallel.DefValue {
		_ = parallel.Value.Set("8")
	}
}

// build builds the program, with the race detector if these tests have it.
func build(path string) error {
	args := []string{"build", "-o", path}
	if raceDetector() {
		args = append(args, "-race")
	}
	command := exec.Command("go", append(args, "github.com/autoscaled/autoscaled/cmd/autoscaled")...)
	command.Stdout, command.Stderr = os.Stderr, os.Stderr
	return command.Run()
}

func raceDetector() bool {
	info, _ := debug.ReadBuildInfo()
	for _, setting := range info.Settings {
		if setting.Key == "-race" {
			return setting.Value == "true"
		}
	}
	return false
}
