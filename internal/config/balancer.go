package config

import "github.com/autoscaled/autoscaled/internal/words"

func readBalancers(s *section) []Balancer {
	var balancers []Balancer
	for _, item := range s.items("balancers") {
		balancers = append(balancers, readBalancer(item))
	}
	return balancers
}

func readBalancer(s *section) Balancer {
	defer s.close()
	if s.choice("balancer kind", "gp") == "" {
		return Balancer{}
	}
	return readGpBalancer(s.section("gp"))
}

func readGpBalancer(s *section) Balancer {
	defer s.close()
	s.require("gl_service_code", "pool", "port")
	b := Balancer{
		GlServiceCode: read(s, "gl_service_code", "", glServiceCode),
		Pool:          read(s, "pool", "", text),
		Port:          read(s, "port", 0, port),
		NodesMax:      read(s, "nodes_max", 0, whole(0, machinesMax)),
	}
	if b.GlServiceCode != "" && b.Pool != "" {
		s.claimPool(b)
	}
	return b
}

// claimPool reports a pool that another balancer of the file has already: each
// would take the other's instances for strangers.
func (s *section) claimPool(b Balancer) {
	pool := b.GlServiceCode + "/" + b.Pool
	if owner, taken := s.pools[pool]; taken {
		s.fault("pool", "%s belongs to %s: give each group a pool of its own", words.Shown(pool), owner)
		return
	}
	s.pools[pool] = s.path
}
