package httpd

import (
	_ "embed" // the API's description
	"net/http"
)

// description is openapi.yaml.
//
//go:embed openapi.yaml
var description []byte

// describe serves the API's description.
func describe(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/yaml")
	_, _ = w.Write(description)
}
