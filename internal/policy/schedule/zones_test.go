package schedule_test

import (
	"cmp"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/raced"

	"github.com/robfig/cron/v3"

	"github.com/autoscaled/autoscaled/internal/policy/schedule"
)

// zonesMin is how many zones with a history of their own must be found, so that the test
// cannot pass by seeing none.
const zonesMin = 40

const day = 24 * 60 * 60 // seconds

// move is an instant, in Unix seconds, at which the clocks of a zone are moved.
type move struct {
	at            int64
	before, after int64 // offsets in seconds
}

func offset(zone *time.Location, t int64) int64 {
	_, offset := time.Unix(t, 0).In(zone).Zone()
	return int64(offset)
}

// moves are those of the years from first to last.
func moves(zone *time.Location, first, last int) []move {
	const step = 12 * 60 * 60
	var all []move
	end := time.Date(last+1, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	for t := time.Date(first, 1, 1, 0, 0, 0, 0, time.UTC).Unix(); t < end; t += step {
		before, after := offset(zone, t), offset(zone, t+step)
		if before == after {
			continue
		}
		low, high := t, t+step
		for high-low > 1 {
			if middle := (low + high) / 2; offset(zone, middle) == before {
				low = middle
			} else {
				high = middle
			}
		}
		all = append(all, move{at: high, before: before, after: after})
	}
	return all
}

// zones is every zone of the system's database whose clocks are moved from 2020 to 2030,
// one for each history.
func zones(t *testing.T) map[string][]move {
	t.Helper()
	const root = "/usr/share/zoneinfo"
	seen, all := map[string]bool{}, map[string][]move{}
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasPrefix(name, "right/") || strings.HasPrefix(name, "posix/") {
			return err
		}
		zone, err := time.LoadLocation(name)
		if err != nil || name == "localtime" || name == "Local" {
			return nil //nolint:nilerr // not a zone, but one of the files beside them
		}
		found := moves(zone, 2020, 2030)
		if history := fmt.Sprint(found); len(found) > 0 && !seen[history] {
			seen[history], all[name] = true, found
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < zonesMin {
		t.Fatalf("%d zones in %s move their clocks, expected at least %d: install tzdata", len(all), root, zonesMin)
	}
	return all
}

// watch is what somebody sees who looks at a clock every minute around a move, and so
// knows which windows hold without arithmetic.
type watch struct {
	move  move
	asked int64   // minutes around the move at which the schedule is asked
	from  int64   // when the first look is
	until int64   // when there are no more
	walls []int64 // what the clock shows at each
}

const (
	forMax   = 26 * 60 // minutes of the longest window that is tried
	nearMove = 3 * 60  // minutes around a move at which the schedule is asked at each
)

func watchMove(zone *time.Location, m move, asked int64) watch {
	w := watch{move: m, asked: asked, from: m.at - (asked+forMax)*60, until: m.at + (asked+forMax)*60}
	for t := w.from; t < w.until; t += 60 {
		w.walls = append(w.walls, t+offset(zone, t))
	}
	return w
}

// windows are those of a schedule that begin while the clock is watched, by the begin.
func (w watch) windows(t *testing.T, spec schedule.Spec) [][2]int64 {
	begins := w.begins(t, spec)
	ends := map[int64]int64{} // by the wall time
	reached := w.walls[0]
	for i, wall := range w.walls {
		for ; reached < wall; reached += 60 {
			ends[reached+60] = w.from + int64(i)*60
		}
	}
	until, _ := time.Parse("15:04", spec.Until)
	var all [][2]int64
	for _, b := range begins {
		end := b[0] + int64(spec.For/time.Second)
		if spec.Until != "" {
			wall := b[1] + 60
			for (wall%day+day)%day/60 != int64(until.Hour()*60+until.Minute()) {
				wall += 60
			}
			var known bool
			if end, known = ends[wall]; !known {
				end = 1 << 62 // after the watch has ended
			}
		}
		all = append(all, [2]int64{b[0], end})
	}
	return all
}

// begins are the instants and wall times at which windows begin.
func (w watch) begins(t *testing.T, spec schedule.Spec) [][2]int64 {
	matches := w.matches(t, spec)
	everyHour := strings.Fields(spec.Cron)[1] == "*"
	var all [][2]int64
	reached := w.walls[0]
	for i, wall := range w.walls {
		at := w.from + int64(i)*60
		if everyHour {
			if matches[wall] {
				all = append(all, [2]int64{at, wall})
			}
			continue
		}
		for ; reached < wall; reached += 60 {
			if matches[reached+60] {
				all = append(all, [2]int64{at, reached + 60})
			}
		}
	}
	return all
}

// matches are the wall times a cron names, as the library has them where no clock is ever
// moved.
func (w watch) matches(t *testing.T, spec schedule.Spec) map[int64]bool {
	t.Helper()
	parsed, err := cron.ParseStandard("TZ=UTC " + spec.Cron)
	if err != nil {
		t.Fatal(err)
	}
	all := map[int64]bool{}
	for at := time.Unix(w.walls[0]-day, 0).UTC(); at.Unix() < w.walls[len(w.walls)-1]+day; {
		at = parsed.Next(at)
		date := at.Format(time.DateOnly)
		all[at.Unix()] = !slices.Contains(spec.Except, date) && (len(spec.Only) == 0 || slices.Contains(spec.Only, date))
	}
	return all
}

// holding is the window that began last, if it holds at t.
func holding(windows [][2]int64, t int64) (last [2]int64, holds bool) {
	begun, _ := slices.BinarySearchFunc(windows, t+1, func(w [2]int64, t int64) int { return cmp.Compare(w[0], t) })
	if begun == 0 || t >= windows[begun-1][1] {
		return last, false
	}
	return windows[begun-1], true
}

// schedulesAround are those that are tried at a move: some with times that it touches.
func schedulesAround(m move, random *rand.Rand) []schedule.Spec {
	wall := func() time.Time { // shown twice, skipped or near
		moved := max(m.before-m.after, m.after-m.before) / 60
		return time.Unix(m.at+min(m.before, m.after)+(random.Int64N(3*moved)-moved)*60, 0).UTC()
	}
	once := func() string { at := wall(); return fmt.Sprintf("%d %d * * *", at.Minute(), at.Hour()) }
	date := time.Unix(m.at+m.before, 0).UTC().Format(time.DateOnly)
	return []schedule.Spec{
		{Cron: "* * * * *", For: time.Minute},
		{Cron: "*/15 * * * *", For: 5 * time.Minute},
		{Cron: "7,37 * * * *", For: 30 * time.Minute},
		{Cron: "0 * * * *", For: 20 * time.Minute, Only: []string{date}},
		{Cron: "*/10 0-4,22,23 * * *", For: 5 * time.Minute},
		{Cron: "*/5 0-4,22,23 * * *", For: 5 * time.Minute, Except: []string{date}},
		{Cron: "*/20 0-3,22,23 * * *", Until: "02:50"},
		{Cron: "30 2 * * *", For: 30 * time.Minute},
		{Cron: "0 0 * * *", For: 24 * time.Hour},
		{Cron: "0 0 * * *", Until: "00:00", Only: []string{date}},
		{Cron: "0 8 * * *", Until: "18:00"},
		{Cron: once(), For: time.Duration(1+random.IntN(180)) * time.Minute},
		{Cron: once(), For: time.Duration(forMax-random.IntN(240)) * time.Minute},
		{Cron: once(), Until: wall().Format("15:04")},
		{Cron: once(), Until: wall().Format("15:04"), Only: []string{date}},
	}
}

func TestEveryMoveOfEveryClockIsAnsweredAsSomebodyWatchingItWould(t *testing.T) {
	t.Parallel()
	seed := chosenSeed(t)
	for name, moved := range zones(t) {
		if raced.Passes(6) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, uint64(moved[0].at)))
			zone, err := time.LoadLocation(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range moved {
				w := watchMove(zone, m, 10*60)
				specs := schedulesAround(m, random)
				for _, i := range random.Perm(len(specs))[:4] {
					spec := specs[i]
					spec.Zone = name
					w.compare(t, spec)
					if t.Failed() {
						return
					}
				}
			}
		})
	}
}

