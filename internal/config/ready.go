package config

import "time"

func readReady(s *section, balancers []Balancer) Ready {
	defer s.close()
	ready := Ready{
		Consecutive: read(s, "consecutive", 3, whole(1, 100)),
		Interval:    read(s, "interval", 2*time.Second, duration(instant, time.Hour)),
		Timeout:     read(s, "timeout", 5*time.Second, duration(instant, 10*time.Minute)),
	}
	http := s.section("http")
	defer http.close()
	ready.Port = read(http, "port", servicePort(balancers), port)
	ready.Path = read(http, "path", "/healthz", httpPath)
	return ready
}

// servicePort is where instances serve: the port in their first balancer.
func servicePort(balancers []Balancer) uint16 {
	if len(balancers) == 0 {
		return 80
	}
	return balancers[0].Port
}
