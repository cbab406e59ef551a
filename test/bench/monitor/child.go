package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"runtime/pprof"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/autoscaled/autoscaled/test/bench/process"
)

// The processors that measured programs and those that answer them run on.
const (
	measuredCore  = 0
	answeringCore = 1
)

// job is what a child process is to do: to poll, and to measure what that costs it, or to
// answer until its standard input ends. Each side of a comparison has a process of its own, so that none
// pays for what another left behind.
type job struct {
	Kind   string        // a key of pollers or of answerers
	Port   uint16        // of who answers; 0: any
	Page   string        // file of the page to answer with
	Bytes  int           // of an echo
	Agents int           // to poll
	AtOnce int           // requests in flight, goroutines or groups
	Secure bool          // by v3
	Warm   time.Duration // before the measurement; longer until hardly an agent lacks a value
	Span   time.Duration // of the measurement
	Polls  uint64        // the measurement goes on until there were so many, for ten times Span at most

	Profile string // file for where processor time goes; empty: none is made

	// Of our own side.
	OwnSockets bool          // each agent is asked over a socket of its own
	ReadOnly   bool          // nothing is decided
	Interval   time.Duration // between a group's turns; 0: none
}

// poller polls until stop is called, and counts.
type poller struct {
	done      func() (polls, lacking uint64) // so far; lacking are those without a value
	fallbacks func() uint64                  // polls that the shared socket could not serve
	stop      func()
}

func none() uint64 { return 0 }

// pollers are the programs that are measured.
var pollers = map[string]func(ctx context.Context, j job) (*poller, error){
	"echo":    pollEcho,
	"gosnmp":  pollByGosnmp,
	"monitor": pollByMonitor,
	"expfmt":  fetchByExpfmt,
	"pages":   fetchByMonitor,
}

// answerers are those that answer them; what they return closes them.
var answerers = map[string]func(ctx context.Context, j job) (port uint16, wait func() error, err error){
	"agents": answerAsAgents,
	"echoes": answerAsEcho,
	"page":   answerWithPage,
}

// cost is what polling took.
type cost struct {
	Polls, Lacking, Fallbacks uint64
	Processor                 time.Duration
	Span                      time.Duration
	Allocations               uint64
	Allocated                 uint64 // bytes
	Memory                    process.Memory
}

func (c cost) perPoll() time.Duration { return c.Processor / time.Duration(max(1, c.Polls)) }

func (c cost) perSecond() float64 { return float64(c.Polls) / c.Span.Seconds() }

