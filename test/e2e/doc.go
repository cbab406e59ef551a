// Package e2e holds the end-to-end tests: they build the program and drive it as
// an operator does, process by process, with real parts around it: net-snmp's
// snmpd as the agent of the instances, Debian's Prometheus and node exporter as
// sources of signals, and the simulated cloud in a process of its own.
//
// Each test has a scene: a loopback network, a folder and a simulator that no
// other test knows, so that tests run side by side. What happened is judged by the
// simulator's books, which the daemon cannot touch. Nothing is asserted about how
// long something takes; a test waits for a state, within a generous bound.
//
// A test whose tools are missing is skipped, unless AUTOSCALED_REQUIRE_TOOLS is
// set. AUTOSCALED_SEED repeats the chance of an earlier run.
package e2e
