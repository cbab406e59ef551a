// Package gpsim is the API side of a simulated GP-API cloud: it checks
// signatures, answers all 64 actions of GP-API over HTTP in JSON and XML, lets
// machines and contracts change state with time, and keeps books of everything
// that was ever bought or changed, so that a test can compare what a client
// believes with what happened.
//
// It promises that an answer leaves only after its effect is on disk (when there
// is a state file) and its hooks have returned, that a reopened simulator carries
// on where the file ends, transitions under way included, and that no request,
// however malformed, makes it panic or answer 500. A state is a function of a
// recorded timeline and the clock, so nothing has to run for time to pass: [Sim]
// is exact inside a testing/synctest bubble with [Transport] alone, and
// [Sim.Run] is needed only to call the hooks while no request arrives.
//
// Calls go wrong as [Fault] says, or a script of faults by [ParseFaults]. People see
// the cloud on a page at /.
//
// What the vendor does not document is decided in choices.go and nowhere else.
//
// Commands and tests call it; it calls gpapi for the signature and words for what
// a mistyped one may have meant. The machines themselves and the traffic of the
// FW+LB belong to whoever receives the [Hooks].
package gpsim
