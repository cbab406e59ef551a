package e2e

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/plan/report"
)

func TestAPlansReportOpensByItselfAndDrawsItsCharts(t *testing.T) {
	t.Parallel()
	b := openBrowser(t)
	b.open(writeReport(t, planned("web")))

	var charts []struct {
		Chart   string
		Colours int
	}
	b.evaluate(&charts, `[...document.querySelectorAll(".chart")].map((chart) => {
		const canvas = chart.querySelector("canvas");
		const pixels = new Uint32Array(canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.buffer);
		return { chart: chart.id, colours: new Set(pixels).size };
	})`)
	if len(charts) != 3 {
		t.Errorf("%d charts have a canvas, expected 3: %v", len(charts), charts)
	}
	for _, c := range charts {
		if c.Colours < 10 {
			t.Errorf("%s is drawn in %d colours only", c.Chart, c.Colours)
		}
	}

	var wide int
	for _, width := range []int{360, 768, 1280} {
		b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}, nil)
		b.becomes(`String(document.querySelector("#load-chart .uplot").clientWidth <= document.querySelector("#load-chart").clientWidth)`, "true")
		b.evaluate(&wide, `document.documentElement.scrollWidth`)
		if wide > width {
			t.Errorf("on a screen of %d pixels the page is %d wide", width, wide)
		}
	}
	b.expectNoComplaint()
}

func TestAPlansReportShowsWhyTheGroupChangedItsSize(t *testing.T) {
	t.Parallel()
	b := openBrowser(t)
	b.open(writeReport(t, planned("web")))
	const why = `document.querySelector("#load-chart .tip:not([hidden]) .why")?.textContent ?? ""`

	b.evaluate(nil, `document.querySelector("#load-chart").scrollIntoView({ behavior: "instant" })`)
	chart := b.box("#load-chart .u-over")
	var shown string
	for x := chart.X + chart.Width/2; x < chart.X+chart.Width && shown == ""; x += 3 {
		b.mouse("mouseMoved", x, chart.Y+chart.Height/2)
		b.evaluate(&shown, why)
	}
	if !strings.Contains(shown, "policy target cpu wants") {
		t.Errorf("the mouse at a mark shows %q, not the explanation", shown)
	}

	b.evaluate(nil, `document.querySelector("#load-chart").focus()`)
	b.key("ArrowRight")
	b.key("ArrowRight")
	b.becomes(`String(document.querySelector("#live").textContent.includes("policy target cpu wants"))`, "true")
	b.key("Escape")
	b.becomes(why, "")

	heard := map[string]bool{}
	b.evaluate(nil, `document.querySelector("[data-zoom=day]").click()`)
	for range 30 { // past the end of the day that is shown
		b.key("ArrowRight")
		var said string
		b.evaluate(&said, `document.querySelector("#live").textContent`)
		heard[said] = true
	}
	if len(heard) != 30 {
		t.Errorf("30 steps with the keyboard read out %d decisions", len(heard))
	}
	b.key("0")

	b.mouse("mousePressed", chart.X+chart.Width*0.4, chart.Y+100)
	for part := 0.4; part <= 0.5; part += 0.01 {
		b.mouse("mouseMoved", chart.X+chart.Width*part, chart.Y+100)
	}
	b.mouse("mouseReleased", chart.X+chart.Width*0.5, chart.Y+100)
	b.becomes(`String(document.querySelector("#decision-list").textContent.includes("in the part that the chart shows"))`, "true")
	b.evaluate(nil, `document.querySelector("[data-zoom=all]").click()`)
	b.becomes(`String(document.querySelector("#decision-list").textContent.includes("in the part that the chart shows"))`, "false")
	b.expectNoComplaint()
}

func TestAPlansReportComparesPolicies(t *testing.T) {
	t.Parallel()
	b := openBrowser(t)
	b.open(writeReport(t, planned("web")))
	const names = `[...document.querySelectorAll("#policies tbody th .show")].map((name) => name.textContent).join()`
	press := func(heading string) {
		b.evaluate(nil, fmt.Sprintf(`[...document.querySelectorAll("#policies thead button")].find((button) => button.textContent === %q).click()`, heading))
	}

	b.becomes(names, "target,static peak,static mean")
	press("Overload")
	b.becomes(names, "static peak,target,static mean")
	press("Overload")
	b.becomes(names, "static mean,target,static peak")
	b.becomes(`document.querySelector("#policies th[aria-sort]").getAttribute("aria-sort")`, "descending")

	b.evaluate(nil, `document.querySelector("#policies .show[data-run='2']").click()`)
	b.becomes(`document.querySelector("#shown").selectedOptions[0].textContent`, "static mean")
	b.becomes(`String(document.querySelector("#shortages").textContent.includes("with static mean"))`, "true")
	b.expectNoComplaint()
}

