package history_test

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/autoscaled/autoscaled/internal/store/history"
)

// modelled is what one stream should hold: what is on disk, and what waits.
type modelled struct {
	flushed, waiting []string
	at               []time.Time // of flushed
	atWaiting        []time.Time
}

// Whatever is done in whatever order, a history holds what was flushed, without its
// oldest segments, and never anything else.
func TestAHistoryIsLikeItsModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		directory := t.TempDir()
		defer func() { _ = os.RemoveAll(directory) }()
		options := history.Options{
			SegmentBytes: rapid.Int64Range(100, 1500).Draw(r, "segment bytes"),
			SegmentSpan:  time.Duration(rapid.IntRange(1, 100).Draw(r, "segment span")) * time.Minute,
			Retention:    rapid.SampledFrom([]time.Duration{time.Hour, 1000 * time.Hour}).Draw(r, "retention"),
			BytesMax:     rapid.SampledFrom([]int64{3000, 1 << 20}).Draw(r, "bytes"),
		}
		now, s := noon, (*scene)(nil)
		reopen := func() {
			s = open(t, directory, func(o *history.Options) {
				options.Directory, options.Trouble, options.Now = directory, o.Trouble, func() time.Time { return now }
				*o = options
			})
			if len(s.troubles) > 0 {
				r.Fatal(s.troubles)
			}
		}
		reopen()
		defer func() { _ = s.Close() }()
		model := map[string]*modelled{"web": {}, "batch": {}, "a": {}}
		flushed := func() {
			for _, m := range model {
				m.flushed, m.at = append(m.flushed, m.waiting...), append(m.at, m.atWaiting...)
				m.waiting, m.atWaiting = nil, nil
			}
		}
		written, backwards := 0, false
		r.Repeat(map[string]func(*rapid.T){
			"append": func(r *rapid.T) {
				stream := rapid.SampledFrom([]string{"web", "batch", "a"}).Draw(r, "stream")
				payload := fmt.Sprint(written, " ", rapid.String().Draw(r, "payload"))
				written++
				if !s.Append(stream, now, byte(written), []byte(payload)) {
					r.Fatal("dropped")
				}
				m := model[stream]
				m.waiting, m.atWaiting = append(m.waiting, payload), append(m.atWaiting, now)
			},
			"flush": func(r *rapid.T) {
				if err := s.Flush(); err != nil {
					r.Fatal(err)
				}
				flushed()
			},
			"wait": func(r *rapid.T) {
				minutes := rapid.IntRange(-20, 60).Draw(r, "minutes")
				now = now.Add(time.Duration(minutes) * time.Minute)
				backwards = backwards || minutes < 0
			},
			"close": func(r *rapid.T) {
				if err := s.Close(); err != nil {
					r.Fatal(err)
				}
				flushed()
				reopen()
			},
			"crash": func(*rapid.T) {
				after := copied(t, directory)
				_ = s.Close()
				_ = os.RemoveAll(directory)
				directory = after
				for _, m := range model {
					m.waiting, m.atWaiting = nil, nil
				}
				reopen()
			},
			"": func(r *rapid.T) {
				if report := verify(t, directory); len(report.Damage) > 0 {
					r.Fatal(report.Damage)
				}
				for stream, m := range model {
					got := payloads(t, directory, stream)
					lost := len(m.flushed) - len(got)
					if lost < 0 || !slices.Equal(got, m.flushed[lost:]) {
						r.Fatalf("%s: got %q, want the end of %q", stream, got, m.flushed)
					}
					for _, at := range m.at[:lost] {
						if options.BytesMax > 3000 && !backwards && now.Sub(at) < options.Retention {
							r.Fatalf("an entry of %v was removed at %v", at, now)
						}
					}
				}
			},
		})
	})
}
