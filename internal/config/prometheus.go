package config

import (
	"time"

	"github.com/autoscaled/autoscaled/internal/secret"
)

func readPrometheus(s *section) *Prometheus {
	defer s.close()
	return &Prometheus{
		URL:         read(s, "url", "http://127.0.0.1:9090", httpURL),
		BearerToken: read(s, "bearer_token", secret.Secret{}, s.env.confidential),
		Timeout:     read(s, "timeout", 10*time.Second, duration(instant, 10*time.Minute)),
	}
}

func readQuery(s *section) Query {
	defer s.close()
	s.require("promql", "group_label")
	return Query{
		Name:       s.name,
		PromQL:     read(s, "promql", "", expression),
		GroupLabel: read(s, "group_label", "", labelName),
	}
}
