package main

import (
	"bytes"
	"debug/buildinfo"
	"debug/elf"
	"fmt"
	"os"
)

// machines are the architectures that images are made for.
var machines = map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}

// binary is the program for one architecture.
type binary struct {
	architecture string // as Go and OCI call it
	content      []byte
	revision     string // of its source, as the linker noted it; empty: it did not
}

// readBinary reads the program, and refuses one that an empty file system could not run.
func readBinary(architecture, path string) (binary, error) {
	b := binary{architecture: architecture}
	machine, known := machines[architecture]
	if !known {
		return b, fmt.Errorf("%s=%s: the architecture must be amd64 or arm64", architecture, path)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return b, fmt.Errorf("read the binary: %w", err)
	}
	b.content = content
	program, err := elf.NewFile(bytes.NewReader(content))
	if err != nil {
		return b, fmt.Errorf("read %s: %w; give a program for Linux", path, err)
	}
	if program.Machine != machine {
		return b, fmt.Errorf("%s is for %v: build it with GOARCH=%s", path, program.Machine, architecture)
	}
	for _, segment := range program.Progs {
		if segment.Type == elf.PT_INTERP {
			return b, fmt.Errorf("%s needs shared libraries, and the image has none: build it with CGO_ENABLED=0", path)
		}
	}
	info, err := buildinfo.Read(bytes.NewReader(content))
	if err != nil {
		return b, fmt.Errorf("read what %s was built from: %w; give a program that Go has built", path, err)
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			b.revision = setting.Value
		}
	}
	return b, nil
}
