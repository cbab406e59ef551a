// Package record keeps what each decision of a group rested on, and recomputes it.
//
// A [Recorder] appends an entry for each evaluation to a stream of the history: a whole
// one (inputs, memory, result) at the start, when the group changes, when something else
// than an evaluation changed its memory, and every hour; else only what differs from the
// entry before, some twenty bytes. The spec is kept beside them, by its hash. [Read] folds
// the entries forward through policy's own Decide and returns every decision whole, with
// the memory that it rested on; so an explanation of last week is computed, not stored.
//
// It promises that a decision which it returns as verified is the one that was made: the
// recomputed count, reason and want equal the stored ones, on inputs equal to the last
// bit. What was made by another version of the rules, or lies behind a gap in the history,
// is said to be so.
//
// Fleet records, cmd and httpd read. It calls policy and the history.
package record

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
)

// The kinds of entries.
const (
	kindSpec  = 's' // a spec, and its hash
	kindWhole = 'w' // an evaluation, whole
	kindNext  = 'n' // an evaluation, as what differs from the one before
	kindNote  = 'e' // an event that a person should find among the decisions
)

// wholeEvery bounds how far back a reader has to go, and specEvery likewise for specs.
const (
	wholeEvery = time.Hour
	specEvery  = 12 * time.Hour
)

// Sink takes an entry of a group, and says whether it was taken. It does not wait, and
// does not keep the payload.
type Sink func(at time.Time, kind byte, payload []byte) (taken bool)

// Recorder records the evaluations of one group. It is for one caller at a time. The nil
// Recorder records nothing.
type Recorder struct {
	sink   Sink
	spec   *policy.Spec
	hash   string // of the encoded spec
	specAt time.Time
	next   bool // the entry before was taken, so that one can build on it
	whole  time.Time
	shape  shape
	words  []uint64
	after  policy.Memory // as the last evaluation left it
}

// scratch is what an evaluation is encoded in. Whichever recorder is next uses it again:
// there may be thousands, and few record at the same time.
type scratch struct {
	words   []uint64
	payload []byte
}

var spentScratch = sync.Pool{New: func() any { return new(scratch) }}

// NewRecorder records evaluations under spec, which must not change before [Recorder.Use].
func NewRecorder(spec *policy.Spec, sink Sink) (*Recorder, error) {
	encoded, err := json.Marshal(spec)
	if err != nil {
		return nil, fmt.Errorf("encode a spec for the history: %w", err)
	}
	return &Recorder{sink: sink, spec: spec, hash: hashOf(encoded)}, nil
}

// Use goes on under another spec.
func (r *Recorder) Use(spec *policy.Spec) error {
	if r == nil {
		return nil
	}
	other, err := NewRecorder(spec, r.sink)
	if err == nil {
		*r = *other
	}
	return err
}

func hashOf(spec []byte) string {
	sum := sha256.Sum256(spec)
	return hex.EncodeToString(sum[:8])
}

// whole is an evaluation with everything that it rested on.
type whole struct {
	Spec    string        `json:"spec"`    // its hash
	Version int           `json:"version"` // of the rules
	Inputs  policy.Inputs `json:"inputs"`
	Before  policy.Memory `json:"before"`
	Result  result        `json:"result"`
}

// result is what is compared when a decision is recomputed.
type result struct {
	Desired int           `json:"desired"`
	Wanted  int           `json:"wanted"`
	Reason  policy.Reason `json:"reason"`
}

func resultOf(d policy.Decision) result { return result{d.Desired.Count, d.Wanted, d.Reason} }

// Add records an evaluation: its inputs, its memory before and after, and what it decided.
func (r *Recorder) Add(in *policy.Inputs, before, after *policy.Memory, d policy.Decision) {
	if r == nil {
		return
	}
	if r.specAt.IsZero() || !within(d.At, r.specAt, specEvery) {
		r.specAt = time.Time{}
		if encoded, err := json.Marshal(r.spec); err == nil && r.sink(d.At, kindSpec, encoded) {
			r.specAt = d.At
		}
		r.next = false
	}
	room := spentScratch.Get().(*scratch)
	defer spentScratch.Put(room)
	if r.next && d.Change() == 0 && within(d.At, r.whole, wholeEvery) && r.shape.is(in) && before.Equal(&r.after) {
		room.words = r.shape.flatten(in, d.At, room.words[:0])
		room.payload = appendDifference(room.payload[:0], r.words, room.words)
		room.payload = appendResult(room.payload, resultOf(d))
		r.next = r.sink(d.At, kindNext, room.payload)
	} else {
		r.addWhole(in, before, d)
		r.shape = shapeOf(in)
		room.words = r.shape.flatten(in, d.At, room.words[:0])
	}
	r.words = append(r.words[:0], room.words...)
	r.after.Set(after)
}

func (r *Recorder) addWhole(in *policy.Inputs, before *policy.Memory, d policy.Decision) {
	payload, err := json.Marshal(whole{r.hash, policy.Version, *in, *before, resultOf(d)})
	r.next = err == nil && r.sink(d.At, kindWhole, payload)
	r.whole = d.At
}

// scaledNote begins the note of a size that a person set.
const scaledNote = "scaled from %d to %d"

// NoteScaled records that a person set the size of the group.
func (r *Recorder) NoteScaled(at time.Time, from, to int, by string) {
	r.Note(at, fmt.Sprintf(scaledNote+" by %s", from, to, by))
}

// Note records an event in words.
func (r *Recorder) Note(at time.Time, text string) {
	if r != nil {
		r.sink(at, kindNote, []byte(text))
	}
}

// within says that now is no longer than span after then, and not before it.
func within(now, then time.Time, span time.Duration) bool {
	passed := now.Sub(then)
	return passed >= 0 && passed < span
}
