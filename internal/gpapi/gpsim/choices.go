package gpsim

import (
	"fmt"
	"net/http"
	"net/netip"
	"regexp"
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

func outOfCapacity(format string, args ...any) *refusal {
	return refuse(http.StatusBadRequest, "InsufficientCapacity", format, args...)
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
	case http.StatusOK:
		errorType = "BackendError" // what a client of the vendor calls a good status with an ErrorResponse
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

// noGlobalAddress is the refusal when all global addresses were given.
func noGlobalAddress() *refusal {
	return overQuota("The global network %v has no address left.", globalNetwork)
}

// The quantities that the documents leave open.
const (
	maxValueBytes      = 16 << 10       // of one parameter: an SSH key has less
	maxContractNum     = 20             // machines in one order
	maxExpireAhead     = 24 * time.Hour // the manual's word is "less than 24 h"; exactly 24 h is refused
	maxDisks           = 8              // additional disks of one machine
	maxGlobalAddresses = 3              // additional ones of one machine; the manual's 1 to 3 may be meant per order
	maxFwLbs           = 20             // in one main contract
	maxVlans           = 20             // in one main contract
	maxPools           = 100            // of one FW+LB
	maxVirtualServers  = 100            // of one FW+LB
	maxTrafficIPs      = 16             // of one FW+LB
	maxRules           = 500            // of one filtering or SNAT list
	maxNameRunes       = 64             // of a pool, a virtual server or a virtual IP address; a name has one user at a time
	maxDomainNameBytes = 253            // by DNS
)

// Rules of requests.
//
// The parameters of a POST are those of its body and of its query together, as
// most frameworks read them; the signature covers all. One that occurs twice is
// refused, since it is open which of the two would count. One that no action knows
// is ignored, and so is a GpServiceCode where it is not asked for. An empty value
// is an absent one.
//
// Answers in XML show a list as an element of the list's name, with one child
// element of the name below for each entry. The content type is the older of the two.
const (
	xmlListEntry   = "member"
	xmlContentType = "text/xml; charset=utf-8"
)

// What StopVirtualMachine stops: gently, and by force what has power.
var (
	stoppableGently  = []string{StatusRunning}
	stoppableByForce = []string{StatusStarting, StatusRunning, StatusStopping}
)

// Rules of behaviour.
const (
	// A clone carries its source's label, so that a client which trusts a bare
	// label is found out, unless Options.CloneInherits says otherwise. It has the
	// source's content and OS, and nothing that was bought for the source: no disks or
	// addresses, and no keys or VLAN.
	//
	// A clone's contract is not in service before its clone job is over: IIJ's demo
	// goes on at InService. How statuses are old, Options.StaleReads says.
	//
	// A list that is not numbered from 1 on without a gap is refused. Of several
	// targets in one GetContractStatus the machine counts, then the FW+LB.
	//
	// An overwritten machine keeps its contract, plan, label, address, location,
	// VLAN, FW+LBs and pools, which are around it and not on its disk. The keys that
	// were imported are gone. It must be Stopped: the manual lets nothing but a key
	// import follow upon Initialized. The same holds for one that is initialized, whose
	// content then is its OS alone; that takes as long as a clone job.
	//
	// Of an order that does not say where its machines go, they go to L and R by
	// turns, which run through all orders. Every machine has a global address. A
	// machine that is not a clone shows Initializing until it is in service.
	//
	// The earliest StopDate is today in Japan; the contract is over when that day
	// has ended, and with that of a machine those of its disks and addresses. A
	// running machine may be given a StopDate and is then forced off. An end once
	// recorded can be neither moved nor repeated. Deleting needs a contract that is
	// in service. What has ended is in no list.
	//
	// A disk or an address is ordered whatever the machine does, and shown by
	// DescribeVirtualMachine when it is in service. A device name is used again when
	// its disk has ended; an address never is.
	//
	// Settings need a machine that is off and not busy: FW+LB, VLAN, IPv6, resets.
	// The type alone may be changed of a running machine, too, which then is off. It
	// is the new one at once, as is that of an FW+LB, which goes on working. A machine
	// is in at most one VLAN, and in any number of FW+LBs. IPv6 is switched for one
	// of the machine's own IPv6 addresses, which each belong to an IPv4 address.
	//
	// A pool may be empty, and cannot be deleted while a virtual server uses it; nor
	// can a virtual IP address, or the first one. Renaming takes the users along.
	// Two virtual servers may have the same port. One that names no traffic IP
	// listens on all. A single FW+LB has one address and no names, so that no
	// virtual IP address can be added to it.
	//
	// A filtering rule whose address, port or protocol is left out means any. A list
	// has no rules until some are set; setting none empties it. DescribeFw shows no
	// outgoing rules of IPv6, as documented; GetFilteringRuleList does.
	//
	// An appliance's private address is a member PrivateIpAddress beside its
	// GlobalIpAddress: the documents have HostListPrivateIpAddress, which seems to lack
	// a dot.
	//
	// A day of a contract is paid for whole: what is ordered and dropped within a day
	// counts on that day, and an order counts from its own day on, not from that of
	// its delivery.
	stopDateLayout = "20060102"
)

// japan is the zone of all dates. Japan keeps one offset all year.
var japan = time.FixedZone("JST", 9*60*60)

// Texts whose form is not known.
const (
	customerCode     = "SG0000001"
	machineOS        = "CentOS6_64_U"
	hostType         = "GP-1"
	balancerType     = "B100M"
	nodeStatus       = "Active" // a listed value; when a node shows another is unknown
	hostSoftware     = "9.5"
	yes              = "Yes" // the manual's word, as is No
	no               = "No"
	diskDevice       = "/dev/xvd" // and a letter from b; /dev/sd and the letter mean the same
	privateInterface = "eth1"
	globalInterface  = "eth0" // additional addresses have eth0:1, eth0:2, …

	primaryTrafficIP  = "primary"         // the name of a redundant FW+LB's first address
	defaultDomainName = "h%s.gio.example" // of an address whose dots are written as -
)

// hostStatuses are those of a redundant FW+LB's two appliances.
var hostStatuses = [2]string{"Active", "Standby"}

// The networks of addresses that nobody routes: for measurements (RFC 2544), for
// documentation (RFC 3849), and private ones.
var (
	globalNetwork = netip.MustParsePrefix("198.18.0.0/15")
	ipv6Network   = netip.MustParsePrefix("2001:db8::/96")
	hostNetwork   = netip.MustParsePrefix("172.31.0.0/16")
)

// What is known of these lists is an entry or two; what looks like them is taken.
var (
	balancerTypes    = regexp.MustCompile(`^[A-Z][0-9]{1,5}[MG]$`)  // B100M, S100M
	protocols        = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`) // http, https
	operatingSystems = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`) // CentOS6_64_U
	domainNames      = regexp.MustCompile(`^([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9-]{2,63}\.?$`)
)

// diskSizes maps each DiskSpace, which are known, to the Size that is shown.
var diskSizes = map[string]string{"100": "100GB", "300": "300GB", "500": "500GB", "HS300": "300GB"}

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
