package prom

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"testing"

	"github.com/prometheus/client_golang/api"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
	"pgregory.net/rapid"
)

// manySeries is the body of an answer with a series for each group, as Prometheus writes it.
func manySeries(groups int) []byte {
	elements := make([]string, groups)
	for i := range elements {
		elements[i] = fmt.Sprintf(`{"metric":{"group":"group-%d"},"value":[1800000000.123,"%g"]}`, i, 100+float64(i)/7)
	}
	return []byte(vector(elements...))
}

// byClientGolang has Prometheus' own client read the answers of the transport.
func byClientGolang(t rapid.TB, transport http.RoundTripper) v1.API {
	t.Helper()
	client, err := api.NewClient(api.Config{Address: "http://canned", RoundTripper: transport})
	if err != nil {
		t.Fatal(err)
	}
	return v1.NewAPI(client)
}

// tabled is what an answer leaves in memory until the next.
func tabled(t testing.TB, body []byte) *table {
	t.Helper()
	result, _, err := interpret(http.StatusOK, body)
	if err != nil {
		t.Fatal(err)
	}
	kept := newTable(result, false)
	if _, count, err := kept.find("group", "group-7"); count != 1 || err != nil {
		t.Fatal(count, err)
	}
	return kept
}

// byNameInMaps is the same by client_golang.
func byNameInMaps(t testing.TB, client v1.API) map[model.LabelValue]*model.Sample {
	t.Helper()
	value, _, _, err := client.Query(context.Background(), "load", now)
	if err != nil {
		t.Fatal(err)
	}
	kept := map[model.LabelValue]*model.Sample{}
	for _, sample := range value.(model.Vector) {
		kept[sample.Metric["group"]] = sample
	}
	return kept
}

// BenchmarkDecodeAnswer goes from the body of an answer for 1000 groups to where each
// finds its own. That of client_golang includes its request to a transport in memory.
func BenchmarkDecodeAnswer(b *testing.B) {
	const groups = 1000
	body := manySeries(groups)
	client := byClientGolang(b, answering{http.StatusOK, body})
	for name, decode := range map[string]func() any{
		"ours":          func() any { return tabled(b, body) },
		"client_golang": func() any { return byNameInMaps(b, client) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				decode()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/groups, "ns/series")
			b.ReportMetric(keptBytes(decode)/groups, "kept-B/series")
		})
	}
}

// keptBytes is what the heap holds more while what is decoded is kept.
func keptBytes(decode func() any) float64 {
	const copies = 20
	heap := func() float64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc)
	}
	before := heap()
	var kept [copies]any
	for i := range kept {
		kept[i] = decode()
	}
	after := heap()
	runtime.KeepAlive(&kept)
	return (after - before) / copies
}

// Not parallel: allocations are counted.
func TestAnAnswerForManyGroupsIsSmallAndTakesFewAllocations(t *testing.T) {
	const groups = 1000
	body := manySeries(groups)
	if allocations := testing.AllocsPerRun(10, func() { tabled(t, body) }); allocations > groups/10 {
		t.Errorf("decoding it takes %v allocations", allocations)
	}
	if kept := keptBytes(func() any { return tabled(t, body) }) / groups; kept > 150 {
		t.Errorf("each of its series takes %.0f bytes", kept)
	}
}
