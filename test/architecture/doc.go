// Package architecture holds docs/architecture.md to the program: its picture is
// drawn from what the packages import, and its table must name every package.
//
//	go test ./test/architecture -update
//
// draws the picture anew.
package architecture
