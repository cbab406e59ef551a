package process

import (
	"bufio"
	"bytes"
	"os"
	"strconv"
	"strings"
)

// Memory is what a process has in memory, in bytes.
type Memory struct {
	Resident  int // all of it
	Anonymous int // what no file backs
	Peak      int // the most that was resident since the start
}

// Memory is what it has in memory now.
func (p *Process) Memory() (Memory, error) {
	return memoryOf(p.kernelFile("smaps_rollup"), p.kernelFile("status"))
}

// OwnMemory is what this program has in memory now.
func OwnMemory() (Memory, error) { return memoryOf("/proc/self/smaps_rollup", "/proc/self/status") }

func memoryOf(smapsRollup, statusFile string) (m Memory, err error) {
	rollup, err := kilobytes(smapsRollup)
	if err != nil {
		return m, err
	}
	status, err := kilobytes(statusFile)
	return Memory{rollup["Rss"], rollup["Anonymous"], status["VmHWM"]}, err
}

// kilobytes reads the lines of the form "Key: 12 kB", in bytes.
func kilobytes(file string) (map[string]int, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	found := map[string]int{}
	lines := bufio.NewScanner(bytes.NewReader(content))
	for lines.Scan() {
		key, value, _ := strings.Cut(lines.Text(), ":")
		if count, ok := strings.CutSuffix(value, " kB"); ok {
			if n, err := strconv.Atoi(strings.TrimSpace(count)); err == nil {
				found[key] = n * 1024
			}
		}
	}
	return found, lines.Err()
}
