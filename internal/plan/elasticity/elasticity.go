// Package elasticity measures how well a group's size followed its load, and says what the
// best would have been.
//
// [Measure] has the metrics of the SPEC research group on cloud computing (accuracy θ,
// timeshare τ, instability υ, jitter, deviation σ), and those that an operator asks for:
// overload minutes, lost load, scalings, instance-hours. [Optimum] is what a clairvoyant
// would have paid for, who is never short. [Front] picks from many outcomes those that none
// of the others beats.
//
// Everything is a function of its arguments alone. Shares are 0..1, 1 being all of it: the
// literature's percents are a hundred times as much.
//
// It promises no figure that is not finite, whatever the run, as long as the load is; and
// that steps of low confidence are counted and told, never dropped. Package plan calls it;
// it calls none of ours.
//
// Sources: N. Herbst et al., "Ready for Rain? A View from SPEC Research on the Future of
// Cloud Metrics", SPEC-RG-2016-01; N. Herbst et al., "Quantifying Cloud Performance and
// Dependability", ACM ToMPECS 3(4), 2018; A. Bauer et al., "Chameleon: A Hybrid, Proactive
// Auto-Scaling Mechanism on a Level-Playing Field", IEEE TPDS 30(4), 2019; and the code of
// BUNGEE, Herbst's benchmark of elasticity.
package elasticity
