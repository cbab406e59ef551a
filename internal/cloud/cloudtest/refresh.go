package cloudtest

import (
	"testing"

	"github.com/autoscaled/autoscaled/internal/cloud"
)

var refreshBehaviours = []behaviour{
	{"a refreshed machine has the template's content, and stays who it is", refresh},
	{"a machine can be prepared and refreshed as often as the template changes", refreshAgain},
	{"a machine being refreshed is busy, and so is the template", refreshIsBusy},
}

// contents tells what is on the disk of each listed machine.
func (f Fixture) contents(t *testing.T) map[string]string {
	t.Helper()
	contents := map[string]string{}
	for _, machine := range f.list(t) {
		contents[machine.Code] = f.Content(machine.Code)
	}
	return contents
}

// refresh overwrites a machine and waits until it and the template are off again.
func (f Fixture) refresh(t *testing.T, code string) {
	t.Helper()
	must(t, f.Writer.Refresh(t.Context(), code, f.Template))
	f.settle(t, f.Template.Source, cloud.PowerOff)
	f.settle(t, code, cloud.PowerOff, cloud.PowerBlank)
}

// prepareDisk does again what overwriting the disk has undone.
func (f Fixture) prepareDisk(t *testing.T, code string) {
	t.Helper()
	for _, preparation := range f.Writer.Preparations() {
		if preparation.OnDisk {
			_, err := f.Writer.Prepare(t.Context(), code, preparation.Name)
			must(t, err)
			f.settle(t, code, cloud.PowerOff, cloud.PowerBlank)
		}
	}
	f.settle(t, code, cloud.PowerOff)
}

func refresh(t *testing.T, f Fixture) {
	codes := f.ready(t, 2)
	code, label := codes[0], "as:installation-1:web:"+codes[0]
	must(t, f.Writer.SetLabel(t.Context(), code, label))
	before := f.run(t, code)
	must(t, f.Writer.Stop(t.Context(), code, false))
	f.settle(t, code, cloud.PowerOff)

	must(t, f.SetContent(f.Template.Source, "new"))
	want := f.contents(t)
	want[code] = "new"
	f.Template.Version = "v2" // a name for people, which the cloud does not know
	f.refresh(t, code)
	for other, got := range f.contents(t) {
		if got != want[other] {
			t.Errorf("the disk of %s holds %q, want %q", other, got, want[other])
		}
	}

	f.prepareDisk(t, code)
	if after := f.run(t, code); after.Address != before.Address || after.Type != before.Type || after.Location != before.Location || after.Contract != before.Contract {
		t.Errorf("%+v became %+v", before, after)
	}
	if got, stop, err := f.Writer.Label(t.Context(), code); err != nil || got != label || !stop.IsZero() {
		t.Errorf("label %q with end %v, want %q and none: %v", got, stop, label, err)
	}
}

func refreshAgain(t *testing.T, f Fixture) {
	code := f.ready(t, 1)[0]
	for _, content := range []string{"v2", "v3", "v2"} {
		must(t, f.SetContent(f.Template.Source, content))
		f.refresh(t, code)
		f.prepareDisk(t, code)
		if got := f.Content(code); got != content {
			t.Errorf("the disk holds %q, want %q", got, content)
		}
	}
	f.run(t, code)
}

func refreshIsBusy(t *testing.T, f Fixture) {
	codes := f.ready(t, 2)
	must(t, f.Writer.Refresh(t.Context(), codes[0], f.Template))
	for name, err := range map[string]error{
		"the same again":               f.Writer.Refresh(t.Context(), codes[0], f.Template),
		"a second from the template":   f.Writer.Refresh(t.Context(), codes[1], f.Template),
		"starting what is overwritten": f.Writer.Start(t.Context(), codes[0]),
	} {
		if !isRefused(err) {
			t.Errorf("%s: class %v: %v", name, cloud.ClassOf(err), err)
		}
	}
	f.settle(t, f.Template.Source, cloud.PowerBusy)
	f.settle(t, codes[0], cloud.PowerBusy)
	f.settle(t, f.Template.Source, cloud.PowerOff)
	f.settle(t, codes[0], cloud.PowerOff, cloud.PowerBlank)
	f.refresh(t, codes[1])
}
