// Package gpapi speaks IIJ GIO's GP-API (APIVersion 20130901): it signs, sends
// and decodes all of its 64 actions, as one typed method each. One table defines
// them; [Actions] shows it, and [Client.Do] carries out an action by its name.
//
// It promises that
//   - a [Reader] cannot change anything: only [Client] has the writing actions;
//   - a reading action is tried again after a passing failure, a writing action
//     is never sent twice;
//   - a request lacks nothing that its action requires, or it is not sent;
//   - every error is an [*Error] that carries a [cloud.Class], where a writing
//     action without a readable answer is of class UnknownOutcome;
//   - all calls of one account stay inside one budget, of which ordering,
//     removing and polling each have a share that the others cannot take;
//   - no secret, and no signature that could be replayed, is in any error or in
//     what [Options].Debug is told;
//   - answers and their headers are bounded, in JSON as in XML, and a difference
//     between this machine's clock and the server's is noticed and said.
//
// Sources: the GP-API manual, and IIJ's Go and Ruby clients, whose parameter
// and field names are kept. Where one thing has several names, spelling.go has
// all of them. Not documented, and so chosen to take every likely form, is how
// lists look in XML; see xml.go.
//
// It calls packages cloud (for the classes), secret and words. Its simulator is
// gpsim.
package gpapi
