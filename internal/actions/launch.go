package actions

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/words"
)

// lookAt reads the machine afresh.
func (c *Crew) lookAt(ctx context.Context, in *instance) (cloud.Machine, error) {
	began := c.Now()
	machine, err := c.Machines.Describe(ctx, in.code)
	if err != nil {
		return machine, err
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	in.seen.look(machine, began)
	return machine, c.learn(in)
}

// label sets our mark. An inferred machine must be of the type that was ordered, which no
// listing tells, and not carry a label of somebody else by now.
func (c *Crew) label(ctx context.Context, in *instance) (bool, error) {
	if _, err := c.lookAt(ctx, in); err != nil || !c.still(in, StepLabel) {
		return false, err
	}
	if err := c.checkInferred(ctx, in); err != nil {
		return false, err
	}
	if err := c.Machines.SetLabel(ctx, in.code, in.mark); err != nil {
		return false, err
	}
	return true, c.note(in, func(f *Facts) { f.Labelled, f.Proof = c.Now(), ProofMark })
}

func (c *Crew) checkInferred(ctx context.Context, in *instance) error {
	in.mu.Lock()
	inferred := in.facts.Value.Proof == ProofInferred
	in.mu.Unlock()
	if !inferred {
		return nil
	}
	label, _, err := c.Machines.Label(ctx, in.code)
	if err != nil {
		return err
	}
	switch label {
	case in.mark:
		return nil
	case "", c.Account.templateLabel(c.madeFrom(in)):
	default:
		return c.notOurs(in, fmt.Sprintf("now carries the label %q", label))
	}
	kind, err := c.Machines.Type(ctx, in.code)
	if err != nil {
		return err
	}
	if wanted := c.template().Type; kind != "" && kind != wanted && kind != c.Template.Type {
		return c.notOurs(in, fmt.Sprintf("is of type %s, and %s was ordered", words.Shown(kind), wanted))
	}
	return nil
}

// notOurs leaves alone what was inferred to be ours, and shows now that it is not.
func (c *Crew) notOurs(in *instance, why string) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	c.quarantine(in, "it was taken for ours after a lost answer, and "+why)
	return cloud.Errorf(cloud.ClassDenied, "label %s: it %s", in.code, why)
}

// prepare does the next missing preparation. One that may be done already, and is
// refused although the machine has come to rest since, is done.
func (c *Crew) prepare(ctx context.Context, in *instance) (bool, error) {
	machine, err := c.lookAt(ctx, in)
	if err != nil || !c.still(in, StepPrepare) {
		return false, err
	}
	attempt, first, err := c.attempt(in)
	if err != nil {
		return false, err
	}
	busy, err := c.Machines.Prepare(ctx, in.code, attempt.Preparation)
	class := cloud.ClassOf(err)
	refused := class == cloud.ClassInvalid || class == cloud.ClassConflict
	switch {
	case err == nil:
	case refused && !c.Now().Before(attempt.At.Add(c.StaleRead)) && (!attempt.Refused || c.possible(attempt.Preparation)):
		c.Log.Info("a preparation that may be done already is refused: it is taken as done",
			zap.String("instance", in.code), zap.String("preparation", attempt.Preparation), zap.Error(err))
	default:
		if !first || class == cloud.ClassUnknownOutcome {
			return false, err
		}
		return false, errors.Join(err, c.note(in, func(f *Facts) {
			attempt.Refused = true
			if f.Attempt = nil; refused {
				f.Attempt = &attempt
			}
		}))
	}
	return true, c.note(in, func(f *Facts) {
		prepared := map[string]time.Time{attempt.Preparation: c.Now()}
		maps.Copy(prepared, f.Prepared)
		f.Prepared, f.Attempt = prepared, nil
		if busy {
			f.Stale = c.staleAfter(machine.Power)
		}
	})
}

