package config

import (
	"fmt"
	"maps"
	"math"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/autoscaled/autoscaled/internal/secret"
	"github.com/autoscaled/autoscaled/internal/words"
)

// SNMP reads one quantity from an instance's agent, or from one that has an address
// of its own, such as a load balancer's.
type SNMP struct {
	Address netip.Addr // set: one agent for the group; else each instance's

	Profile       string // one of those built in; empty when OID is set
	Interface     int    // with profile network_*: the ifIndex, 1 or more; default 2; 0 with InterfaceName
	InterfaceName string // with profile network_*: the ifName
	Path          string // with profile disk_used: where the file system is mounted; default /

	OID     string  // numeric, of a scalar, a table's cell or, with Table, a table's column
	Counter bool    // with OID: the object counts up, its rate per second is the value
	Scale   float64 // with OID: the value is multiplied by this; default 1
	Max     float64 // with OID: a larger value, after Scale, cannot be; 0: none
	Table   string  // with OID: sum, avg or max of the column's rows; empty: it is no column

	Port    uint16        // default 161
	Timeout time.Duration // of one request; default 2s
	Retries int           // default 1

	Version   string        // v1, v2c (default), v3
	Community secret.Secret // with v1 and v2c; default public
	User      string        // with v3: 1..32 bytes
	Auth      SNMPKey       // with v3; without a protocol: nothing is authenticated
	Privacy   SNMPKey       // with v3 and Auth; without a protocol: nothing is encrypted
	Context   string        // with v3: at most 32 bytes; default empty
}

// SNMPKey is what SNMP v3 authenticates or encrypts with.
type SNMPKey struct {
	Protocol   string        // Auth: md5, sha, sha224, sha256, sha384, sha512; Privacy: des, aes, aes192, aes256, aes192c, aes256c
	Passphrase secret.Secret // 8 bytes or more
}

// profileCPUBusy is the share of time in which an instance's processors work.
const profileCPUBusy = "cpu_busy"

var (
	shareProfiles = []string{
		profileCPUBusy, "cpu_load_hr", "memory_used", "swap_used", "disk_used", "network_in_utilization", "network_out_utilization",
	}
	diskProfiles    = []string{"disk_used"}
	networkProfiles = []string{
		"network_in", "network_out", "network_in_packets", "network_out_packets", "network_errors",
		"network_in_utilization", "network_out_utilization",
	}
	snmpProfiles = slices.Concat([]string{
		profileCPUBusy, "cpu_load_hr", "load1", "load5", "load15", "memory_used", "swap_used", "tcp_connections",
	}, diskProfiles, networkProfiles)
)

// SNMPProfiles are the names of the profiles that are built in.
func SNMPProfiles() []string { return slices.Clone(snmpProfiles) }

// readSNMP reads the section of a signal; own are the profiles that the file defines.
func readSNMP(s *section, own map[string]SNMP) *SNMP {
	defer s.close()
	snmp := readObject(s)
	snmp.Profile = read(s, "profile", "", profileOf(slices.AppendSeq(SNMPProfiles(), maps.Keys(own))))
	readPlace(s, &snmp)
	readAgent(s, &snmp)
	if s.choice("quantity", "profile", "oid") == "profile" {
		s.exclude("profile", "belongs to an oid; a profile has its own: remove it", objectKeys...)
	}
	if defined, ok := own[snmp.Profile]; ok {
		snmp.Profile, snmp.OID, snmp.Counter = "", defined.OID, defined.Counter
		snmp.Scale, snmp.Max, snmp.Table = defined.Scale, defined.Max, defined.Table
	}
	return &snmp
}

// profileOf accepts one of the names, which are those of profiles.
func profileOf(names []string) parser[string] {
	return parser[string]{oneOf(names...).parse, like(`^(?:`+strings.Join(snmpProfiles, "|")+`)$|`+name.shape().Pattern, "a name in [snmp.md](snmp.md), or in `profiles`")}
}

