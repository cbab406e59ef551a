// Package config reads the YAML file that says what is watched, how it is
// decided and where it is carried out.
//
// It promises that a file with any fault changes nothing: Load returns either a
// complete Config, with every default filled in, every secret read and every
// cross reference resolved, or Problems, which names file, line, column, path,
// reason and the nearest valid key of each fault found, all at once. Unknown
// keys are faults. Check does the same without reading secrets. Each section
// checks itself.
//
// What a file can say, Describe tells by running the same code without a file, and
// Schema tells it to editors.
//
// Everything above it may read its types; it calls only packages secret, words,
// formula and schedule.
package config

import (
	"time"

	"github.com/autoscaled/autoscaled/internal/secret"
)

// Config is the whole file.
type Config struct {
	File         string // the path it was read from
	Installation string // 1..16 characters of a-z 0-9 -; empty: made at the first start and kept in the state directory
	State        string // directory of the daemon's store; default $STATE_DIRECTORY, else /var/lib/autoscaled
	Socket       string // path of the control socket; default $RUNTIME_DIRECTORY/autoscaled.sock, else /run/autoscaled/autoscaled.sock
	Listen       string // host:port of /metrics and /healthz; default 127.0.0.1:9469
	Web          Web    // who may do what there
	History      History
	Prometheus   *Prometheus         // nil when neither a query nor a signal asks in PromQL and the file says nothing of it
	Traps        *Traps              // nil: nobody listens for notifications
	Notify       []Notify            // who is told what happens, in the order of the file
	Providers    map[string]Provider // by name
	Queries      map[string]Query    // by name
	Groups       map[string]Group    // by name; at least one
}

// History says for how long decisions, with what they rested on, are kept beside the
// state.
type History struct {
	Retention time.Duration // 0: none is kept; default 840h, 35 days
	BytesMax  int64         // the oldest go first beyond; default 1 GiB
}

// Prometheus is the server that PromQL goes to.
type Prometheus struct {
	URL     string // http or https; default http://127.0.0.1:9090
	Access  Access
	Timeout time.Duration // of one query; default 10s
}

// Access is how an HTTP server is reached. The zero Access shows no credentials.
type Access struct {
	Username    string // with Password: basic authentication; empty: none
	Password    secret.Secret
	BearerToken secret.Secret // in place of basic authentication; empty: none
	TLS         *TLS          // nil: with https, what the system trusts
}

// TLS is whom to trust, and what to show, behind https.
type TLS struct {
	CA                 secret.Secret // certificates of authorities in PEM; empty: those of the system. (Public, yet read like a secret from file: or env:)
	Cert               secret.Secret // our certificate in PEM, with its chain; empty: none. (Public too)
	Key                secret.Secret // that of Cert, in PEM
	ServerName         string        // the name that the server's certificate must be for; empty: that of the URL
	InsecureSkipVerify bool          // any certificate will do
}

// Provider is one account at one cloud. Type gp is the only one.
type Provider struct {
	Name          string
	Type          string // "gp"
	Endpoint      string // default https://gp.api.iij.jp/json
	GpServiceCode string // gp + 8 digits
	AccessKey     secret.Secret
	SecretKey     secret.Secret

	CallsPerSecond float64       // the account's budget; default 2, at most 50
	CallTimeout    time.Duration // of one call; default 200s (the vendor's own limit is 180 s)
	PollMoving     time.Duration // pause between listings while something moves; default 10s
	PollIdle       time.Duration // pause between listings otherwise; default 60s
	StaleRead      time.Duration // how long a status read after a configuring call may show the old state; default 120s
	SettleWindow   time.Duration // how long a lost answer to an order is looked for before a person is asked; default 10m
	AbsenceAfter   time.Duration // a machine missing from listings at least this long (and at least twice) is gone; default 30s
	MachinesMax    int           // machines that the account may have in all, 0..10000: nothing is ordered beyond; 0 (default): no limit
	PaidPeriod     string        // "day" (default) or "month", in Asia/Tokyo
	NoticeDays     int           // a contract is ended at the earliest so many days from today, 0..31; default 0
	Billing        string        // billing model that comes with the program, or the absolute path of a file with one; empty: costs are not known
}

