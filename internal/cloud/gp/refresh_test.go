package gp_test

import (
	"net/url"
	"testing"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/cloud/gp"
)

var v2 = cloud.Template{Source: template, Type: "V40", Version: "v2"}

func TestARefreshNamesBothMachinesAndNothingElse(t *testing.T) {
	t.Parallel()
	client, server := newClient(t, script{"CloneVirtualMachine": says(`{
		"Source":{"GcServiceCode":"gc00000001","Current":{"Status":"LockForCloning"},"Previous":{"Status":"Stopped"}},
		"Destination":{"GcServiceCode":"gc00000002","Current":{"Status":"Cloning"},"Previous":{"Status":"Stopped"}}}`)})
	writer := gp.NewWriter(client, gp.Options{GpServiceCode: mainContract})
	if err := writer.Refresh(t.Context(), "gc00000002", v2); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"GpServiceCode": mainContract, "SrcGcServiceCode": template, "DestGcServiceCode": "gc00000002", "VirtualMachineType": "",
	} {
		if got := server.sent[0].Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
}

func TestARefreshThatCannotBeIsNotSent(t *testing.T) {
	t.Parallel()
	client, server := newClient(t, script{"CloneVirtualMachine": says(`{}`)})
	writer := gp.NewWriter(client, gp.Options{GpServiceCode: mainContract})
	for name, err := range map[string]error{
		"of the template":    writer.Refresh(t.Context(), template, v2),
		"of nothing":         writer.Refresh(t.Context(), "", v2),
		"from nothing":       writer.Refresh(t.Context(), "gc00000002", cloud.Template{}),
		"of and from nobody": writer.Refresh(t.Context(), "", cloud.Template{}),
	} {
		if cloud.ClassOf(err) != cloud.ClassInvalid {
			t.Errorf("%s: class %v: %v", name, cloud.ClassOf(err), err)
		}
	}
	if len(server.sent) != 0 {
		t.Errorf("sent %v", server.sent)
	}
}

func TestARefreshOfAnotherMachineThanAskedForIsOfUnknownOutcome(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]cloud.Class{
		`{"Destination":{"GcServiceCode":"gc00000002"}}`: cloud.ClassNone,
		`{"Source":{"GcServiceCode":"gc00000001"}}`:      cloud.ClassNone,
		`{"Destination":{"GcServiceCode":"gc00000003"}}`: cloud.ClassUnknownOutcome,
		`{"Destination":{"GcServiceCode":"gc00000001"}}`: cloud.ClassUnknownOutcome,
	} {
		err := newWriter(t, script{"CloneVirtualMachine": says(answer)}).Refresh(t.Context(), "gc00000002", v2)
		if cloud.ClassOf(err) != want {
			t.Errorf("answer %s: class %v: %v", answer, cloud.ClassOf(err), err)
		}
	}
	err := newWriter(t, script{"CloneVirtualMachine": func(url.Values) string { return "" }}).Refresh(t.Context(), "gc00000002", v2)
	if cloud.ClassOf(err) != cloud.ClassInvalid {
		t.Errorf("a refusal: class %v: %v", cloud.ClassOf(err), err)
	}
}
