package billing

import (
	"bytes"
	"errors"
	"io"
	"math/big"
	"path"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/autoscaled/autoscaled/internal/words"
)

// maxFileBytes bounds a model's file.
const maxFileBytes = 64 << 10

// Parse reads a model of at most 64 KiB. File stands for it in problems, and for a model without a
// name. The error is always a config.Problems.
func Parse(file string, data []byte) (*Model, error) {
	f := &faults{file: file, lines: bytes.Count(data, []byte("\n")) + 1}
	top := f.document(data)
	if top == nil {
		return nil, f.err()
	}
	s := f.mapping("", top)
	m := readModel(s)
	if m.Name == "" {
		m.Name = strings.TrimSuffix(path.Base(file), ".yaml")
	}
	if len(f.all) == 0 && !m.compile() {
		s.fault("price", "the prices are too large, or have too many digits, to be counted exactly: write fewer digits")
	}
	if err := f.err(); err != nil {
		return nil, err
	}
	return m, nil
}

// document is the top of the only YAML document in data; nil when there is a fault.
func (f *faults) document(data []byte) *yaml.Node {
	if len(data) > maxFileBytes {
		f.add(&yaml.Node{}, "", "the file is larger than %d bytes: keep one model in a file", maxFileBytes)
		return nil
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var document, second yaml.Node
	if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
		f.add(&yaml.Node{}, "", "the file is empty: start from one in configs/billing")
		return nil
	} else if err != nil {
		f.syntax(err)
		return nil
	}
	if err := decoder.Decode(&second); err == nil {
		f.add(&second, "", "a second document begins here: keep one model in a file")
	} else if !errors.Is(err, io.EOF) {
		f.syntax(err)
	}
	return document.Content[0]
}

var syntaxError = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

func (f *faults) syntax(err error) {
	at := &yaml.Node{}
	if prefix := syntaxError.FindStringSubmatch(err.Error()); prefix != nil {
		at.Line, _ = strconv.Atoi(prefix[1])
	}
	f.add(at, "", "not YAML: %s: look here and at the lines below", words.Shown(syntaxError.ReplaceAllString(err.Error(), "")))
}

// readModel reads the keys of a model.
func readModel(s *section) *Model {
	defer s.close()
	m := &Model{
		Name:     read(s, "name", "", label),
		Example:  read(s, "example", false, yesNo),
		Currency: required(s, "currency", currency),
		Zone:     required(s, "zone", zone),
	}
	digits, known := decimalsOf[m.Currency]
	if !known {
		digits = 2
	}
	m.Decimals = read(s, "decimals", digits, decimals)
	m.unit = required(s, "unit", oneOf(periods...))
	m.chargeBy = m.unit
	if m.unit != "" {
		m.chargeBy = read(s, "charge_by", m.unit, oneOf(chargeable[m.unit]...))
	}
	m.price = required(s, "price", amount)
	if m.price == nil {
		m.price = new(big.Rat)
		s.has("stopped")
	} else {
		m.stoppedPrice = required(s, "stopped", offPrice(m.price))
	}
	m.anchor = required(s, "anchor", oneOf(calendarAnchor, contractAnchor))
	m.count = read(s, "count", countPieces, oneOf(countPieces, countTime))
	m.setupFee = read(s, "setup_fee", nil, amount)
	m.readCap(s)
	m.readMinimum(s.section("minimum"))
	m.readRounding(s)
	if m.count == countTime && m.unit == byMonth {
		s.fault("count", "the time of a month's price is not totalled: write a price for a day, or less, and cap.month")
	}
	return m
}

// chargeable is the pieces by which a price for a unit can be charged: those that every unit has
// the same number of, and the days of a month.
var chargeable = map[period][]period{
	bySecond: {bySecond},
	byMinute: {bySecond, byMinute},
	byHour:   {bySecond, byMinute, byHour},
	byDay:    {byDay},
	byMonth:  {byDay, byMonth},
}

func (m *Model) readCap(s *section) {
	limits := s.section("cap")
	defer limits.close()
	m.perDay = read(limits, "day", nil, limit)
	m.perMonth = read(limits, "month", nil, limit)
	switch {
	case m.unit == byMonth && s.has("cap"):
		s.fault("cap", "nothing is charged more often than a month's price: remove it")
	case m.unit == byDay && m.perDay != nil:
		limits.fault("day", "nothing is charged more often than a day's price: remove it")
	}
}

func (m *Model) readMinimum(s *section) {
	defer s.close()
	m.minimumContract = read(s, "contract", length{}, aLength)
	m.minimumStart = read(s, "start", length{}, aLength)
	m.minimumCharge = read(s, "charge", nil, amount)
	if m.minimumStart.period == byMonth {
		s.fault("start", "a start cannot be charged by months: write days, or less")
	}
}

func (m *Model) readRounding(s *section) {
	roundings := oneOf(down, up, nearest)
	money := s.section("rounding")
	m.rounding = read(money, "money", down, roundings)
	m.roundingOf = read(money, "of", ofMachine, oneOf(ofMachine, ofBill))
	money.close()

	t := s.section("tax")
	defer t.close()
	m.tax = tax{rate: new(big.Rat)}
	if s.has("tax") {
		if rate := required(t, "rate", share); rate != nil {
			m.tax.rate = rate
		}
	}
	m.tax.rounding = read(t, "rounding", down, roundings)
	m.tax.of = read(t, "of", ofBill, oneOf(ofMachine, ofBill))
	m.tax.included = read(t, "included", false, yesNo)
	if m.tax.of == ofMachine && m.roundingOf == ofBill {
		t.fault("of", "a machine's sum is not known when only the bill is rounded: write bill, or rounding.of: machine")
	}
}
