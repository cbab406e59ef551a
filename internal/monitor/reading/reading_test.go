package reading_test

import (
	"errors"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/autoscaled/autoscaled/internal/monitor/reading"
	"github.com/autoscaled/autoscaled/internal/policy"
)

func TestAReadingHasEitherAValueOrAnExplanation(t *testing.T) {
	t.Parallel()
	at := time.Unix(1_800_000_000, 0)
	rapid.Check(t, func(t *rapid.T) {
		var r reading.Reading
		if rapid.Bool().Draw(t, "measured") {
			special := rapid.SampledFrom([]float64{math.NaN(), math.Inf(1), math.Inf(-1)})
			r = reading.Of(rapid.OneOf(rapid.Float64(), special).Draw(t, "value"), at)
		} else {
			why := policy.Absence(rapid.Uint8Range(0, uint8(policy.Filling)).Draw(t, "why"))
			cause := rapid.SampledFrom([]error{nil, errors.New("cause")}).Draw(t, "cause")
			r = reading.None(why, at, cause)
		}
		value, ok := r.Sample.Value()
		if ok != (r.Err == nil) {
			t.Fatalf("value %v (%v) together with error %v", value, ok, r.Err)
		}
		if ok && (math.IsNaN(value) || math.IsInf(value, 0)) {
			t.Fatalf("%v passed for a value", value)
		}
	})
}

func TestALaterReadingIsTheSameOtherwise(t *testing.T) {
	t.Parallel()
	at := time.Unix(1_800_000_000, 0)
	value := reading.Of(7, at).Later(time.Minute)
	if got, ok := value.Sample.Value(); !ok || got != 7 || !value.Sample.At().Equal(at.Add(time.Minute)) || value.Err != nil {
		t.Errorf("got %+v", value)
	}
	if failed := reading.Failed(at, errors.New("cause")); failed.Later(time.Minute) != failed {
		t.Errorf("got %+v, want %+v", failed.Later(time.Minute), failed)
	}
}
