// Package gpapi speaks IIJ GIO's GP-API (APIVersion 20130901): it signs, sends
// and decodes the actions that autoscaling needs, as one typed method each.
//
// It promises that
//   - a [Reader] cannot change anything: only [Client] has the writing actions;
//   - a reading action is tried again after a passing failure, a writing action
//     is never sent twice;
//   - every error is an [*Error] that carries a [cloud.Class], where a writing
//     action without a readable answer is of class UnknownOutcome;
//   - all calls of one account stay inside one budget, of which ordering,
//     removing and polling each have a share that the others cannot take;
//   - no secret, and no signature that could be replayed, is in any error.
//
// Sources: the GP-API manual, and IIJ's Go and Ruby clients, whose parameter
// and field names are kept, with their irregular spellings.
//
// It calls packages cloud (for the classes) and secret. Its simulator is gpsim.
package gpapi
