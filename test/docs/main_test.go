package docs

import (
	"os"
	"os/signal"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	// A shell lets what it runs in the background ignore Ctrl-C, and that is inherited: by what a
	// page interrupts, too. What is caught here is not ignored by the programs that are started.
	if signal.Ignored(os.Interrupt) {
		signal.Notify(make(chan os.Signal, 1), os.Interrupt)
	}
	goleak.VerifyTestMain(m)
}
