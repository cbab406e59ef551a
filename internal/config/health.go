package config

import "time"

func readHealth(s *section) Health {
	defer s.close()
	return Health{
		Interval: read(s, "interval", 10*time.Second, duration(instant, time.Hour)),
		Failures: read(s, "failures", 3, whole(1, 100)),
		Budget:   read(s, "budget", 0.1, someShare("nothing would be replaced: write for example 10%")),
		Brake:    read(s, "brake", 0.45, someShare("nothing would ever be replaced: write for example 45%")),
	}
}
