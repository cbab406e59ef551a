package gpsim_test

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

func TestAVlanIsBoughtJoinedLeftAndGivenBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		options := testOptions()
		options.Delays = instantReads()
		sim := newCloud(t, options)
		code := must(t, sim, "AddVlanOption", "GpServiceCode="+gp).text("GxServiceCode")
		refused(t, sim, http.StatusBadRequest, "GetContractStatus", "GpServiceCode="+gp, "GxServiceCode="+code)
		refused(t, sim, http.StatusBadRequest, "AttachVlan", vm(template, "GxServiceCode="+code)...)
		time.Sleep(options.Delays.Prepare)
		if got := must(t, sim, "GetContractStatus", "GpServiceCode="+gp, "GxServiceCode="+code).text("Status"); got != "InService" {
			t.Errorf("the VLAN is %s", got)
		}
		if got := must(t, sim, "GetServiceCodeList", "GpServiceCode="+gp).texts("GxServiceCodeList"); len(got) != 1 || got[0] != code {
			t.Errorf("the VLANs are %v", got)
		}

		of := func() string { return must(t, sim, "DescribeVirtualMachine", vm(template)...).text("Vlan") }
		must(t, sim, "AttachVlan", vm(template, "GxServiceCode="+code)...)
		refused(t, sim, http.StatusBadRequest, "DetachVlan", vm(template, "GxServiceCode="+code)...) // it is Configuring
		time.Sleep(options.Delays.Configure)
		if of() != code {
			t.Errorf("the machine is in %q", of())
		}
		refused(t, sim, http.StatusBadRequest, "AttachVlan", vm(template, "GxServiceCode="+code)...)
		must(t, sim, "DetachVlan", vm(template, "GxServiceCode="+code)...)
		time.Sleep(options.Delays.Configure)
		refused(t, sim, http.StatusBadRequest, "DetachVlan", vm(template, "GxServiceCode="+code)...)
		if of() != "" {
			t.Errorf("the machine is still in %q", of())
		}

		must(t, sim, "AttachVlan", vm(template, "GxServiceCode="+code)...)
		must(t, sim, "DeleteVlanOption", "GxServiceCode="+code, "StopDate="+today())
		time.Sleep(24 * time.Hour)
		if of() != "" {
			t.Errorf("the machine is in %q, which has ended", of())
		}
		refused(t, sim, http.StatusNotFound, "AttachVlan", vm(template, "GxServiceCode="+code)...)
		if got := must(t, sim, "GetContractInformation", "GpServiceCode="+gp).entries("VLANOptionList"); len(got) != 0 {
			t.Errorf("the VLANs are %v", got)
		}
		if again := must(t, sim, "AddVlanOption", "GpServiceCode="+gp).text("GxServiceCode"); again == code {
			t.Errorf("the code %s was given twice", again)
		}
	})
}

func TestAMachineThatRunsJoinsNoVlan(t *testing.T) {
	t.Parallel()
	sim := wholeCloud(t, testOptions())
	refused(t, sim, http.StatusBadRequest, "AttachVlan", vm(running, "GxServiceCode="+lan)...)
	refused(t, sim, http.StatusNotFound, "AttachVlan", vm(template, "GxServiceCode=gx99999999")...)
	other := must(t, sim, "AddVlanOption", "GpServiceCode="+gp).text("GxServiceCode")
	refused(t, sim, http.StatusBadRequest, "AttachVlan", vm(equipped, "GxServiceCode="+other)...)
	refused(t, sim, http.StatusBadRequest, "DetachVlan", vm(equipped, "GxServiceCode="+other)...)
}

func TestContractsThatAreOrderedStayWithinTheirQuotas(t *testing.T) {
	t.Parallel()
	sim := newCloud(t, testOptions())
	for i := range 19 { // there is one FW+LB
		must(t, sim, "AddFwLbOption", "GpServiceCode="+gp, fmt.Sprintf("Type=B%dM", i+1), "Redundant=No")
	}
	refused(t, sim, http.StatusBadRequest, "AddFwLbOption", "GpServiceCode="+gp, "Type=B100M", "Redundant=No")
	for range 20 {
		must(t, sim, "AddVlanOption", "GpServiceCode="+gp)
	}
	refused(t, sim, http.StatusBadRequest, "AddVlanOption", "GpServiceCode="+gp)
}
