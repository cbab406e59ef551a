package billing

import (
	"fmt"
	"math/big"
	"math/bits"
	"strconv"
	"strings"
)

// Money is an amount in the smallest coin of a currency: yen, or cents.
type Money int64

// Text is an amount for people: ¥1,234 or $12.34 or 12.34 CHF.
func (m *Model) Text(amount Money) string {
	digits, sign := strconv.FormatInt(int64(amount), 10), ""
	if amount < 0 {
		digits, sign = digits[1:], "-"
	}
	if short := m.Decimals + 1 - len(digits); short > 0 {
		digits = strings.Repeat("0", short) + digits
	}
	whole, coins := digits[:len(digits)-m.Decimals], digits[len(digits)-m.Decimals:]
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if coins != "" {
		whole += "." + coins
	}
	if symbol, ok := symbols[m.Currency]; ok {
		return sign + symbol + whole
	}
	return fmt.Sprintf("%s%s %s", sign, whole, m.Currency)
}

var symbols = map[string]string{"JPY": "¥", "USD": "$", "EUR": "€", "GBP": "£"}

// rounding is how a fraction becomes a whole number.
type rounding string

const (
	down    rounding = "down"
	up      rounding = "up"
	nearest rounding = "nearest" // a half goes up
)

// quotient is a·times/by, rounded. None is negative, by is not 0, and times is not above by
// unless times is 1.
func (r rounding) quotient(a, times, by int64) int64 {
	if times == 1 { // the common case, and several times faster
		q, rest := a/by, a%by
		return q + r.carry(uint64(rest), uint64(by))
	}
	high, low := bits.Mul64(uint64(a), uint64(times))
	q, rest := bits.Div64(high, low, uint64(by))
	return int64(q) + r.carry(rest, uint64(by))
}

// carry is 1 if a rest of a division goes up.
func (r rounding) carry(rest, by uint64) int64 {
	if rest == 0 || r == down || r == nearest && rest < by-rest {
		return 0
	}
	return 1
}

// ceilDiv is a/b, rounded up. Neither is negative.
func ceilDiv(a, b int64) int64 { return (a + b - 1) / b }

// wholes finds the smallest scale in which all amounts are whole numbers, and the amounts in it.
// A nil amount stays out.
func wholes(amounts ...*big.Rat) (scale *big.Int, whole []*big.Int) {
	scale = big.NewInt(1)
	for _, a := range amounts {
		if a != nil {
			common := new(big.Int).GCD(nil, nil, scale, a.Denom())
			scale.Mul(scale, new(big.Int).Div(a.Denom(), common))
		}
	}
	whole = make([]*big.Int, len(amounts))
	for i, a := range amounts {
		if a != nil {
			whole[i] = new(big.Int).Div(new(big.Int).Mul(a.Num(), scale), a.Denom())
		}
	}
	return scale, whole
}
