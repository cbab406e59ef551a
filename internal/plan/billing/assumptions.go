package billing

import (
	"fmt"
	"math/big"
	"strings"
)

// Assumptions is the model in words, a sentence each, for whoever reads its sums.
func (m *Model) Assumptions() []string {
	all := []string{m.priceInWords(), m.offInWords()}
	if m.perDay != nil || m.perMonth != nil {
		all = append(all, "A machine costs at most "+joined(" and ", m.each(m.perDay, byDay), m.each(m.perMonth, byMonth))+".")
	}
	if m.minimumContract.count > 0 {
		all = append(all, fmt.Sprintf("A machine is charged for %s at least, on or off.", m.minimumContract))
	}
	if m.minimumStart.count > 0 {
		all = append(all, fmt.Sprintf("Each start is charged for %s at least.", m.minimumStart))
	}
	if m.minimum > 0 {
		all = append(all, fmt.Sprintf("A machine costs at least %s.", m.exact(m.minimumCharge)))
	}
	if m.setup > 0 {
		all = append(all, fmt.Sprintf("An order costs %s for each machine.", m.exact(m.setupFee)))
	}
	all = append(all, m.roundingInWords())
	if m.Example {
		all = append(all, "The prices are made up.")
	}
	return all
}

func (m *Model) priceInWords() string {
	clock := fmt.Sprintf("the calendar of %s", m.Zone)
	if m.anchor == contractAnchor {
		clock = "the contract, from its order on"
	}
	if m.count == countTime {
		return fmt.Sprintf("A machine costs %s; the time of a month of %s is totalled, and each begun %s of it counts.", m.each(m.price, m.unit), clock, m.chargeBy)
	}
	return fmt.Sprintf("A machine costs %s, charged by each begun %s of %s.", m.each(m.price, m.unit), m.chargeBy, clock)
}

func (m *Model) offInWords() string {
	switch m.off {
	case 0:
		return "While it is off it costs nothing."
	case m.on:
		return "While it is off it costs the same."
	}
	return fmt.Sprintf("While it is off it costs %s.", m.each(m.stoppedPrice, m.unit))
}

func (m *Model) roundingInWords() string {
	words := map[rounding]string{down: "rounded down", up: "rounded up", nearest: "rounded to the nearest"}
	of := map[string]string{ofMachine: "Each machine's sum of a month", ofBill: "The sum of a month"}
	text := fmt.Sprintf("%s is %s", of[m.roundingOf], words[m.rounding])
	if m.tax.rate.Sign() == 0 {
		return text + "; there is no tax."
	}
	is := "is added"
	if m.tax.included {
		is = "is in the price"
	}
	return fmt.Sprintf("%s; a tax of %s %s, %s.", text, percentage(m.tax.rate), is, words[m.tax.rounding])
}

// each is an amount for a period: 10 JPY an hour; empty if there is none.
func (m *Model) each(amount *big.Rat, p period) string {
	switch {
	case amount == nil:
		return ""
	case p == byHour:
		return m.exact(amount) + " an hour"
	}
	return m.exact(amount) + " a " + string(p)
}

// exact is an amount with all its digits.
func (m *Model) exact(amount *big.Rat) string {
	digits, _ := amount.FloatPrec()
	return amount.FloatString(max(digits, m.Decimals)) + " " + m.Currency
}

func percentage(share *big.Rat) string {
	hundredfold := new(big.Rat).Mul(share, big.NewRat(100, 1))
	digits, _ := hundredfold.FloatPrec()
	return hundredfold.FloatString(digits) + "%"
}

// String is the length as a model's file has it: 3 months.
func (n length) String() string {
	if n.count == 1 {
		return fmt.Sprintf("1 %s", n.period)
	}
	return fmt.Sprintf("%d %ss", n.count, n.period)
}

// joined joins the texts that are not empty.
func joined(separator string, texts ...string) string {
	var some []string
	for _, text := range texts {
		if text != "" {
			some = append(some, text)
		}
	}
	return strings.Join(some, separator)
}
