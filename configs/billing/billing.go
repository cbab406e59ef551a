// Package billing holds the billing models that come with autoscaled, one YAML file each.
// Package internal/plan/billing reads them and says what every key means.
package billing

import "embed"

// Files is NAME.yaml for every model.
//
//go:embed *.yaml
var Files embed.FS
