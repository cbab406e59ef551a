package billing

import (
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/autoscaled/autoscaled/internal/words"
)

// label accepts what a model can be called.
func label(value string) (string, error) {
	const most = 100
	if strings.TrimSpace(value) == "" || utf8.RuneCountInString(value) > most || strings.ContainsFunc(value, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return "", fmt.Errorf("is no name: write up to %d printable characters", most)
	}
	return value, nil
}

// oneOf accepts one of the given words.
func oneOf[T ~string](valid ...T) func(string) (T, error) {
	return func(value string) (T, error) {
		if !slices.Contains(valid, T(value)) {
			all := make([]string, len(valid))
			for i, word := range valid {
				all[i] = string(word)
			}
			return "", fmt.Errorf("unknown value `%s`: %s", words.Shown(value), words.Suggest(value, all))
		}
		return T(value), nil
	}
}

func yesNo(value string) (bool, error) {
	switch value {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, fmt.Errorf("`%s` is neither true nor false: write one of them", words.Shown(value))
}

var currencyCode = regexp.MustCompile(`^[A-Z]{3}$`)

func currency(value string) (string, error) {
	if !currencyCode.MatchString(value) {
		return "", fmt.Errorf("`%s` is no currency: write its ISO 4217 code, such as JPY", words.Shown(value))
	}
	return value, nil
}

// decimalsOf is the number of digits that a currency has behind the point, if not two (ISO 4217).
var decimalsOf = map[string]int{"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "ISK": 0, "KWD": 3, "BHD": 3, "JOD": 3, "OMR": 3, "TND": 3}

func decimals(value string) (int, error) {
	const most = 4
	n, err := strconv.Atoi(value)
	if err != nil || n < 0 || n > most {
		return 0, fmt.Errorf("`%s` is no number of digits: write 0 to %d", words.Shown(value), most)
	}
	return n, nil
}

func zone(value string) (*time.Location, error) {
	if value == "Local" || value == "" {
		return nil, errors.New("the zone must not depend on the machine: write an IANA name, such as Asia/Tokyo")
	}
	location, err := time.LoadLocation(value)
	if err != nil {
		return nil, fmt.Errorf("unknown zone `%s`: write an IANA name, such as Asia/Tokyo", words.Shown(value))
	}
	return location, nil
}

var decimal = regexp.MustCompile(`^[0-9]{1,12}(\.[0-9]{1,10})?$`)

// amount accepts an amount of the currency.
func amount(value string) (*big.Rat, error) {
	if !decimal.MatchString(value) {
		return nil, fmt.Errorf("`%s` is no amount: write digits, with a point if need be, such as 1500 or 0.0125", words.Shown(value))
	}
	exact, _ := new(big.Rat).SetString(value)
	return exact, nil
}

// limit accepts an amount above 0.
func limit(value string) (*big.Rat, error) {
	exact, err := amount(value)
	if err == nil && exact.Sign() == 0 {
		return nil, errors.New("a limit of 0 makes all of it free: write a larger one, or remove the key")
	}
	return exact, err
}

var percent = regexp.MustCompile(`^[0-9]{1,3}(\.[0-9]{1,4})?%$`)

// share accepts 0% to 100%.
func share(value string) (*big.Rat, error) {
	if percent.MatchString(value) {
		exact, _ := new(big.Rat).SetString(strings.TrimSuffix(value, "%"))
		if exact.Quo(exact, big.NewRat(100, 1)); exact.Cmp(big.NewRat(1, 1)) <= 0 {
			return exact, nil
		}
	}
	return nil, fmt.Errorf("`%s` is no share: write 0%% to 100%%, such as 10%%", words.Shown(value))
}

var lengthPattern = regexp.MustCompile(`^([0-9]{1,6}) (second|minute|hour|day|month)s?$`)

// aLength accepts a number of periods, such as 1 month or 60 seconds; at most ten years.
func aLength(value string) (length, error) {
	parts := lengthPattern.FindStringSubmatch(value)
	if parts == nil {
		return length{}, fmt.Errorf("`%s` is no length of time: write for example 60 seconds, 1 day or 3 months", words.Shown(value))
	}
	count, _ := strconv.Atoi(parts[1])
	n := length{count, period(parts[2])}
	if n.period == byMonth && count > 120 || n.seconds() > 3650*daySeconds {
		return length{}, fmt.Errorf("%s is too long: write ten years at most", value)
	}
	return n, nil
}

// offPrice accepts what a unit costs a machine that is off: full, nothing, a share of the
// price, or an amount.
func offPrice(price *big.Rat) func(string) (*big.Rat, error) {
	return func(value string) (*big.Rat, error) {
		switch {
		case value == "full":
			return price, nil
		case value == "nothing":
			return new(big.Rat), nil
		case strings.HasSuffix(value, "%"):
			part, err := share(value)
			if err != nil {
				return nil, err
			}
			return part.Mul(part, price), nil
		case !decimal.MatchString(value):
			return nil, fmt.Errorf("`%s` is no price: write full, nothing, a share such as 40%%, or an amount for a unit", words.Shown(value))
		}
		own, err := amount(value)
		if err == nil && own.Cmp(price) > 0 {
			return nil, errors.New("a machine that is off costs more than one that is on: write no more than the price")
		}
		return own, err
	}
}
