package gpsim

import (
	"fmt"
	"net/http"
	"time"
)

// Everything in this file is chosen: GP-API's documents, as far as they can be
// read, leave it open. A client must not rely on any of it beyond the HTTP
// status being the class of the answer.

// The HTTP status and ErrorType of each kind of refusal. ParameterError,
// NotFound, TooManyRequests and SystemError are words of other services on the
// same platform; the rest are ours.

func invalid(format string, args ...any) *refusal {
	return refuse(http.StatusBadRequest, "ParameterError", format, args...)
}

func wrongState(format string, args ...any) *refusal {
	return refuse(http.StatusBadRequest, "InvalidState", format, args...)
}

func alreadyThere(format string, args ...any) *refusal {
	return refuse(http.StatusBadRequest, "AlreadyExists", format, args...)
}

func notThere(format string, args ...any) *refusal {
	return refuse(http.StatusBadRequest, "DoesNotExist", format, args...)
}

func overQuota(format string, args ...any) *refusal {
	return refuse(http.StatusBadRequest, "QuotaExceeded", format, args...)
}

func unauthorized(format string, args ...any) *refusal {
	return refuse(http.StatusUnauthorized, "Unauthorized", format, args...)
}

func forbidden(format string, args ...any) *refusal {
	return refuse(http.StatusForbidden, "Forbidden", format, args...)
}

func notFound(format string, args ...any) *refusal {
	return refuse(http.StatusNotFound, "NotFound", format, args...)
}

func methodNotAllowed(format string, args ...any) *refusal {
	return refuse(http.StatusMethodNotAllowed, "MethodNotAllowed", format, args...)
}

func systemError(format string, args ...any) *refusal {
	return refuse(http.StatusInternalServerError, "SystemError", format, args...)
}

func unavailable(format string, args ...any) *refusal {
	return refuse(http.StatusServiceUnavailable, "ServiceUnavailable", format, args...)
}

// injected is the refusal of an injected fault.
func injected(status int) *refusal {
	errorType := "InjectedError"
	switch status {
	case http.StatusBadRequest:
		errorType = "ParameterError"
	case http.StatusUnauthorized:
		errorType = "Unauthorized"
	case http.StatusTooManyRequests:
		errorType = "TooManyRequests"
	case http.StatusInternalServerError:
		errorType = "SystemError"
	case http.StatusServiceUnavailable:
		errorType = "ServiceUnavailable"
	}
	return refuse(status, errorType, "This is an injected fault.")
}

// The quantities that the documents leave open.
const (
	maxContractNum = 20             // machines in one order
	maxExpireAhead = 24 * time.Hour // the manual's word is "less than 24 h"; exactly 24 h is refused
)

// Rules of behaviour.
const (
	// A clone carries its source's label, so that a client which trusts a bare
	// label is found out.
	cloneInheritsLabel = true
	// An overwritten machine keeps its contract, plan, label, address, location,
	// FW+LBs and pools, which are around it and not on its disk. The keys that were
	// imported are gone. It must be Stopped: the manual lets nothing but a key
	// import follow upon Initialized.
	//
	// Of an order that does not say where its machines go, they go to L and R by
	// turns, which run through all orders.
	//
	// The earliest StopDate is today in Japan; the contract is over when that day
	// has ended. A running machine may be given a StopDate and is then forced
	// off. An end once recorded can be neither moved nor repeated.
	stopDateLayout = "20060102"
)

// japan is the zone of all dates. Japan keeps one offset all year.
var japan = time.FixedZone("JST", 9*60*60)

// Texts whose form is not known.
const (
	customerCode   = "SG0000001"
	machineOS      = "CentOS6_64_U"
	hostType       = "GP-1"
	balancerType   = "B100M"
	nodeStatus     = "Active" // a listed value; when a node shows another is unknown
	no             = "No"
	privateNetwork = "eth1"
)

// machineTypes maps each known type to its CPU and Memory texts.
var machineTypes = map[string]struct{ cpu, memory string }{
	"V10":  {"1", "1GB"},
	"V20":  {"2", "2GB"},
	"V40":  {"4", "4GB"},
	"V80":  {"8", "8GB"},
	"V160": {"16", "16GB"},
	"V240": {"24", "24GB"},
}

const machineDisk = "30GB"

func refuse(status int, errorType, format string, args ...any) *refusal {
	return &refusal{status: status, errorType: errorType, message: fmt.Sprintf(format, args...)}
}
