package actions

import (
	"time"

	"github.com/autoscaled/autoscaled/internal/cloud"
)

// bounds of the pause after failures of a class.
type bounds struct{ first, most time.Duration }

var pauses = map[cloud.Class]bounds{
	cloud.ClassTransient:      {time.Second, time.Minute},
	cloud.ClassUnknownOutcome: {time.Second, time.Minute},
	cloud.ClassConflict:       {2 * time.Second, time.Minute},
	cloud.ClassThrottled:      {5 * time.Second, 2 * time.Minute},
	cloud.ClassNotFound:       {5 * time.Second, 5 * time.Minute},
	cloud.ClassInvalid:        {10 * time.Second, 10 * time.Minute},
	cloud.ClassDenied:         {30 * time.Second, 10 * time.Minute},
	cloud.ClassQuota:          {5 * time.Minute, 30 * time.Minute},
	cloud.ClassCapacity:       {5 * time.Minute, 30 * time.Minute},
}

// backoff is how long to wait after the given number of failures in a row (1..),
// the last of the given class. It doubles with each failure up to a bound, and
// jitter (0..1) takes up to half of it away. A pause asked for by the provider is
// kept at least.
//
//	failures            1     2     3     4     5     6     7
//	transient, s        1     2     4     8    16    32    60
//	quota, capacity, m  5    10    20    30    30    30    30
func backoff(class cloud.Class, asked time.Duration, failures int, jitter float64) time.Duration {
	b := pauses[class]
	pause := b.first
	for range failures - 1 {
		if pause *= 2; pause >= b.most {
			pause = b.most
			break
		}
	}
	pause -= time.Duration(jitter * float64(pause) / 2)
	return max(pause, asked)
}
