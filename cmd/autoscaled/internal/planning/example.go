package planning

import (
	"bytes"
	"embed"

	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/plan/report"
)

//go:embed example
var example embed.FS

// Example is a subject and a history to try a plan with, which come with the program. The
// load is a real one; see example/NOTICE.
func Example() (subject Subject, source Source, err error) {
	configuration, err := example.ReadFile("example/autoscaled.yaml")
	if err != nil {
		return subject, source, err
	}
	c, err := config.Parse("example.yaml", configuration, config.Env{SkipSecrets: true})
	if err != nil {
		return subject, source, err
	}
	if subject, err = NewSubject(c, "", report.Proposed); err != nil {
		return subject, source, err
	}
	table, err := example.ReadFile("example/requests.csv")
	return subject, Source{CSV: "a web server of NASA in July 1995 (Internet Traffic Archive)", Table: bytes.NewReader(table)}, err
}

// What the example is planned with unless it is said.
const (
	ExampleCapacity = "requests=300"
	ExamplePeak     = 20
	ExampleSeen     = day // not scored
)
