package cloudtest

import (
	"maps"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/cloud"
)

var machineBehaviours = []behaviour{
	{"an order names new machines that the listing comes to show", orderAppears},
	{"a new machine is described as preparing, or not found, until it is in service", describeWhilePreparing},
	{"a label is read back and belongs to one machine", labelRoundTrip},
	{"a prepared machine starts, has an address, stops and starts again", powerCycle},
	{"a machine that is on can be stopped by force", forcedStop},
	{"a machine stands where it stands", location},
	{"a released machine shows the day on which it ends", release},
	{"paid periods follow each other without gap", billing},
	{"preparations have names fit for a record", preparationNames},
	{"credentials work with their own account alone", access},
	{"reading changes nothing", readingChangesNothing},
}

func orderAppears(t *testing.T, f Fixture) {
	before := f.list(t)
	codes, err := f.Writer.Order(t.Context(), f.Template, 2)
	must(t, err)
	if len(codes) != 2 || codes[0] == codes[1] {
		t.Fatalf("ordered 2 machines, got the codes %q", codes)
	}
	for _, code := range codes {
		if slices.ContainsFunc(before, func(m cloud.Machine) bool { return m.Code == code }) {
			t.Fatalf("%s was there before the order", code)
		}
		eventually(t, code+" is listed and in service", func() bool {
			machine, _ := f.find(t, code)
			return machine.Contract == cloud.ContractInService
		})
	}
	if after := f.list(t); len(after) != len(before)+2 {
		t.Errorf("%d machines became %d", len(before), len(after))
	}
}

func describeWhilePreparing(t *testing.T, f Fixture) {
	codes, err := f.Writer.Order(t.Context(), f.Template, 1)
	must(t, err)
	eventually(t, codes[0]+" is in service", func() bool {
		machine, err := f.Writer.Describe(t.Context(), codes[0])
		switch {
		case cloud.ClassOf(err) == cloud.ClassNotFound:
			return false
		case err != nil:
			t.Fatal(err)
		case machine.Code != codes[0]:
			t.Fatalf("described %q instead of %q", machine.Code, codes[0])
		case machine.Contract != cloud.ContractPreparing && machine.Contract != cloud.ContractInService:
			t.Fatalf("a new machine has the contract state %v", machine.Contract)
		}
		return machine.Contract == cloud.ContractInService
	})
}

func labelRoundTrip(t *testing.T, f Fixture) {
	codes := f.order(t, 2)
	if kind, err := f.Writer.Type(t.Context(), codes[0]); err != nil || kind != f.Template.Type {
		t.Errorf("type %q, want %q: %v", kind, f.Template.Type, err)
	}
	other, _, err := f.Writer.Label(t.Context(), codes[1])
	must(t, err)
	label := "as:installation-1:web:" + codes[0]
	for range 2 { // a repeat is safe
		must(t, f.Writer.SetLabel(t.Context(), codes[0], label))
	}
	got, stop, err := f.Writer.Label(t.Context(), codes[0])
	if err != nil || got != label || !stop.IsZero() {
		t.Errorf("label %q with end %v, want %q and none: %v", got, stop, label, err)
	}
	if machine, _ := f.find(t, codes[0]); machine.Label != label {
		t.Errorf("the listing shows the label %q, want %q", machine.Label, label)
	}
	if got, _, err := f.Writer.Label(t.Context(), codes[1]); err != nil || got != other {
		t.Errorf("the other machine's label %q became %q: %v", other, got, err)
	}
}

func powerCycle(t *testing.T, f Fixture) {
	codes := f.order(t, 2)
	addresses := map[string]bool{}
	for _, code := range codes {
		f.prepare(t, code)
		machine := f.run(t, code)
		if !machine.Address.IsValid() || machine.Contract != cloud.ContractInService {
			t.Errorf("on, yet without address or contract: %+v", machine)
		}
		addresses[machine.Address.String()] = true
	}
	if len(addresses) != 2 {
		t.Errorf("two machines have the addresses %v", slices.Collect(maps.Keys(addresses)))
	}
	must(t, f.Writer.Stop(t.Context(), codes[0], false))
	f.settle(t, codes[0], cloud.PowerOff)
	if listed, _ := f.find(t, codes[0]); listed.Power != cloud.PowerOff || listed.Contract != cloud.ContractInService {
		t.Errorf("stopped, yet listed as %v with contract %v", listed.Power, listed.Contract)
	}
	if machine := f.run(t, codes[0]); !addresses[machine.Address.String()] {
		t.Errorf("started again with another address, %v", machine.Address)
	}
	if listed, _ := f.find(t, codes[1]); listed.Power != cloud.PowerOn {
		t.Errorf("the other machine is %v", listed.Power)
	}
}

