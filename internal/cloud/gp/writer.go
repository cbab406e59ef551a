package gp

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/gpapi"
)

// Writer changes the machines of one main contract, on behalf of one group.
type Writer struct {
	*Reader
	api *gpapi.Client
}

// NewWriter returns a Writer that calls api.
func NewWriter(api *gpapi.Client, options Options) *Writer {
	return &Writer{Reader: NewReader(api.Reader, options), api: api}
}

// Order clones the template's source, which must be off. When the answer does
// not name as many new machines as were asked for, it returns those that it
// names together with an error of class UnknownOutcome. The source itself is
// never one of them: being named here is what makes a machine ours.
func (w *Writer) Order(ctx context.Context, template cloud.Template, count int) (codes []string, err error) {
	order := fmt.Sprintf("order %d machines %s like %s", count, template.Type, template.Source)
	answer, err := w.api.AddCloneVirtualMachines(ctx, gpapi.AddCloneVirtualMachinesRequest{
		GpServiceCode:      w.options.GpServiceCode,
		SrcGcServiceCode:   template.Source,
		ContractNum:        count,
		VirtualMachineType: template.Type,
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", order, err)
	}
	codes = slices.Compact(slices.Sorted(slices.Values(answer.GcServiceCodeList)))
	codes = slices.DeleteFunc(codes, func(code string) bool { return code == "" || code == template.Source })
	if len(codes) != count {
		return codes, cloud.Errorf(cloud.ClassUnknownOutcome, "%s: the answer names %d (%q): look which machines are new before ordering again", order, len(codes), codes)
	}
	return codes, nil
}

// SetLabel replaces a machine's label.
func (w *Writer) SetLabel(ctx context.Context, code, label string) error {
	_, err := w.api.SetLabel(ctx, gpapi.SetLabelRequest{
		GpServiceCode: w.options.GpServiceCode,
		ServiceCode:   code,
		Label:         label,
	})
	return wrap(err, "label machine "+code)
}

// Start turns a machine on.
func (w *Writer) Start(ctx context.Context, code string) error {
	_, err := w.api.StartVirtualMachine(ctx, gpapi.VirtualMachineRequest{
		GpServiceCode: w.options.GpServiceCode,
		GcServiceCode: code,
	})
	return wrap(err, "start machine "+code)
}

// Stop turns a machine off; by force, without its operating system's consent.
func (w *Writer) Stop(ctx context.Context, code string, force bool) error {
	_, err := w.api.StopVirtualMachine(ctx, gpapi.StopVirtualMachineRequest{
		GpServiceCode: w.options.GpServiceCode,
		GcServiceCode: code,
		Force:         force,
	})
	return wrap(err, "stop machine "+code)
}

// Refresh overwrites a machine with the disk of the template's source. An answer
// that says itself that another machine was overwritten is of class UnknownOutcome.
func (w *Writer) Refresh(ctx context.Context, code string, template cloud.Template) error {
	refresh := fmt.Sprintf("refresh machine %s from %s", code, template.Source)
	if template.Source == code {
		return cloud.Errorf(cloud.ClassInvalid, "%s: it is the template's source itself: name another machine", refresh)
	}
	answer, err := w.api.CloneVirtualMachine(ctx, gpapi.CloneVirtualMachineRequest{
		GpServiceCode:     w.options.GpServiceCode,
		SrcGcServiceCode:  template.Source,
		DestGcServiceCode: code,
	})
	if err != nil {
		return fmt.Errorf("%s: %w", refresh, err)
	}
	if named := answer.Destination.GcServiceCode; named != "" && named != code {
		return cloud.Errorf(cloud.ClassUnknownOutcome, "%s: the API answers about machine %.40q: look at both machines before doing it again", refresh, named)
	}
	return nil
}

// Release ends a machine's contract with the day in Japan that contains lastDay.
func (w *Writer) Release(ctx context.Context, code string, lastDay time.Time) error {
	stopDate := formatDate(lastDay)
	_, err := w.api.DeleteVirtualMachine(ctx, gpapi.DeleteVirtualMachineRequest{GcServiceCode: code, StopDate: stopDate})
	return wrap(err, "release machine "+code+" with "+stopDate)
}

// wrap says what was being done when err happened, if it did.
func wrap(err error, doing string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, err)
}
