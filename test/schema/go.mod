module github.com/autoscaled/autoscaled/test/schema

go 1.26.0

require (
	github.com/autoscaled/autoscaled v0.0.0
	github.com/santhosh-tekuri/jsonschema/v6 v6.0.3
	gopkg.in/yaml.v3 v3.0.1
)

require (
	github.com/robfig/cron/v3 v3.0.1 // indirect
	golang.org/x/text v0.14.0 // indirect
)

replace github.com/autoscaled/autoscaled => ../..
