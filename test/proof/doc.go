// Package proof holds what the lanes of the proof are made of: a model cloud, a
// model of its traffic, faults that strike single calls and commits, a world that
// lets the real observer, groups, crews and orders live on them in virtual time, and
// the invariants that judge every step which they take.
//
// It promises:
//   - everything that happens follows from a [Story]: what exists, what people do and
//     which call or commit fails how. [Draw] makes one from a seed;
//   - the model cloud knows the truth, whatever its answers say, and the invariants
//     judge by the truth, by what is on disk, and by the requests that were lost;
//   - nothing that a dead process does reaches the cloud or the disk.
//
// It uses no socket, no file and no real time: call [Run] inside a testing/synctest
// bubble. The lanes are the tests of this package, each with a script beside it.
package proof
