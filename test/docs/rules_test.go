package docs

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func read(t *testing.T, lines ...string) *page {
	t.Helper()
	p, err := readPage("page.md", strings.Join(lines, "\n")+"\n")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAFenceIsReadWithItsLineItsMarkAndItsFile(t *testing.T) {
	t.Parallel()
	p := read(t,
		"# A page", "", "<!-- runs in: a rehearsal, an agent -->", "",
		"<!-- before:", "touch x", "-->", "",
		"<!-- stopped after: 3s -->", "```sh", "autoscaled events", "```", "",
		"```text", "what it prints", "```", "",
		"1. Write `a/b.yaml`:", "", "   ```yaml", "   a:", "     b: 1", "   ```", "",
		"`/etc/x`", "", "```ini", "[x]", "```")
	want := []block{
		{line: 6, language: "sh", text: "touch x\n", hidden: true},
		{line: 11, language: "sh", text: "autoscaled events\n", mark: mark{stopped: 3 * time.Second}},
		{line: 15, language: "text", text: "what it prints\n", behind: true},
		{line: 21, language: "yaml", text: "a:\n  b: 1\n", file: "a/b.yaml"},
		{line: 28, language: "ini", text: "[x]\n", file: "/etc/x"},
	}
	if !slices.Equal(p.blocks, want) || !slices.Equal(p.parts, []string{"a rehearsal", "an agent"}) {
		t.Errorf("got %+v in %v", p.blocks, p.parts)
	}
}

func TestAPageThatCannotBeUnderstoodIsRefused(t *testing.T) {
	t.Parallel()
	for what, lines := range map[string][]string{
		"does not say what it is": {"```", "ls", "```"},
		"no mark \"not runs\"":    {"<!-- not runs: it is long -->", "```sh", "ls", "```"},
		"right before its fence":  {"<!-- not run: it is long -->", "A sentence.", "```sh", "ls", "```"},
		"no fence behind":         {"<!-- not run: it is long -->"},
		"does not end":            {"```sh", "ls"},
		"write a duration":        {"<!-- stopped after: long -->", "```sh", "ls", "```"},
		"these are none":          {"<!-- not run: it is long -->", "```yaml", "a: 1", "```"},
		"looks like commands":     {"```text", "autoscaled status", "```"},
		"before its first fence":  {"```sh", "ls", "```", "<!-- runs in: nothing -->"},
	} {
		if _, err := readPage("page.md", strings.Join(lines, "\n")+"\n"); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%q: the error is %v", lines, err)
		}
	}
}

func TestCommandsAreCountedOnceAndWhatGoesIntoTheBackgroundIsWaitedFor(t *testing.T) {
	t.Parallel()
	b := block{line: 3, text: strings.Join([]string{
		"# a remark", "autoscaled run &", "curl \\", "-x y", "for i in 1 2; do", "  echo $i", "done", "cat <<'END' >file", "sleep 1 &", "END", "echo",
	}, "\n")}
	var lines []int
	for _, c := range b.commands() {
		lines = append(lines, c.line)
	}
	if !slices.Equal(lines, []int{4, 5, 7, 9, 10, 13}) {
		t.Errorf("commands begin at %v", lines)
	}
	script := b.script()
	if !strings.HasPrefix(script, "\n\n# a remark\nautoscaled run & __settle\n") || !strings.Contains(script, "\nsleep 1 &\nEND\n") {
		t.Errorf("the script is %q", script)
	}
}

func TestShownOutputIsComparedWithoutWhatDiffersFromRunToRun(t *testing.T) {
	t.Parallel()
	const printed = "account gio: 4 machines, seen 2.5s ago\n\ngroup web (act, 2 to 6):   desired 3\n  gc00000002  in_service\n  more"
	for _, shown := range []string{
		"account gio: 3 machines, seen 1m10s ago\ngroup web (act, 2 to 10): desired 2",
		"account … ago\n…\n  more",
		"group web (…): desired 3",
	} {
		if err := compare(shown, printed); err != nil {
			t.Errorf("%q: %v", shown, err)
		}
	}
	for _, shown := range []string{"group mail (act, 2 to 6): desired 3", "more\ngroup web (act, 2 to 6): desired 3", "account gio: many machines, seen 1s ago", "more or less"} {
		if compare(shown, printed) == nil {
			t.Errorf("%q is taken for what was printed", shown)
		}
	}
}

func TestTheDocumentationsConfigurationsAreJudgedAtTheirPlace(t *testing.T) {
	t.Parallel()
	j, err := newJudge(theBinary(t), t.TempDir(), repository)
	if err != nil {
		t.Fatal(err)
	}
	for _, good := range []string{
		"listen: 127.0.0.1:9999",
		"groups: {web: {max: 30}}",
		"groups: {mail: {min: 1, max: 3}}",
		"policies:\n- target: {signal: cpu, value: 70%}",
		"- target: {signal: cpu, value: 70%}",
		"snmp: {profile: load1}",
		"busy: {snmp: {profile: load1}, window: 1m}",
		"notify:\n- {name: chat, slack: {url: 'env:URL'}}",
		"scale_in: {drain: 1m}",
		"calls_per_second: 4\npaid_period: month",
		"tls_server_config: {cert_file: a.pem, key_file: b.pem}\nbasic_auth_users: {alice: $2y$12$…}",
		"apiVersion: v1\nkind: Pod\n---\nkind: Service",
	} {
		if err := j.judge(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for bad, why := range map[string]string{
		"groups: {web: {maximum: 30}}":                                  "maximum",
		"groups: {web: {max: 0}}":                                       "max",
		"policies:\n- target: {signal: cpus, value: 70%}":               "cpus",
		"snmp: {profile: cpu}":                                          "profile",
		"tls_server_config: {cert_file: a.pem, keyfile: b.pem}":         "keyfile",
		"basic_auth_users: {alice: secret}":                             "alice",
		"grops: {web: {max: 1}}":                                        "no section",
		"listen: [":                                                     "did not find",
		"providers: {gio: {type: gp}}\ngroups: {web: {min: 2, max: 3}}": "gp_service_code",
	} {
		if err := j.judge(bad); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: the error is %v", bad, err)
		}
	}
}
