package gpsim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// maxStateBytes bounds the state file that is written and read.
const maxStateBytes = 256 << 20

// loadState reads a state file. A missing file gives nil and no error.
func loadState(path string) (*state, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open simulator state: %w; make it readable or name another file", err)
	}
	defer func() { _ = file.Close() }()

	content, err := io.ReadAll(io.LimitReader(file, maxStateBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read simulator state %s: %w", path, err)
	}
	if len(content) > maxStateBytes {
		return nil, fmt.Errorf("read simulator state %s: it is larger than %d bytes; move it away to begin anew", path, maxStateBytes)
	}
	loaded, err := decodeState(content)
	if err != nil {
		return nil, fmt.Errorf("read simulator state %s: %w; restore it, or move it away to begin anew", path, err)
	}
	return loaded, nil
}

func decodeState(content []byte) (*state, error) {
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	var loaded state
	if err := decoder.Decode(&loaded); err != nil {
		return nil, fmt.Errorf("not a state of a simulator: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("not a state of a simulator: there is more after its end")
	}
	return &loaded, loaded.check()
}

// saveState replaces the file so that after a crash at any point it is either
// the old one or the new one, whole.
func saveState(path string, current *state) error {
	content, err := json.Marshal(current)
	if err != nil {
		return fmt.Errorf("encode simulator state: %w", err)
	}
	if len(content) > maxStateBytes {
		return fmt.Errorf("write simulator state: it would be larger than the %d bytes that are read again; begin anew with another file", maxStateBytes)
	}
	if err := replaceFile(path, content); err != nil {
		return fmt.Errorf("write simulator state: %w; make room or make the folder writable", err)
	}
	return nil
}

func replaceFile(path string, content []byte) error {
	temporary := path + ".tmp"
	if err := writeSynced(temporary, content); err != nil {
		return err
	}
	if err := os.Rename(temporary, path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

func writeSynced(path string, content []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, writeErr := file.Write(content)
	return errors.Join(writeErr, file.Sync(), file.Close())
}

func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