// oddMoves are years in which a zone moved its clocks by other than an hour.
var oddMoves = map[string]int{
	"Pacific/Apia":        1892, // back by a day
	"Pacific/Kwajalein":   1969, // back by 23 hours
	"Antarctica/Vostok":   1994, // back by 7 hours
	"Pacific/Nauru":       1942, // back by 2:30
	"Antarctica/Troll":    2027, // by 2 hours, as every year
	"Asia/Singapore":      1945, // back by 1:30
	"Australia/Lord_Howe": 2027, // by half an hour, as every year
	"Asia/Manila":         1844, // on by a day
}

func TestOddMovesOfClocksAreAnsweredAsSomebodyWatchingThemForDaysWould(t *testing.T) {
	t.Parallel()
	seed := chosenSeed(t)
	for name, year := range oddMoves {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, uint64(year)))
			zone, err := time.LoadLocation(name)
			if err != nil {
				t.Fatal(err)
			}
			moved := moves(zone, year, year)
			if len(moved) == 0 {
				t.Fatalf("the clocks were not moved in %d: install tzdata", year)
			}
			for _, m := range moved {
				w := watchMove(zone, m, 50*60) // a day, one more by which clocks are moved, and some
				for _, spec := range schedulesAround(m, random) {
					spec.Zone = name
					w.compare(t, spec)
				}
			}
		})
	}
}

// compare asks a schedule around the move what holds and when that changes.
func (w watch) compare(t *testing.T, spec schedule.Spec) {
	t.Helper()
	s, want := parse(t, spec), w.windows(t, spec)
	var change int64 // the next one that is known
	for minute := w.asked; minute >= -w.asked; minute-- {
		at := w.move.at + minute*60
		expected, holds := holding(want, at)
		if _, after := holding(want, at+60); after != holds {
			change = at + 60
		}
		if (minute < -nearMove || minute > nearMove) && minute%37 != 0 {
			continue
		}
		got, ok := s.At(time.Unix(at, 0))
		if ok != holds || ok && (got.Begin.Unix() != expected[0] || got.End.Unix() != expected[1] && expected[1] < w.until) {
			t.Errorf("%+v at %v: %s holds, want %v %s/%s", spec, utc(time.Unix(at, 0)), shown(got, ok), holds, utc(time.Unix(expected[0], 0)), utc(time.Unix(expected[1], 0)))
			return
		}
		if change == 0 {
			continue
		}
		if next, ok := s.Next(time.Unix(at, 0)); !ok || next.Unix() != change {
			t.Errorf("%+v after %v: the next change is at %s, %v, want %s", spec, utc(time.Unix(at, 0)), utc(next), ok, utc(time.Unix(change, 0)))
			return
		}
	}
}
