package history_test

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/autoscaled/autoscaled/internal/store/history"
)

// commits writes to a log and returns its content after each commit, and the payloads.
func commits(t *testing.T, directory string, count int) (images [][]byte, written []string) {
	t.Helper()
	s := open(t, directory, func(o *history.Options) { o.SegmentBytes = 1 << 20 })
	images = append(images, read(t, newestLog(t, directory)))
	for i := range count {
		written = append(written, s.write(t, "web", i, 1)...)
		images = append(images, read(t, newestLog(t, directory)))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return images, written
}

func TestACutLogKeepsTheCommitsThatAreWhole(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	images, written := commits(t, directory, 6)
	whole, log := images[len(images)-1], newestLog(t, directory)
	for length := len(images[0]); length <= len(whole); length++ {
		replace(t, log, whole[:length])
		kept := slices.IndexFunc(images, func(image []byte) bool { return len(image) > length }) - 1
		if length == len(whole) {
			kept = len(written)
		}
		equal(t, fmt.Sprint("read, cut at ", length), payloads(t, directory, "web"), written[:kept])
		mustBeSound(t, directory)
		s := open(t, directory)
		if len(s.troubles) > 0 {
			t.Errorf("cut at %d: told %v", length, s.troubles)
		}
		after := append(slices.Clone(written[:kept]), s.write(t, "web", 100, 2)...)
		_ = s.Close()
		equal(t, fmt.Sprint("gone on, cut at ", length), payloads(t, directory, "web"), after)
		mustBeSound(t, directory)
		for _, name := range files(t, directory) {
			if err := os.Remove(filepath.Join(directory, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// A disk may write the parts of a commit in any order, and a file may have its new
// length before its new content.
func TestACommitOfWhichOnlyPartsAreOnDiskIsCutOff(t *testing.T) {
	t.Parallel()
	random := seeded(t)
	directory := t.TempDir()
	images, written := commits(t, directory, 6)
	log := newestLog(t, directory)
	for range 200 {
		n := 1 + random.IntN(len(written))
		torn := bytes.Clone(images[n])
		begin := len(images[n-1])
		for hole := begin + random.IntN(len(torn)-begin); hole < len(torn); hole += 1 + random.IntN(30) {
			clear(torn[hole:min(hole+1+random.IntN(20), len(torn))])
		}
		if bytes.Equal(torn, images[n]) {
			continue
		}
		replace(t, log, torn)
		s := open(t, directory)
		if len(s.troubles) != 1 {
			t.Errorf("told %v", s.troubles)
		}
		equal(t, "opened", payloads(t, directory, "web"), written[:n-1])
		_ = s.Close()
	}
}

func TestACrashBetweenTwoStepsCostsNothing(t *testing.T) {
	t.Parallel()
	before := t.TempDir()
	s := open(t, before)
	written := s.write(t, "web", 0, 4) // the next one makes the segment full
	if got := files(t, before); len(got) != 1 {
		t.Fatal(got)
	}
	full := t.TempDir()
	s.options.SegmentBytes = 1 << 20
	_ = s.Close()
	s.History, _ = history.Open(s.options)
	written = append(written, s.write(t, "web", 4, 8)...)
	log := read(t, newestLog(t, before))
	_ = s.Close()
	replace(t, filepath.Join(full, "00000001.log"), log)
	r := open(t, full)
	r.now = s.now
	r.flush(t)
	_ = r.Close()
	if got := strings.Join(files(t, full), " "); got != "00000001.sealed 00000002.log" {
		t.Fatal(got)
	}
	sealed, next := read(t, filepath.Join(full, "00000001.sealed")), read(t, filepath.Join(full, "00000002.log"))

	for what, state := range map[string]map[string][]byte{
		"full":                {"00000001.log": log},
		"the next half there": {"00000001.log": log, "00000002.log.new": next[:len(next)/2]},
		"the next there":      {"00000001.log": log, "00000002.log": next},
		"sealed by half":      {"00000001.log": log, "00000002.log": next, "00000001.sealed.new": sealed[:len(sealed)/2]},
		"sealed twice":        {"00000001.log": log, "00000002.log": next, "00000001.sealed": sealed},
		"done":                {"00000002.log": next, "00000001.sealed": sealed},
	} {
		directory := t.TempDir()
		for name, content := range state {
			replace(t, filepath.Join(directory, name), content)
		}
		equal(t, what+", read", payloads(t, directory, "web"), written)
		mustBeSound(t, directory)
		s := open(t, directory)
		s.flush(t)
		want := "00000001.sealed 00000002.log"
		if got := strings.Join(files(t, directory), " "); got != want || len(s.troubles) > 0 {
			t.Errorf("%s: %s; told %v", what, got, s.troubles)
		}
		equal(t, what, payloads(t, directory, "web"), written)
		equal(t, what+", later", append(slices.Clone(written), s.write(t, "web", 100, 9)...), payloads(t, directory, "web"))
		mustBeSound(t, directory)
		_ = s.Close()
	}
}

const killedChild = "HISTORY_TEST_KILLED"

// A process that is killed at any moment leaves all that it flushed, and a history that
// the next one goes on with.
func TestKillingTheWriterLosesNothingThatWasFlushed(t *testing.T) {
	if directory := os.Getenv(killedChild); directory != "" {
		writeUntilKilled(t, directory)
		return
	}
	t.Parallel()
	random := seeded(t)
	directory := t.TempDir()
	for range 12 {
		before := len(payloads(t, directory, "web"))
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
		child.Env = append(os.Environ(), killedChild+"="+directory)
		output, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		flushed, lines := before, bufio.NewScanner(output)
		for until := before + 1 + random.IntN(60); flushed < until && lines.Scan(); {
			if flushed, err = strconv.Atoi(lines.Text()); err != nil {
				t.Fatal(lines.Text())
			}
		}
		_ = child.Process.Kill()
		_ = child.Wait()
		found := payloads(t, directory, "web")
		if len(found) < flushed || flushed == before {
			t.Fatalf("%d entries of %d are there, of %d before", len(found), flushed, before)
		}
		for i, payload := range found {
			if payload != fmt.Sprint("entry ", i) {
				t.Fatalf("entry %d is %q", i, payload)
			}
		}
		mustBeSound(t, directory)
	}
}

func writeUntilKilled(t *testing.T, directory string) {
	h, err := history.Open(history.Options{Directory: directory, SegmentBytes: 150})
	if err != nil {
		t.Fatal(err)
	}
	for n := len(payloads(t, directory, "web")); ; {
		for range 2 {
			h.Append("web", noon, 0, fmt.Append(nil, "entry ", n))
			n++
		}
		if err := h.Flush(); err != nil {
			t.Fatal(err)
		}
		fmt.Println(n)
	}
}