// readPlace reads which interface or file system the profile is about.
func readPlace(s *section, snmp *SNMP) {
	place := read(s, "interface", networkInterface{index: 2}, networkInterfaceOf)
	snmp.Interface, snmp.InterfaceName = place.index, place.name
	snmp.Path = read(s, "path", "/", text)
	s.about.bind(Rule{If: without("profile", networkProfiles...), None: []string{"interface"}})
	s.about.bind(Rule{If: without("profile", diskProfiles...), None: []string{"path"}})
	if !slices.Contains(networkProfiles, snmp.Profile) && (snmp.Profile != "" || s.has("oid")) {
		s.refuse("belongs to the profiles network_…: remove it", "interface")
	}
	if !slices.Contains(diskProfiles, snmp.Profile) && (snmp.Profile != "" || s.has("oid")) {
		s.refuse("belongs to the profile "+words.Either(diskProfiles)+": remove it", "path")
	}
}

// readProfile reads one of the file's own profiles.
func readProfile(s *section) SNMP {
	defer s.close()
	s.require("oid")
	if slices.Contains(snmpProfiles, s.name) {
		s.record(s.at, s.path, "is the name of a profile that is built in: choose another")
	}
	return readObject(s)
}

var objectKeys = []string{"kind", "scale", "max", "table"}

// readObject reads what object of an agent a quantity is made of, and how.
func readObject(s *section) SNMP {
	return SNMP{
		OID:     read(s, "oid", "", oid),
		Counter: readKind(s),
		Scale:   read(s, "scale", 1, positive(math.MaxFloat64)),
		Max:     read(s, "max", 0, positive(math.MaxFloat64)),
		Table:   read(s, "table", "", oneOf("sum", "avg", "max")),
	}
}

// readAgent reads how the agent is reached.
func readAgent(s *section, snmp *SNMP) {
	snmp.Address = read(s, "address", netip.Addr{}, agentAddress)
	snmp.Port = read(s, "port", 161, port)
	snmp.Timeout = read(s, "timeout", 2*time.Second, duration(instant, time.Minute))
	snmp.Retries = read(s, "retries", 1, whole(0, 10))
	snmp.Version = read(s, "version", "v2c", oneOf("v1", "v2c", "v3"))
	snmp.Community = read(s, "community", secret.New(publicCommunity), s.env.communities())
	snmp.User = read(s, "user", "", upToBytes(32))
	snmp.Context = read(s, "context", "", upToBytes(32))
	snmp.Auth, snmp.Privacy = readKeys(s)
	s.about.bind(Rule{If: with("version", "v3"), Any: []string{"user"}, None: []string{"community"}})
	s.about.bind(Rule{If: without("version", "v3"), None: []string{"user", "context", "auth", "privacy"}})
	if snmp.Version != "v3" {
		s.refuse("belongs to version v3: remove it, or write version: v3", "user", "context", "auth", "privacy")
		return
	}
	s.require("user")
	s.refuse("belongs to versions v1 and v2c; v3 has a user: remove it", "community")
	snmp.Community = secret.Secret{}
	demandAuth(s)
}

// readKeys reads what a user of v3 authenticates and encrypts with.
func readKeys(s *section) (auth, privacy SNMPKey) {
	s.about.bind(Rule{If: with("privacy"), Any: []string{"auth"}}) // as demandAuth does
	auth = readKey(s, "auth", "md5", "sha", "sha224", "sha256", "sha384", "sha512")
	privacy = readKey(s, "privacy", "des", "aes", "aes192", "aes256", "aes192c", "aes256c")
	return auth, privacy
}

func demandAuth(s *section) {
	if s.has("privacy") && !s.has("auth") {
		s.fault("privacy", "encrypts only what is authenticated: add auth")
	}
}

