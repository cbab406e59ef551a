// Package actions moves instances towards their goals, one provider call at a
// time, and buys machines.
//
// The workflow is not a script but a table (step.go): the goal that fleet set and
// the phase that follows from what the cloud shows and from durable facts
// (phase.go) name the next step. So a crash, a reversal half-way and a change by
// hand are the same case: look again, take the next step.
//
// It promises:
//   - a purchase is on disk, with every code known before it, before it leaves,
//     is sent once, and is settled by looking if its answer is lost (order.go,
//     settle.go);
//   - no machine is changed that is not provably ours: named by the answer to our
//     order, or carrying a mark that names its own code; record and mark are read
//     again right before a contract is ended;
//   - by a step of ours, serving instances never fall below min, and instances
//     never exceed max plus surge, whatever policy wished;
//   - an instance leaves the pools, then drains, then stops, in this order;
//   - no instance is probed before every launch hook let it, nor stopped before every
//     end hook did, or was given up; each question has one id, whatever happens (hook.go,
//     ask.go);
//   - an instance that is stuck is quarantined and holds up nobody else.
//
// Fleet calls it: it alone sets goals. Nobody else calls a provider's writing
// methods. It calls policy (for goals), cloud and store.
package actions
