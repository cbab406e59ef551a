package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// tab is a page in a browser. It notices what a page of ours must never do: write an error to the
// console, break the policy for contents, or ask another host.
type tab struct {
	t   *testing.T
	ctx context.Context
	own string // host and port of the daemon
	axe string // the checker's source

	mu     sync.Mutex
	faults []string
	asked  int
}

func newTab(t *testing.T, own string) *tab {
	t.Helper()
	source, err := os.ReadFile(os.Getenv("AXE"))
	if err != nil {
		t.Fatalf("read axe-core, which AXE names: %v; run test/browser.sh", err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("lang", "en-US"))
	ctx, cancelBrowser := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancelTab := chromedp.NewContext(ctx)
	ctx, cancel := context.WithTimeout(ctx, 110*time.Second)
	t.Cleanup(func() { cancel(); cancelTab(); cancelBrowser() })
	p := &tab{t: t, ctx: ctx, own: own, axe: string(source)}
	p.do("open a tab", chromedp.Do(ctx))
	p.do("listen to the tab", chromedp.Listen(ctx, p.hear))
	_, err = chromedp.Call(ctx, network.Enable, network.EnableParams{})
	p.do("watch the network", err)
	_, err = chromedp.Call(ctx, cdplog.Enable, cdp.Empty{})
	p.do("watch the log", err)
	p.prefer("en-US,en;q=0.9")
	return p
}

func (p *tab) hear(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		if e.Type == "error" || e.Type == "warning" {
			p.faults = append(p.faults, fmt.Sprintf("console: %v", e.Args))
		}
	case *runtime.EventExceptionThrown:
		p.faults = append(p.faults, "exception: "+e.ExceptionDetails.Text+" "+e.ExceptionDetails.Exception.Description)
	case *cdplog.EventEntryAdded:
		if e.Entry.Level == "error" || e.Entry.Level == "warning" {
			p.faults = append(p.faults, "browser: "+e.Entry.Text+" "+e.Entry.URL)
		}
	case *network.EventRequestWillBeSent:
		p.asked++
		if at, err := url.Parse(e.Request.URL); err != nil || at.Host != p.own && at.Scheme != "data" {
			p.faults = append(p.faults, "request to "+e.Request.URL)
		}
	}
}

// blameless fails if the page did something wrong until now, and forgets it.
func (p *tab) blameless(t *testing.T) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, fault := range p.faults {
		t.Error(fault)
	}
	if p.asked == 0 {
		t.Error("no request was seen: the test does not see them")
	}
	p.faults = nil
}

// forget drops what was noticed: the daemon was away.
func (p *tab) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = nil
}

func (p *tab) do(what string, err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatalf("%s: %v", what, err)
	}
}

// prefer sets the languages that the browser asks for.
func (p *tab) prefer(languages string) {
	p.t.Helper()
	_, err := chromedp.Call(p.ctx, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: network.Headers{"Accept-Language": languages}})
	p.do("set the languages", err)
}

// size sets the window's size, and scheme whether it is to be light or dark.
func (p *tab) size(width, height int64) {
	p.t.Helper()
	p.do("set the size", chromedp.Do(p.ctx, chromedp.EmulateViewport(width, height)))
}

func (p *tab) scheme(scheme string) {
	p.t.Helper()
	_, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}})
	p.do("set the scheme", err)
}

func (p *tab) open(address string) {
	p.t.Helper()
	p.do("open "+address, chromedp.Do(p.ctx, chromedp.Navigate(address)))
	p.until("the page is connected", `document.readyState === "complete" && !document.getElementById("link").classList.contains("lost")`)
}

// eval is what an expression of the page gives.
func eval[T any](p *tab, expression string) T {
	p.t.Helper()
	result, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	p.do("evaluate "+expression, err)
	return result
}

// until waits for an expression to hold.
func (p *tab) until(what, expression string) {
	p.t.Helper()
	p.within(20*time.Second, what, expression)
}

func (p *tab) within(span time.Duration, what, expression string) {
	p.t.Helper()
	eventually(p.t, what, span, func() bool { return eval[bool](p, "Boolean("+expression+")") })
}

func (p *tab) click(selector string) {
	p.t.Helper()
	p.do("click "+selector, chromedp.Do(p.ctx, chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible)))
}

func (p *tab) key(keys string) {
	p.t.Helper()
	p.do("press a key", chromedp.Do(p.ctx, chromedp.KeyEvent(keys)))
}

// text is what a part of the page says, in one line.
func (p *tab) text(selector string) string {
	p.t.Helper()
	quoted, _ := json.Marshal(selector)
	return eval[string](p, fmt.Sprintf(`(document.querySelector(%s)?.textContent || "").replace(/\s+/g, " ").trim()`, quoted))
}

// says fails unless a part of the page says all of the words.
func (p *tab) says(t *testing.T, selector string, words ...string) {
	t.Helper()
	text := p.text(selector)
	for _, word := range words {
		if !strings.Contains(text, word) {
			t.Errorf("%s says %q, and not %q", selector, text, word)
		}
	}
}

// accessible fails if the checker finds a serious fault in the page as it is.
func (p *tab) accessible(t *testing.T, what string) {
	t.Helper()
	if !eval[bool](p, `typeof axe === "object"`) {
		_ = eval[any](p, p.axe+"; null")
	}
	type violation struct {
		ID, Impact, Help string
		Nodes            []struct {
			HTML           string
			FailureSummary string
		}
	}
	found := eval[struct {
		Passes     int
		Violations []violation
	}](p, `axe.run(document, {resultTypes: ["violations"]}).then((r) => ({Passes: r.passes.length, Violations: r.violations.map((v) => ({ID: v.id, Impact: v.impact, Help: v.help, Nodes: v.nodes.map((n) => ({HTML: n.html, FailureSummary: n.failureSummary}))}))}))`)
	if found.Passes < 10 {
		t.Errorf("%s: only %d rules were tried", what, found.Passes)
	}
	for _, v := range found.Violations {
		if v.Impact != "serious" && v.Impact != "critical" {
			t.Logf("%s: %s (%s): %s", what, v.ID, v.Impact, v.Help)
			continue
		}
		t.Errorf("%s: %s (%s): %s", what, v.ID, v.Impact, v.Help)
		for _, node := range v.Nodes[:min(3, len(v.Nodes))] {
			t.Logf("  %s\n  %s", node.HTML, node.FailureSummary)
		}
	}
}

// picture keeps how the page looks, if that is asked for.
func (p *tab) picture(name string) {
	p.t.Helper()
	directory := os.Getenv("SHOTS")
	if directory == "" {
		return
	}
	image, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	p.do("take a picture", err)
	p.do("make the pictures' directory", os.MkdirAll(directory, 0o755))
	p.do("write the picture", os.WriteFile(filepath.Join(directory, name+".png"), image, 0o644))
}
