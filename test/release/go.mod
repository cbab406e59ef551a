module github.com/autoscaled/autoscaled/test/release

go 1.26.0

require (
	github.com/spdx/tools-golang v0.5.7
	go.uber.org/goleak v1.3.0
)

require github.com/anchore/go-struct-converter v0.1.0 // indirect