func TestAPlansReportFollowsTheColourSchemeAndPrintsLight(t *testing.T) {
	t.Parallel()
	b := openBrowser(t)
	b.open(writeReport(t, planned("web")))
	const lightness = `(() => {
		const lightness = (colour) => Math.max(...colour.match(/\d+/g).slice(0, 3).map(Number));
		return [document.body, document.querySelector(".answer")].map((element, i) =>
			lightness(getComputedStyle(element)[i ? "color" : "backgroundColor"]) > 128 ? "light" : "dark").join(" page, ") + " ink";
	})()`
	const drawing = `document.querySelector("#load-chart canvas").toDataURL()`
	media := func(name, scheme string) {
		b.call("Emulation.setEmulatedMedia", map[string]any{"media": name, "features": []any{map[string]any{"name": "prefers-color-scheme", "value": scheme}}}, nil)
	}

	media("screen", "light")
	b.becomes(lightness, "light page, dark ink")
	var before string
	b.evaluate(&before, drawing)
	media("screen", "dark")
	b.becomes(lightness, "dark page, light ink")
	eventually(t, soon, "the chart in other colours", func() error {
		var now string
		if b.evaluate(&now, drawing); now == before {
			return errors.New("it is drawn as before")
		}
		return nil
	})

	media("", "dark")
	var printed struct{ Data string }
	b.call("Page.printToPDF", map[string]any{"printBackground": true}, &printed)
	pdf, err := base64.StdEncoding.DecodeString(printed.Data)
	if err != nil {
		t.Fatal(err)
	}
	if images := bytes.Count(pdf, []byte("/Subtype /Image")); images < 3 {
		t.Errorf("the print of %d bytes has %d pictures, expected the 3 charts", len(pdf), images)
	}
	media("print", "dark")
	b.becomes(`String(getComputedStyle(document.documentElement).getPropertyValue("--ink").trim())`, "#16202b")
	b.becomes(`getComputedStyle(document.querySelector(".controls")).display`, "none")
	b.expectNoComplaint()
}

func TestAPlansReportObeysNothingThatPeopleWrote(t *testing.T) {
	t.Parallel()
	const hostile = `</script><script>window.obeyed = 1</script><img src=x onerror="window.obeyed = 1">{{.}}${window.obeyed = 1}` + "\u2028'\""
	page := planned(hostile)
	page.Runs[0].Name, page.Runs[0].Decisions[0].Reason, page.Runs[0].Decisions[0].Words = hostile, hostile, []string{hostile}
	page.Points[0].Name, page.Points[0].Settings, page.Origin = hostile, hostile, hostile
	b := openBrowser(t)
	b.open(writeReport(t, page))

	b.evaluate(nil, `document.querySelector("#load-chart").focus()`)
	b.key("ArrowRight")
	b.becomes(`String(document.querySelector("#load-chart .tip .why")?.textContent.includes("window.obeyed"))`, "true")
	b.becomes(`document.querySelector("#shown").selectedOptions[0].textContent`, strings.TrimSpace(hostile))
	b.becomes(`String(window.obeyed)`, "undefined")
	b.expectNoComplaint()

	b.becomes(`new Promise((say) => {
		document.addEventListener("securitypolicyviolation", (event) => say(event.effectiveDirective));
		const script = document.createElement("script");
		script.textContent = "window.obeyed = 1";
		document.body.append(script);
	})`, "script-src-elem")
	b.becomes(`new Promise((say) => {
		document.addEventListener("securitypolicyviolation", (event) => event.effectiveDirective === "connect-src" && say("refused"));
		fetch("http://127.0.0.1:9/").catch(() => {});
	})`, "refused")
	b.becomes(`(() => { try { return String(eval("1")); } catch (error) { return error.name; } })()`, "EvalError")
	b.becomes(`String(window.obeyed)`, "undefined")
}

