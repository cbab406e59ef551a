package main

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// Each group has this many instances, and each of those would carry this much.
const (
	instancesEach = 4
	loadEach      = 70.0
	wave          = 0.05 // how far the load wavers; both sides tolerate 0.1
)

// load is a stand-in for Prometheus. It knows one metric, load, with a label group.
type load struct {
	server *http.Server
	url    string
	groups atomic.Int64 // that have a load
	asked  atomic.Int64 // queries
}

func serveLoad() (*load, error) {
	l := &load{}
	paths := http.NewServeMux()
	paths.HandleFunc("/api/v1/query", l.query)
	paths.HandleFunc("/api/v1/query_range", l.queryRange)
	var err error
	l.server, l.url, err = serve(paths)
	return l, err
}

// serve answers requests on a port of its own until the server is closed.
func serve(handler http.Handler) (*http.Server, string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it listens at once
	if err != nil {
		return nil, "", err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }() // until it is closed
	return server, "http://" + listener.Addr().String(), nil
}

func (l *load) close() { _ = l.server.Close() }

func groupName(i int) string { return fmt.Sprintf("g%05d", i) }

// at is the load of a group at a time. It differs from one group and second to the next,
// so that no two evaluations see the same.
func at(group string, when time.Time) float64 {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(group))
	chance := rand.New(rand.NewPCG(hash.Sum64(), uint64(when.Unix()))).Float64()
	return math.Round(instancesEach*loadEach*(1+wave*(2*chance-1))*1000) / 1000
}

// series is one element of an answer.
type series struct {
	Metric map[string]string `json:"metric"`
	Value  *point            `json:"value,omitempty"`
	Values []point           `json:"values,omitempty"`
}

// point is a time in seconds, and a value in a text.
type point [2]any

func pointAt(group string, when time.Time) point {
	return point{float64(when.UnixMilli()) / 1000, strconv.FormatFloat(at(group, when), 'g', -1, 64)}
}

func labels(group string) map[string]string {
	return map[string]string{"__name__": "load", "group": group}
}

func (l *load) query(w http.ResponseWriter, r *http.Request) {
	when := timeOf(r, "time")
	result := []series{}
	for _, group := range l.selected(r) {
		p := pointAt(group, when)
		result = append(result, series{Metric: labels(group), Value: &p})
	}
	l.answer(w, "vector", result)
}

func (l *load) queryRange(w http.ResponseWriter, r *http.Request) {
	start, end := timeOf(r, "start"), timeOf(r, "end")
	step, err := time.ParseDuration(r.FormValue("step") + "s")
	if err != nil || step <= 0 {
		step = time.Second
	}
	result := []series{}
	for _, group := range l.selected(r) {
		s := series{Metric: labels(group)}
		for when := start; !when.After(end); when = when.Add(step) {
			s.Values = append(s.Values, pointAt(group, when))
		}
		result = append(result, s)
	}
	l.answer(w, "matrix", result)
}

// selected are the groups that the query is about: the one that it names, or all.
func (l *load) selected(r *http.Request) []string {
	_, name, one := strings.Cut(r.FormValue("query"), `group="`)
	if one {
		return []string{strings.TrimSuffix(name, `"}`)}
	}
	all := make([]string, l.groups.Load())
	for i := range all {
		all[i] = groupName(i)
	}
	return all
}

func (l *load) answer(w http.ResponseWriter, kind string, result []series) {
	l.asked.Add(1)
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"status": "success", "data": map[string]any{"resultType": kind, "result": result}})
}

func timeOf(r *http.Request, key string) time.Time {
	seconds, err := strconv.ParseFloat(r.FormValue(key), 64)
	if err != nil {
		return time.Now()
	}
	return time.UnixMilli(int64(seconds * 1000))
}
