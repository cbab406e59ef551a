package history_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/autoscaled/autoscaled/internal/store/history"
)

func TestWhatWasWrittenIsReadInThatOrder(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	s := open(t, directory)
	web, batch := s.write(t, "web", 0, 30), s.write(t, "batch", 0, 30)
	web = append(web, s.write(t, "web", 30, 5)...)
	if n := len(files(t, directory)); n < 5 {
		t.Fatalf("%d segments: nothing is tested", n)
	}
	equal(t, "web", payloads(t, directory, "web"), web)
	equal(t, "batch", payloads(t, directory, "batch"), batch)
	equal(t, "one that is not there", payloads(t, directory, "none"), nil)
	if all := payloads(t, directory, ""); len(all) != len(web)+len(batch) {
		t.Errorf("all streams: %d entries", len(all))
	}
	report := verify(t, directory)
	if report.Entries != 65 || report.Streams != 2 || report.Segments != len(files(t, directory)) || len(report.Damage) > 0 {
		t.Errorf("got %+v", report)
	}
	if stats := s.Stats(); stats.Segments != report.Segments || stats.Bytes != report.Bytes || stats.Streams != 2 || stats.Waiting != 0 {
		t.Errorf("got %+v, and %+v", stats, report)
	}
}

func TestAnEntryComesBackWhole(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	s := open(t, directory, func(o *history.Options) { o.SegmentBytes = 1 << 20 })
	times := []time.Time{
		noon, noon.Add(-time.Nanosecond), noon.Add(-40 * 365 * 24 * time.Hour), noon.Add(100 * 365 * 24 * time.Hour),
		noon.In(time.FixedZone("", 9*3600)), time.Unix(0, math.MinInt64), time.Unix(0, math.MaxInt64-1),
	}
	for i, at := range times {
		s.Append("web", at, byte(i*40), make([]byte, i*i))
	}
	s.Append("web", time.Time{}, 255, nil)
	s.flush(t)
	n := 0
	for e, err := range s.Read("web", ever, ever) {
		if err != nil {
			t.Fatal(err)
		}
		if n < len(times) && (e.Stream != "web" || e.Number != uint64(n+1) || !e.At.Equal(times[n]) || e.At.Location() != time.UTC || e.Kind != byte(n*40) || len(e.Payload) != n*n) {
			t.Errorf("entry %d: %+v", n, e)
		}
		n++
	}
	if n != len(times)+1 {
		t.Errorf("%d entries", n)
	}
}

func TestReadKeepsWithinItsTimes(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	s := open(t, directory)
	s.write(t, "batch", 0, 3)
	begin := s.now
	written := s.write(t, "web", 0, 40) // every 10 s
	for _, first := range []int{0, 1, 17, 39, 40} {
		for _, last := range []int{0, 1, 18, 40} {
			from, to := begin.Add(time.Duration(first+1)*10*time.Second), begin.Add(time.Duration(last+1)*10*time.Second)
			var got []string
			for e, err := range s.Read("web", from, to) {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, string(e.Payload))
			}
			equal(t, fmt.Sprint(first, " to ", last), got, written[first:max(first, last)])
		}
	}
}

func TestReadEndsWhenItIsTold(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	s.write(t, "web", 0, 40)
	s.write(t, "batch", 0, 40)
	for stop := range 80 {
		n := 0
		for range s.Read("", ever, ever) {
			if n++; n > stop {
				break
			}
		}
	}
}

func TestAHistoryGoesOnAfterClosing(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	var want []string
	for i := range 12 {
		s := open(t, directory)
		want = append(want, s.write(t, "web", 7*i, 7)...)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if len(s.troubles) > 0 {
			t.Fatal(s.troubles)
		}
	}
	equal(t, "after all", payloads(t, directory, "web"), want)
	mustBeSound(t, directory)
}

func TestTimesThatGoBackwardsKeepTheOrderWritten(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	s := open(t, directory)
	var want []string
	for i := range 60 {
		s.now = noon.Add(-time.Duration(i) * time.Hour)
		payload := fmt.Sprint(i)
		s.Append("web", s.now, 0, []byte(payload))
		s.flush(t)
		want = append(want, payload)
	}
	equal(t, "all", payloads(t, directory, "web"), want)
	var got []string
	for e := range s.Read("web", noon.Add(-20*time.Hour), noon.Add(-9*time.Hour)) {
		got = append(got, string(e.Payload))
	}
	equal(t, "some", got, want[10:21])
}