func readKey(s *section, name string, protocols ...string) SNMPKey {
	if !s.has(name) {
		return SNMPKey{}
	}
	key := s.section(name)
	defer key.close()
	key.require("protocol", "passphrase")
	return SNMPKey{
		Protocol:   read(key, "protocol", "", oneOf(protocols...)),
		Passphrase: read(key, "passphrase", secret.Secret{}, referringTo("secret of 8 bytes or more", s.env.passphrase)),
	}
}

// minPassphraseBytes is what agents demand (RFC 3414 §11.2).
const minPassphraseBytes = 8

// passphrase is confidential for a secret that is long enough.
func (e Env) passphrase(value string) (secret.Secret, error) {
	passphrase, err := e.confidential(value)
	if err == nil && !e.SkipSecrets && len(passphrase.Reveal()) < minPassphraseBytes {
		return secret.Secret{}, fmt.Errorf("%s holds a passphrase of less than %d bytes, which agents refuse: put a longer one there", words.Shown(value), minPassphraseBytes)
	}
	return passphrase, err
}

// agentAddress accepts the address of one host. A name is none: it would have to be
// looked up for each reading.
var agentAddress = parser[netip.Addr]{parseAgentAddress, like(`^[0-9A-Fa-f:.]+(?:%.+)?$`, "address of a host")}

func parseAgentAddress(value string) (netip.Addr, error) {
	address, err := netip.ParseAddr(value)
	if err != nil || address.IsUnspecified() || address.IsMulticast() {
		return netip.Addr{}, fmt.Errorf("`%s` is not the address of one host: write for example 10.0.0.5", words.Shown(value))
	}
	return address.Unmap(), nil
}

// upToBytes accepts printable text of a length.
func upToBytes(most int) parser[string] {
	parse := func(value string) (string, error) {
		value, err := text.parse(value)
		if err == nil && len(value) > most {
			return "", fmt.Errorf("`%s` is too long: write at most %d bytes", words.Shown(value), most)
		}
		return value, err
	}
	return parser[string]{parse, func() Shape {
		return Shape{Range: fmt.Sprintf("up to %d bytes", most), Pattern: `\S`, Letters: most}
	}}
}

// networkInterface is an interface by its index or by its name.
type networkInterface struct {
	index int
	name  string
}

// networkInterfaceOf takes what looks like a number for an ifIndex.
var networkInterfaceOf = parser[networkInterface]{parseNetworkInterface, like(`\S`, "ifIndex from 1, or ifName")}

func parseNetworkInterface(value string) (networkInterface, error) {
	if !wholeNumber.MatchString(value) {
		name, err := upToBytes(255).parse(value)
		return networkInterface{name: name}, err
	}
	index, err := whole(1, math.MaxInt32).parse(value)
	return networkInterface{index: index}, err
}

var wholeNumber = regexp.MustCompile(`^[+-]?[0-9]+$`)

// readKind says whether the section's quantity is a counter.
func readKind(s *section) bool {
	return read(s, "kind", "gauge", oneOf("gauge", "counter")) == "counter"
}

// maxArcs is the number of sub-identifiers that an object identifier can have
// (RFC 2578 §3.5).
const maxArcs = 128

// oid accepts a numeric object identifier, and returns it without a leading dot.
var oid = parser[string]{parseOID, like(`^\.?[0-9]+(?:\.[0-9]+){2,}$`, "numeric OID")}

func parseOID(value string) (string, error) {
	value = strings.TrimPrefix(value, ".")
	arcs := strings.Split(value, ".")
	if len(arcs) < 3 || len(arcs) > maxArcs {
		return "", errNotOID(value)
	}
	for i, arc := range arcs {
		n, err := strconv.ParseUint(arc, 10, 32)
		if err != nil || i == 0 && n > 2 {
			return "", errNotOID(value)
		}
		arcs[i] = strconv.FormatUint(n, 10) // agents write no leading zeros
	}
	return strings.Join(arcs, "."), nil
}

func errNotOID(value string) error {
	return fmt.Errorf("`%s` is not a numeric object identifier: write for example 1.3.6.1.4.1.2021.10.1.5.1", words.Shown(value))
}
