package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/record"
	"github.com/autoscaled/autoscaled/internal/store/history"
)

// recorded makes a history of group web in a directory: 3 instances until the load rises
// at the tenth of twenty evaluations, a minute apart, of which the last is at end.
func recorded(t *testing.T, end time.Time) (directory string) {
	t.Helper()
	directory = filepath.Join(t.TempDir(), "history")
	kept, err := history.Open(history.Options{Directory: directory})
	if err != nil {
		t.Fatal(err)
	}
	spec := policy.Spec{Min: 1, Max: 9, Gap: 5 * time.Minute, Policies: policy.Targets(policy.Target{Name: "target/jobs", Signal: "jobs", Value: 10, Quorum: 1})}
	recorder, err := record.NewRecorder(&spec, func(at time.Time, kind byte, payload []byte) bool { return kept.Append("web", at, kind, payload) })
	if err != nil {
		t.Fatal(err)
	}
	var memory policy.Memory
	size := 3
	for n := range 20 {
		now := end.Add(time.Duration(n-19) * time.Minute)
		load := 28.0
		if n >= 10 {
			load = 55
		}
		inputs := policy.Observation{Size: policy.Size{Count: size}, Signals: []policy.Signal{{Name: "jobs", Group: policy.ValueAt(load, now)}}}.Inputs()
		before := memory.Clone()
		decision := policy.Decide(&spec, &inputs, now, &memory)
		recorder.Add(&inputs, &before, &memory, decision)
		size = decision.Desired.Count
	}
	recorder.Note(end, "pause by sato: moving the racks")
	if err := kept.Close(); err != nil {
		t.Fatal(err)
	}
	return directory
}

// pastOf lets a fake fleet show what is recorded there.
func pastOf(t *testing.T, directory string) []record.Item {
	t.Helper()
	var items []record.Item
	for item, err := range record.Read(history.Read(directory, "web", time.Time{}, time.Time{})) {
		if err != nil {
			t.Fatal(err)
		}
		items = append(items, item)
	}
	return items
}

func TestExplainSaysWhatWasWantedWhatCameOfItAndWhatWouldHaveAlteredIt(t *testing.T) {
	t.Parallel()
	end := time.Now().Add(-time.Minute)
	directory := recorded(t, end)
	socket := serve(t, &fakeFleet{past: pastOf(t, directory)})
	for name, source := range map[string][]string{"the daemon": {"--socket", socket}, "the files": {"--history", directory}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, _, err := execute(t, append([]string{"explain", "web"}, source...)...)
			if err != nil {
				t.Fatal(err)
			}
			for _, says := range []string{
				end.UTC().Format(time.RFC3339) + ": from 6 to 6 (steady): the policies want the present size\n",
				"\npolicy target/jobs wants 6: jobs is 55, target 10\n",
				"\ntogether the policies want 6\n",
				"\nthe smallest change that would have altered it: with jobs at 50 in place of 55 it would be 5 (want)\n",
			} {
				if !strings.Contains(out, says) {
					t.Errorf("it lacks %q:\n%s", says, out)
				}
			}
		})
	}
	out, _, err := execute(t, "explain", "web", "--history", directory, "--at", end.Add(-9*time.Minute).Local().Format("2006-01-02 15:04:05"))
	if err != nil || !strings.Contains(out, "from 3 to 3") && !strings.Contains(out, "from 3 to 6 (want)") {
		t.Errorf("ten minutes before: %v\n%s", err, out)
	}
	out, _, err = execute(t, "explain", "web", "--history", directory, "--json")
	var explained record.Explained
	if err != nil || json.Unmarshal([]byte(out), &explained) != nil || explained.Explanation.Nearest.Desired != 5 || explained.State != record.Verified {
		t.Errorf("as JSON: %v\n%s", err, out)
	}
}

func TestExplainOfWhatIsNotKeptSaysSo(t *testing.T) {
	t.Parallel()
	directory := recorded(t, time.Now())
	for want, line := range map[string][]string{
		"holds no decision of group db":       {"explain", "db", "--history", directory},
		"holds no decision of group web":      {"explain", "web", "--history", directory, "--at", "2020-01-01T00:00:00Z"},
		"is no time: write for example 03:12": {"explain", "web", "--history", directory, "--at", "yesterday"},
	} {
		if _, _, err := execute(t, line...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: want %q, got %v", line, want, err)
		}
	}
}

