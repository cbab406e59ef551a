package snmp

import (
	"runtime"
	"testing"
)

func benchmarkSealer(b *testing.B, options Options) {
	e := newEngineer(b, options)
	s, asked := sealerFor(b, e), templateFor(b, many(16))
	answer := e.seal(sealedAnswer(asked))
	values := make([]Value, asked.count)
	buffer, scratch := make([]byte, 0, 2*maxDatagram), make([]byte, 0, 2*maxDatagram)
	b.Run("seal", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			buffer = s.seal(buffer[:0], asked, sealedID, 5, 1000, 1)
		}
	})
	b.Run("open", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, _, ok := s.open(answer, scratch, asked, sealedID, values); !ok {
				b.Fatal("it was not opened")
			}
		}
	})
}

func BenchmarkSealerOf16ObjectsWithoutSecurity(b *testing.B) { benchmarkSealer(b, noAuth()) }

func BenchmarkSealerOf16ObjectsSHA256AES(b *testing.B) {
	benchmarkSealer(b, authPriv("sha256", "aes"))
}

func BenchmarkSealerOf16ObjectsSHA512AES256(b *testing.B) {
	benchmarkSealer(b, authPriv("sha512", "aes256"))
}

func BenchmarkSealerOf16ObjectsMD5(b *testing.B) { benchmarkSealer(b, authOnly("md5")) }

// BenchmarkEngineMemory says what is kept of one more engine.
func BenchmarkEngineMemory(b *testing.B) {
	e := newEngineer(b, authPriv("sha256", "aes"))
	heap := func() int64 {
		runtime.GC()
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		return int64(stats.HeapAlloc)
	}
	kept := make([]*engine, 10_000)
	for b.Loop() {
		clear(kept)
		before := heap()
		for i := range kept {
			var err error
			if kept[i], err = newEngine(e.engine.id, e.user); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(heap()-before)/float64(len(kept)), "B/engine")
	}
	runtime.KeepAlive(kept)
}