// Query is one PromQL expression whose result serves many groups.
type Query struct {
	Name       string
	PromQL     string
	Range      Range
	GroupLabel string // label whose value is the group's name; required
}

// Range is the time over which an expression is evaluated, and what is made of the
// values. The zero Range is one instant, now.
type Range struct {
	Span      time.Duration // it ends now; 0: one instant
	Step      time.Duration // between values, up to Span; default Span / 20, at least 1s
	Statistic string        // avg (default), max, median, min: of the values
}

// Mode says what a group's decisions may do.
type Mode string

// The modes.
const (
	ModeRecommend Mode = "recommend" // decide and say, hold no writing client
	ModeOutOnly   Mode = "out_only"  // act, and never shrink
	ModeAct       Mode = "act"
)

// Group is one scaled pool.
type Group struct {
	Name      string
	Provider  string        // a key of Config.Providers
	Mode      Mode          // default recommend
	Min       int           // 0..Max; smallest number of serving instances
	Max       int           // Min..1000, at least 1
	Interval  time.Duration // between decisions; default 10s, at least 100ms
	Template  Template
	Balancers []Balancer
	Ready     Ready
	Signals   []Signal // in the order of the file
	Policies  []Policy // in the order of the file
	Shadow    *Shadow  // nil: none
	Traps     []TrapRule
	Hooks     []Hook // in the order of the file
	ScaleOut  ScaleOut
	ScaleIn   ScaleIn
	Launch    Launch
	Health    Health
	Rollout   Rollout
	Drift     map[string]string // what to do about each kind of drift: adopt, ignore or repair; has every kind: stopped, ended, relabelled, removed, added, started
}

// Template says what a new instance is made from.
type Template struct {
	Source       string        // gc + 8 digits; must be stopped when an order leaves
	Type         string        // plan, e.g. V40
	SSHPublicKey secret.Secret // one authorized_keys line; empty: no key is imported. (Public, yet read like a secret from file: or env:)
	Version      string        // 1..64 of A-Z a-z 0-9 . _ -, changed by hand when the template's content changed; default empty
	FwLb         string        // gl + 8 digits to which new machines are attached before their first start; default: that of the first balancer; empty ("none" in the file): not attached
}

// Balancer is one pool that the group's instances serve in.
type Balancer struct {
	GlServiceCode string
	Pool          string
	Port          uint16 // port at which the instances serve
	NodesMax      int    // most nodes that the pool takes, 0..10000; 0 (default): not known
}

// Ready says how an instance proves that it serves.
type Ready struct {
	Port        uint16        // HTTP port; default: that of the first balancer, else 80
	Path        string        // default /healthz
	Consecutive int           // successes in a row; default 3
	Interval    time.Duration // between probes; default 2s
	Timeout     time.Duration // of one probe; default 5s
}

// Signal is a named quantity; exactly one of SNMP, Scrape, PromQL, Query, Push, FirstOf
// and Formula is set.
type Signal struct {
	Name      string
	SNMP      *SNMP         // per instance, or of the group when it has an address
	Scrape    *Scrape       // per instance, or of the group when it has a URL
	PromQL    string        // of the group: an expression with one result
	Range     Range         // with PromQL
	Query     string        // of the group: a key of Config.Queries
	Push      *Push         // of the group: what others send
	FirstOf   []string      // names of other signals, best first: the first that has a value
	Formula   string        // arithmetic over the names of other signals, as in package formula
	Statistic string        // avg (default), max, median, min, sum, or p50 to p99 by nearest rank: over the instances
	Window    time.Duration // the samples of this span make one value, for each instance; 0: the newest sample
	Over      string        // what the samples of Window make: avg (default), ewma, last, max, min, p50 to p99, or "M of N"
	Offset    time.Duration // with PromQL or Query: evaluated so long ago, since data come so late; default 0
	Staleness time.Duration // a value older than this is stale; default 3 × the group's interval, at least 30s
	Quorum    float64       // share 0..1 of the instances that must have a value before the group may shrink; default 1
	Ceiling   float64       // without SNMP: the largest value that there can be; 0: none

	// FrozenAfter is how long the value may stand still before it counts as missing;
	// until then, that of a counter cannot shrink the group either. 0: any time. Default
	// 5m, at least 3 × the group's interval, for counters, and 0 for others.
	FrozenAfter time.Duration

	Check *CrossCheck // nil: there is nothing to check it against

	ofInstances bool // with FirstOf or Formula: it is about each instance
}

