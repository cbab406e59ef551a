package billing

import "math/big"

// compile turns the terms into whole numbers; ok is false when these would be too large to be
// summed up.
func (m *Model) compile() (ok bool) {
	coins := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(m.Decimals)), nil))
	times := func(amount, by *big.Rat) *big.Rat {
		if amount == nil {
			return nil
		}
		return new(big.Rat).Mul(amount, by)
	}
	// A month's price must be divisible by the days of every month, of 28 to 31.
	const everyMonth = 4 * 3 * 5 * 7 * 29 * 31
	piece, most := new(big.Rat).Set(coins), int64(1)
	switch {
	case m.chargeBy == byDay && m.unit == byMonth:
		piece.Quo(piece, big.NewRat(everyMonth, 1))
		most = everyMonth
	case m.chargeBy == byDay:
		most = 31
	case m.chargeBy != byMonth:
		piece.Mul(piece, big.NewRat(m.chargeBy.seconds(), m.unit.seconds()))
		m.pieceLength = m.chargeBy.seconds()
		most = 32 * daySeconds / m.pieceLength
	}
	if m.count == countTime {
		m.pieceLength = m.chargeBy.seconds()
	}
	scale, whole := wholes(times(m.price, piece), times(m.stoppedPrice, piece), times(m.perDay, coins), times(m.perMonth, coins),
		times(m.minimumCharge, coins), times(m.setupFee, coins))
	// A million machines' months fit into 63 bits.
	const bits = 43
	fits := func(n *big.Int, times int64) bool {
		return n == nil || new(big.Int).Mul(n, big.NewInt(times)).BitLen() <= bits
	}
	ok = fits(scale, 1) && fits(whole[0], most)
	for _, n := range whole[2:] {
		ok = ok && fits(n, 1)
	}
	if !ok {
		return false
	}
	if m.chargeBy == byDay && m.unit == byMonth {
		whole[0].Mul(whole[0], big.NewInt(everyMonth))
		whole[1].Mul(whole[1], big.NewInt(everyMonth))
	}
	or := func(n *big.Int, fallback price) price {
		if n == nil {
			return fallback
		}
		return n.Int64()
	}
	m.scale = scale.Int64()
	m.on, m.off = or(whole[0], 0), or(whole[1], 0)
	m.capDay, m.capMonth = or(whole[2], noLimit), or(whole[3], noLimit)
	m.minimum, m.setup = or(whole[4], 0), or(whole[5], 0)
	return true
}
