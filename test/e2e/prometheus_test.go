package e2e

import (
	"fmt"
	"os"
	"syscall"
	"testing"

	"github.com/autoscaled/autoscaled/internal/fleet"
)

// exporter is Debian's node exporter, with the load of the group in a text file
// beside what it knows of the node.
type exporter struct {
	*process
	scene  *scene
	listen string
}

func (s *scene) exporter() *exporter {
	s.t.Helper()
	program := tool(s.t, "prometheus-node-exporter")
	if err := os.Mkdir(s.path("metrics"), 0o700); err != nil {
		s.t.Fatal(err)
	}
	e := &exporter{scene: s, listen: s.freeAddress()}
	e.demand(least)
	e.process = start(s.t, "node exporter", nil, program, "--web.listen-address="+e.listen, "--collector.textfile.directory="+s.path("metrics"))
	return e
}

// demand makes the load just what so many instances take.
func (e *exporter) demand(instances int) {
	e.scene.write("metrics/load.prom", fmt.Sprintf("app_load{group=\"web\"} %g\napp_load{group=\"shop\"} 1000\n", loadFor(instances)))
}

// prometheus is Debian's Prometheus, scraping an exporter.
type prometheus struct {
	*process
	scene  *scene
	listen string
	args   []string
}

func (s *scene) prometheus(e *exporter) *prometheus {
	s.t.Helper()
	file := s.write("prometheus.yml", fmt.Sprintf(`
scrape_configs:
  - {job_name: node, scrape_interval: 250ms, scrape_timeout: 250ms, static_configs: [{targets: [%q]}]}
`, e.listen))
	p := &prometheus{scene: s, listen: s.freeAddress()}
	p.args = []string{"--config.file=" + file, "--storage.tsdb.path=" + s.path("series"), "--web.listen-address=" + p.listen}
	p.start()
	return p
}

// start starts Prometheus, for the first time or after its end.
func (p *prometheus) start() {
	p.process = start(p.scene.t, "prometheus", nil, tool(p.scene.t, "prometheus"), p.args...)
}

func TestSizeFollowsAQueryAndWaitsForABlindPrometheus(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	load := s.exporter()
	database := s.prometheus(load)
	sim := s.simulate()
	d := s.run(with(t, s.configuration(sim.endpoint(), "load: {query: load, staleness: 3s}", loadPolicy), "\ngroups:\n", fmt.Sprintf(`
prometheus: {url: "http://%s", timeout: 5s}
queries:
  load: {promql: sum by (group) (app_load), group_label: group}
groups:
`, database.listen)))
	d.restsAt(least)
	for _, size := range []int{3, 5, 4} {
		load.demand(size)
		d.restsAt(size)
	}

	database.kill()
	load.demand(least) // which nobody can see
	d.until(soon, "signal without a value", func(g fleet.GroupStatus) error {
		if g.Signals[0].Value != nil {
			return fmt.Errorf("it shows %g", *g.Signals[0].Value)
		}
		return nil
	})
	d.decides(20)
	d.restsAt(4)
	d.once("connect: connection refused")

	database.start()
	d.restsAt(least)
	books := sim.books()
	checkBooks(t, books, most)
	checkPool(t, sim, books, statusOfProgram(t, s))
	database.signal(syscall.SIGTERM)
	database.status(soon)
}

func TestSizeFollowsAnExportersPage(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	load := s.exporter()
	sim := s.simulate()
	d := s.run(s.configuration(sim.endpoint(),
		fmt.Sprintf("load: {scrape: {url: \"http://%s/metrics\", metric: app_load, labels: {group: web}}}", load.listen), loadPolicy))
	d.restsAt(least)
	for _, size := range []int{3, 5, 2} {
		load.demand(size)
		d.restsAt(size)
	}
	books := sim.books()
	checkBooks(t, books, most)
	checkPool(t, sim, books, statusOfProgram(t, s))
}
