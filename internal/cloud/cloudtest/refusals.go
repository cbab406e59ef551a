package cloudtest

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/cloud"
)

var refusalBehaviours = []behaviour{
	{"an absent machine is not found", absentNotFound},
	{"a change of an absent machine is refused", absentChangeRefused},
	{"a refresh that the machines' states do not allow changes nothing", wrongRefresh},
	{"an order from an absent template buys nothing", absentTemplate},
	{"an order of no machines buys nothing", emptyOrder},
	{"an unknown preparation is invalid", unknownPreparation},
	{"an ended context ends every call", endedContext},
}

// isSettled holds for a success and for a refusal that no repeat would cure.
func isSettled(err error) bool {
	switch cloud.ClassOf(err) {
	case cloud.ClassTransient, cloud.ClassThrottled, cloud.ClassUnknownOutcome:
		return false
	default:
		return true
	}
}

func isRefused(err error) bool { return err != nil && isSettled(err) }

func absentNotFound(t *testing.T, f Fixture) {
	if _, err := f.Writer.Describe(t.Context(), f.Absent); cloud.ClassOf(err) != cloud.ClassNotFound {
		t.Errorf("Describe: class %v: %v", cloud.ClassOf(err), err)
	}
	if _, _, err := f.Writer.Label(t.Context(), f.Absent); cloud.ClassOf(err) != cloud.ClassNotFound {
		t.Errorf("Label: class %v: %v", cloud.ClassOf(err), err)
	}
}

func absentChangeRefused(t *testing.T, f Fixture) {
	ctx := t.Context()
	errs := map[string]error{
		"SetLabel": f.Writer.SetLabel(ctx, f.Absent, "x"),
		"Start":    f.Writer.Start(ctx, f.Absent),
		"Stop":     f.Writer.Stop(ctx, f.Absent, false),
		"Refresh":  f.Writer.Refresh(ctx, f.Absent, f.Template),
		"Release":  f.Writer.Release(ctx, f.Absent, f.Writer.Billing(time.Now()).LastDay),
	}
	for _, preparation := range f.Writer.Preparations() {
		_, errs["Prepare "+preparation.Name] = f.Writer.Prepare(ctx, f.Absent, preparation.Name)
	}
	for name, err := range errs {
		if !isRefused(err) {
			t.Errorf("%s: class %v: %v", name, cloud.ClassOf(err), err)
		}
	}
}

func wrongRefresh(t *testing.T, f Fixture) {
	codes := f.ready(t, 2)
	on, off := codes[0], codes[1]
	f.run(t, on)
	before, contents := f.list(t), f.contents(t)
	from := func(source string) cloud.Template { return cloud.Template{Source: source, Type: f.Template.Type} }
	for name, refresh := range map[string]struct {
		code     string
		template cloud.Template
	}{
		"of a machine that is on":     {on, f.Template},
		"from a machine that is on":   {off, from(on)},
		"from one that is absent":     {off, from(f.Absent)},
		"of a machine from itself":    {off, from(off)},
		"of the template from itself": {f.Template.Source, f.Template},
	} {
		if err := f.Writer.Refresh(t.Context(), refresh.code, refresh.template); !isRefused(err) {
			t.Errorf("%s: class %v: %v", name, cloud.ClassOf(err), err)
		}
	}
	time.Sleep(patience)
	if after := f.list(t); !slices.Equal(before, after) {
		t.Errorf("%+v became %+v", before, after)
	}
	if after := f.contents(t); !maps.Equal(contents, after) {
		t.Errorf("%v became %v", contents, after)
	}
}

func absentTemplate(t *testing.T, f Fixture) {
	wantNothingBought(t, f, cloud.Template{Source: f.Absent, Type: f.Template.Type}, 1)
}

func emptyOrder(t *testing.T, f Fixture) {
	wantNothingBought(t, f, f.Template, 0)
	wantNothingBought(t, f, f.Template, -1)
}

func wantNothingBought(t *testing.T, f Fixture, template cloud.Template, count int) {
	t.Helper()
	before := f.list(t)
	codes, err := f.Writer.Order(t.Context(), template, count)
	if !isRefused(err) || len(codes) != 0 {
		t.Errorf("order of %d from %+v: codes %q, class %v: %v", count, template, codes, cloud.ClassOf(err), err)
	}
	time.Sleep(patience)
	if after := f.list(t); !slices.Equal(before, after) {
		t.Errorf("%+v became %+v", before, after)
	}
}

func unknownPreparation(t *testing.T, f Fixture) {
	if _, err := f.Writer.Prepare(t.Context(), f.Template.Source, "no_such_preparation"); cloud.ClassOf(err) != cloud.ClassInvalid {
		t.Errorf("class %v: %v", cloud.ClassOf(err), err)
	}
}

func endedContext(t *testing.T, f Fixture) {
	ctx, source := over(t), f.Template.Source
	before := f.list(t)
	_, listErr := f.Writer.List(ctx)
	_, describeErr := f.Writer.Describe(ctx, source)
	_, orderErr := f.Writer.Order(ctx, f.Template, 1)
	_, nodesErr := f.Balancer.Nodes(ctx)
	for name, err := range map[string]error{
		"List": listErr, "Describe": describeErr, "Order": orderErr, "Nodes": nodesErr,
		"Access":   f.Writer.Access(ctx),
		"SetLabel": f.Writer.SetLabel(ctx, source, "x"),
		"Refresh":  f.Writer.Refresh(ctx, before[len(before)-1].Code, f.Template),
	} {
		if err == nil {
			t.Errorf("%s succeeded", name)
		}
	}
	time.Sleep(patience)
	if after := f.list(t); !slices.Equal(before, after) {
		t.Errorf("%+v became %+v", before, after)
	}
}
