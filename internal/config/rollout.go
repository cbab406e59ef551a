package config

import "time"

func readRollout(s *section) Rollout {
	defer s.close()
	return Rollout{Bake: read(s, "bake", 10*time.Minute, duration(0, 24*time.Hour))}
}