// runChild does the job that the text says, writes what it found, and answers until in ends.
func runChild(ctx context.Context, text string, in io.Reader, out io.Writer) error {
	var j job
	if err := json.Unmarshal([]byte(text), &j); err != nil {
		return fmt.Errorf("read the job %s: %w", text, err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if answer, ok := answerers[j.Kind]; ok {
		port, wait, err := answer(ctx, j)
		if err != nil {
			return err
		}
		fmt.Fprintln(out, port)
		_, _ = io.Copy(io.Discard, in) // until who started it is gone
		cancel()
		return wait()
	}
	poll, ok := pollers[j.Kind]
	if !ok {
		return fmt.Errorf("there is no job %q", j.Kind)
	}
	found, err := measure(ctx, j, poll)
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(found)
}

// measure polls, and says what that took after it was warm.
func measure(ctx context.Context, j job, poll func(context.Context, job) (*poller, error)) (c cost, err error) {
	p, err := poll(ctx, j)
	if err != nil {
		return c, err
	}
	defer p.stop()
	if err := p.settle(ctx, j); err != nil {
		return c, err
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	profiled, err := profile(j.Profile)
	if err != nil {
		return c, err
	}
	polls, lacking := p.done()
	fallbacks := p.fallbacks()
	began, used := time.Now(), processorTime()
	if err := p.wait(ctx, j.Span, polls-lacking+j.Polls, 10*j.Span); err != nil {
		return c, err
	}
	c.Processor, c.Span = processorTime()-used, time.Since(began)
	profiled()
	c.Polls, c.Lacking = p.done()
	c.Polls, c.Lacking = c.Polls-polls, c.Lacking-lacking
	c.Fallbacks = p.fallbacks() - fallbacks
	runtime.ReadMemStats(&after)
	c.Allocations, c.Allocated = after.Mallocs-before.Mallocs, after.TotalAlloc-before.TotalAlloc
	c.Memory, err = process.OwnMemory()
	return c, err
}

// profile writes where processor time goes, until what it returns is called; without a file,
// nothing is.
func profile(file string) (stop func(), err error) {
	if file == "" {
		return func() {}, nil
	}
	out, err := os.Create(file)
	if err == nil {
		err = pprof.StartCPUProfile(out)
	}
	return func() {
		pprof.StopCPUProfile()
		_ = out.Close()
	}, err
}

// settle waits until the poller is warm: it has polled as often as there are agents, and hardly any of
// these polls had no value.
func (p *poller) settle(ctx context.Context, j job) error {
	if err := pause(ctx, j.Warm); err != nil {
		return err
	}
	for deadline := time.Now().Add(5 * time.Minute); time.Now().Before(deadline); {
		polls, lacking := p.done()
		if err := p.wait(ctx, 0, polls-lacking+uint64(j.Agents), time.Minute); err != nil {
			return err
		}
		after, lacked := p.done()
		if float64(lacked-lacking) <= lackingTold*float64(after-polls) {
			return nil
		}
	}
	return errors.New("there are polls without a value all the time")
}

// wait waits for the span, and until so many polls brought a value, but no longer than most.
func (p *poller) wait(ctx context.Context, span time.Duration, polls uint64, most time.Duration) error {
	if err := pause(ctx, span); err != nil {
		return err
	}
	for deadline := time.Now().Add(most - span); time.Now().Before(deadline); {
		if done, lacking := p.done(); done-lacking >= polls {
			return nil
		}
		if err := pause(ctx, 10*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// processorTime is what this process has used so far, in the kernel as well.
func processorTime() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return 0 // it never fails
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

func pause(ctx context.Context, span time.Duration) error {
	select {
	case <-time.After(span):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// child is this program in a process of its own.
func child(ctx context.Context, j job) (*exec.Cmd, error) {
	text, err := json.Marshal(j)
	if err != nil {
		return nil, err
	}
	own, err := os.Executable()
	if err != nil {
		return nil, err
	}
	command := exec.CommandContext(ctx, own, childFlag, string(text)) //nolint:gosec // this program
	command.Env = append(os.Environ(), "GOMAXPROCS=1")
	command.Stderr = os.Stderr
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // it is of no use to anybody else
	return command, nil
}

// cost runs the job in a process of its own, and returns what it found.
func (j job) cost(ctx context.Context) (c cost, err error) {
	command, err := child(ctx, j)
	if err != nil {
		return c, err
	}
	var out strings.Builder
	command.Stdout = &out
	if err = startOn(measuredCore, command.Start); err == nil {
		err = command.Wait()
	}
	if err != nil {
		return c, fmt.Errorf("%s, in a process of its own: %w", j.Kind, err)
	}
	return c, json.Unmarshal([]byte(out.String()), &c)
}

// answering starts a process that answers, and returns its port. Stop it after use.
func (j job) answering(ctx context.Context) (port uint16, stop func(), err error) {
	command, err := child(ctx, j)
	if err != nil {
		return 0, nil, err
	}
	in, errIn := command.StdinPipe()
	out, errOut := command.StdoutPipe()
	if err := errors.Join(errIn, errOut, startOn(answeringCore, command.Start)); err != nil {
		return 0, nil, fmt.Errorf("start %s: %w", j.Kind, err)
	}
	stop = func() {
		_ = in.Close()
		_ = command.Wait() // how it ended is in what it wrote
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err == nil {
		_, err = fmt.Sscan(line, &port)
	}
	if err != nil {
		stop()
		return 0, nil, fmt.Errorf("start %s: it did not say its port: %w", j.Kind, err)
	}
	return port, stop, nil
}

// startOn starts a process that stays on one processor, where there are several.
func startOn(core int, start func() error) error {
	var all, one unix.CPUSet
	if runtime.NumCPU() < 2 || unix.SchedGetaffinity(0, &all) != nil {
		return start()
	}
	runtime.LockOSThread() // a process begins with the processors of the thread that starts it
	defer runtime.UnlockOSThread()
	one.Set(core)
	if unix.SchedSetaffinity(0, &one) != nil {
		return start()
	}
	err := start()
	return errors.Join(err, unix.SchedSetaffinity(0, &all))
}

// addressOf is that of the ith agent, within 127.0.0.0/8.
func addressOf(i int) netip.Addr {
	i += 0x010001 // from 127.1.0.1 on
	return netip.AddrFrom4([4]byte{127, byte(i >> 16), byte(i >> 8), byte(i)})
}
