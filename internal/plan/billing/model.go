// Package billing says what machines cost: a billing model, read from a YAML file, and the
// contracts of machines give a bill, to the smallest coin.
//
// A model charges a price for a unit of time, by pieces: the hours, say, of a price by the
// hour, or the days of a price by the month. A piece that a machine was on in costs its
// share of the unit whole; one that it spent switched off may cost less. Pieces are those of
// the calendar, or of the contract's own clock. A piece is owed when it begins, or, if the
// contract begins within it, with the contract.
//
// It promises:
//   - no floating point: prices are read as decimals and kept as whole numbers of a fraction
//     of the smallest coin in which nothing needs rounding; what is rounded is the sum of a
//     calendar month, of each machine or of all of them, as the model says;
//   - a [Bill] from a to b is by how much the invoices of the months in between grew from a to b.
//     So bills of spans that follow one another add up to the bill of the whole, wherever
//     one cuts, and the days of a bill add up to it;
//   - what a machine costs never falls when it is kept longer.
//
// A day or a month of the contract's clock begins at the time of day of the order; in a month
// that is too short for its date, on the last day. Hours, minutes and seconds are counted from the beginning
// of such a day, so a day on which the clocks are moved has 23 or 25.
//
// Package plan calls it; it knows nothing of loads and policies. Models that come with the
// program are in configs/billing.
package billing

import (
	"math"
	"math/big"
	"time"
)

// Model is how a cloud charges for one kind of machine. Load and Parse make it; it may be
// used by many goroutines at once.
type Model struct {
	Name     string
	Currency string         // an ISO 4217 code: JPY
	Decimals int            // digits of the currency behind the point: amounts of Money are whole numbers of 10^-Decimals
	Zone     *time.Location // whose days and months count
	Example  bool           // the prices are made up: say so wherever their sums are shown

	terms

	scale       int64 // of the prices below
	on          price // of a piece with the machine on in it; if days share a month: of the month
	off         price // of a piece with the machine off throughout; likewise
	capDay      price // noLimit: none
	capMonth    price // noLimit: none
	minimum     price // that a contract costs at least
	setup       price // of every contract
	pieceLength int64 // seconds; 0: a day or a month, whose length varies
}

// price is an amount in 1/scale of the smallest coin, which makes it a whole number.
type price = int64

// noLimit is a price that is never reached.
const noLimit price = math.MaxInt64

// terms are a model as its file tells it. Amounts are in units of the currency, such as dollars.
type terms struct {
	unit, chargeBy  period
	price           *big.Rat // of a unit, with the machine on
	stoppedPrice    *big.Rat // of a unit, with the machine off
	perDay          *big.Rat // what a day costs at most; nil: no limit
	perMonth        *big.Rat // what a month costs at most; nil: no limit
	minimumCharge   *big.Rat // of a contract
	setupFee        *big.Rat // of a contract
	anchor          string   // whose days and months count
	count           string   // pieces, or time: that of a month is totalled, and then rounded up to pieces
	minimumContract length   // for which a contract is charged at least, on or off
	minimumStart    length   // for which each time the machine is switched on is charged at least
	rounding        rounding // of a month's amounts
	roundingOf      string   // each machine's sum, or that of all
	tax             tax
}

// tax is added to prices, or is in them.
type tax struct {
	rate     *big.Rat // 0 to 1
	rounding rounding
	of       string // what it is computed of: each machine's rounded sum of a month, or that of all
	included bool
}

// The words of a model.
const (
	calendarAnchor, contractAnchor = "calendar", "contract"
	countPieces, countTime         = "pieces", "time"
	ofMachine, ofBill              = "machine", "bill"
)

// period is a length of time that a price can be for.
type period string

const (
	bySecond period = "second"
	byMinute period = "minute"
	byHour   period = "hour"
	byDay    period = "day"
	byMonth  period = "month"
)

// periods are the periods, the shortest first.
var periods = []period{bySecond, byMinute, byHour, byDay, byMonth}

// seconds is how long a period is; of a day, when no clocks are moved; of a month, 0.
func (p period) seconds() int64 {
	return map[period]int64{bySecond: 1, byMinute: 60, byHour: 60 * 60, byDay: daySeconds}[p]
}

const daySeconds = 24 * 60 * 60

// Contract is one machine's life.
type Contract struct {
	Ordered time.Time
	Ended   time.Time // zero: it is still there
	Stopped []Span    // when it stood by, off; in any order, and what lies outside its life does not count
}

// Span is the time from Begin up to End. A zero End is the end of the contract.
type Span struct{ Begin, End time.Time }
