package gpapi

import "context"

var (
	describeFw                 = define[FwLbRequest, DescribeFwResponse]("DescribeFw", poll)
	getFilteringRuleList       = define[GetFilteringRuleListRequest, FilteringRuleListResponse]("GetFilteringRuleList", poll)
	setFilteringRuleList       = define[SetFilteringRuleListRequest, FilteringRuleListResponse]("SetFilteringRuleList", order)
	getSnatRuleList            = define[FwLbRequest, SnatRuleListResponse]("GetSnatRuleList", poll)
	setSnatRuleList            = define[SetSnatRuleListRequest, SnatRuleListResponse]("SetSnatRuleList", order)
	getDomainNameByIPAddress   = define[DomainNameByIpAddressRequest, DomainNameByIpAddressResponse]("GetDomainNameByIpAddress", poll)
	resetDomainNameByIPAddress = define[DomainNameByIpAddressRequest, DomainNameByIpAddressResponse]("ResetDomainNameByIpAddress", order)
	setDomainNameByIPAddress   = define[SetDomainNameByIpAddressRequest, DomainNameByIpAddressResponse]("SetDomainNameByIpAddress", order)
)

// DescribeFwResponse holds all rules of a firewall.
type DescribeFwResponse struct {
	Answer
	GlServiceCode     string
	Label             string
	Type              string // plan, e.g. B100M
	Redundant         string // Yes or No
	FilteringRuleList FilteringRules
}

// FilteringRules are the rules of a firewall for what comes in and what goes out, in
// the order in which they are tried.
type FilteringRules struct {
	In, Out struct{ IPv4List, IPv6List []FilteringRule }
}

// FilteringRule is one rule. Addresses carry a netmask.
//
//nolint:revive // the API's spelling
type FilteringRule struct {
	Source      struct{ IpAddress string }
	Destination struct {
		IpAddress string
		Port      string
		Protocol  string // UDP or TCP
	}
	Target string // ACCEPT, DROP or REJECT
}

// DescribeFw reads all rules of a firewall.
func (r *Reader) DescribeFw(ctx context.Context, request FwLbRequest) (DescribeFwResponse, error) {
	return describeFw.call(ctx, r.account, request)
}

// GetFilteringRuleListRequest names rules of a firewall.
//
//nolint:revive // the API's spelling
type GetFilteringRuleListRequest struct {
	GpServiceCode string
	GlServiceCode string
	Direction     string `known:"IN OUT"`
	IpVersion     string `known:"4 6"`
}

// FilteringRuleListResponse holds the rules as they are now.
//
//nolint:revive // the API's spelling
type FilteringRuleListResponse struct {
	Answer
	GlServiceCode     string
	Direction         string
	IpVersion         string
	FilteringRuleList []FilteringRule
}

func (r FilteringRuleListResponse) missing() string {
	return ifNil(r.FilteringRuleList, "FilteringRuleList")
}

// GetFilteringRuleList reads the rules for one direction and version of IP.
func (r *Reader) GetFilteringRuleList(ctx context.Context, request GetFilteringRuleListRequest) (FilteringRuleListResponse, error) {
	return getFilteringRuleList.call(ctx, r.account, request)
}

// SetFilteringRuleListRequest holds all rules for one direction and version of IP.
//
//nolint:revive // the API's spelling
type SetFilteringRuleListRequest struct {
	GpServiceCode string
	GlServiceCode string
	Direction     string             `known:"IN OUT"`
	IpVersion     string             `known:"4 6"`
	Rules         []NewFilteringRule `gp:"optional,inline"`
}

// NewFilteringRule is one rule to be. Addresses carry a netmask; what is left empty is
// not sent.
//
//nolint:revive // the API's spelling
type NewFilteringRule struct {
	SourceIpAddress      string `gp:"optional"`
	DestinationIpAddress string `gp:"optional"`
	DestinationPort      string `gp:"optional"`
	DestinationProtocol  string `gp:"optional" known:"UDP TCP"`
	Target               string `gp:"optional" known:"ACCEPT DROP REJECT"`
}

// SetFilteringRuleList replaces all rules for one direction and version of IP.
func (c *Client) SetFilteringRuleList(ctx context.Context, request SetFilteringRuleListRequest) (FilteringRuleListResponse, error) {
	return setFilteringRuleList.call(ctx, c.account, request)
}

// SnatRuleListResponse holds the rules as they are now.
type SnatRuleListResponse struct {
	Answer
	GlServiceCode string
	SnatRuleList  []SnatRule
}

// SnatRule replaces the address of a sender.
//
//nolint:revive // the API's spelling
type SnatRule struct {
	SourceIpAddress   string
	ToSourceIpAddress string
}

func (r SnatRuleListResponse) missing() string { return ifNil(r.SnatRuleList, "SnatRuleList") }

// GetSnatRuleList reads the rules by which addresses of senders are replaced.
func (r *Reader) GetSnatRuleList(ctx context.Context, request FwLbRequest) (SnatRuleListResponse, error) {
	return getSnatRuleList.call(ctx, r.account, request)
}

// SetSnatRuleListRequest holds all rules.
type SetSnatRuleListRequest struct {
	GpServiceCode string
	GlServiceCode string
	Rules         []SnatRule `gp:"optional,inline"`
}

// SetSnatRuleList replaces all rules by which addresses of senders are replaced.
func (c *Client) SetSnatRuleList(ctx context.Context, request SetSnatRuleListRequest) (SnatRuleListResponse, error) {
	return setSnatRuleList.call(ctx, c.account, request)
}

// DomainNameByIpAddressRequest names a global address, and the machine or the FW+LB
// option that has it.
//
//nolint:revive // the API's spelling
type DomainNameByIpAddressRequest struct {
	GpServiceCode     string
	IPv4GlobalAddress string
	GcServiceCode     string `gp:"optional"`
	GlServiceCode     string `gp:"optional"`
}

// DomainNameByIpAddressResponse holds the name of an address, and the code of what
// has it.
//
//nolint:revive // the API's spelling
type DomainNameByIpAddressResponse struct {
	Answer
	IPv4GlobalAddress string
	IPv4DomainName    string
	GcServiceCode     string
	GlServiceCode     string
}

// GetDomainNameByIpAddress reads the name that reverse DNS gives an address.
func (r *Reader) GetDomainNameByIpAddress(ctx context.Context, request DomainNameByIpAddressRequest) (DomainNameByIpAddressResponse, error) { //nolint:revive // the API's spelling
	return getDomainNameByIPAddress.call(ctx, r.account, request)
}

// ResetDomainNameByIpAddress gives an address the name that it had when it was new.
func (c *Client) ResetDomainNameByIpAddress(ctx context.Context, request DomainNameByIpAddressRequest) (DomainNameByIpAddressResponse, error) { //nolint:revive // the API's spelling
	return resetDomainNameByIPAddress.call(ctx, c.account, request)
}

// SetDomainNameByIpAddressRequest names a global address, the machine or the FW+LB
// option that has it, and its new name.
//
//nolint:revive // the API's spelling
type SetDomainNameByIpAddressRequest struct {
	GpServiceCode     string
	IPv4GlobalAddress string
	IPv4DomainName    string
	GcServiceCode     string `gp:"optional"`
	GlServiceCode     string `gp:"optional"`
}

// SetDomainNameByIpAddress gives an address a name in reverse DNS.
func (c *Client) SetDomainNameByIpAddress(ctx context.Context, request SetDomainNameByIpAddressRequest) (DomainNameByIpAddressResponse, error) { //nolint:revive // the API's spelling
	return setDomainNameByIPAddress.call(ctx, c.account, request)
}