func TestASegmentIsFullBySizeOrByAge(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	s := open(t, directory, func(o *history.Options) { o.SegmentBytes, o.SegmentSpan = 1<<20, time.Hour })
	s.now = noon.Add(10 * time.Hour)
	s.flush(t)
	if got := files(t, directory); len(got) != 1 {
		t.Errorf("an empty one grew old: %v", got)
	}
	s.Append("web", s.now, 0, nil)
	s.flush(t)
	if got := strings.Join(files(t, directory), " "); got != "00000001.sealed 00000002.log" {
		t.Errorf("by age: %v", got)
	}
	s.Append("web", s.now, 0, make([]byte, 1<<20))
	s.flush(t)
	if got := strings.Join(files(t, directory), " "); got != "00000001.sealed 00000002.sealed 00000003.log" {
		t.Errorf("by size: %v", got)
	}
}

func TestOldSegmentsAreRemoved(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	s := open(t, directory, func(o *history.Options) { o.Retention = 10 * time.Minute })
	written := s.write(t, "web", 0, 200) // every 10 s
	kept := payloads(t, directory, "web")
	equal(t, "kept", kept, written[len(written)-len(kept):])
	if len(kept) < 60 || len(kept) > 80 {
		t.Errorf("%d entries of 10 s were kept, for ten minutes", len(kept))
	}
	mustBeSound(t, directory)
	for range 3 {
		s.now = s.now.Add(24 * time.Hour)
		s.write(t, "web", 0, 1)
	}
	if got := files(t, directory); len(got) > 3 {
		t.Errorf("after silent days: %v", got)
	}
}

func TestTooLargeAHistoryLosesItsOldestSegments(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	s := open(t, directory, func(o *history.Options) { o.BytesMax = 5000 })
	written := s.write(t, "web", 0, 200)
	kept := payloads(t, directory, "web")
	equal(t, "kept", kept, written[len(written)-len(kept):])
	if stats := s.Stats(); stats.Bytes > 5000 || stats.Bytes < 4000 {
		t.Errorf("got %+v", stats)
	}
	mustBeSound(t, directory)
}

// A machine may start in 1970, and may believe for a while that it is 2099.
func TestAWrongClockRemovesNothingEarlyAndKeepsNothingForEver(t *testing.T) {
	t.Parallel()
	for _, wrong := range []time.Time{time.Unix(0, 0), noon.AddDate(73, 0, 0)} {
		directory := t.TempDir()
		s := open(t, directory, func(o *history.Options) { o.Retention = 10 * time.Hour })
		written := s.write(t, "web", 0, 40)
		right := s.now
		s.now = wrong
		written = append(written, s.write(t, "web", 40, 3)...)
		s.now = right
		written = append(written, s.write(t, "web", 43, 40)...)
		equal(t, "soon after "+wrong.String(), payloads(t, directory, "web"), written)
		for range 12 {
			s.now = s.now.Add(time.Hour)
			s.write(t, "web", 1000, 8)
		}
		if kept := payloads(t, directory, "web"); len(kept) > 110 || len(kept) < 80 {
			t.Errorf("%v: half a day later, %d entries are there", wrong, len(kept))
		}
		mustBeSound(t, directory)
	}
}

func TestAStreamWithoutEntriesMakesRoomForAnother(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	s := open(t, directory, func(o *history.Options) { o.Retention, o.SegmentBytes = time.Hour, 1<<20 })
	for i := range history.StreamsMax + 10 {
		s.Append(fmt.Sprint("group", i), s.now, 0, nil)
	}
	s.flush(t)
	if stats := s.Stats(); stats.Streams != history.StreamsMax || stats.Dropped != 10 {
		t.Errorf("got %+v", stats)
	}
	for range 14 {
		s.now = s.now.Add(time.Hour)
		s.Append("group0", s.now, 0, make([]byte, 1<<20-100))
		s.flush(t)
	}
	if stats := s.Stats(); stats.Streams != 1 {
		t.Errorf("hours later: %+v", stats)
	}
	s.write(t, "another", 0, 1)
	s.write(t, "group7", 0, 1)
	mustBeSound(t, directory)
}

