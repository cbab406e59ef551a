package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gosnmp/gosnmp"

	"github.com/autoscaled/autoscaled/cmd/autoscaled/internal/probe"
	"github.com/autoscaled/autoscaled/internal/policy"
)

const community = "c0mmunity-of-ours"

// fakeAgent answers SNMP v2c at the returned host:port of loopback, to whoever knows the
// community. What it knows is in the order of agents; a counter moves with each answer, one
// of 32 bits from 0, as those of an agent that has just started.
func fakeAgent(t *testing.T, knows ...gosnmp.SnmpPDU) string {
	t.Helper()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	t.Cleanup(func() {
		_ = conn.Close()
		<-ended
	})
	knows = append([]gosnmp.SnmpPDU{{Name: ".1.3.6.1.2.1.1.3.0", Type: gosnmp.TimeTicks, Value: uint32(4711)}}, knows...)
	go func() {
		defer close(ended)
		buffer, answers := make([]byte, 4096), uint64(0)
		for {
			n, from, err := conn.ReadFromUDPAddrPort(buffer)
			if err != nil {
				return
			}
			request, err := new(gosnmp.GoSNMP).SnmpDecodePacket(buffer[:n])
			if err != nil || request.Community != community {
				continue
			}
			answers++
			for i := range knows {
				switch knows[i].Type {
				case gosnmp.Counter64:
					knows[i].Value = answers * 1000
				case gosnmp.Counter32:
					knows[i].Value = uint32(answers-1) * 1000
				}
			}
			request.PDUType, request.Variables = gosnmp.GetResponse, answerOf(knows, request)
			datagram, err := request.MarshalMsg()
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = conn.WriteToUDPAddrPort(datagram, from)
		}
	}()
	return conn.LocalAddr().String()
}

// answerOf is what an agent that knows the objects answers.
func answerOf(knows []gosnmp.SnmpPDU, request *gosnmp.SnmpPacket) []gosnmp.SnmpPDU {
	place := func(oid string) int {
		return slices.IndexFunc(knows, func(o gosnmp.SnmpPDU) bool { return o.Name == oid })
	}
	var answer []gosnmp.SnmpPDU
	if request.PDUType == gosnmp.GetRequest {
		for _, asked := range request.Variables {
			if i := place(asked.Name); i >= 0 {
				answer = append(answer, knows[i])
			} else {
				answer = append(answer, gosnmp.SnmpPDU{Name: asked.Name, Type: gosnmp.NoSuchObject})
			}
		}
		return answer
	}
	after := request.Variables[1].Name
	next := slices.IndexFunc(knows, func(o gosnmp.SnmpPDU) bool { return strings.HasPrefix(o.Name, after+".") })
	if i := place(after); i >= 0 {
		next = i + 1
	}
	if next < 0 || next == len(knows) {
		return []gosnmp.SnmpPDU{knows[0], {Name: after, Type: gosnmp.EndOfMibView}}
	}
	return append([]gosnmp.SnmpPDU{knows[0]}, knows[next:]...)
}

const loadOID, hitsOID, column = ".1.3.6.1.4.1.2021.10.1.5.1", ".1.3.6.1.4.1.9999.1.0", ".1.3.6.1.4.1.9999.2"

func ourAgent(t *testing.T) string {
	t.Helper()
	return fakeAgent(t,
		gosnmp.SnmpPDU{Name: loadOID, Type: gosnmp.Integer, Value: 150},
		gosnmp.SnmpPDU{Name: hitsOID, Type: gosnmp.Counter64, Value: uint64(0)},
		gosnmp.SnmpPDU{Name: column + ".1", Type: gosnmp.OctetString, Value: []byte("\x1b[31mred")},
		gosnmp.SnmpPDU{Name: column + ".2", Type: gosnmp.IPAddress, Value: "10.0.0.5"},
		gosnmp.SnmpPDU{Name: ".1.3.6.1.4.1.9999.3.1", Type: gosnmp.Integer, Value: 1},
	)
}

// communityFlag refers to the community.
func communityFlag(t *testing.T) string {
	t.Helper()
	return "--community=" + secretFile(t, community)
}

func secretFile(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return "file:" + path
}

