package gpapi

import "encoding/json"

// Here is what the API spells in more than one way, or in a way of its own. Our
// fields have one name for one thing, and a tag says what the API calls it in that
// place. Names that differ only in capitals are the same to the decoders.

// The values of a node's Status.
const (
	NodeActive   = "Active"
	NodeDraining = "Draining"
	NodeDisable  = "Disable" // without a d at its end
)

// GlobalAddressContract is the contract of one additional address of a machine. In
// all other places the API writes IPv4Address.
type GlobalAddressContract struct {
	IPv4Address string `json:"Ipv4Address"`
	ContractTerm
}

// LbVirtualServerResponse holds a virtual server as it is after an action. What it
// calls TrafficNameList is the TrafficIpNameList of [DescribeLbResponse]. The name is
// VirtualServername after adding, setting and getting, and VirtualServerName after
// deleting and renaming.
//
//nolint:revive // the API's spelling
type LbVirtualServerResponse struct {
	Answer
	GlServiceCode     string
	VirtualServerName string
	Pool              string
	Port              string
	Protocol          string
	Enabled           string   // Yes or No
	TrafficIpNameList []string `json:"TrafficNameList"`
}

// VirtualIpAddressResponse holds a pair of virtual addresses that was added or
// removed. What it calls TrafficAddress is TrafficIpAddress in all other places.
//
//nolint:revive // the API's spelling
type VirtualIpAddressResponse struct {
	Answer
	GlServiceCode string
	IPv4, IPv6    struct {
		TrafficIpAddress string `json:"TrafficAddress"`
		TrafficIpName    string
	}
}

// GetLbHostListResponse holds the hosts of a load balancer. HostListPrivateIpAddress
// is in the vendor's tables beside HostList, where a dot was probably lost: so the
// address may be there, or in each host.
//
//nolint:revive // the API's spelling
type GetLbHostListResponse struct {
	Answer
	Label                    string
	Type                     string // plan, e.g. B100M
	Redundant                string // Yes or No
	HostList                 []LbHost
	HostListPrivateIpAddress LbPrivateAddress
}

// LbHost is one host of a load balancer.
//
//nolint:revive // the API's spelling
type LbHost struct {
	Location         string // L or R
	SoftwareVersion  string
	GlobalIpAddress  struct{ IPv4Address, IPv6Address string }
	PrivateIpAddress LbPrivateAddress
}

// LbPrivateAddress is the private address of a host.
type LbPrivateAddress struct{ IPv4Address string }

// UnmarshalJSON takes an object, as the global address is one, and also the address
// alone: the tables leave it open.
func (a *LbPrivateAddress) UnmarshalJSON(text []byte) error {
	type plain LbPrivateAddress
	if len(text) > 0 && text[0] == '{' {
		return json.Unmarshal(text, (*plain)(a))
	}
	return json.Unmarshal(text, &a.IPv4Address)
}

func (r GetLbHostListResponse) missing() string { return ifNil(r.HostList, "HostList") }

// UnmarshalJSON takes an object, and also a list of objects: the vendor's tables say
// either of them in different places.
func (f *FilteringRules) UnmarshalJSON(text []byte) error {
	type plain FilteringRules
	if len(text) == 0 || text[0] != '[' {
		return json.Unmarshal(text, (*plain)(f))
	}
	var parts []plain
	if err := json.Unmarshal(text, &parts); err != nil {
		return err
	}
	for _, part := range parts {
		f.In.IPv4List = append(f.In.IPv4List, part.In.IPv4List...)
		f.In.IPv6List = append(f.In.IPv6List, part.In.IPv6List...)
		f.Out.IPv4List = append(f.Out.IPv4List, part.Out.IPv4List...)
		f.Out.IPv6List = append(f.Out.IPv6List, part.Out.IPv6List...)
	}
	return nil
}
