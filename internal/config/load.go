package config

import (
	"bytes"
	"fmt"
	"io"
)

// maxFileBytes bounds a configuration file. Thousands of groups fit.
const maxFileBytes = 8 << 20

// Load reads the file at path and every secret that it refers to. The error is
// [Problems] when the file has faults, and an ordinary error when it cannot be
// read.
func Load(path string) (*Config, error) { return load(path, Env{}) }

// Check is Load without reading secrets: they may be missing, and are empty in
// the Config returned.
func Check(path string) (*Config, error) { return load(path, Env{SkipSecrets: true}) }

func load(path string, env Env) (*Config, error) {
	data, err := ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Parse(path, data, env)
}

// ReadFile returns what is in the configuration file at path, and of a file that is too large
// so much that Parse sees it. It refuses whatever could keep it waiting, such as a pipe.
func ReadFile(path string) ([]byte, error) {
	file, err := openWithoutWaiting(path)
	if err != nil {
		return nil, fmt.Errorf("open the configuration: %w; give the path of a file that this user may read", err)
	}
	defer func() { _ = file.Close() }()
	if info, err := file.Stat(); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("read the configuration: %s is not a regular file: give the path of one", path)
	}
	data, err := io.ReadAll(io.LimitReader(file, maxFileBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w; give the path of a file that this user may read", err)
	}
	return data, nil
}

// Parse reads a configuration of at most 8 MiB. Name stands for the file in
// Config.File and in problems. The error is always [Problems].
func Parse(name string, data []byte, env Env) (*Config, error) {
	root, problem := parseDocument(data)
	if problem != nil {
		problem.File = name
		return nil, Problems{*problem}
	}
	r := &reader{file: name, lines: bytes.Count(data, []byte("\n")) + 1, env: env.orProcess(), pools: map[string]string{}, accounts: map[string]string{}}
	r.refuseIndirection(root, 0)
	config := readConfig(r.mapping("", root))
	r.problems.sort()
	if problems := append(r.problems, r.elsewhere...); len(problems) > 0 {
		return nil, problems
	}
	return config, nil
}
