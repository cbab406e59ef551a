package billing

import "time"

// Prorates says that machines cost just what the steps cost in which they are on, for steps
// of a length, one of which begins at start. Then nothing is gained by keeping a machine that
// is not needed. It is false where begun pieces, minimums, limits, fees or the rounding of each
// machine's sum can make another difference than a step's, and of all prices for hours or longer pieces.
func (m *Model) Prorates(start time.Time, step time.Duration) bool {
	piece := m.chargeBy.seconds()
	if piece == 0 || piece > byMinute.seconds() {
		return false
	}
	length := time.Duration(piece) * time.Second
	wholly := step%length == 0 && start.Nanosecond() == 0 && start.Unix()%piece == 0
	atLeast := time.Duration(m.minimumStart.seconds()) * time.Second
	freely := atLeast <= step && m.minimumContract.count == 0 && m.minimum == 0 && m.setup == 0 && m.capDay == noLimit && m.capMonth == noLimit
	return wholly && freely && m.roundingOf == ofBill // of which then the tax is, too
}
