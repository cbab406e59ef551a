package config

import "time"

func readScaleOut(s *section) ScaleOut {
	defer s.close()
	rates, least := readRates(s, "add", shareToAdd, "most")
	return ScaleOut{
		Stabilization: read(s, "stabilization", 0, duration(0, 24*time.Hour)),
		Cooldown:      read(s, "cooldown", 0, duration(0, 24*time.Hour)),
		WarmUp:        read(s, "warm_up", time.Minute, duration(0, 24*time.Hour)),
		BatchMax:      read(s, "batch_max", 10, whole(1, 100)),
		Rates:         rates,
		RateLeast:     least,
	}
}

// readScaleIn reads how a group of at most the given number of instances shrinks.
func readScaleIn(s *section, most int) ScaleIn {
	defer s.close()
	// The end of the paid period is the only time at which machines are
	// released; the key lets a file say so.
	read(s, "release", "paid_period_end", oneOf("paid_period_end"))
	rates, least := readRates(s, "remove", shareToRemove, "least")
	return ScaleIn{
		Stabilization: read(s, "stabilization", 10*time.Minute, duration(0, 24*time.Hour)),
		Cooldown:      read(s, "cooldown", 5*time.Minute, duration(0, 24*time.Hour)),
		Drain:         read(s, "drain", 30*time.Second, duration(0, time.Hour)),
		StopTimeout:   read(s, "stop_timeout", 10*time.Minute, duration(instant, 24*time.Hour)),
		Standby:       read(s, "standby", 0, whole(0, most)),
		ReleaseBefore: read(s, "release_before", 30*time.Minute, duration(instant, 24*time.Hour)),
		Watch:         read(s, "watch", time.Minute, duration(0, time.Hour)),
		Pick:          readPick(s),
		StandbyAge:    read(s, "standby_age", 0, duration(0, 365*24*time.Hour)),
		Rates:         rates,
		RateLeast:     least,
		MinLife:       read(s, "min_life", 0, duration(0, 365*24*time.Hour)),
		LoadLoss:      readLoadLoss(s.section("load_loss")),
	}
}

func readLaunch(s *section) Launch {
	defer s.close()
	return Launch{
		Timeout:     read(s, "timeout", time.Hour, duration(time.Second, 24*time.Hour)),
		FailuresMax: read(s, "failures_max", 3, whole(1, 100)),
	}
}