// probed runs the command and holds its exit status against the wanted one.
func probed(t *testing.T, status int, args ...string) (out, errs string) {
	t.Helper()
	out, errs, err := execute(t, append([]string{"probe"}, args...)...)
	if got := exitOf(err); got != status {
		t.Errorf("%v: status %d, want %d; %v\n%s", args, got, status, err, out)
	}
	if strings.Contains(out+errs, community) {
		t.Errorf("it tells the community:\n%s%s", out, errs)
	}
	if err != nil {
		errs += err.Error()
	}
	return out, errs
}

func exitOf(err error) int {
	if err == nil {
		return 0
	}
	return statusOf(err)
}

var changing = regexp.MustCompile(`after [0-9.]+ ms|127\.0\.0\.1:[0-9]+|[0-9.]+ per second\n|in [0-9.]+ ms|objects, [0-9]+ bytes|of 202[^ ]+Z`)

// steady leaves out what differs from run to run.
func steady(text string) string {
	return changing.ReplaceAllStringFunc(text, func(part string) string {
		switch {
		case strings.HasPrefix(part, "127"):
			return "HOST:PORT"
		case strings.HasSuffix(part, "\n"):
			return "RATE per second\n"
		case strings.HasSuffix(part, "bytes"): // request IDs are longer or shorter
			return "objects, N bytes"
		case strings.HasSuffix(part, "Z"):
			return "of TIME"
		default:
			return strings.Fields(part)[0] + " TIME ms"
		}
	})
}

func TestProbeShowsWhatAnAgentAnswersAndWhatThatIsWorth(t *testing.T) {
	t.Parallel()
	at := "snmp://" + ourAgent(t)
	var all strings.Builder
	for _, flags := range [][]string{
		{"--profile=load1"}, {"--oid=" + hitsOID, "--kind=counter", "--wait=1ms"}, {"--walk=" + column},
	} {
		out, errs := probed(t, 0, append(flags, at, communityFlag(t))...)
		if errs != "" {
			t.Errorf("it complains: %s", errs)
		}
		fmt.Fprintf(&all, "# probe %s\n%s\n", strings.Join(flags, " "), steady(out))
	}
	golden(t, "probe_agent.txt", all.String())
}

func startedAgent(t *testing.T) string {
	t.Helper()
	ticks := func(n string) gosnmp.SnmpPDU {
		return gosnmp.SnmpPDU{Name: ".1.3.6.1.4.1.2021.11." + n + ".0", Type: gosnmp.Counter32, Value: uint32(0)}
	}
	return fakeAgent(t, ticks("50"), ticks("52"), ticks("53"))
}

func TestProbeReadsAnAgentThatHasJustStartedAThirdTime(t *testing.T) {
	t.Parallel()
	const twice, value = "… one reading of a counter makes no rate: the next in 1ms\n", "66.7%"
	const again = "… still no rate, so the agent seems to have just started: once more in 1ms\n"
	out, _ := probed(t, 0, "snmp://"+startedAgent(t), communityFlag(t), "--profile=cpu_busy", "--wait=1ms")
	if strings.Count(out, twice) != 1 || strings.Count(out, again) != 1 || !strings.Contains(out, "cpu_busy  "+value) {
		t.Errorf("it prints\n%s", out)
	}

	host, port, err := net.SplitHostPort(startedAgent(t))
	if err != nil {
		t.Fatal(err)
	}
	minimal, err := os.ReadFile("../../configs/minimal.yaml")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "autoscaled.yaml")
	text := strings.Replace(string(minimal), "{profile: cpu_busy}", "{profile: cpu_busy, port: "+port+", community: "+secretFile(t, community)+"}", 1)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, errs := probed(t, 0, "--config="+file, "--group=web", "--instance="+host, "--wait=1ms")
	if errs != twice+again || !strings.Contains(out, value) {
		t.Errorf("of a group it prints\n%s%s", out, errs)
	}
}

func TestProbeWithoutAQuantityTriesEveryProfile(t *testing.T) {
	t.Parallel()
	out, _ := probed(t, 0, "snmp://"+ourAgent(t), communityFlag(t), "--wait=1ms")
	if !strings.Contains(out, "\nload1                    1.5 processes\n") || !strings.Contains(out, "\ncpu_busy                 no value: absent: object ssCpuRawUser") || strings.Contains(out, loadOID) {
		t.Errorf("it prints\n%s", out)
	}
}

