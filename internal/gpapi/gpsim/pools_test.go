package gpsim_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// nodesOf writes the nodes of an answer as address:port.
func nodesOf(r result) string {
	var nodes []string
	for _, node := range r.entries("NodeList") {
		nodes = append(nodes, node.text("IpAddress")+":"+node.text("Port"))
	}
	return strings.Join(nodes, " ")
}

func TestAPoolIsMadeReplacedRenamedAndDeletedAndTheTrafficFollows(t *testing.T) {
	t.Parallel()
	var told []string
	options := testOptions()
	options.Hooks.Pool = func(_, pool string, nodes []netip.AddrPort) { told = append(told, fmt.Sprint(pool, " ", nodes)) }
	sim := newCloud(t, options)
	told = nil
	for _, step := range []struct {
		action     string
		parameters []string
		pool, want string
		told       []string
	}{
		{"AddLbPool", []string{"Pool=api"}, "api", "", []string{"api []"}},
		{"SetLbPool", []string{"Pool=api", "NodeIpAddress.1=127.1.1.1", "NodePort.1=80", "NodeIpAddress.2=127.1.1.2", "NodePort.2=81"}, "api", "127.1.1.1:80 127.1.1.2:81", []string{"api [127.1.1.1:80 127.1.1.2:81]"}},
		{"SetLbPool", []string{"Pool=api", "NodeIpAddress.1=127.1.1.3", "NodePort.1=80"}, "api", "127.1.1.3:80", []string{"api [127.1.1.3:80]"}},
		{"SetLbNode", []string{"Pool=api", "CurrentNodeIpAddress=127.1.1.3", "CurrentNodePort=80", "NewNodeIpAddress=127.1.1.4", "NewNodePort=8080"}, "api", "127.1.1.4:8080", []string{"api [127.1.1.4:8080]"}},
		{"SetLbPoolName", []string{"CurrentPoolName=api", "NewPoolName=zeta"}, "zeta", "127.1.1.4:8080", []string{"api []", "zeta [127.1.1.4:8080]"}},
		{"GetLbPool", []string{"Pool=zeta"}, "zeta", "127.1.1.4:8080", nil},
		{"DeleteLbPool", []string{"Pool=zeta"}, "zeta", "", []string{"zeta []"}},
	} {
		got := must(t, sim, step.action, lb(step.parameters...)...)
		if got.text("Pool") != step.pool || nodesOf(got) != step.want || !slices.Equal(told, step.told) {
			t.Errorf("%s: pool %q has %q, told %q; want %q, %q, %q", step.action, got.text("Pool"), nodesOf(got), told, step.pool, step.want, step.told)
		}
		told = nil
	}
	refused(t, sim, http.StatusNotFound, "GetLbPool", lb("Pool=zeta")...)
	refused(t, sim, http.StatusNotFound, "GetLbPool", lb("Pool=api")...)
}

func TestPoolsAreListedByName(t *testing.T) {
	t.Parallel()
	sim := newCloud(t, testOptions())
	for _, name := range []string{"zeta", "alpha", "日本"} {
		must(t, sim, "AddLbPool", lb("Pool="+name)...)
	}
	must(t, sim, "SetLbPoolName", lb("CurrentPoolName=alpha", "NewPoolName=y")...)
	var names []string
	for _, p := range must(t, sim, "DescribeLb", lb()...).entries("PoolList") {
		names = append(names, p.text("Name"))
	}
	if want := []string{"web", "y", "zeta", "日本"}; !slices.Equal(names, want) {
		t.Errorf("the pools are %q, want %q", names, want)
	}
}

func TestAPoolThatAVirtualServerUsesIsNotDeletedAndTakesItAlongWhenRenamed(t *testing.T) {
	t.Parallel()
	sim := wholeCloud(t, testOptions())
	refused(t, sim, http.StatusBadRequest, "DeleteLbPool", of(redundant, "", "Pool=web")[1:]...)
	at(t, sim, of(redundant, "SetLbPoolName", "CurrentPoolName=web", "NewPoolName=app"))
	if got := at(t, sim, of(redundant, "GetLbVirtualServer", "VirtualServerName=www")).text("Pool"); got != "app" {
		t.Errorf("the virtual server sends to %q", got)
	}
	at(t, sim, of(redundant, "DeleteLbVirtualServer", "VirtualServerName=www"))
	at(t, sim, of(redundant, "DeleteLbPool", "Pool=app"))
}

