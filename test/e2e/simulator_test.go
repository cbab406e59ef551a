package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/gpapi"
	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
	"github.com/autoscaled/autoscaled/internal/secret"
)

// The fixture of `autoscaled simulator`.
const (
	gpServiceCode = "gp00000001"
	glServiceCode = "gl00000001"
	pool          = "web"
	template      = "gc00000001"
	foreign       = "gc00000004"
	accessKey     = "SIMULATEDACCESSKEY01"
	secretKey     = "simulated-secret-key"
	installation  = "e2e"
	ownedAtFirst  = 2 // machines that carry the installation's mark from the beginning
)

// client has a deadline for every request, and keeps no connection.
var client = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}

// simulator is the simulated cloud in a process of its own.
type simulator struct {
	*process
	scene  *scene
	listen string
	flags  []string
}

// simulate starts a simulator and returns when its machines serve.
func (s *scene) simulate(flags ...string) *simulator {
	s.t.Helper()
	sim := &simulator{scene: s, listen: s.freeAddress()}
	sim.flags = append([]string{
		"simulator", "--listen", sim.listen, "--proxy", s.freeAddress(), "--installation", installation, "--speed", "300",
		"--addresses", s.network.String(), "--snmp-port", fmt.Sprint(s.snmpPort), "--app-port", fmt.Sprint(s.appPort),
	}, flags...)
	sim.start()
	return sim
}

// start starts the simulator, for the first time or after its end, and returns
// when the fixture's machines serve.
func (s *simulator) start() {
	s.scene.t.Helper()
	s.process = start(s.scene.t, "simulator", nil, autoscaled, s.flags...)
	eventually(s.t, soon, "simulator", func() error {
		if err := s.running(); err != nil {
			return err
		}
		return s.says("credentials")
	})
}

func (s *simulator) endpoint() string { return "http://" + s.listen + "/json" }

func (s *simulator) fetchBooks() (books gpsim.Books, err error) {
	response, err := client.Get("http://" + s.listen + "/books")
	if err != nil {
		return books, err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return books, err
	}
	return books, json.Unmarshal(content, &books)
}

func (s *simulator) books() gpsim.Books {
	s.t.Helper()
	books, err := s.fetchBooks()
	if err != nil {
		s.t.Fatalf("read the simulator's books: %v", err)
	}
	return books
}

// operator is a client for what a person does at the cloud beside autoscaled.
func (s *simulator) operator() *gpapi.Client {
	s.t.Helper()
	api, err := gpapi.New(gpapi.Options{
		Endpoint: s.endpoint(), AccessKey: secret.New(accessKey), SecretKey: secret.New(secretKey),
		CallsPerSecond: 50, CallTimeout: 10 * time.Second, Transport: client.Transport,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return api
}

// nodes lists the addresses in the pool, in order.
func (s *simulator) nodes() []netip.Addr {
	s.t.Helper()
	answer, err := s.operator().DescribeLb(s.t.Context(), gpapi.FwLbRequest{GpServiceCode: gpServiceCode, GlServiceCode: glServiceCode})
	if err != nil {
		s.t.Fatalf("read the pool: %v", err)
	}
	var nodes []netip.Addr
	for _, p := range answer.PoolList {
		if p.Name != pool {
			continue
		}
		for _, node := range p.NodeList {
			nodes = append(nodes, netip.MustParseAddr(node.IpAddress))
		}
	}
	slices.SortFunc(nodes, netip.Addr.Compare)
	return nodes
}

// ordered counts the machines that were bought.
func ordered(books gpsim.Books) int {
	n := 0
	for _, machine := range books.Machines {
		if machine.OrderID != "" {
			n++
		}
	}
	return n
}

// checkBooks holds the books against what must never happen: more machines than
// max and surge allow, and a call that names the foreign machine.
func checkBooks(t *testing.T, books gpsim.Books, largest int) {
	t.Helper()
	const surge = 1
	if owned := ordered(books) + ownedAtFirst; owned > largest+surge {
		t.Errorf("%d machines were owned; max is %d and surge %d", owned, largest, surge)
	}
	for _, machine := range books.Machines {
		if machine.Code != foreign {
			continue
		}
		for _, name := range []string{machine.Code, machine.Address.String()} {
			if calls := books.MutatingCallsNaming(name); len(calls) > 0 {
				t.Errorf("the foreign machine was named in changing calls: %+v", calls)
			}
		}
	}
}

// checkUntouched fails the test if anything was asked of the cloud but to look.
func (s *simulator) checkUntouched() {
	s.t.Helper()
	if calls := s.books().Calls; len(calls) > 0 {
		s.t.Errorf("the cloud was asked to change something: %+v", calls)
	}
}
