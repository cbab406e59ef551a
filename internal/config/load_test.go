package config

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

var update = flag.Bool("update", false, "write the messages seen into testdata/bad")

// TestBadFileGivesItsMessages compares each file of testdata/bad with the
// messages at its end, behind the mark.
func TestBadFileGivesItsMessages(t *testing.T) {
	t.Parallel()
	const mark = "# want: "
	for _, path := range glob(t, "testdata/bad/*.yaml", 60) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			config, err := parseFile(t, path)
			if err == nil {
				t.Fatalf("accepted as %v", config)
			}
			body, want, _ := strings.Cut(string(contents(t, path)), mark)
			got := mark + strings.ReplaceAll(err.Error(), "\n", "\n"+mark) + "\n"
			if *update {
				if err := os.WriteFile(path, []byte(body+got), 0o600); err != nil {
					t.Fatal(err)
				}
			} else if mark+want != got {
				t.Errorf("got\n%swant\n%s", got, mark+want)
			}
		})
	}
}

func TestAPipeIsNoConfigurationAndKeepsNobodyWaiting(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "autoscaled.yaml")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	for what, path := range map[string]string{"a pipe": path, "a device": "/dev/zero", "a directory": filepath.Dir(path)} {
		if _, err := Load(path); err == nil || !strings.Contains(err.Error(), path+" is not a regular file: give the path of one") {
			t.Errorf("%s: the error is %v", what, err)
		}
	}
}

func TestGoodFileIsAccepted(t *testing.T) {
	t.Parallel()
	for _, path := range glob(t, "testdata/good/*.yaml", 2) {
		if _, err := parseFile(t, path); err != nil {
			t.Error(err)
		}
	}
}

func TestShippedFilesPassTheCheck(t *testing.T) {
	t.Parallel()
	for _, path := range glob(t, "../../configs/*.yaml", 4) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			if _, err := Check(path); err != nil {
				t.Errorf("without secrets: %v", err)
			}
			if _, err := parseFile(t, path); err != nil {
				t.Errorf("with secrets: %v", err)
			}
		})
	}
}

func TestUnreadableFileIsOneErrorThatNamesIt(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "none.yaml")
	_, err := Load(path)
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v", err)
	}
}
