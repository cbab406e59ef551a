package fleet

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/policy/forecast"
	"github.com/autoscaled/autoscaled/internal/store"
)

// Past teaches a forecaster what the load was before now, oldest first, and tells of what it
// cannot read. It may take minutes, ends with ctx, and is called beside the group's own
// goroutine. If it is asked once more and has nothing new, it returns false, and what it
// taught is forgotten. Because of what cannot be read just now, it should be asked once more
// after the time; 0: there is no need.
type Past func(ctx context.Context, f *forecast.Forecaster, leads forecast.Leads) (news bool, again time.Duration)

// snapshotSteps is how many readings a forecaster takes from one snapshot to the next. Those
// between are kept with each decision, and are few; a snapshot is some ten thousand bytes.
const snapshotSteps = 15

// foresight makes the outlooks of one set of rules. It is for whoever decides by them, but
// for learnPast. The nil foresight is of rules none of which forecasts.
type foresight struct {
	spec       policy.Spec // its own: the rules that it is about stay as they are
	forecaster *forecast.Forecaster
	past       Past // nil: nothing is known of it
	log        *zap.Logger

	taught atomic.Pointer[taught] // by the past, and not taken over yet
	owes   bool                   // the past is not learned, or not all of it
	leads  forecast.Leads         // with which it learns the past

	dropped atomic.Bool // nobody decides by it any more

	kept      *store.Document[[]byte] // the newest snapshot; nil: the group has no store
	unwritten bool                    // that is in memory alone
}

// taught is a forecaster that has learned the past.
type taught struct {
	*forecast.Forecaster
	owes bool // not all of it
}

// foresaw is what of a foresight is committed with each decision.
type foresaw struct {
	Tail forecast.Tail `json:"tail"`           // since the newest snapshot
	Owes bool          `json:"owes,omitempty"` // the past is to be learned
}

// newForesight knows nothing yet; nil where no rule forecasts.
func newForesight(spec *policy.Spec, past Past, leads forecast.Leads, log *zap.Logger) *foresight {
	f := &foresight{spec: *spec, past: past, owes: past != nil, leads: leads, log: log}
	if f.forecaster = forecast.NewForecaster(&f.spec); f.forecaster == nil {
		return nil
	}
	return f
}

// foresee puts the outlooks into what is decided on at now.
func (f *foresight) foresee(in *policy.Inputs, now time.Time, leads forecast.Leads) {
	if f == nil {
		return
	}
	if learned := f.taught.Swap(nil); learned != nil {
		f.forecaster, f.owes = learned.Forecaster, learned.owes
		f.snapshot()
		f.log.Info("the forecast has learned the past", zap.Bool("complete", !f.owes))
	}
	f.forecaster.Foresee(in, now, leads)
}

// learnPast learns the past anew, for foresee to take over, and returns after how long that
// should be done once more; 0: there is no need. Any goroutine may call it.
func (f *foresight) learnPast(ctx context.Context) time.Duration {
	learner := forecast.NewForecaster(&f.spec)
	learner.Brief() // nobody reads what it foresaw of the past
	news, again := f.past(ctx, learner, f.leads)
	switch {
	case ctx.Err() != nil:
		return 0
	case !news:
		return again
	}
	wordy, err := forecast.Restore(&f.spec, learner.Snapshot())
	if err != nil {
		f.log.Error("what a forecast learned of the past is of no use: report it, please", zap.Error(err))
		return 0
	}
	f.taught.Store(&taught{wordy, again > 0})
	return again
}

// snapshot makes what is known what is to be written down with the next decision.
func (f *foresight) snapshot() {
	if f.kept != nil {
		f.kept.Value, f.unwritten = f.forecaster.Snapshot(), true
	}
}

// keep is what is to be committed with a decision. What is unwritten of it still is until
// written.
func (f *foresight) keep() (*foresaw, []store.Writable) {
	if f == nil {
		return nil, nil
	}
	tail := f.forecaster.Tail()
	if readings(tail) >= snapshotSteps {
		f.snapshot()
		tail = f.forecaster.Tail()
	}
	saw := &foresaw{tail, f.owes}
	if !f.unwritten {
		return saw, nil
	}
	return saw, []store.Writable{f.kept}
}

// readings are how many the tail holds, of the horizon with the most.
func readings(tail forecast.Tail) (most int) {
	for i := range tail.Horizons {
		most = max(most, len(tail.Horizons[i].Fed))
	}
	return most
}

// written notes that what keep returned was committed.
func (f *foresight) written() {
	if f != nil && f.kept != nil {
		f.kept.Value, f.unwritten = nil, false
	}
}

// resume takes up what an earlier process left under the key. What other settings left is
// of no use: then everything is learned from the past.
func (f *foresight) resume(journal store.Journal, key string, saw *foresaw) error {
	written, err := store.Read[json.RawMessage](journal.Store, key)
	switch {
	case err != nil:
		return err
	case f == nil && written.Revision > 0:
		return journal.Forget(key)
	case f == nil:
		return nil
	}
	f.kept = &store.Document[[]byte]{Key: key, Revision: written.Revision}
	if written.Revision == 0 || saw == nil {
		f.snapshot()
		return nil
	}
	restored, err := f.restore(written.Value)
	if err != nil {
		f.log.Info("what was learned for forecasts is of no use any more", zap.Error(err))
		f.snapshot()
		return nil
	}
	restored.Follow(saw.Tail)
	f.forecaster, f.owes = restored, saw.Owes && f.past != nil
	return nil
}

// restore is the forecaster of a snapshot, as it is written.
func (f *foresight) restore(written json.RawMessage) (*forecast.Forecaster, error) {
	var snapshot []byte
	if err := json.Unmarshal(written, &snapshot); err != nil {
		return nil, fmt.Errorf("read what was learned for forecasts: %w: it begins anew, from the history", err)
	}
	return forecast.Restore(&f.spec, snapshot)
}