// planned is a report of three days of minutes with a wave of load a day, which a
// policy follows a little late.
func planned(group string) *report.Page {
	const days, steps = 3, 3 * 1440
	page := &report.Page{
		Group: group, Origin: "load.csv", Start: time.Date(2026, 10, 5, 0, 0, 0, 0, time.UTC), Step: time.Minute,
		Currency: report.Currency{Symbol: "¥"}, PointCost: "cost (¥)",
		Assumptions: []string{"A machine serves 5 minutes after its order."},
	}
	load, need, late, censored := make([]float64, steps), make([]int, steps), make([]int, steps), make([]bool, steps)
	for i := range load {
		load[i] = 6 - 5*math.Cos(2*math.Pi*float64(i)/1440)
		need[i] = int(math.Ceil(load[i]))
		late[i] = need[max(0, i-5)]
		censored[i] = i > 700 && i < 760
	}
	page.Runs = []report.Run{
		{Name: "target", Role: report.Proposed, Load: load, Need: need, Serving: late, Censored: censored},
		{Name: "static peak", Role: report.Classic, Load: load, Need: need, Serving: constant(steps, 11)},
		{Name: "static mean", Role: report.Classic, Load: load, Need: need, Serving: constant(steps, 6)},
	}
	for i := 1; i < steps; i++ {
		if late[i] != late[i-1] {
			page.Runs[0].Decisions = append(page.Runs[0].Decisions, report.Decision{
				At: page.Start.Add(time.Duration(i) * time.Minute), From: late[i-1], To: late[i],
				Reason: "target", Words: []string{fmt.Sprintf("policy target cpu wants %d", late[i])},
			})
		}
	}
	for i, overload := range []float64{40, 0, 2100} {
		run := &page.Runs[i]
		run.Bill = &report.Bill{}
		for day := range days {
			amount := int64(run.Serving[day*1440+700]) * 1000
			run.Bill.Days = append(run.Bill.Days, report.Day{Date: page.Start.AddDate(0, 0, day), Amount: amount})
			run.Bill.Total += amount
		}
		run.Metrics = []report.Metric{{Name: "Overload", Unit: "min", Value: overload, Better: report.Lower}}
		for number := range 9 {
			run.Metrics = append(run.Metrics, report.Metric{Name: fmt.Sprintf("Figure %d", number), Value: overload * 1e6, Better: report.Lower})
		}
		page.Points = append(page.Points, report.Point{Name: run.Name, Role: run.Role, Cost: float64(run.Bill.Total), OverloadMinutes: overload, Front: true})
	}
	return page
}

func constant(steps, count int) []int {
	all := make([]int, steps)
	for i := range all {
		all[i] = count
	}
	return all
}

// writeReport writes a report and returns its address.
func writeReport(t *testing.T, page *report.Page) string {
	t.Helper()
	var html bytes.Buffer
	if err := report.Write(&html, page); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "plan.html")
	if err := os.WriteFile(path, html.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return "file://" + path
}

// browser is a headless Chromium with one page, steered over a pair of pipes by its
// DevTools protocol: JSON messages that each end with a zero byte.
type browser struct {
	*process
	toBrowser *os.File
	session   string

	mu      sync.Mutex
	calls   int
	waiting map[int]chan answer
	events  []event
	address string
}

type answer struct {
	ID     int
	Result json.RawMessage
	Error  *struct{ Message string }
	event
}

type event struct {
	Method string
	Params json.RawMessage
}

func openBrowser(t *testing.T) *browser {
	t.Helper()
	theirInput, ourOutput, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	ourInput, theirOutput, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(tool(t, "chromium"), "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
		"--disable-background-networking", "--host-resolver-rules=MAP * ~NOTFOUND", "--user-data-dir="+t.TempDir(),
		"--window-size=1280,900", "--remote-debugging-pipe", "about:blank")
	command.ExtraFiles = []*os.File{theirInput, theirOutput} // 3 and 4, as the protocol has them
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p := &process{t: t, name: "chromium", command: command, ended: make(chan struct{})}
	command.Stdout, command.Stderr = &p.said, &p.said
	command.WaitDelay = 5 * time.Second
	if err := command.Start(); err != nil {
		t.Fatalf("start chromium: %v", err)
	}
	_, _ = theirInput.Close(), theirOutput.Close()
	go func() {
		_ = command.Wait()
		close(p.ended)
	}()
	b := &browser{process: p, toBrowser: ourOutput, waiting: map[int]chan answer{}}
	heard := make(chan struct{})
	go func() {
		defer close(heard)
		b.hear(ourInput)
	}()
	t.Cleanup(func() {
		_ = syscall.Kill(-command.Process.Pid, syscall.SIGKILL) // with all its children
		<-p.ended
		_, _ = ourOutput.Close(), ourInput.Close()
		<-heard
		if t.Failed() {
			t.Logf("chromium said:\n%s", p.said.String())
		}
	})
	b.attach()
	return b
}

// hear hands out what the browser says, until it says no more.
func (b *browser) hear(from *os.File) {
	reader := bufio.NewReader(from)
	for {
		text, err := reader.ReadBytes(0)
		if err != nil {
			return
		}
		var a answer
		if json.Unmarshal(bytes.TrimSuffix(text, []byte{0}), &a) != nil {
			continue
		}
		b.mu.Lock()
		if waiting := b.waiting[a.ID]; waiting != nil {
			waiting <- a
		} else {
			b.events = append(b.events, a.event)
		}
		b.mu.Unlock()
	}
}

