package gpsim

import (
	"net/netip"
	"strconv"
	"strings"
)

// filterList are the filtering rules of one direction and IP version, in their
// order.
type filterList struct {
	Direction string       `json:"direction"`  // IN or OUT
	IPVersion string       `json:"ip_version"` // 4 or 6
	Rules     []filterRule `json:"rules"`
}

type filterRule struct {
	Source      string `json:"source"`      // network
	Destination string `json:"destination"` // network
	Port        string `json:"port"`        // one, or two joined by a colon; empty: any
	Protocol    string `json:"protocol"`    // TCP or UDP; empty: any
	Target      string `json:"target"`      // ACCEPT, DROP or REJECT
}

type snatRule struct {
	Source   string `json:"source"`    // network
	ToSource string `json:"to_source"` // address
}

func describeFw(c *call) (fields, *refusal) {
	b, why := c.balancerInService()
	if why != nil {
		return nil, why
	}
	answer := append(fields{{"GlServiceCode", b.Code}}, b.facts()...)
	return append(answer, field{"FilteringRuleList", fields{
		{"In", fields{{"IPv4List", b.rules("IN", "4")}, {"IPv6List", b.rules("IN", "6")}}},
		{"Out", fields{{"IPv4List", b.rules("OUT", "4")}}},
	}}), nil
}

func getFilteringRuleList(c *call) (fields, *refusal) {
	b, list, why := c.filterList()
	if why != nil {
		return nil, why
	}
	return filterAnswer(b, list), nil
}

// setFilteringRuleList replaces the whole list; no rules empty it.
func setFilteringRuleList(c *call) (fields, *refusal) {
	b, list, why := c.filterList()
	if why != nil {
		return nil, why
	}
	list.Rules = nil
	for i := range c.rows("SourceIpAddress", "DestinationIpAddress", "DestinationPort", "DestinationProtocol", "Target") {
		rule, why := c.filterRule(i, list.IPVersion)
		if why != nil {
			return nil, why
		}
		list.Rules = append(list.Rules, rule)
	}
	if len(list.Rules) > maxRules {
		return nil, overQuota("A list takes at most %d rules.", maxRules)
	}
	b.setFilters(list)
	return filterAnswer(b, list), nil
}

// filterList finds the list that the call names, with its FW+LB.
func (c *call) filterList() (*balancer, filterList, *refusal) {
	b, why := c.balancerInService()
	if why != nil {
		return nil, filterList{}, why
	}
	list := filterList{Direction: c.text("Direction"), IPVersion: c.text("IpVersion")}
	if why := oneOf("Direction", list.Direction, "IN", "OUT"); why != nil {
		return nil, filterList{}, why
	}
	if why := oneOf("IpVersion", list.IPVersion, "4", "6"); why != nil {
		return nil, filterList{}, why
	}
	for _, known := range b.Filters {
		if known.Direction == list.Direction && known.IPVersion == list.IPVersion {
			return b, known, nil
		}
	}
	return b, list, nil
}

func (b *balancer) setFilters(list filterList) {
	for i, known := range b.Filters {
		if known.Direction == list.Direction && known.IPVersion == list.IPVersion {
			b.Filters[i] = list
			return
		}
	}
	b.Filters = append(b.Filters, list)
}

// filterRule reads the rule with the given place in the call.
func (c *call) filterRule(i int, ipVersion string) (rule filterRule, why *refusal) {
	if rule.Source, why = c.network(numbered("SourceIpAddress", i), ipVersion); why != nil {
		return rule, why
	}
	if rule.Destination, why = c.network(numbered("DestinationIpAddress", i), ipVersion); why != nil {
		return rule, why
	}
	rule.Port = c.text(numbered("DestinationPort", i))
	if !isPortRange(rule.Port) {
		return rule, invalid("The parameter %s must be a port, or two joined by a colon.", numbered("DestinationPort", i))
	}
	rule.Protocol = c.text(numbered("DestinationProtocol", i))
	if why := oneOf(numbered("DestinationProtocol", i), rule.Protocol, "", "TCP", "UDP"); why != nil {
		return rule, why
	}
	rule.Target = c.text(numbered("Target", i))
	return rule, oneOf(numbered("Target", i), rule.Target, "ACCEPT", "DROP", "REJECT")
}

// network reads an address with or without a netmask; absent means any.
func (c *call) network(name, ipVersion string) (string, *refusal) {
	text := c.text(name)
	if text == "" {
		return map[string]string{"4": "0.0.0.0/0", "6": "::/0"}[ipVersion], nil
	}
	network, err := netip.ParsePrefix(text)
	if err != nil {
		address, _ := netip.ParseAddr(text)
		network = netip.PrefixFrom(address, address.BitLen())
	}
	if !network.IsValid() || network.Addr().Is4() != (ipVersion == "4") || network.Addr().Zone() != "" {
		return "", invalid("The parameter %s must be an IPv%s address with a netmask.", name, ipVersion)
	}
	return network.String(), nil
}

func isPortRange(text string) bool {
	if text == "" {
		return true
	}
	first, last, isRange := strings.Cut(text, ":")
	if !isRange {
		last = first
	}
	low, errLow := strconv.ParseUint(first, 10, 16)
	high, errHigh := strconv.ParseUint(last, 10, 16)
	return errLow == nil && errHigh == nil && 0 < low && low <= high
}

func filterAnswer(b *balancer, list filterList) fields {
	return fields{
		{"GlServiceCode", b.Code},
		{"Direction", list.Direction},
		{"IpVersion", list.IPVersion},
		{"FilteringRuleList", ruleEntries(list.Rules)},
	}
}

func (b *balancer) rules(direction, ipVersion string) []fields {
	for _, list := range b.Filters {
		if list.Direction == direction && list.IPVersion == ipVersion {
			return ruleEntries(list.Rules)
		}
	}
	return nil
}

func ruleEntries(rules []filterRule) []fields {
	return listed(rules, func(_ int, rule filterRule) fields {
		return fields{
			{"Source", fields{{"IpAddress", rule.Source}}},
			{"Destination", fields{{"IpAddress", rule.Destination}, {"Port", rule.Port}, {"Protocol", rule.Protocol}}},
			{"Target", rule.Target},
		}
	})
}

func getSnatRuleList(c *call) (fields, *refusal) {
	b, why := c.balancerInService()
	if why != nil {
		return nil, why
	}
	return snatAnswer(b), nil
}

// setSnatRuleList replaces the whole list; no rules empty it.
func setSnatRuleList(c *call) (fields, *refusal) {
	b, why := c.balancerInService()
	if why != nil {
		return nil, why
	}
	var rules []snatRule
	for i := range c.rows("SourceIpAddress", "ToSourceIpAddress") {
		source, why := c.network(numbered("SourceIpAddress", i), "4")
		if why != nil {
			return nil, why
		}
		to, err := netip.ParseAddr(c.text(numbered("ToSourceIpAddress", i)))
		if err != nil || !to.Is4() {
			return nil, invalid("The parameter %s must be an IPv4 address.", numbered("ToSourceIpAddress", i))
		}
		rules = append(rules, snatRule{source, to.String()})
	}
	if len(rules) > maxRules {
		return nil, overQuota("A list takes at most %d rules.", maxRules)
	}
	b.SnatRules = rules
	return snatAnswer(b), nil
}

func snatAnswer(b *balancer) fields {
	return fields{{"GlServiceCode", b.Code}, {"SnatRuleList", listed(b.SnatRules, func(_ int, rule snatRule) fields {
		return fields{{"SourceIpAddress", rule.Source}, {"ToSourceIpAddress", rule.ToSource}}
	})}}
}