func TestHistoryListsChangesReasonsAndOrders(t *testing.T) {
	t.Parallel()
	end := time.Now().Add(-time.Minute)
	directory := recorded(t, end)
	socket := serve(t, &fakeFleet{past: pastOf(t, directory)})
	for name, source := range map[string][]string{"the daemon": {"--socket", socket}, "the files": {"--history", directory}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, _, err := execute(t, append([]string{"history", "web"}, source...)...)
			if err != nil {
				t.Fatal(err)
			}
			at := func(n int) string {
				return end.Add(time.Duration(n-19) * time.Minute).Local().Format("2006-01-02 15:04:05")
			}
			want := at(0) + "  3, the policies want the present size\n" +
				at(10) + "  3 → 6 (6 wanted), the policies want exactly this\n" +
				at(11) + "  6, the policies want the present size\n" +
				at(19) + "  pause by sato: moving the racks\n"
			if out != want {
				t.Errorf("got\n%swant\n%s", out, want)
			}
			if out, _, err = execute(t, append([]string{"history", "web", "--all"}, source...)...); err != nil || strings.Count(out, "\n") != 21 {
				t.Errorf("all: %v\n%s", err, out)
			}
		})
	}
	out, _, err := execute(t, "history", "web", "--history", directory, "--since", "5m30s", "--json")
	var moments record.Moments
	if err != nil || json.Unmarshal([]byte(out), &moments) != nil || len(moments.Moments) != 1 || moments.Moments[0].Note == "" {
		t.Errorf("the last minutes: %v\n%s", err, out)
	}
}

func TestVerifyNamesWhatWasChanged(t *testing.T) {
	t.Parallel()
	directory := recorded(t, time.Now())
	out, _, err := execute(t, "history", "verify", "--history", directory)
	if err != nil || !strings.HasPrefix(out, "22 entries are as they were written (groups: 1, segments: 1, bytes: ") {
		t.Fatalf("%v\n%s", err, out)
	}
	files, err := filepath.Glob(filepath.Join(directory, "*.log"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	content, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	content[len(content)/3] ^= 1
	if err := os.WriteFile(files[0], content, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, _, err = execute(t, "history", "verify", "--history", directory); err == nil || err.Error() != "the history is damaged" || !strings.Contains(out, "\n! ") {
		t.Errorf("%v\n%s", err, out)
	}
	out, _, err = execute(t, "history", "verify", "--history", directory, "-o", "json")
	var v verdict
	if err == nil || json.Unmarshal([]byte(out), &v) != nil || len(v.Damage) != 1 || v.Groups != 1 || v.Entries == 0 {
		t.Errorf("error is %v, as JSON\n%s", err, out)
	}
	if _, _, err := execute(t, "history", "verify", "--history", t.TempDir()); err == nil {
		t.Error("an empty directory is verified")
	}
}

func TestATimeIsReadAsAPersonMeansIt(t *testing.T) {
	t.Parallel()
	tokyo := time.FixedZone("JST", 9*3600)
	now := time.Date(2026, 4, 1, 9, 30, 0, 0, tokyo)
	for text, want := range map[string]time.Time{
		"":                          now,
		"03:12":                     time.Date(2026, 4, 1, 3, 12, 0, 0, tokyo),
		"03:12:07":                  time.Date(2026, 4, 1, 3, 12, 7, 0, tokyo),
		"23:59":                     time.Date(2026, 3, 31, 23, 59, 0, 0, tokyo), // yesterday's
		"2026-03-01 10:00":          time.Date(2026, 3, 1, 10, 0, 0, 0, tokyo),
		"2026-03-01T10:00:00+00:00": time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC),
	} {
		if got, err := momentOf(text, now); err != nil || !got.Equal(want) {
			t.Errorf("%q is %v (%v), want %v", text, got, err, want)
		}
	}
}
