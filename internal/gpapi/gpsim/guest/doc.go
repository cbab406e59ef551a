// Package guest is what the simulated cloud's machines are to the outside: each
// machine that is on really listens at its own loopback address, where it answers
// SNMP and HTTP, and the FW+LB is a real HTTP proxy in front of them.
//
// It promises:
//   - a machine's CPU is a model in time, not burnt cycles: one virtual processor
//     serves requests first come, first served, and what SNMP and /metrics report is
//     exactly what those requests used, so latency and CPU rise with real load;
//   - a machine that is off answers nothing: sockets closed, connections cut;
//   - the balancer neither checks its nodes nor tries another one, so that a mistake
//     of whoever fills its pool costs requests, and it books each request exactly once.
//
// The simulator's hooks drive it ([World.Power] for machines, [Balancer.SetNodes]
// for a pool) and [Load] supplies the visitors. It imports nothing of this module.
// The SNMP codec is its own on purpose: the daemon's client is tested against it,
// and a fault in a shared codec would cancel out.
package guest