func TestWhatIsBeyondTheBoundsIsDroppedAndCounted(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), func(o *history.Options) { o.BufferBytes, o.SegmentBytes = 3<<20, 1<<20 })
	refused := uint64(0)
	for _, try := range []struct {
		stream  string
		payload int
		taken   bool
	}{
		{"", 1, false}, {strings.Repeat("s", 64), 1, true}, {strings.Repeat("s", 65), 1, false},
		{"a", history.PayloadMaxBytes + 1, false}, {"a", history.PayloadMaxBytes, true},
		{"a", history.PayloadMaxBytes, true}, {"a", history.PayloadMaxBytes, false}, {"a", 1000, true},
	} {
		if taken := s.Append(try.stream, noon, 0, make([]byte, try.payload)); taken != try.taken {
			t.Errorf("%+v: %v", try, taken)
		}
		if !try.taken {
			refused++
		}
	}
	if stats := s.Stats(); stats.Dropped != refused || stats.Waiting != 4 {
		t.Errorf("got %+v", stats)
	}
	s.flush(t)
	if !s.Append("a", noon, 0, make([]byte, history.PayloadMaxBytes)) {
		t.Error("there is room again")
	}
}

func TestAClosedHistoryTakesNothing(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	s.Append("web", noon, 0, nil)
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if s.Append("web", noon, 0, nil) || s.Stats().Dropped != 1 {
		t.Error("an entry was taken")
	}
	if err := s.Flush(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("got %v", err)
	}
	if n := len(payloads(t, s.options.Directory, "web")); n != 1 {
		t.Errorf("%d entries", n)
	}
}

func TestASecondWriterIsRefused(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	if _, err := history.Open(s.options); !errors.Is(err, history.ErrInUse) {
		t.Errorf("got %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, s.options.Directory)
}

func TestOptionsThatMakeNoSenseAreRefused(t *testing.T) {
	t.Parallel()
	for _, options := range []history.Options{
		{}, {Directory: t.TempDir(), Retention: -1}, {Directory: t.TempDir(), BytesMax: -1},
		{Directory: t.TempDir(), SegmentBytes: 1 << 30}, {Directory: t.TempDir(), BufferBytes: 1 << 30},
		{Directory: filepath.Join(os.Args[0], "history")},
	} {
		if h, err := history.Open(options); err == nil {
			_ = h.Close()
			t.Errorf("%+v was taken", options)
		}
	}
}

func TestNobodyElseMayLook(t *testing.T) {
	t.Parallel()
	directory := filepath.Join(t.TempDir(), "a", "history")
	s := open(t, directory)
	s.write(t, "web", 0, 30)
	for _, name := range append(files(t, directory), ".") {
		info, err := os.Stat(filepath.Join(directory, name))
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode != 0o600 && (mode != 0o700 || !info.IsDir()) {
			t.Errorf("%s has mode %o", name, mode)
		}
	}
}

func TestRunFlushesInTimeAndAtItsEnd(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		h, err := history.Open(history.Options{Directory: directory})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- h.Run(ctx) }()
		h.Append("web", time.Now(), 0, []byte("1"))
		time.Sleep(5*time.Second - time.Nanosecond)
		synctest.Wait()
		equal(t, "before", payloads(t, directory, "web"), nil)
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		equal(t, "after 5 s", payloads(t, directory, "web"), []string{"1"})
		h.Append("web", time.Now(), 0, []byte("2"))
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		equal(t, "at the end", payloads(t, directory, "web"), []string{"1", "2"})
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestAHistoryIsReadWhileItIsWritten(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	h, err := history.Open(history.Options{Directory: directory, SegmentBytes: 2000, BytesMax: 30_000})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = h.Close() }()
	const entries = 600
	var group sync.WaitGroup
	for range 2 {
		group.Go(func() {
			for last := ""; last != fmt.Sprint(entries-1); {
				previous := -1
				for e, err := range history.Read(directory, "web", ever, ever) {
					if err != nil {
						t.Error(err)
						return
					}
					var number int
					if _, err := fmt.Sscan(string(e.Payload), &number); err != nil || previous >= 0 && number <= previous {
						t.Errorf("%d after %d: %v", number, previous, err)
						return
					}
					previous, last = number, string(e.Payload)
				}
				if report := verify(t, directory); len(report.Damage) > 0 {
					t.Error(report.Damage)
					return
				}
			}
		})
	}
	for i := range entries {
		h.Append("web", time.Now(), 0, fmt.Append(nil, i))
		h.Append("batch", time.Now(), 0, []byte("something else"))
		if i%5 == 4 {
			if err := h.Flush(); err != nil {
				t.Error(err)
			}
		}
	}
	group.Wait()
}
