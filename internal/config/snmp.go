package config

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/autoscaled/autoscaled/internal/secret"
	"github.com/autoscaled/autoscaled/internal/words"
)

// profileCPUBusy is the share of time in which an instance's processors work.
const profileCPUBusy = "cpu_busy"

var (
	hostProfiles    = []string{profileCPUBusy, "load1"}
	networkProfiles = []string{"network_in", "network_out"}
	profile         = oneOf(slices.Concat(hostProfiles, networkProfiles)...)
)

func readSNMP(s *section) *SNMP {
	defer s.close()
	snmp := &SNMP{
		Profile:   read(s, "profile", "", profile),
		OID:       read(s, "oid", "", oid),
		Counter:   readKind(s),
		Scale:     read(s, "scale", 1, positive(math.MaxFloat64)),
		Interface: read(s, "interface", 2, whole(1, math.MaxInt32)),
		Port:      read(s, "port", 161, port),
		Community: read(s, "community", secret.New(publicCommunity), s.env.community),
		Timeout:   read(s, "timeout", 2*time.Second, duration(instant, time.Minute)),
		Retries:   read(s, "retries", 1, whole(0, 10)),
	}
	quantity := s.choice("quantity", "profile", "oid")
	if quantity == "profile" {
		s.refuse("belongs to an oid; a profile has its own: remove it", "kind", "scale")
	}
	if quantity == "oid" || slices.Contains(hostProfiles, snmp.Profile) {
		s.refuse("belongs to the profiles "+words.Either(networkProfiles)+": remove it", "interface")
	}
	return snmp
}

// readKind says whether the section's quantity is a counter.
func readKind(s *section) bool {
	return read(s, "kind", "gauge", oneOf("gauge", "counter")) == "counter"
}

// maxArcs is the number of sub-identifiers that an object identifier can have
// (RFC 2578 §3.5).
const maxArcs = 128

// oid accepts a numeric object identifier, and returns it without a leading dot.
func oid(value string) (string, error) {
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
	}
	return value, nil
}

func errNotOID(value string) error {
	return fmt.Errorf("`%s` is not a numeric object identifier: write for example 1.3.6.1.4.1.2021.10.1.5.1", words.Shown(value))
}
