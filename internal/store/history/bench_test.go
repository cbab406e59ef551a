package history_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/store/history"
)

// tick is a payload like that of a decision: flags and sizes that mostly stay, and
// signals that move a little.
type tick struct {
	random  *rand.Rand
	signals [4]float64
	size    uint64
}

func (k *tick) payload(to []byte) []byte {
	to = append(to[:0], 1, 0, 4)
	to = binary.AppendUvarint(to, k.size)
	to = binary.AppendUvarint(to, k.size)
	for i := range k.signals {
		k.signals[i] += k.random.NormFloat64()
		to = append(to, byte(i), 0)
		to = binary.AppendUvarint(to, uint64(k.random.IntN(10_000))) // its age
		to = binary.BigEndian.AppendUint64(to, uint64(int64(k.signals[i]*1000)))
	}
	if k.random.IntN(200) == 0 {
		k.size = 2 + k.random.Uint64N(18)
	}
	return append(to, 0, 0, 0, 0)
}

func begin(b *testing.B, streams int, change func(*history.Options)) (*history.History, []string, string) {
	b.Helper()
	options := history.Options{Directory: b.TempDir(), BytesMax: 1 << 40, Trouble: func(err error) { b.Error(err) }}
	if change != nil {
		change(&options)
	}
	h, err := history.Open(options)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = h.Close() })
	names := make([]string, streams)
	for i := range names {
		names[i] = fmt.Sprintf("group-%05d", i)
	}
	return h, names, options.Directory
}

func BenchmarkAppend(b *testing.B) {
	h, names, _ := begin(b, 10_000, nil)
	payload := make([]byte, 60)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if !h.Append(names[i%len(names)], noon, 1, payload) {
			b.StopTimer()
			if err := h.Flush(); err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
		}
		i++
	}
}

// BenchmarkFlush is one commit of an entry of 60 bytes in each of many streams.
func BenchmarkFlush(b *testing.B) {
	for _, streams := range []int{1, 1000, 10_000} {
		b.Run(fmt.Sprint("streams=", streams), func(b *testing.B) {
			h, names, _ := begin(b, streams, func(o *history.Options) { o.SegmentBytes = 128 << 20 })
			payload := make([]byte, 60)
			b.ReportAllocs()
			for b.Loop() {
				for _, name := range names {
					h.Append(name, noon, 1, payload)
				}
				if err := h.Flush(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkRead reads one stream of a thousand, and one that is alone: entries of ten
// seconds over hours, in segments of the default size.
func BenchmarkRead(b *testing.B) {
	const entries = 1_000_000
	for _, streams := range []int{1, 1000} {
		b.Run(fmt.Sprint("streams=", streams), func(b *testing.B) {
			h, names, directory := begin(b, streams, nil)
			k, payload := tick{random: rand.New(rand.NewPCG(1, 1))}, []byte(nil)
			at, raw := noon, 0
			for i := range entries {
				payload = k.payload(payload)
				raw += len(payload)
				h.Append(names[i%streams], at.Add(time.Duration(i)*10*time.Second/time.Duration(streams)), 1, payload)
				if i%1000 == 999 {
					if err := h.Flush(); err != nil {
						b.Fatal(err)
					}
				}
			}
			for b.Loop() {
				n := 0
				for _, err := range history.Read(directory, names[0], ever, ever) {
					if err != nil {
						b.Fatal(err)
					}
					n++
				}
				if n != entries/streams {
					b.Fatal(n)
				}
			}
			b.ReportMetric(float64(h.Stats().Bytes)/entries, "disk-B/entry")
			b.ReportMetric(float64(raw)/entries, "payload-B/entry")
		})
	}
}

// BenchmarkOpen opens a history whose log is nearly full.
func BenchmarkOpen(b *testing.B) {
	h, names, directory := begin(b, 1000, nil)
	for range 80 {
		for _, name := range names {
			h.Append(name, noon, 1, make([]byte, 60))
		}
		if err := h.Flush(); err != nil {
			b.Fatal(err)
		}
	}
	_ = h.Close()
	for b.Loop() {
		h, err := history.Open(history.Options{Directory: directory})
		if err != nil {
			b.Fatal(err)
		}
		_ = h.Close()
	}
}
