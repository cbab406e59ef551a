package process

import (
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestWhatTheKernelSaysOfAProcessIsRead(t *testing.T) {
	t.Parallel()
	p, err := Start(t.Context(), "a (strange) name", t.TempDir(), nil, "sleep", "60")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Stop()
	if used, err := p.ProcessorTime(); err != nil || used > time.Minute {
		t.Errorf("it used %v: %v", used, err)
	}
	if m, err := p.Memory(); err != nil || m.Resident <= 0 || m.Anonymous <= 0 || m.Anonymous > m.Resident || m.Peak < m.Resident/2 {
		t.Errorf("its memory is %+v: %v", m, err)
	}
}

func TestTheMemoryOfThisProgramIsRead(t *testing.T) {
	t.Parallel()
	if m, err := OwnMemory(); err != nil || m.Anonymous <= 0 || m.Anonymous > m.Resident {
		t.Errorf("it is %+v: %v", m, err)
	}
}