func TestProbeSaysWithItsStatusWhyThereIsNoValue(t *testing.T) {
	t.Parallel()
	agent, page := ourAgent(t), pageOf(t, "load 7\nwrong NaN\n")
	for name, c := range map[string]struct {
		why  policy.Absence
		says string
		args []string
	}{
		"another community":       {policy.Failed, "is its community ours", []string{"snmp://" + agent, "--profile=load1", "--timeout=100ms", "--retries=0"}},
		"an object it lacks":      {policy.Absent, ": object .1.3.6.1.4.1.9999.7.0: the agent has no such object", []string{"snmp://" + agent, communityFlag(t), "--oid=1.3.6.1.4.1.9999.7.0"}},
		"a text":                  {policy.OutOfRange, "is not a decimal number", []string{"snmp://" + agent, communityFlag(t), "--oid=" + column + ".1"}},
		"an empty table":          {policy.Absent, "has nothing beneath .1.3.6.1.4.1.9999.7", []string{"snmp://" + agent, communityFlag(t), "--walk=1.3.6.1.4.1.9999.7"}},
		"no profile at all":       {policy.Failed, "no answer", []string{"snmp://" + agent, "--timeout=100ms", "--retries=0"}},
		"a metric that is not":    {policy.Absent, "no such metric; near are load", []string{page, "--metric=loed"}},
		"no number":               {policy.NotFinite, "NaN", []string{page, "--metric=wrong"}},
		"nobody there":            {policy.Failed, "connection refused", []string{"http://127.255.0.9:9/metrics", "--metric=load"}},
		"nobody to ask in PromQL": {policy.Failed, "connection refused", []string{"--promql=up", "--prometheus=http://127.255.0.9:9"}},
	} {
		if out, errs := probed(t, absenceStatus(c.why.String()), c.args...); !strings.Contains(out, c.says) || errs != "" {
			t.Errorf("%s: it does not say %q:\n%s%s", name, c.says, out, errs)
		}
	}
	if statuses := absenceStatus("absent"); statuses != firstClassStatus {
		t.Errorf("absent is %d", statuses)
	}
}

func TestProbeRefusesWhatHasNoMeaningAndAsksNothing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		says string
		args []string
	}{
		{"name a TARGET", nil},
		{"`10.0.0.5` is neither an agent nor a page", []string{"10.0.0.5"}},
		{"give community, user and all else by flags", []string{"snmp://public@10.0.0.5"}},
		{"--metric belongs to pages (http://…): remove it", []string{"snmp://10.0.0.5", "--metric=x"}},
		{"--profile belongs to SNMP agents (snmp://…): remove it", []string{"http://10.0.0.5/metrics", "--profile=x"}},
		{"--prometheus belongs to --promql: remove it", []string{"http://10.0.0.5/metrics", "--prometheus=x"}},
		{"--profile: unknown value `cpu_bussy`: did you mean `cpu_busy`?", []string{"snmp://10.0.0.5", "--profile=cpu_bussy"}},
		{"--community: is written out, but must be referred to", []string{"snmp://10.0.0.5", "--community=" + community}},
		{"--auth-passphrase: is missing: add it", []string{"snmp://10.0.0.5", "--version=v3", "--user=a", "--auth=sha"}},
		{"--walk lists what there is", []string{"snmp://10.0.0.5", "--walk=1.3.6", "--oid=1.3.6"}},
		{"--metric: is missing: add it", []string{"http://10.0.0.5/metrics"}},
		{"--label `mode`: write it as NAME=VALUE", []string{"http://10.0.0.5/metrics", "--metric=x", "--label=mode"}},
		{"--label: `a-b` is not the name of a label", []string{"http://10.0.0.5/metrics", "--metric=x", "--label=a-b=c"}},
		{"probe: TARGET: ", []string{"http://user:password@10.0.0.5/metrics", "--metric=x"}},
		{"--prometheus: is not a URL", []string{"--promql=up", "--prometheus=x"}},
		{"leave out TARGET", []string{"http://10.0.0.5/", "--promql=up"}},
		{"add --config FILE and --group GROUP", []string{"snmp://10.0.0.5", "--instance=10.0.0.5"}},
		{"needs both --config FILE and --group GROUP", []string{"--group=web"}},
		{"leave out TARGET and the flags of a source", []string{"--group=web", "--config=x", "--metric=y"}},
		{"read the configuration: open /does/not/exist", []string{"--group=web", "--config=/does/not/exist"}},
	} {
		if out, errs := probed(t, 1, c.args...); out != "" || !strings.Contains(errs, c.says) {
			t.Errorf("%v: it says %q, want %q; %s", c.args, errs, c.says, out)
		}
	}
}

