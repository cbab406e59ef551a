// Package binary proves the real program, process against process: the daemon, as
// it is built, is killed, frozen, run out of disk and given damaged state files,
// while the simulated cloud is a process of its own with a state file of its own.
//
// What happened is judged by the cloud's books, which the daemon cannot touch:
// every machine that costs money is on record, none was bought twice, nothing
// foreign was touched, and what is in the pool is what serves. Nothing is asserted
// about how long something takes; a test waits for a state, within a generous bound.
//
// -proof.kills makes it longer, and -proof.seed repeats the chance of an earlier run.
// Binary.sh, beside this folder, runs it at the sizes that count.
package binary

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"testing"

	"go.uber.org/goleak"
)

var (
	kills = flag.Int("proof.kills", 4, "how often the daemon is killed")
	seed  = flag.Uint64("proof.seed", 0, "the chance of an earlier run; 0: another one")
)

// autoscaled is the path of the program under test.
var autoscaled string

func TestMain(m *testing.M) {
	if limit := os.Getenv(limitVariable); limit != "" {
		fmt.Fprintln(os.Stderr, becomeLimited(limit, os.Args[1:]))
		os.Exit(2)
	}
	flag.Parse()
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	spread()
	folder, err := os.MkdirTemp("", "autoscaled-proof-")
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
		_ = parallel.Value.Set("6")
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
