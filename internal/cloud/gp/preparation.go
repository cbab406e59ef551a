package gp

import (
	"context"
	"fmt"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/gpapi"
)

// The names of the preparations.
const (
	attachFwLb   = "attach_fwlb"
	importSSHKey = "import_ssh_key"
)

// Preparations returns what the options ask for. The FW+LB comes first because
// the import of a key can be what makes a machine startable.
func (r *Reader) Preparations() []cloud.Preparation {
	var preparations []cloud.Preparation
	if r.options.FwLb != "" {
		// No action shows what a machine is attached to, so it cannot be looked up.
		// A repeat is either nothing or refused; the machine is attached all the same.
		// That it survives an overwritten disk is chosen, since no document tells: the
		// FW+LB is an option of the contract, beside the machine and not inside.
		preparations = append(preparations, cloud.Preparation{Name: attachFwLb, Repeat: cloud.RepeatSafe})
	}
	if r.options.SSHPublicKey != "" {
		// The import adds a line to root's keys. A repeat may add the line again,
		// which gives nobody any access that was not given before.
		preparations = append(preparations, cloud.Preparation{Name: importSSHKey, Repeat: cloud.RepeatSafe, OnDisk: true})
	}
	return preparations
}

// Prepare does one of the Preparations. A refusal because it was done already
// looks like any other, and is returned as it is.
func (w *Writer) Prepare(ctx context.Context, code, preparation string) (busy bool, err error) {
	var transition gpapi.Transition
	switch preparation {
	case attachFwLb:
		transition, err = w.api.AttachFwLb(ctx, gpapi.FwLbAttachmentRequest{
			GpServiceCode: w.options.GpServiceCode,
			GcServiceCode: code,
			GlServiceCode: w.options.FwLb,
		})
	case importSSHKey:
		transition, err = w.api.ImportRootSshPublicKey(ctx, gpapi.ImportRootSshPublicKeyRequest{
			GpServiceCode: w.options.GpServiceCode,
			GcServiceCode: code,
			PublicKey:     w.options.SSHPublicKey,
		})
	default:
		return false, cloud.Errorf(cloud.ClassInvalid, "prepare machine %s: there is no preparation %q: use one that Preparations lists", code, preparation)
	}
	if err != nil {
		return false, fmt.Errorf("prepare machine %s (%s): %w", code, preparation, err)
	}
	power := powers[transition.Current.Status]
	return power != cloud.PowerOff && power != cloud.PowerBlank, nil
}
