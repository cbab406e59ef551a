package main

// The environment variables that choose a mutant by its number, and name a file to
// which the numbers of all that are reached are written.
const (
	chosenVariable  = "AUTOSCALED_MUTANT"
	reachedVariable = "AUTOSCALED_MUTANTS_REACHED"
)

// helpers is added to each mutated package. It is formatted with the package's name and
// a number larger than all mutants'.
const helpers = `package %s

import (
	"cmp"
	"os"
	"strconv"
	"sync/atomic"
	"time"
)

var (
	mutChosen, _ = strconv.Atoi(os.Getenv("` + chosenVariable + `"))
	mutReached   = mutOpen(os.Getenv("` + reachedVariable + `"))
	mutKnown     [%d]atomic.Bool
)

func mutOpen(name string) *os.File {
	if name == "" {
		return nil
	}
	file, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	return file
}

func mutOn(id int) bool {
	if mutReached != nil && !mutKnown[id].Swap(true) {
		if _, err := mutReached.WriteString(strconv.Itoa(id) + "\n"); err != nil {
			panic(err)
		}
	}
	return id == mutChosen
}

func mutCompare(boundary, negated int, holds, equal bool) bool {
	if mutOn(boundary) && equal {
		return !holds
	}
	return holds != mutOn(negated)
}

func mutLess[T cmp.Ordered](boundary, negated int, a, b T) bool {
	return mutCompare(boundary, negated, a < b, a == b)
}

func mutAtMost[T cmp.Ordered](boundary, negated int, a, b T) bool {
	return mutCompare(boundary, negated, a <= b, a == b)
}

func mutMore[T cmp.Ordered](boundary, negated int, a, b T) bool {
	return mutCompare(boundary, negated, a > b, a == b)
}

func mutAtLeast[T cmp.Ordered](boundary, negated int, a, b T) bool {
	return mutCompare(boundary, negated, a >= b, a == b)
}

func mutAnd(id int, a bool, b func() bool) bool {
	if mutOn(id) {
		return a || b()
	}
	return a && b()
}

func mutOr(id int, a bool, b func() bool) bool {
	if mutOn(id) {
		return a && b()
	}
	return a || b()
}

type mutNumeric interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~float32 | ~float64
}

func mutSum[T mutNumeric](id int, a, b T) T {
	if mutOn(id) {
		return a - b
	}
	return a + b
}

func mutDifference[T mutNumeric](id int, a, b T) T {
	if mutOn(id) {
		return a + b
	}
	return a - b
}

func mutNumber[T mutNumeric](more, less int, n T) T {
	switch {
	case mutOn(more):
		return n + 1
	case mutOn(less):
		return n - 1
	}
	return n
}

func mutTwice(id int, d time.Duration) time.Duration {
	if mutOn(id) {
		return 2 * d
	}
	return d
}
`