func pageOf(t *testing.T, text string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		_, _ = fmt.Fprint(w, text)
	}))
	t.Cleanup(server.Close)
	return server.URL + "/metrics"
}

func TestProbeShowsWhatAPageAnswersAndWhatThatIsWorth(t *testing.T) {
	t.Parallel()
	at := pageOf(t, "load{cpu=\"0\"} 1\nload{cpu=\"1\"} 2 4000000000000\nidle 3\n")
	var all strings.Builder
	for _, c := range []struct {
		status int
		flags  []string
	}{
		{absenceStatus("skewed"), []string{"--metric=load"}},
		{0, []string{"--metric=load", "--label=cpu=0", "--scale=10"}},
		{absenceStatus("absent"), []string{"--metric=load", "--label=cpu=7"}},
		{absenceStatus("absent"), []string{"--metric=idel"}},
	} {
		out, _ := probed(t, c.status, append(c.flags, at)...)
		fmt.Fprintf(&all, "# probe %s\n%s\n", strings.Join(c.flags, " "), steady(out))
	}
	golden(t, "probe_page.txt", all.String())
}

func TestProbeEvaluatesAnExpression(t *testing.T) {
	t.Parallel()
	var answer atomic.Value
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer hush-hush-token" {
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		_, _ = fmt.Fprint(w, answer.Load())
	}))
	t.Cleanup(server.Close)
	ask := func(status int, body string) string {
		answer.Store(body)
		out, _ := probed(t, status, "--promql=sum(x)", "--prometheus="+server.URL, "--bearer-token="+secretFile(t, "hush-hush-token"))
		return steady(out)
	}
	series := fmt.Sprintf(`{"metric":{"group":"web"},"value":[%d,"7.5"]}`, time.Now().Unix())
	good := ask(0, `{"status":"success","data":{"resultType":"vector","result":[`+series+`]}}`)
	partial := ask(absenceStatus("failed"), `{"status":"success","warnings":["a store is down"],"data":{"resultType":"vector","result":[`+series+`]}}`)
	golden(t, "probe_query.txt", good+"\n"+partial)
}

func TestProbeCanBeReadByPrograms(t *testing.T) {
	t.Parallel()
	at := ourAgent(t)
	out, _ := probed(t, 0, "snmp://"+at, communityFlag(t), "--profile=load1", "--json")
	var got probeReport
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	if got.Target != at+", SNMP v2c" || len(got.Steps) != 2 || got.Steps[0].Datagram.Direction != "sent" || len(got.Readings) != 1 {
		t.Fatalf("got %+v", got)
	}
	want := probe.Object{OID: loadOID, Name: "laLoadInt.1", Type: "Integer", Value: "150"}
	if object := got.Steps[1].Datagram.Objects[1]; object != want || *got.Readings[0].Value != 1.5 {
		t.Errorf("got %+v and %v", object, *got.Readings[0].Value)
	}
}

func TestProbeReadsAGroupBeforeItIsSwitchedOn(t *testing.T) {
	t.Parallel()
	_, port, err := net.SplitHostPort(strings.TrimSuffix(strings.TrimPrefix(pageOf(t, "load 42\n"), "http://"), "/metrics"))
	if err != nil {
		t.Fatal(err)
	}
	minimal, err := os.ReadFile("../../configs/minimal.yaml")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "autoscaled.yaml")
	text := strings.Replace(string(minimal), "cpu: {snmp: {profile: cpu_busy}}", "cpu: {scrape: {port: "+port+", metric: load, scale: 0.01}, ceiling: 100%}", 1)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, _ := probed(t, absenceStatus("failed"), "--config="+file, "--group=web", "--instance=127.0.0.1", "--instance=127.255.0.9")
	out = strings.ReplaceAll(steady(out), ":"+port, ":PORT")
	golden(t, "probe_group.txt", out)
	if out, _ = probed(t, 0, "--config="+file, "--group=web", "--instance=127.0.0.1", "--json"); !strings.Contains(out, `"value": 0.42`) {
		t.Errorf("it prints\n%s", out)
	}
}