// possible says that the preparation has succeeded on a machine that we bought, so that
// a refusal is not about the preparation as such.
func (c *Crew) possible(preparation string) bool {
	return slices.ContainsFunc(c.sorted(), func(in *instance) bool {
		in.mu.Lock()
		defer in.mu.Unlock()
		return in.facts.Value.Order != "" && !in.facts.Value.Prepared[preparation].IsZero()
	})
}

// attempt writes down which preparation is about to be asked for, unless that is
// on record already. first says that nobody can have asked for it before.
func (c *Crew) attempt(in *instance) (attempt Attempt, first bool, err error) {
	in.mu.Lock()
	f := in.facts.Value
	in.detail = missingPreparation(&f, c.preparations)
	attempt = Attempt{Preparation: in.detail, At: c.Now()}
	in.mu.Unlock()
	if f.Attempt != nil && f.Attempt.Preparation == attempt.Preparation {
		return *f.Attempt, false, nil
	}
	ours := f.Order != "" // otherwise whoever made it may have prepared it
	return attempt, ours, c.note(in, func(f *Facts) { f.Attempt = &attempt })
}

// staleSurely is what reads may show for a while after a call that must show in the
// power sooner or later.
func (c *Crew) staleSurely(power cloud.Power) *Stale {
	stale := c.staleAfter(power)
	stale.Sure = true
	return stale
}

// staleAfter is what reads may show for a while after a call to a machine of the
// given power.
func (c *Crew) staleAfter(power cloud.Power) *Stale {
	return &Stale{Power: power.String(), Until: c.Now().Add(c.StaleRead)}
}

func (c *Crew) turnOn(ctx context.Context, in *instance) (bool, error) {
	machine, err := c.lookAt(ctx, in)
	if err != nil || !c.still(in, StepStart) {
		return false, err
	}
	if machine.Power == cloud.PowerBlank {
		return false, cloud.Errorf(cloud.ClassConflict, "start %s: it is %s, and starts only after an SSH key was imported: set template.ssh_public_key, or import one in the control panel",
			in.code, machine.Status)
	}
	if ready, err := c.forgetAddress(ctx, in); err != nil || !ready {
		return false, err
	}
	if err := c.Machines.Start(ctx, in.code); err != nil {
		return false, err
	}
	c.resetProbes(in)
	return true, c.note(in, func(f *Facts) {
		f.Stale = c.staleSurely(machine.Power)
		f.Served, f.Hooks = time.Time{}, nil
	})
}

// forgetAddress makes sure that no pool has a node of an instance that is about to be
// started: it may come up at another address. It says whether it may be started.
func (c *Crew) forgetAddress(ctx context.Context, in *instance) (bool, error) {
	in.mu.Lock()
	known := in.facts.Value.Address.IsValid()
	in.mu.Unlock()
	if !known {
		return true, nil
	}
	if _, _, err := c.poolsWhere(ctx, in, true); err != nil || !c.still(in, StepStart) {
		return false, err
	}
	return true, c.note(in, func(f *Facts) { f.Address = netip.Addr{} })
}

func (c *Crew) describe(ctx context.Context, in *instance) (bool, error) {
	machine, err := c.lookAt(ctx, in)
	if err != nil || machine.Power != cloud.PowerOn {
		return false, err
	}
	if !machine.Address.IsValid() {
		return false, cloud.Errorf(cloud.ClassTransient, "describe %s: it runs, and shows no private address yet", in.code)
	}
	return true, nil
}

// probe asks the service once. Silence is warming, not failure.
func (c *Crew) probe(ctx context.Context, in *instance) (time.Duration, bool, error) {
	in.mu.Lock()
	address := in.facts.Value.Address
	in.mu.Unlock()
	err := c.Probe(ctx, address)
	in.mu.Lock()
	defer in.mu.Unlock()
	if err != nil {
		in.probes, in.trouble = 0, err.Error()
		c.tellSilence(in, err)
		return c.ProbeInterval, false, nil
	}
	in.answeredAt = c.Now()
	if in.probes++; in.probes < c.ProbeCount {
		return c.ProbeInterval, false, nil
	}
	return 0, true, nil
}

