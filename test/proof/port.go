package proof

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"time"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/store"
)

var (
	errDead     = errors.New("the process is dead")
	errDiskFull = errors.New("no space left on device")
	errShort    = errors.New("not as many as were ordered")
)

// How long a call that gets no answer, or a slow one, takes.
const (
	unanswered = 200 * time.Second
	slowAnswer = 10 * time.Minute
)

// port is the cloud as one process, and one group of it, sees it.
type port struct {
	world *World
	life  *life
	group *group // nil for the observer
}

var (
	_ cloud.Writer   = (*port)(nil)
	_ cloud.Balancer = (*poolPort)(nil)
)

// call carries out one call: do is its effect, which may depend on what strikes it.
// It is done while the world is locked.
func (p *port) call(ctx context.Context, step Step, on string, do func(Fault) error) error {
	w := p.world
	at, fault, err := w.arrive(p.life, step, on)
	if err != nil {
		return err
	}
	if err := p.sleep(ctx, w.latency(at, "to")); err != nil {
		return p.lost(step, err)
	}
	effect := func() error { return w.effect(p.life, func() error { return do(fault) }) }
	switch fault {
	case CrashBefore:
		return w.die(p.life)
	case CrashAfter:
		return errors.Join(effect(), w.die(p.life))
	case TimeoutBefore:
		return p.lost(step, p.sleep(ctx, unanswered))
	case TimeoutAfter:
		return p.lost(step, errors.Join(effect(), p.sleep(ctx, unanswered)))
	case Late:
		w.later(lateEffect, func() { _ = do(fault) })
		return p.lost(step, p.sleep(ctx, unanswered))
	case Truncated:
		if err := effect(); errors.Is(err, errShort) {
			return err
		}
		return p.lost(step, nil)
	case Duplicate:
		if step.writes() && step != StepOrder {
			_ = effect()
		}
	default:
		if err := p.refusal(step, fault); err != nil {
			return err
		}
	}
	return p.answered(ctx, step, at, fault, effect())
}

// refusal is how a call is answered that has no effect.
func (p *port) refusal(step Step, fault Fault) error {
	switch {
	case fault == Answer500, fault == Answer503:
		return p.lost(step, nil)
	case fault == Answer429:
		return &cloud.Error{Class: cloud.ClassThrottled, After: 90 * time.Second, Err: errors.New("too many requests")}
	case fault == Answer401:
		return cloud.Errorf(cloud.ClassDenied, "unauthorized")
	case fault == Answer404 && step != StepOrder:
		return cloud.Errorf(cloud.ClassNotFound, "not found")
	}
	return nil
}

// answered lets the answer to a call that had its effect come back.
func (p *port) answered(ctx context.Context, step Step, at Boundary, fault Fault, answer error) error {
	wait := time.Duration(0)
	switch {
	case fault == Slow:
		wait = slowAnswer
	case step.writes():
		wait = p.world.latency(at, "from")
	}
	if err := p.sleep(ctx, wait); err != nil {
		return p.lost(step, err)
	}
	return answer
}

// lost is the error of a call without a whole answer.
func (p *port) lost(step Step, err error) error {
	switch {
	case errors.Is(err, errDead):
		return err
	case step.writes():
		return cloud.Errorf(cloud.ClassUnknownOutcome, "%s: no whole answer", step)
	}
	return cloud.Errorf(cloud.ClassTransient, "%s: no whole answer", step)
}

// sleep lets time pass, unless the context ends or the process dies first.
func (p *port) sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-p.life.killed:
		return errDead
	}
}

func (p *port) Access(ctx context.Context) error {
	return p.call(ctx, StepAccess, "account", func(Fault) error { return nil })
}

func (p *port) List(ctx context.Context) (list []cloud.Machine, err error) {
	w := p.world
	err = p.call(ctx, StepList, "account", func(fault Fault) error {
		list = w.cloud.Listing()
		switch {
		case fault == Duplicate && time.Since(w.lastListing.at) < staleRead:
			list = w.lastListing.machines
		case fault == Partial:
			list = omit(w, list, func(m cloud.Machine) string { return m.Code })
		case p.group == nil:
			w.listings = append(w.listings[max(0, len(w.listings)-2):], time.Now())
		}
		w.lastListing = listing{list, time.Now()}
		return nil
	})
	return slices.Clone(list), err
}

func (p *port) Describe(ctx context.Context, code string) (machine cloud.Machine, err error) {
	w := p.world
	err = p.call(ctx, StepDescribe, code, func(fault Fault) error {
		shown, err := w.cloud.Describe(code)
		last := w.lastDescribed[code]
		if fault == Duplicate && last.machine.Code != "" && time.Since(last.at) < staleRead {
			shown, err = last.machine, nil
		}
		machine, w.lastDescribed[code] = shown, described{shown, time.Now()}
		return err
	})
	return machine, err
}

func (p *port) Type(ctx context.Context, code string) (kind string, err error) {
	err = p.call(ctx, StepReadLabel, code, func(Fault) (err error) {
		kind, err = p.world.cloud.ReadType(code)
		return err
	})
	return kind, err
}

func (p *port) Label(ctx context.Context, code string) (label string, stop time.Time, err error) {
	err = p.call(ctx, StepReadLabel, code, func(Fault) (err error) {
		label, stop, err = p.world.cloud.ReadLabel(code)
		return err
	})
	return label, stop, err
}

func (p *port) Billing(now time.Time) cloud.Billing { return p.world.cloud.Billing(now) }

func (p *port) Preparations() []cloud.Preparation { return p.world.cloud.preparations() }