func forcedStop(t *testing.T, f Fixture) {
	code := f.order(t, 1)[0]
	f.prepare(t, code)
	f.run(t, code)
	must(t, f.Writer.Stop(t.Context(), code, true))
	f.settle(t, code, cloud.PowerOff)
}

func location(t *testing.T, f Fixture) {
	code := f.ready(t, 1)[0]
	where := f.run(t, code).Location
	if where == "" {
		t.Error("a machine that is on is described without its location")
	}
	if listed, _ := f.find(t, code); listed.Location != "" && listed.Location != where {
		t.Errorf("described in %q, listed in %q", where, listed.Location)
	}
	must(t, f.Writer.Stop(t.Context(), code, false))
	f.settle(t, code, cloud.PowerOff)
	if again := f.run(t, code).Location; again != where {
		t.Errorf("started again, it went from %q to %q", where, again)
	}
}

func access(t *testing.T, f Fixture) {
	must(t, f.Writer.Access(t.Context()))
	if err := f.Denied.Access(t.Context()); cloud.ClassOf(err) != cloud.ClassDenied {
		t.Errorf("another account's: class %v: %v", cloud.ClassOf(err), err)
	}
}

func release(t *testing.T, f Fixture) {
	codes := f.order(t, 2)
	f.settle(t, codes[0], cloud.PowerOff, cloud.PowerBlank)
	lastDay := f.Writer.Billing(time.Now()).LastDay
	must(t, f.Writer.Release(t.Context(), codes[0], lastDay))
	_, stop, err := f.Writer.Label(t.Context(), codes[0])
	if err != nil || !stop.Equal(lastDay) {
		t.Errorf("released with %v, reads back %v: %v", lastDay, stop, err)
	}
	if machine, listed := f.find(t, codes[0]); listed && !machine.Ending() {
		t.Errorf("the listing shows no end: %+v", machine)
	}
	if machine, _ := f.find(t, codes[1]); machine.Ending() {
		t.Errorf("the other machine ends, too: %+v", machine)
	}
}

func billing(t *testing.T, f Fixture) {
	now := time.Now()
	for range 100 {
		period := f.Writer.Billing(now)
		if !period.PeriodEnd.After(now) || !period.LastDay.Before(period.PeriodEnd) {
			t.Fatalf("the period around %v is %+v", now, period)
		}
		if last := f.Writer.Billing(period.PeriodEnd.Add(-1)); !last.PeriodEnd.Equal(period.PeriodEnd) {
			t.Fatalf("the period around %v ends at %v, its last instant's at %v", now, period.PeriodEnd, last.PeriodEnd)
		}
		now = period.PeriodEnd
	}
}

func preparationNames(t *testing.T, f Fixture) {
	seen := map[string]bool{}
	for _, preparation := range f.Writer.Preparations() {
		if !regexp.MustCompile(`^[a-z][a-z0-9_]*$`).MatchString(preparation.Name) || seen[preparation.Name] {
			t.Errorf("the name %q is no lower_snake_case, or not unique", preparation.Name)
		}
		if preparation.Repeat == cloud.RepeatNever {
			t.Errorf("%s must never be repeated, but a lost fact makes it so", preparation.Name)
		}
		seen[preparation.Name] = true
	}
}

func readingChangesNothing(t *testing.T, f Fixture) {
	before := f.list(t)
	must(t, f.Writer.Access(t.Context()))
	for _, machine := range before {
		_, err := f.Writer.Describe(t.Context(), machine.Code)
		must(t, err)
		_, _, err = f.Writer.Label(t.Context(), machine.Code)
		must(t, err)
	}
	_, err := f.Balancer.Nodes(t.Context())
	must(t, err)
	if after := f.list(t); !slices.Equal(before, after) {
		t.Errorf("%+v became %+v", before, after)
	}
}
