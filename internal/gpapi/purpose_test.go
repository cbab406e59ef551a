package gpapi

import (
	"slices"
	"testing"
)

func TestWhatTakesMachinesOutOfServiceDrawsOnTheShareForThat(t *testing.T) {
	t.Parallel()
	var removing []string
	for _, name := range actionNames() {
		if table[name].purpose == remove {
			removing = append(removing, name)
		}
	}
	want := []string{
		"DeleteDiskOption", "DeleteFwLbOption", "DeleteGlobalAddressOption", "DeleteLbNode", "DeleteLbPool", "DeleteLbVirtualServer", "DeleteVirtualIpAddress",
		"DeleteVirtualMachine", "DeleteVlanOption", "DetachFwLb", "DetachVlan", "StopVirtualMachine",
	}
	if !slices.Equal(removing, want) {
		t.Errorf("got %v", removing)
	}
}