func (b *browser) attach() {
	b.t.Helper()
	var target struct{ TargetID string }
	b.call("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var attached struct{ SessionID string }
	b.call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	b.session = attached.SessionID
	for _, domain := range []string{"Page", "Runtime", "Log", "Network"} {
		b.call(domain+".enable", nil, nil)
	}
}

// call calls a method of the protocol and reads its result, unless into is nil.
func (b *browser) call(method string, params map[string]any, into any) {
	b.t.Helper()
	waiting := make(chan answer, 1)
	b.mu.Lock()
	b.calls++
	id := b.calls
	b.waiting[id] = waiting
	b.mu.Unlock()
	message := map[string]any{"id": id, "method": method}
	if params != nil {
		message["params"] = params
	}
	if b.session != "" {
		message["sessionId"] = b.session
	}
	text, err := json.Marshal(message)
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := b.toBrowser.Write(append(text, 0)); err != nil {
		b.t.Fatalf("tell chromium %s: %v", method, err)
	}
	select {
	case a := <-waiting:
		if a.Error != nil {
			b.t.Fatalf("%s: %s", method, a.Error.Message)
		}
		if into != nil {
			if err := json.Unmarshal(a.Result, into); err != nil {
				b.t.Fatalf("%s answered %s: %v", method, a.Result, err)
			}
		}
	case <-b.ended:
		b.t.Fatalf("chromium ended during %s", method)
	case <-time.After(late):
		b.t.Fatalf("chromium has not answered %s within %v", method, late)
	}
}

// open opens a page and waits until it is complete.
func (b *browser) open(address string) {
	b.t.Helper()
	b.address = address
	b.call("Page.navigate", map[string]any{"url": address}, nil)
	b.becomes(`location.protocol + document.readyState`, "file:complete")
}

// evaluate evaluates an expression, or the promise that it is, in the page, under the
// page's own security policy.
func (b *browser) evaluate(into any, expression string) {
	b.t.Helper()
	var evaluated struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails *struct {
			Text      string
			Exception struct{ Description string }
		}
	}
	b.call("Runtime.evaluate", map[string]any{
		"expression": expression, "returnByValue": true, "awaitPromise": true, "allowUnsafeEvalBlockedByCSP": false,
	}, &evaluated)
	if e := evaluated.ExceptionDetails; e != nil {
		b.t.Fatalf("%s: %s %s", expression, e.Text, e.Exception.Description)
	}
	if into != nil {
		if err := json.Unmarshal(evaluated.Result.Value, into); err != nil {
			b.t.Fatalf("%s is %s: %v", expression, evaluated.Result.Value, err)
		}
	}
}

// becomes waits until an expression is a text.
func (b *browser) becomes(expression, text string) {
	b.t.Helper()
	eventually(b.t, soon, expression, func() error {
		var now string
		if b.evaluate(&now, expression); now != text {
			return fmt.Errorf("it is %q, expected %q", now, text)
		}
		return nil
	})
}

type box struct{ X, Y, Width, Height float64 }

func (b *browser) box(selector string) box {
	b.t.Helper()
	var found box
	b.evaluate(&found, fmt.Sprintf(`document.querySelector(%q).getBoundingClientRect().toJSON()`, selector))
	return found
}

func (b *browser) mouse(kind string, x, y float64) {
	b.t.Helper()
	params := map[string]any{"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1}
	if kind == "mouseMoved" {
		params["button"] = "none"
	}
	b.call("Input.dispatchMouseEvent", params, nil)
}

// key presses a key and waits until what follows is drawn.
func (b *browser) key(name string) {
	b.t.Helper()
	for _, kind := range []string{"keyDown", "keyUp"} {
		b.call("Input.dispatchKeyEvent", map[string]any{"type": kind, "key": name}, nil)
	}
	b.evaluate(nil, `new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))`)
}

// expectNoComplaint holds that the page said nothing on the console, and that the
// browser asked for nothing but the page.
func (b *browser) expectNoComplaint() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	opened := 0
	for _, e := range b.events {
		switch e.Method {
		case "Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled":
			b.t.Errorf("the page complains: %s", e.Params)
		case "Network.requestWillBeSent":
			var sent struct{ Request struct{ URL string } }
			if err := json.Unmarshal(e.Params, &sent); err != nil {
				b.t.Fatal(err)
			}
			if sent.Request.URL == b.address {
				opened++
			} else if !strings.HasPrefix(sent.Request.URL, "data:") {
				b.t.Errorf("the page asks for %s", sent.Request.URL)
			}
		}
	}
	if opened != 1 {
		b.t.Errorf("%d requests for the page were seen, expected 1", opened)
	}
}
