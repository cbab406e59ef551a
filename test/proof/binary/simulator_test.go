package binary

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"slices"
	"syscall"
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
	first         = "gc00000002" // ours from the beginning, and in the pool
	second        = "gc00000003" // the same
	foreign       = "gc00000004" // somebody else's, in the pool too
	accessKey     = "SIMULATEDACCESSKEY01"
	secretKey     = "simulated-secret-key"
)

// client has a deadline for every request, and keeps no connection.
var client = &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}

// simulator is the simulated cloud in a process of its own.
type simulator struct {
	*process
	scene  *scene
	listen string
	flags  []string
}

// simulate starts a simulator with a state file and returns when its machines serve.
func (s *scene) simulate() *simulator {
	s.t.Helper()
	sim := &simulator{scene: s, listen: s.freeAddress()}
	sim.flags = []string{
		"simulator", "--listen", sim.listen, "--proxy", s.freeAddress(), "--installation", installation, "--speed", "300", "--stale-reads", "lag", "--clone-landing", "initialized",
		"--addresses", s.network.String(), "--snmp-port", fmt.Sprint(s.snmpPort), "--app-port", fmt.Sprint(s.appPort),
		"--state", s.path("cloud.json"), "--max-machines", "1000",
	}
	sim.begin()
	sim.serves()
	return sim
}

// begin starts the simulator, for the first time or after its end.
func (s *simulator) begin() {
	s.scene.t.Helper()
	s.process = start(s.scene.t, "simulator", nil, autoscaled, s.flags...)
}

// serves waits until the simulator answers.
func (s *simulator) serves() {
	s.t.Helper()
	eventually(s.t, soon, "simulator", func() error {
		if err := s.running(); err != nil {
			return err
		}
		return s.says("credentials")
	})
}

// again starts the simulator anew from its state file.
func (s *simulator) again() {
	s.t.Helper()
	s.kill()
	s.begin()
	s.serves()
}

func (s *simulator) freeze() { s.signal(syscall.SIGSTOP) }
func (s *simulator) thaw()   { s.signal(syscall.SIGCONT) }

func (s *simulator) endpoint() string { return "http://" + s.listen + "/json" }

func (s *simulator) books() (books gpsim.Books) {
	s.t.Helper()
	response, err := client.Get("http://" + s.listen + "/books")
	if err != nil {
		s.t.Fatalf("read the simulator's books: %v", err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err == nil {
		err = json.Unmarshal(content, &books)
	}
	if err != nil {
		s.t.Fatalf("read the simulator's books: %v", err)
	}
	return books
}

// nodes lists the addresses in the pool, in order.
func (s *simulator) nodes() []netip.Addr {
	s.t.Helper()
	api, err := gpapi.NewReader(gpapi.Options{
		Endpoint: s.endpoint(), AccessKey: secret.New(accessKey), SecretKey: secret.New(secretKey),
		CallsPerSecond: 50, CallTimeout: 30 * time.Second, Transport: client.Transport,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	answer, err := api.DescribeLb(s.t.Context(), gpapi.FwLbRequest{GpServiceCode: gpServiceCode, GlServiceCode: glServiceCode})
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