func (p *port) Order(ctx context.Context, template cloud.Template, count int) (codes []string, err error) {
	w := p.world
	act := Act{Step: StepOrder, Group: p.group, Count: count, Template: template}
	w.leaves(p.life, &act)
	err = p.call(ctx, StepOrder, p.group.Name, func(fault Fault) error {
		act.Late = fault == Late
		var bought []string
		err := w.act(&act, func() (err error) {
			bought, err = w.cloud.Order(template, count, p.group.Name, act.intent)
			return err
		})
		if err != nil {
			return err
		}
		w.bought(bought, fault)
		codes, err = w.answer(bought, fault)
		return err
	})
	if err != nil && !errors.Is(err, errShort) {
		return nil, err
	}
	return codes, err
}

// change is a changing call on one machine.
func (p *port) change(ctx context.Context, step Step, code string, act Act, do func() error) error {
	return p.call(ctx, step, code, func(Fault) error {
		act := act
		act.Step, act.Group, act.Machine, act.named = step, p.group, p.world.cloud.Machine(code), code
		return p.world.act(&act, do)
	})
}

func (p *port) SetLabel(ctx context.Context, code, label string) error {
	return p.change(ctx, StepLabel, code, Act{Label: label}, func() error { return p.world.cloud.SetLabel(code, label, Us) })
}

func (p *port) Prepare(ctx context.Context, code, preparation string) (busy bool, err error) {
	err = p.change(ctx, StepPrepare, code, Act{Label: preparation}, func() (err error) {
		busy, err = p.world.cloud.Prepare(code, preparation)
		return err
	})
	return busy, err
}

func (p *port) Start(ctx context.Context, code string) error {
	return p.change(ctx, StepStart, code, Act{}, func() error { return p.world.cloud.Start(code, Us) })
}

func (p *port) Stop(ctx context.Context, code string, force bool) error {
	return p.change(ctx, StepStop, code, Act{Force: force}, func() error { return p.world.cloud.Stop(code, force, Us) })
}

func (p *port) Refresh(ctx context.Context, code string, template cloud.Template) error {
	return p.change(ctx, StepRefresh, code, Act{Template: template}, func() error { return p.world.cloud.Refresh(code, template) })
}

func (p *port) Release(ctx context.Context, code string, lastDay time.Time) error {
	return p.change(ctx, StepRelease, code, Act{}, func() error { return p.world.cloud.Release(code, lastDay, Us) })
}

// poolPort is one pool as one process sees it.
type poolPort struct {
	*port
	pool *Pool
}

func (p *poolPort) Name() string  { return p.pool.Name }
func (p *poolPort) Port() uint16  { return p.pool.Port }
func (p *poolPort) Capacity() int { return p.pool.Capacity }

func (p *poolPort) Nodes(ctx context.Context) (nodes []cloud.Node, err error) {
	w := p.world
	err = p.call(ctx, StepNodes, p.pool.Name, func(fault Fault) error {
		for _, node := range p.pool.Nodes {
			nodes = append(nodes, cloud.Node{Address: node})
		}
		last := w.lastNodes[p.pool]
		switch {
		case fault == Duplicate && time.Since(last.at) < staleRead:
			nodes, w.liedAt = last.nodes, time.Now()
		case fault == Partial:
			nodes = omit(w, nodes, func(n cloud.Node) string { return p.pool.Name + n.Address.String() })
			w.liedAt = time.Now()
		}
		w.lastNodes[p.pool] = poolRead{nodes, time.Now()}
		return nil
	})
	return slices.Clone(nodes), err
}

func (p *poolPort) Attach(ctx context.Context, node netip.AddrPort) error {
	return p.changeNode(ctx, StepAttach, node, func() error { return p.world.cloud.Attach(p.pool, node, Us) })
}

func (p *poolPort) Detach(ctx context.Context, node netip.AddrPort) error {
	return p.changeNode(ctx, StepDetach, node, func() error { return p.world.cloud.Detach(p.pool, node, Us) })
}

func (p *poolPort) changeNode(ctx context.Context, step Step, node netip.AddrPort, do func() error) error {
	name := node.Addr().String()
	if holder := p.world.holder(node.Addr()); holder != nil {
		name = holder.Code
	}
	return p.call(ctx, step, p.pool.Name+"/"+name, func(Fault) error {
		act := Act{Step: step, Group: p.group, Machine: p.world.cloud.Holder(node.Addr()), Pool: p.pool, Node: node, named: name}
		return p.world.act(&act, do)
	})
}

// diskPort is the disk as one process sees it.
type diskPort struct {
	*store.Memory
	world *World
	life  *life
}

func (d diskPort) Get(key string) (store.Item, error) {
	if d.world.isDead(d.life) {
		return store.Item{}, errDead
	}
	return d.Memory.Get(key)
}

func (d diskPort) Scan(prefix string) ([]store.Item, error) {
	if d.world.isDead(d.life) {
		return nil, errDead
	}
	return d.Memory.Scan(prefix)
}

func (d diskPort) Commit(epoch store.Epoch, txn store.Txn) (revision store.Revision, err error) {
	w := d.world
	_, fault, err := w.arrive(d.life, StepCommit, firstKey(txn))
	if err != nil {
		return 0, err
	}
	switch fault {
	case CrashBefore:
		return 0, w.die(d.life)
	case Fails:
		return 0, errDiskFull
	}
	err = w.commit(d.life, func() error {
		revision, err = d.Memory.Commit(epoch, txn)
		return err
	}, epoch, txn)
	if fault == CrashAfter {
		return 0, errors.Join(err, w.die(d.life))
	}
	return revision, err
}

// firstKey names a commit: the first of its keys, in their order.
func firstKey(txn store.Txn) string {
	keys := slices.Clone(txn.Deletes)
	for _, put := range txn.Puts {
		keys = append(keys, put.Key)
	}
	if len(keys) == 0 {
		return "nothing"
	}
	return slices.Min(keys)
}
