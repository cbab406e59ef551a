package config

import (
	"io/fs"
	"os"
	"syscall"
)

// Env is what the file refers to outside itself. The zero Env is that of the
// process.
type Env struct {
	LookupEnv func(name string) (value string, found bool) // nil: os.LookupEnv
	Open      func(path string) (fs.File, error)           // nil: the file system's

	// SkipSecrets checks how references to secrets are written without reading
	// them, and leaves those secrets empty. A calendar that is not there counts as
	// empty then.
	SkipSecrets bool
}

func (e Env) orProcess() Env {
	if e.LookupEnv == nil {
		e.LookupEnv = os.LookupEnv
	}
	if e.Open == nil {
		e.Open = openWithoutWaiting
	}
	return e
}

// openWithoutWaiting opens a file for reading, and does not hang when it is a
// pipe that nobody writes to.
func openWithoutWaiting(path string) (fs.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}

// lookup returns the variable's value, or fallback when it is unset or empty.
func (e Env) lookup(name, fallback string) string {
	if value, _ := e.LookupEnv(name); value != "" {
		return value
	}
	return fallback
}
