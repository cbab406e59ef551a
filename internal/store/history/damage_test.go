package history_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/store/history"
)

// small is a history of two streams in two sealed segments and a log, closed, with
// what each stream holds.
func small(t *testing.T) (directory string, truth map[string][]string) {
	t.Helper()
	directory = t.TempDir()
	s := open(t, directory)
	truth = map[string][]string{}
	for i := range 8 {
		truth["web"] = append(truth["web"], s.write(t, "web", 2*i, 2)...)
		truth["batch"] = append(truth["batch"], s.write(t, "batch", i, 1)...)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(files(t, directory), " "); got != "00000001.sealed 00000002.sealed 00000003.log" {
		t.Fatal(got)
	}
	return directory, truth
}

// believed reads all streams and fails on an entry that is not as it was written. It
// returns how many there are and the damage that was told.
func believed(t *testing.T, directory string, truth map[string][]string, what string) (entries int, damage []error) {
	t.Helper()
	for stream, written := range truth {
		for e, err := range history.Read(directory, stream, ever, ever) {
			if err != nil {
				damage = append(damage, err)
				continue
			}
			entries++
			if e.Number == 0 || e.Number > uint64(len(written)) || string(e.Payload) != written[e.Number-1] || e.Stream != stream || !strings.HasPrefix(string(e.Payload), stream) {
				t.Fatalf("%s: stream %q entry %d was read as %q", what, stream, e.Number, e.Payload)
			}
		}
	}
	return entries, damage
}

func TestNoByteCanChangeUnnoticed(t *testing.T) {
	t.Parallel()
	random := seeded(t)
	directory, truth := small(t)
	for _, name := range files(t, directory) {
		path := filepath.Join(directory, name)
		content := read(t, path)
		for at := range content {
			what := fmt.Sprintf("%s, byte %d of %d", name, at, len(content))
			changed := bytes.Clone(content)
			changed[at] ^= byte(1 + random.IntN(255))
			replace(t, path, changed)
			report := verify(t, directory)
			if len(report.Damage) == 0 || report.Damage[0].Segment != name {
				t.Fatalf("%s: Verify found %v", what, report.Damage)
			}
			if _, damage := believed(t, directory, truth, what); len(damage) == 0 {
				t.Fatalf("%s: Read found no damage", what)
			}
		}
		replace(t, path, content)
	}
	mustBeSound(t, directory)
}

func TestVerifyNamesTheFirstBadEntry(t *testing.T) {
	t.Parallel()
	directory, _ := small(t)
	log := newestLog(t, directory)
	content := read(t, log)
	named := 0
	for e, err := range history.Read(directory, "", ever, ever) {
		if err != nil {
			t.Fatal(err)
		}
		at := bytes.Index(content, e.Payload)
		if at < 0 || e.Number < 6 {
			continue // in a sealed segment
		}
		changed := bytes.Clone(content)
		changed[at] ^= 0x80
		replace(t, log, changed)
		for _, stream := range []string{"", e.Stream} {
			report, err := history.Verify(directory, stream)
			if err != nil || len(report.Damage) != 1 {
				t.Fatalf("%v, %v", report.Damage, err)
			}
			got := *report.Damage[0]
			if got.Segment != filepath.Base(log) || got.Stream != e.Stream || got.Number != e.Number || !got.At.Equal(e.At) {
				t.Errorf("got %v, want entry %d of %q at %v", report.Damage[0], e.Number, e.Stream, e.At)
			}
			if text := got.Error(); !strings.Contains(text, fmt.Sprintf("stream %q, entry %d of %s", e.Stream, e.Number, e.At.Format(time.RFC3339Nano))) {
				t.Error(text)
			}
		}
		named++
	}
	if named < 3 {
		t.Errorf("%d entries were tried", named)
	}
}

// In a sealed segment a changed byte hits one stream, and is found to be at an entry of that.
func TestDamageToOneSealedStreamLeavesTheOthers(t *testing.T) {
	t.Parallel()
	directory, truth := small(t)
	path := filepath.Join(directory, "00000001.sealed")
	content := read(t, path)
	hit := map[string]int{}
	for at := range content {
		changed := bytes.Clone(content)
		changed[at] ^= 1
		replace(t, path, changed)
		damage := verify(t, directory).Damage[0]
		hit[damage.Stream]++
		if damage.Stream == "" {
			continue // header or index
		}
		for stream := range truth {
			report, err := history.Verify(directory, stream)
			if err != nil || (len(report.Damage) > 0) != (stream == damage.Stream) {
				t.Errorf("byte %d hits %q; of %q: %v %v", at, damage.Stream, stream, report.Damage, err)
			}
		}
	}
	if hit["web"] < 50 || hit["batch"] < 50 {
		t.Errorf("hit: %v", hit)
	}
}

func TestAChangedEntryWithRightChecksumsIsFound(t *testing.T) {
	t.Parallel()
	directory, truth := small(t)
	for what, change := range map[string]func(at *time.Time, kind *byte, payload *string){
		"time":    func(at *time.Time, _ *byte, _ *string) { *at = at.Add(time.Nanosecond) },
		"kind":    func(_ *time.Time, kind *byte, _ *string) { *kind ^= 1 },
		"payload": func(_ *time.Time, _ *byte, payload *string) { *payload = "B" + (*payload)[1:] },
	} {
		other := t.TempDir() // the same but for one entry, made by the same program
		s := open(t, other)
		for i := range 8 {
			s.write(t, "web", 2*i, 2)
			s.now = s.now.Add(10 * time.Second)
			at, kind, payload := s.now, byte(i), truth["batch"][i]
			if i == 1 {
				change(&at, &kind, &payload)
			}
			s.Append("batch", at, kind, []byte(payload))
			s.flush(t)
		}
		_ = s.Close()
		mustBeSound(t, other)
		for _, name := range files(t, directory) {
			mixed := copied(t, directory)
			replace(t, filepath.Join(mixed, name), read(t, filepath.Join(other, name)))
			report := verify(t, mixed)
			if len(report.Damage) == 0 || report.Damage[0].Stream != "batch" || !strings.Contains(report.Damage[0].Error(), "anchor") {
				t.Errorf("%s changed, %s replaced: %v", what, name, report.Damage)
			}
		}
	}
}

func TestARemovedSegmentIsNoticedUnlessItIsTheOldest(t *testing.T) {
	t.Parallel()
	directory, _ := small(t)
	for i, name := range files(t, directory) {
		less := copied(t, directory)
		if err := os.Remove(filepath.Join(less, name)); err != nil {
			t.Fatal(err)
		}
		report := verify(t, less)
		if inside := i == 1; (len(report.Damage) > 0) != inside || inside && !strings.Contains(report.Damage[0].Error(), "1 segments are missing") {
			t.Errorf("without %s: %v", name, report.Damage)
		}
	}
}

func TestASegmentUnderAnotherNumberIsNoticed(t *testing.T) {
	t.Parallel()
	directory, _ := small(t)
	for _, other := range []string{"00000004.log", "00000003.sealed"} {
		moved := t.TempDir()
		replace(t, filepath.Join(moved, other), read(t, newestLog(t, directory)))
		if report := verify(t, moved); len(report.Damage) != 1 {
			t.Errorf("as %s: %v", other, report.Damage)
		}
	}
}

func TestADamagedHistoryGoesOnInANewSegment(t *testing.T) {
	t.Parallel()
	directory, truth := small(t)
	log := filepath.Base(newestLog(t, directory))
	content := read(t, newestLog(t, directory))
	tail := bytes.Index(content, []byte(truth["batch"][7])) - 40 // in the last block
	for at := 0; at < tail; at += 3 {
		what := fmt.Sprintf("byte %d of %d", at, len(content))
		after := copied(t, directory)
		changed := bytes.Clone(content)
		changed[at] ^= 0x10
		replace(t, filepath.Join(after, log), changed)
		s := open(t, after)
		if len(s.troubles) != 1 || !damaged(s.troubles[0]) {
			t.Fatalf("%s: told %v", what, s.troubles)
		}
		s.write(t, "later", 0, 30)
		entries := 0
		for e, err := range s.Read("later", ever, ever) {
			if err == nil && e.Number == uint64(entries+1) {
				entries++
			}
		}
		if entries != 30 {
			t.Errorf("%s: %d new entries", what, entries)
		}
		if got := read(t, filepath.Join(after, log)); !bytes.Equal(got, changed) {
			t.Errorf("%s: the damaged segment was written", what)
		}
		_ = s.Close()
	}
}

func TestAForeignFileIsNoSegment(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"empty": "", "text": "it is a long text that is not a segment", "newer": "AS-HIS2\nand something", "header": "AS-HIS1\n",
	} {
		directory, _ := small(t)
		replace(t, filepath.Join(directory, "00000004.log"), []byte(content))
		if report := verify(t, directory); len(report.Damage) != 1 || report.Damage[0].Segment != "00000004.log" {
			t.Errorf("%s: %v", name, report.Damage)
		}
		s := open(t, directory)
		if len(s.troubles) != 1 {
			t.Errorf("%s: told %v", name, s.troubles)
		}
		s.write(t, "web", 0, 3)
		if name == "newer" && !strings.Contains(s.troubles[0].Error(), "version") {
			t.Error(s.troubles[0])
		}
		if string(read(t, filepath.Join(directory, "00000004.log"))) != content {
			t.Errorf("%s was written", name)
		}
	}
}

func TestAHistoryThatIsNotThereIsAnError(t *testing.T) {
	t.Parallel()
	none := filepath.Join(t.TempDir(), "none")
	if _, err := history.Verify(none, ""); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	for _, err := range history.Read(none, "web", ever, ever) {
		if !errors.Is(err, os.ErrNotExist) {
			t.Errorf("got %v", err)
		}
	}
}
