// Package traffic proves that scaling costs no request: the program scales a pool
// out and in at random behind the simulated FW+LB, under steady load, and is
// killed between and meanwhile. The FW+LB books every request. One is lost that
// was sent to a machine which did not serve, or that was cut by a removal.
//
// The cloud lives in the test's process and cannot be killed; the program is a
// process of its own and dies as in a power cut. Chance comes from a seed that each
// test prints. Nothing is asserted about how long something takes.
//
// Two negative controls show that the test can fail: without draining, requests
// are cut, and with a probe that proves nothing, they are sent to machines that
// are still booting.
package traffic

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

var (
	scalings = flag.Int("traffic.scalings", 4, "how many scalings there are in all scenes together")
	scenes   = flag.Int("traffic.scenes", 1, "how many scenes play side by side, each with a share of the scalings")
	seed     = flag.Uint64("traffic.seed", 0, "repeats the chance of an earlier run; 0: another seed every time")
)

// autoscaled is the path of the program under test.
var autoscaled string

func TestMain(m *testing.M) {
	flag.Parse()
	spread()
	folder, err := os.MkdirTemp("", "autoscaled-traffic-")
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

// spread runs more tests at a time than there are processors: they wait nearly
// always.
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