func TestPoolsThatCannotBeAreRefusedAndChangeNothing(t *testing.T) {
	t.Parallel()
	options := testOptions()
	options.MaxPoolNodes = 2
	sim := newCloud(t, options)
	before := must(t, sim, "DescribeLb", lb()...)
	for name, c := range map[string]struct {
		action     string
		parameters []string
		status     int
	}{
		"a name that is taken":          {"AddLbPool", []string{"Pool=web"}, 400},
		"a name that is too long":       {"AddLbPool", []string{"Pool=" + strings.Repeat("x", 65)}, 400},
		"a name with a line break":      {"AddLbPool", []string{"Pool=a\nb"}, 400},
		"a node without a port":         {"AddLbPool", []string{"Pool=new", "NodeIpAddress.1=127.1.1.1"}, 400},
		"a port without a node":         {"AddLbPool", []string{"Pool=new", "NodePort.1=80"}, 400},
		"a node twice":                  {"AddLbPool", []string{"Pool=new", "NodeIpAddress.1=127.1.1.1", "NodePort.1=80", "NodeIpAddress.2=127.1.1.1", "NodePort.2=80"}, 400},
		"a pool that is not there":      {"SetLbPool", []string{"Pool=new"}, 404},
		"more nodes than fit":           {"SetLbPool", []string{"Pool=web", "NodeIpAddress.1=127.1.1.1", "NodePort.1=1", "NodeIpAddress.2=127.1.1.1", "NodePort.2=2", "NodeIpAddress.3=127.1.1.1", "NodePort.3=3"}, 400},
		"renaming what is not there":    {"SetLbPoolName", []string{"CurrentPoolName=new", "NewPoolName=newer"}, 404},
		"renaming to what is taken":     {"SetLbPoolName", []string{"CurrentPoolName=web", "NewPoolName=web"}, 400},
		"deleting what is not there":    {"DeleteLbPool", []string{"Pool=new"}, 404},
		"changing a node not there":     {"SetLbNode", []string{"Pool=web", "CurrentNodeIpAddress=127.1.1.1", "CurrentNodePort=80", "NewNodeIpAddress=127.1.1.2", "NewNodePort=80"}, 400},
		"changing a node to none":       {"SetLbNode", []string{"Pool=web", "CurrentNodeIpAddress=127.10.9.9", "CurrentNodePort=80", "NewNodeIpAddress=x", "NewNodePort=80"}, 400},
		"a pool of an unknown FW+LB":    {"AddLbPool", []string{"Pool=new", "GlServiceCode=gl99999999"}, 404},
		"a pool of a foreign main code": {"AddLbPool", []string{"Pool=new", "GpServiceCode=gp99999999"}, 403},
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, sim, c.status, c.action, lb(c.parameters...)...)
		})
	}
	if after := must(t, sim, "DescribeLb", lb()...); !sameAnswer(before, after) {
		t.Errorf("the FW+LB was %v, is %v", before.fields, after.fields)
	}
}

func TestANodeIsNotChangedIntoOneThatIsThere(t *testing.T) {
	t.Parallel()
	sim := newCloud(t, testOptions())
	must(t, sim, "AddLbNode", lb("Pool=web", "NodeIpAddress=127.1.1.1", "NodePort=80")...)
	change := lb("Pool=web", "CurrentNodeIpAddress=127.1.1.1", "CurrentNodePort=80", "NewNodeIpAddress=127.10.9.9", "NewNodePort=80")
	refused(t, sim, http.StatusBadRequest, "SetLbNode", change...)
	itself := lb("Pool=web", "CurrentNodeIpAddress=127.1.1.1", "CurrentNodePort=80", "NewNodeIpAddress=127.1.1.1", "NewNodePort=80")
	if got := nodesOf(must(t, sim, "SetLbNode", itself...)); got != "127.10.9.9:80 127.1.1.1:80" {
		t.Errorf("the pool has %q", got)
	}
}

// sameAnswer compares all but the RequestIds.
func sameAnswer(a, b result) bool {
	one, other := map[string]string{}, map[string]string{}
	jsonTexts(one, "", a.fields)
	jsonTexts(other, "", b.fields)
	delete(one, ".RequestId")
	delete(other, ".RequestId")
	return fmt.Sprint(one) == fmt.Sprint(other)
}

func TestAListThatIsNotNumberedFromOneWithoutAGapIsRefusedAndChangesNothing(t *testing.T) {
	t.Parallel()
	sim := wholeCloud(t, testOptions())
	pool := func() result { return at(t, sim, of(redundant, "GetLbPool", "Pool=web")) }
	before := pool()
	for _, parameters := range [][]string{
		{"NodeIpAddress=127.10.9.8", "NodePort=80"},
		{"NodeIpAddress.2=127.10.9.8", "NodePort.2=80"},
		{"NodeIpAddress.1=127.10.9.8", "NodePort.1=80", "NodeIpAddress.3=127.10.9.7", "NodePort.3=80"},
		{"NodeIpAddress.0=127.10.9.8", "NodePort.0=80"},
		{"NodeIpAddress.x=127.10.9.8", "NodePort.x=80"},
		{"NodeIpAddress.01=127.10.9.8", "NodePort.01=80"},
		{"NodeIpAddress.+1=127.10.9.8", "NodePort.+1=80"},
		{"NodeIpAddress.1.1=127.10.9.8", "NodePort.1.1=80"},
	} {
		step := of(redundant, "SetLbPool", append([]string{"Pool=web"}, parameters...)...)
		refused(t, sim, http.StatusBadRequest, step[0], step[1:]...)
	}
	refused(t, sim, http.StatusBadRequest, "GetVirtualMachineStatusList", "GpServiceCode="+gp, "GcServiceCode="+equipped)
	refused(t, sim, http.StatusBadRequest, "AddVirtualMachines", "GpServiceCode="+gp, "ContractNum=1", "VirtualMachineType=V10", "OS=CentOS6_64_U", "DiskOption.2.DiskSpace=100")
	if after := pool(); !reflect.DeepEqual(before.fields["NodeList"], after.fields["NodeList"]) {
		t.Errorf("the pool was %v and is %v", before.fields, after.fields)
	}
}