// tellSilence says once that an instance takes long to answer its probe: early
// enough to find out why before it is quarantined. in.mu must be held.
func (c *Crew) tellSilence(in *instance, err error) {
	silent := failure{StepProbe, cloud.ClassTransient}
	begun := latest(in.goal.Value.Since, in.facts.Value.Fell)
	if in.last == silent || c.Now().Before(begun.Add(c.LaunchTimeout/4)) {
		return
	}
	in.last = silent
	c.Log.Warn("it runs, and does not serve yet", zap.String("instance", in.code), zap.Time("quarantined_at", begun.Add(c.LaunchTimeout)), zap.Error(err))
}

func (c *Crew) resetProbes(in *instance) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.probes = 0
}

// join puts the instance into every pool that it is not in.
func (c *Crew) join(ctx context.Context, in *instance) (bool, error) {
	if _, err := c.lookAt(ctx, in); err != nil { // it may have another address by now
		return false, err
	}
	lookedAt := c.Now()
	missing, _, err := c.poolsWhere(ctx, in, false)
	if err != nil || !c.still(in, StepJoin) {
		return false, err
	}
	for i, b := range missing {
		if i > 0 || c.Now().Sub(lookedAt) > lookMemory { // a call may have taken long
			wanted, err := c.stillMissing(ctx, in, b)
			if err != nil || !c.still(in, StepJoin) {
				return false, err
			}
			if !wanted {
				continue
			}
		}
		if err := c.answersNow(ctx, in); err != nil {
			return false, err
		}
		if err := b.Attach(ctx, c.node(in, b)); err != nil {
			return false, err
		}
	}
	c.seePools(in, len(c.Balancers))
	return true, c.note(in, func(f *Facts) {
		f.StopAsked = time.Time{}
		if !f.serves() {
			f.Joined = c.Now()
		}
	})
}

// stillMissing looks at the machine and the pool again.
func (c *Crew) stillMissing(ctx context.Context, in *instance, b cloud.Balancer) (bool, error) {
	if _, err := c.lookAt(ctx, in); err != nil {
		return false, err
	}
	nodes, err := b.Nodes(ctx)
	return err == nil && !hasNode(nodes, c.node(in, b)), err
}

// answersNow probes the instance unless it answered a moment ago.
func (c *Crew) answersNow(ctx context.Context, in *instance) error {
	in.mu.Lock()
	address, recent := in.facts.Value.Address, c.Now().Sub(in.answeredAt) <= probeMemory
	in.mu.Unlock()
	if recent {
		return nil
	}
	if err := c.Probe(ctx, address); err != nil {
		return cloud.Errorf(cloud.ClassTransient, "join %s: it does not answer any more: %w", in.code, err)
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	in.answeredAt = c.Now()
	return nil
}

// lookMemory is how old a look may be that an act rests on.
const lookMemory = 10 * time.Second

// poolsWhere reads the pools, and returns those where the instance is present, or those
// where it is not.
func (c *Crew) poolsWhere(ctx context.Context, in *instance, present bool) ([]cloud.Balancer, poolNodes, error) {
	var where []cloud.Balancer
	pools, count := newPoolNodes(), 0
	for _, b := range c.Balancers {
		nodes, err := b.Nodes(ctx)
		if err != nil {
			return nil, pools, err
		}
		pools.add(nodes, b.Port())
		is := hasNode(nodes, c.node(in, b))
		if is {
			count++
		}
		if is == present {
			where = append(where, b)
		}
	}
	c.seePools(in, count)
	return where, pools, nil
}

// node is the instance's place in the balancer's pool.
func (c *Crew) node(in *instance, b cloud.Balancer) netip.AddrPort {
	in.mu.Lock()
	defer in.mu.Unlock()
	return netip.AddrPortFrom(in.facts.Value.Address, b.Port())
}

func (c *Crew) seePools(in *instance, pools int) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.seen.pools, in.seen.poolsAt, in.seen.poolsGuessed = pools, c.Now(), false
}
