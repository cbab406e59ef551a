package fleet

import "time"

// leastJump is the smallest jump of wall time that matters: smaller ones are what
// keeping a clock right takes.
const leastJump = 5 * time.Second

// clockWatch notices when wall time goes another way than time passes. It begins with
// the time at which the group was read from disk.
type clockWatch struct{ last time.Time }

// jump is how far wall time jumped since the last call; 0 if it did not. now must
// carry a monotonic reading, as time.Now's does.
func (w *clockWatch) jump(now time.Time) time.Duration {
	last := w.last
	w.last = now
	jump := now.Round(0).Sub(last.Round(0)) - now.Sub(last)
	if jump.Abs() < leastJump {
		return 0
	}
	return jump
}
