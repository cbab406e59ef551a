package browser

import (
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"
)

// TestTheDashboard is one sitting of somebody at the dashboard. Its parts build upon each other.
func TestTheDashboard(t *testing.T) {
	r := newRig(t)
	p := newTab(t, r.address)
	p.size(1280, 900)
	p.scheme("light")
	r.push("web/jobs", 15)
	for i, group := range []string{"batch", "mail", "search"} {
		r.push(group+"/backlog", float64(150+420*i*i))
	}

	t.Run("opens in the browser's language", func(t *testing.T) {
		p.open(r.url("/"))
		p.until("the group serves", `document.querySelector("#row-web .doing").textContent.includes("Steady at 2")`)
		p.says(t, "html head title", "Overview")
		p.until("the signal's value shows", `/jobs\s*15/.test(document.getElementById("row-web").textContent)`)
		p.says(t, "#row-web", "web", "gio", "Steady at 2")
		p.until("what cannot be reached is told", `document.querySelector("#row-search .badges").textContent.includes("capped")`)
		p.until("what to do is told", `/Raise max/.test(document.getElementById("row-search").textContent)`)
	})

	t.Run("follows a scale-out live", func(t *testing.T) {
		_ = eval[any](p, `window.same = true; document.getElementById("q").value = "kept"; document.getElementById("q").focus(); null`)
		r.push("web/jobs", 46)
		p.until("it says that the group grows", `/Growing to 5/.test(document.querySelector("#row-web .doing").textContent)`)
		p.until("the strip shows instances on the way", `document.querySelectorAll("#row-web .cell.becoming").length > 0`)
		p.until("the decision is among the events", `document.querySelector('#events [data-kind="decision"]')`)
		p.within(40*time.Second, "five serve", `/Steady at 5/.test(document.querySelector("#row-web .doing").textContent)`)
		p.until("the strip shows all of them", `document.querySelectorAll("#row-web .cell.serving").length === 5`)
		if !eval[bool](p, `window.same && document.getElementById("q").value === "kept" && document.activeElement.id === "q"`) {
			t.Error("what was typed, or where, was lost on the way")
		}
		if eval[string](p, `document.getElementById("said").textContent`) == "" {
			t.Error("no decision was said to who listens to the page")
		}
	})

	t.Run("tells why", func(t *testing.T) {
		p.open(r.url("/groups/web"))
		p.says(t, "#state", "web", "jobs wants 5", "46")
		p.until("five machines are asked", `/of 5/.test(document.getElementById("signals").textContent)`)
		p.says(t, "#instances", "gc0", "in the pool")
		p.until("the charts are drawn", `document.querySelectorAll("#history canvas").length >= 3`)
		p.until("the cost is told", `/This month/.test(document.getElementById("cost").textContent)`)
		p.until("the decision is marked", `document.querySelector(".marks a")`)
		p.click(".marks a")
		p.until("it is explained", `/The smallest change that would have altered it/.test(document.getElementById("explanation").textContent)`)
		p.says(t, "#explanation", "2 → 5", "jobs wants 5", "with jobs at")
		if eval[string](p, `document.activeElement.id`) != "explanation" {
			t.Error("the explanation did not get the focus")
		}
	})

	t.Run("pauses and resumes with a reason", func(t *testing.T) {
		p.click(`#state button[data-do="pause"]`)
		p.until("it is asked again", `document.getElementById("do-pause").open`)
		p.accessible(t, "the question")
		p.click(`#do-pause button[type="submit"]`)
		if r.group("web").Override != nil {
			t.Fatal("it paused without a reason")
		}
		p.key("\u001b")
		p.until("Escape closes the question", `!document.getElementById("do-pause").open`)
		p.click(`#state button[data-do="pause"]`)
		_ = eval[any](p, `document.querySelector("#do-pause textarea").value = "the database moves"; null`)
		p.click(`#do-pause button[type="submit"]`)
		p.until("the page shows it", `document.querySelector("#state .override")?.textContent.includes("the database moves")`)
		if o := r.group("web").Override; o == nil || o.Kind != "pause" || o.Why != "the database moves" {
			t.Errorf("the daemon has the override %+v", o)
		}

		p.click(`#state button[data-do="scale"]`)
		_ = eval[any](p, `document.querySelector("#do-scale textarea").value = "more"; null`)
		p.click(`#do-scale button[type="submit"]`)
		p.until("what is refused is said in words", `document.querySelector("#do-scale .error").textContent.length > 20`)
		p.click(`#do-scale [data-cancel]`)
		p.forget() // the browser notes that a request was refused

		p.click(`#state button[data-do="resume"]`)
		_ = eval[any](p, `document.querySelector("#do-resume textarea").value = "it moved"; null`)
		p.click(`#do-resume button[type="submit"]`)
		p.until("the page shows that it goes on", `!document.querySelector("#state .override")`)
		if o := r.group("web").Override; o != nil {
			t.Errorf("the daemon has the override %+v still", o)
		}
	})

	t.Run("works with the keyboard", func(t *testing.T) {
		p.open(r.url("/groups/web"))
		p.key("\t")
		if eval[string](p, `document.activeElement.className`) != "skip" {
			t.Error("the first stop is not the way to the contents")
		}
		seen := map[string]bool{}
		for range 40 {
			p.key("\t")
			stop := eval[struct {
				Name    string
				Visible bool
			}](p, `(() => { const a = document.activeElement, s = getComputedStyle(a); return {Name: a.dataset.do || a.dataset.span || a.id || a.tagName, Visible: a.matches(":focus-visible") && s.outlineStyle !== "none"}; })()`)
			seen[stop.Name] = true
			if !stop.Visible {
				t.Errorf("the focus does not show at %s", stop.Name)
			}
		}
		for _, name := range []string{"theme", "pause", "hold", "drill", "1h", "7d", "protect"} {
			if !seen[name] {
				t.Errorf("the keyboard does not reach %s", name)
			}
		}
		_ = eval[any](p, `document.querySelector('#state [data-do="hold"]').focus(); null`)
		p.key("\r")
		p.until("Enter asks", `document.getElementById("do-hold").open`)
		p.key("\u001b")
	})

	t.Run("speaks both languages in both themes on any screen", func(t *testing.T) {
		history(r)
		for _, scheme := range []string{"light", "dark"} {
			for _, language := range []string{"en", "ja"} {
				p.scheme(scheme)
				p.prefer(language)
				for _, page := range []string{"/", "/groups/web"} {
					p.size(1280, 900)
					p.open(r.url(page))
					what := fmt.Sprintf("%s in %s, %s", page, language, scheme)
					if got := eval[string](p, `document.documentElement.lang`); got != language {
						t.Errorf("%s is in %s", what, got)
					}
					if dark := eval[bool](p, `getComputedStyle(document.body).backgroundColor.match(/\d+/)[0] < 100`); dark != (scheme == "dark") {
						t.Errorf("%s is dark: %v", what, dark)
					}
					if page != "/" {
						p.until("the charts are drawn", `document.querySelectorAll("#history canvas").length >= 3`)
					}
					p.accessible(t, what)
					name := map[string]string{"/": "overview", "/groups/web": "group"}[page]
					p.size(1280, map[string]int64{"overview": 1000, "group": 2200}[name])
					p.picture(fmt.Sprintf("dashboard-%s-%s-%s", name, scheme, language))
					for _, width := range []int64{390, 320} {
						p.size(width, 800)
						if over := eval[int](p, `document.documentElement.scrollWidth - innerWidth`); over > 0 {
							t.Errorf("%s is %d pixels too wide for a screen of %d", what, over, width)
						}
					}
				}
			}
		}
		p.size(390, 844)
		p.accessible(t, "a phone")
		p.open(r.url("/"))
		p.until("trends are drawn", `document.querySelectorAll(".spark path").length > 0`)
		p.picture("dashboard-phone-dark-ja")
		p.size(1280, 900)
	})

	t.Run("keeps the theme that was chosen", func(t *testing.T) {
		p.scheme("light")
		p.prefer("en")
		p.open(r.url("/"))
		p.click("#theme")
		p.open(r.url("/groups/web"))
		if eval[string](p, `document.documentElement.dataset.theme`) != "dark" {
			t.Error("the next page forgot the theme")
		}
		p.click("#theme")
	})

	t.Run("asks nobody else and breaks no rule", p.blameless)

	t.Run("says when the connection is lost, and comes back", func(t *testing.T) {
		p.open(r.url("/groups/web"))
		p.until("it is told something", `document.querySelectorAll("#instances tbody tr").length > 0`)
		if err := r.daemon.Process.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		p.within(20*time.Second, "a daemon that hangs is noticed", `/Connection lost; the data is from \d\d:\d\d/.test(document.getElementById("link").textContent)`)
		stop(r.daemon)
		r.run()
		p.within(35*time.Second, "the page is connected again", `document.getElementById("link").textContent === ""`)
	})
}

// history lets the group have some, for pictures.
func history(r *rig) {
	if os.Getenv("SHOTS") == "" {
		return
	}
	for _, jobs := range []float64{51, 58, 66, 71, 74, 69, 64, 55, 47, 38, 33, 29, 33, 41, 57} {
		r.push("web/jobs", jobs)
		time.Sleep(2500 * time.Millisecond)
	}
	for range 60 { // until the last of them serve
		if g := r.group("web"); g.Desired == 6 && g.Serving == 6 {
			break
		}
		time.Sleep(500 * time.Millisecond)
	}
}
