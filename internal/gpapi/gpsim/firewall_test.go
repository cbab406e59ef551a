package gpsim_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// ruleTexts writes the rules of a list as text.
func ruleTexts(rules []result) []string {
	texts := []string{}
	for _, rule := range rules {
		texts = append(texts, strings.Join([]string{
			rule.under("Source", "IpAddress"), rule.under("Destination", "IpAddress"), rule.under("Destination", "Port"),
			rule.under("Destination", "Protocol"), rule.text("Target"),
		}, " "))
	}
	return texts
}

func TestFilteringRulesAreReplacedAsAWholeForOneDirectionAndVersion(t *testing.T) {
	t.Parallel()
	sim := newCloud(t, testOptions())
	set := func(direction, version string, rules ...string) []string {
		t.Helper()
		parameters := lb(append(rules, "Direction="+direction, "IpVersion="+version)...)
		answer := ruleTexts(must(t, sim, "SetFilteringRuleList", parameters...).entries("FilteringRuleList"))
		if again := ruleTexts(must(t, sim, "GetFilteringRuleList", parameters...).entries("FilteringRuleList")); !slices.Equal(answer, again) {
			t.Errorf("set %q, get %q", answer, again)
		}
		return answer
	}
	for _, c := range []struct {
		got, want []string
	}{
		{
			set("IN", "4", "SourceIpAddress.1=192.0.2.0/24", "DestinationIpAddress.1=198.18.0.1", "DestinationPort.1=22", "DestinationProtocol.1=TCP", "Target.1=ACCEPT",
				"DestinationPort.2=8000:8080", "DestinationProtocol.2=UDP", "Target.2=REJECT", "Target.3=DROP"),
			[]string{"192.0.2.0/24 198.18.0.1/32 22 TCP ACCEPT", "0.0.0.0/0 0.0.0.0/0 8000:8080 UDP REJECT", "0.0.0.0/0 0.0.0.0/0   DROP"},
		},
		{set("IN", "6", "SourceIpAddress.1=2001:db8::/32", "Target.1=DROP"), []string{"2001:db8::/32 ::/0   DROP"}},
		{set("OUT", "4", "Target.1=ACCEPT"), []string{"0.0.0.0/0 0.0.0.0/0   ACCEPT"}},
		{set("OUT", "6"), []string{}},
		{set("IN", "4", "Target.1=DROP"), []string{"0.0.0.0/0 0.0.0.0/0   DROP"}},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
	if got := set("OUT", "4"); len(got) != 0 {
		t.Errorf("an emptied list has %q", got)
	}
	lists := result{fields: must(t, sim, "DescribeFw", lb()...).fields["FilteringRuleList"].(map[string]any)}
	in, out := result{fields: lists.fields["In"].(map[string]any)}, result{fields: lists.fields["Out"].(map[string]any)}
	if len(in.entries("IPv4List")) != 1 || len(in.entries("IPv6List")) != 1 || len(out.entries("IPv4List")) != 0 {
		t.Errorf("DescribeFw says %v", lists.fields)
	}
}

func TestSnatRulesAreReplacedAsAWhole(t *testing.T) {
	t.Parallel()
	sim := newCloud(t, testOptions())
	rules := func(action string, parameters ...string) string {
		t.Helper()
		var texts []string
		for _, rule := range must(t, sim, action, lb(parameters...)...).entries("SnatRuleList") {
			texts = append(texts, rule.text("SourceIpAddress")+">"+rule.text("ToSourceIpAddress"))
		}
		return strings.Join(texts, " ")
	}
	const two = "127.10.0.0/16>198.18.0.3 127.11.0.1/32>198.18.0.4"
	if got := rules("SetSnatRuleList", "SourceIpAddress.1=127.10.0.0/16", "ToSourceIpAddress.1=198.18.0.3",
		"SourceIpAddress.2=127.11.0.1", "ToSourceIpAddress.2=198.18.0.4"); got != two {
		t.Errorf("set gives %q", got)
	}
	if got := rules("GetSnatRuleList"); got != two {
		t.Errorf("get gives %q", got)
	}
	if got := rules("SetSnatRuleList", "SourceIpAddress.1=127.12.0.0/16", "ToSourceIpAddress.1=198.18.0.3"); got != "127.12.0.0/16>198.18.0.3" {
		t.Errorf("set gives %q", got)
	}
}

func TestRulesThatCannotBeAreRefusedAndChangeNothing(t *testing.T) {
	t.Parallel()
	sim := wholeCloud(t, testOptions())
	before := must(t, sim, "DescribeFw", ofRedundantLB()...)
	filter := func(more ...string) []string {
		return append([]string{"Direction=IN", "IpVersion=4", "Target.1=DROP"}, more...)
	}
	for name, c := range map[string]struct {
		action     string
		parameters []string
	}{
		"another direction":           {"SetFilteringRuleList", filter("Direction=UP")},
		"another version":             {"GetFilteringRuleList", filter("IpVersion=5")},
		"no target":                   {"SetFilteringRuleList", filter("Target.1=", "SourceIpAddress.1=192.0.2.0/24")},
		"another target":              {"SetFilteringRuleList", filter("Target.1=drop")},
		"an address of version 6":     {"SetFilteringRuleList", filter("SourceIpAddress.1=2001:db8::/32")},
		"an address of version 4":     {"SetFilteringRuleList", filter("IpVersion=6", "DestinationIpAddress.1=192.0.2.0/24")},
		"a netmask beyond":            {"SetFilteringRuleList", filter("SourceIpAddress.1=192.0.2.0/33")},
		"a port that is none":         {"SetFilteringRuleList", filter("DestinationPort.1=http")},
		"ports the wrong way round":   {"SetFilteringRuleList", filter("DestinationPort.1=90:80")},
		"another protocol":            {"SetFilteringRuleList", filter("DestinationProtocol.1=ICMP")},
		"a second rule without sense": {"SetFilteringRuleList", filter("Target.2=x")},
		"SNAT to nothing":             {"SetSnatRuleList", []string{"SourceIpAddress.1=192.0.2.0/24"}},
		"SNAT to a network":           {"SetSnatRuleList", []string{"SourceIpAddress.1=192.0.2.0/24", "ToSourceIpAddress.1=198.18.0.0/24"}},
		"SNAT of version 6":           {"SetSnatRuleList", []string{"SourceIpAddress.1=2001:db8::/32", "ToSourceIpAddress.1=198.18.0.1"}},
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, sim, http.StatusBadRequest, c.action, ofRedundantLB(c.parameters...)...)
		})
	}
	if after := must(t, sim, "DescribeFw", ofRedundantLB()...); !sameAnswer(before, after) {
		t.Errorf("the firewall was %v, is %v", before.fields, after.fields)
	}
	if got := must(t, sim, "GetSnatRuleList", ofRedundantLB()...).entries("SnatRuleList"); len(got) != 1 {
		t.Errorf("the SNAT rules are %v", got)
	}
}