// Scrape reads one series from a page in the exposition format.
type Scrape struct {
	URL     string // set: one page for the group
	Port    uint16 // without URL: of the instance's own page; default 9100
	Path    string // default /metrics
	Metric  string
	Labels  map[string]string // every one must match; several matching series are added up
	Counter bool              // the series counts up, its rate per second is the value
	Scale   float64           // default 1
	Timeout time.Duration     // default 5s
	Access  Access            // with TLS, the pages of instances are fetched by https
}

// ScaleOut limits growth.
type ScaleOut struct {
	Stabilization time.Duration // the lowest recommendation of this span counts; default 0
	Cooldown      time.Duration // pause after the last instance of a growth began to serve; default 0
	WarmUp        time.Duration // an instance's own signals are not believed for this long after it began to serve; default 1m
	BatchMax      int           // machines in one order; default 10
	Rates         []Rate        // how fast it grows; empty: as fast as is wanted
	RateLeast     bool          // of several rates the one counts that allows the least, not the most; default false
}

// ScaleIn limits shrinking.
type ScaleIn struct {
	Stabilization time.Duration // the highest recommendation of this span counts; default 10m
	Cooldown      time.Duration // pause after the last instance began to serve, and after the last shrinking; default 5m
	Drain         time.Duration // between leaving the balancer and being stopped; default 30s
	StopTimeout   time.Duration // a gentle stop that takes longer becomes a forced one; default 10m
	Standby       int           // stopped machines kept for the next growth; default 0
	ReleaseBefore time.Duration // a surplus stopped machine is released this long before its paid period ends; default 30m
	Watch         time.Duration // an instance that left the pool stays on at least this long, and is put back if the others need it; default 1m
	Pick          []string      // who goes first, after the broken and the outdated: location, least_busy, newest, oldest, paid_period_end, each once; default newest
	StandbyAge    time.Duration // a stopped machine this old is released at the end of its paid period although standby would keep it; default 0: never
	Rates         []Rate        // how fast it shrinks; empty: as fast as is wanted
	RateLeast     bool          // of several rates the one counts that allows the least, not the most; default true
	MinLife       time.Duration // an instance that serves for less is not sent away by shrinking; default 0
	LoadLoss      LoadLoss
}

// Launch bounds how long a machine may take to become an instance that serves.
type Launch struct {
	Timeout     time.Duration // from the order to serving; afterwards it is quarantined with an alert; default 1h
	FailuresMax int           // after so many launches in a row that never served nothing more is ordered, 1..100; default 3
}

// Health says when an instance that serves is replaced, and how many at a time.
type Health struct {
	Interval time.Duration // between probes of an instance that serves; default 10s
	Failures int           // failed probes in a row, 1..100, and for StaleRead at least, after which it is replaced; default 3
	Budget   float64       // share above 0, up to 1, of the instances that is replaced at a time, at least one; default 0.1
	Brake    float64       // share above 0, up to 1: when more fail together, and at least two, nothing is replaced; default 0.45
}

// Rollout says how instances of an earlier template are replaced.
type Rollout struct {
	Bake time.Duration // how long instances of the new template must serve before the next are replaced; default 10m
}
