package config

import "time"

func readHistory(s *section) History {
	defer s.close()
	return History{
		Retention: read(s, "retention", 35*24*time.Hour, duration(0, 10*365*24*time.Hour)),
		BytesMax:  int64(read(s, "megabytes_max", 1024, whole(16, 1<<20))) << 20,
	}
}
