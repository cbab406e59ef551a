package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/autoscaled/autoscaled/cmd/autoscaled/internal/simcloud"
	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
	"github.com/autoscaled/autoscaled/internal/secret"
)

// simulatorFlags are what the command line says of the simulated cloud, as far as
// it is not in simcloud.Options as it stands.
type simulatorFlags struct {
	options simcloud.Options

	speed                float64 // how much faster than the real service
	accounts             []string
	capacityL, capacityR int // -1: no limit
	cloneLanding         string
	staleReads           string
	cloneInherits        []string
	faults               string // name of a file; empty: none
	selfSigned           bool
	certificate, key     string // names of files; empty: none
	certificateOut       string // name of a file; empty: none

	form *form // of the introduction
}

func simulatorCommand() *cobra.Command {
	f := simulatorFlags{options: simcloud.Options{
		AddressBase: netip.MustParsePrefix("127.10.0.0/16"),
		ServiceTime: 20 * time.Millisecond,
		Backlog:     50,
		BootTime:    time.Second,
		Now:         time.Now,
	}}
	command := &cobra.Command{
		Use:   "simulator",
		Short: "Run the simulated GP-API cloud alone, with machines on loopback",
		Long: `Run the simulated GP-API cloud alone: the API, a stopped template, an FW+LB with a
pool, two serving machines, and a foreign machine in the same pool. Machines that
run answer SNMP and HTTP at their own loopback addresses; the FW+LB is a proxy.
A page for people shows what there is and what happens.

It takes as long as the real service, minutes; --speed shortens that. Under
--clone-landing initialized a new machine starts only after a key was imported, so
a group that acts on it needs template.ssh_public_key then.`,
		Example: `  autoscaled simulator --speed 60
  autoscaled simulator --speed 60 --faults faults.txt --seed 7
  autoscaled simulator --tls --tls-out /tmp/rehearsal/simulator.pem -o json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !cmd.Flags().Changed("seed") {
				f.options.Seed = rand.Uint64()
			}
			if err := f.complete(); err != nil {
				return err
			}
			f.options.Failed = func(code string, err error) { cmd.PrintErrf("machine %s: %v\n", code, err) }
			cloud, err := simcloud.Start(f.options)
			if err != nil {
				return err
			}
			err = f.form.print(cmd, f.introduction(cloud), func(io.Writer) error {
				f.introduce(cmd, cloud)
				return nil
			})
			if err != nil {
				return errors.Join(err, cloud.Close())
			}
			<-cmd.Context().Done()
			return cloud.Close()
		},
	}
	f.define(command)
	return command
}

func (f *simulatorFlags) define(command *cobra.Command) {
	f.form = formFlag(command)
	flags, o := command.Flags(), &f.options
	flags.StringVar(&o.Listen, "listen", "127.0.0.1:8013", "`HOST:PORT` of the API and the page")
	flags.StringVar(&o.ProxyListen, "proxy", "127.0.0.1:8014", "`HOST:PORT` of the FW+LB")
	flags.BoolVar(&f.selfSigned, "tls", false, "speak TLS with a certificate made for this run")
	flags.StringVar(&f.certificateOut, "tls-out", "", "write the certificate that --tls makes to this `FILE` (PEM), for SSL_CERT_FILE of clients")
	flags.StringVar(&f.certificate, "tls-cert", "", "speak TLS with the certificate in this `FILE` (PEM)")
	flags.StringVar(&f.key, "tls-key", "", "the `FILE` with its private key (PEM)")
	flags.StringVar(&o.StateFile, "state", "", "keep contracts, machines and pools in this `FILE`")
	flags.StringVar(&o.Installation, "installation", "rehearsal", "the installation whose mark the two serving machines carry")
	flags.StringArrayVar(&f.accounts, "account", nil, "who may call, as `ACCESSKEY:SECRET:GP`; repeat it for more, the first owns the fixture")
	flags.Float64Var(&f.speed, "speed", 1, "how many times as fast as the real service, which takes minutes; 60: seconds")
	flags.Float64Var(&o.Spread, "spread", 0.3, "how widely times vary around their medians, 0 to 1: the standard deviation of their logarithm")
	flags.Uint64Var(&o.Seed, "seed", 0, "repeats what a run with the same `NUMBER` drew (default: drawn, and printed)")
	flags.StringVar(&f.faults, "faults", "", "script of faults, a `FILE`; its times are those of the real service")
	flags.StringVar(&f.staleReads, "stale-reads", "cache", "how reads of a status are old: cache repeats what was last read of the machine, lag shows what was true a while ago")
	flags.StringSliceVar(&f.cloneInherits, "clone-inherits", []string{string(gpsim.InheritLabel)}, "what a clone has of its source: label, fwlb (its attachments), both, or \"\"")
	flags.StringVar(&f.cloneLanding, "clone-landing", "stopped", "how a clone arrives: initialized or stopped")
	flags.TextVar(&o.AddressBase, "addresses", o.AddressBase, "private addresses of the machines, a `NETWORK` within 127.0.0.0/8")
	flags.IntVar(&o.MaxMachines, "max-machines", 100, "machines with a contract that an account may have")
	flags.IntVar(&o.MaxPoolNodes, "max-pool-nodes", 50, "nodes that the pool can hold")
	flags.IntVar(&f.capacityL, "capacity-l", -1, "machines of all accounts that location L has room for; -1: no limit")
	flags.IntVar(&f.capacityR, "capacity-r", -1, "machines of all accounts that location R has room for; -1: no limit")
	flags.Uint16Var(&o.SNMPPort, "snmp-port", 10161, "UDP port of the machines' agents")
	flags.Uint16Var(&o.AppPort, "app-port", 8080, "TCP port of the machines' application")
}

// complete makes the options out of the flags.
func (f *simulatorFlags) complete() error {
	return errors.Join(f.completeDelays(), f.completeAccounts(), f.completeBehaviour(), f.completeTLS())
}

func (f *simulatorFlags) completeDelays() (err error) {
	const fastest = 1e6
	if !(f.speed > 0 && f.speed <= fastest) {
		return fmt.Errorf("--speed %v: write a number above 0, like 1 for minutes or 60 for seconds", f.speed)
	}
	f.options.Delays = gpsim.RealDelays().Faster(f.speed)
	if f.faults == "" {
		return nil
	}
	script, err := os.ReadFile(f.faults)
	if err != nil {
		return fmt.Errorf("--faults: %w; name a script that can be read", err)
	}
	f.options.Faults, err = gpsim.ParseFaults(f.faults, string(script))
	for i := range f.options.Faults {
		f.options.Faults[i].For = time.Duration(float64(f.options.Faults[i].For) / f.speed)
	}
	return err
}

// completeAccounts reads the accounts. A secret may contain colons.
func (f *simulatorFlags) completeAccounts() error {
	for i, text := range f.accounts {
		accessKey, rest, _ := strings.Cut(text, ":")
		last := strings.LastIndex(rest, ":")
		if last < 0 {
			return fmt.Errorf("--account number %d: write ACCESSKEY:SECRET:GP, GP being a code like %s", i+1, simcloud.GpServiceCode)
		}
		f.options.Accounts = append(f.options.Accounts, gpsim.Account{
			AccessKey: accessKey, SecretKey: secret.New(rest[:last]), GpServiceCode: rest[last+1:],
		})
	}
	return nil
}

func (f *simulatorFlags) completeBehaviour() error {
	switch f.cloneLanding {
	case "initialized":
		f.options.CloneLanding = gpsim.StatusInitialized
	case "stopped":
		f.options.CloneLanding = gpsim.StatusStopped
	default:
		return fmt.Errorf("--clone-landing %q: write initialized or stopped", f.cloneLanding)
	}
	f.options.CloneInherits = []gpsim.Inheritance{}
	for _, name := range f.cloneInherits {
		inherited := gpsim.Inheritance(name)
		if inherited != gpsim.InheritLabel && inherited != gpsim.InheritFwLbs {
			return fmt.Errorf("--clone-inherits %q: write label, fwlb, both with a comma between, or \"\"", name)
		}
		f.options.CloneInherits = append(f.options.CloneInherits, inherited)
	}
	switch f.staleReads {
	case "cache":
		f.options.StaleReads = gpsim.StaleByCache
	case "lag":
		f.options.StaleReads = gpsim.StaleByLag
	default:
		return fmt.Errorf("--stale-reads %q: write cache or lag", f.staleReads)
	}
	if loopback := netip.MustParsePrefix("127.0.0.0/8"); !loopback.Contains(f.options.AddressBase.Addr()) || f.options.AddressBase.Bits() < loopback.Bits() {
		return fmt.Errorf("--addresses %v: write a network within %v", f.options.AddressBase, loopback)
	}
	f.options.Capacity = map[string]int{}
	for location, machines := range map[string]int{"L": f.capacityL, "R": f.capacityR} {
		if machines >= 0 {
			f.options.Capacity[location] = machines
		}
	}
	return nil
}

func (f *simulatorFlags) completeTLS() error {
	var certificate tls.Certificate
	var err error
	switch {
	case f.certificate == "" && f.key == "" && !f.selfSigned:
		return nil
	case f.certificate == "" && f.key == "":
		host, _, splitErr := net.SplitHostPort(f.options.Listen)
		if splitErr != nil {
			return fmt.Errorf("--listen %q: write HOST:PORT", f.options.Listen)
		}
		if certificate, err = simcloud.SelfSigned(host); err == nil && f.certificateOut != "" {
			err = simcloud.WriteCertificate(f.certificateOut, certificate)
		}
	case f.selfSigned || f.certificate == "" || f.key == "":
		return errors.New("write either --tls or both --tls-cert and --tls-key")
	default:
		certificate, err = tls.LoadX509KeyPair(f.certificate, f.key)
		if err != nil {
			err = fmt.Errorf("--tls-cert %s, --tls-key %s: %w; both must be PEM and belong together", f.certificate, f.key, err)
		}
	}
	f.options.TLS = &certificate
	return err
}

// introduction says where the cloud is and what is in it, for programs.
type introduction struct {
	Endpoint     string              `json:"endpoint"`
	Page         string              `json:"page"`
	Certificate  string              `json:"certificate_sha256,omitempty"`
	Balancer     string              `json:"balancer"`
	Pool         string              `json:"pool"` // of gl_service_code
	GlService    string              `json:"gl_service_code"`
	GpService    string              `json:"gp_service_code"`
	Template     string              `json:"template"`
	Type         string              `json:"type"`
	Installation string              `json:"installation"`
	Group        string              `json:"group"`
	SNMPPort     uint16              `json:"snmp_port"`
	AppPort      uint16              `json:"app_port"`
	Seed         uint64              `json:"seed"`
	Accounts     []introducedAccount `json:"accounts"`
}

// introducedAccount is who may call. The secret key is told of the account that was made up, not of
// those that --account names.
type introducedAccount struct {
	AccessKey string `json:"access_key"`
	SecretKey string `json:"secret_key,omitempty"`
	GpService string `json:"gp_service_code"`
}

func (f *simulatorFlags) introduction(cloud *simcloud.Cloud) introduction {
	o := f.options
	told := introduction{
		Endpoint: cloud.Endpoint, Page: cloud.URL + "/", Balancer: fmt.Sprintf("http://%s", cloud.Balancer.Addr()), Pool: simcloud.Pool, GlService: simcloud.GlServiceCode,
		GpService: simcloud.GpServiceCode, Template: simcloud.Template, Type: simcloud.Type, Installation: o.Installation, Group: simcloud.Group,
		SNMPPort: o.SNMPPort, AppPort: o.AppPort, Seed: o.Seed,
	}
	if o.TLS != nil {
		told.Certificate = simcloud.Fingerprint(*o.TLS)
	}
	for _, account := range o.Accounts {
		told.Accounts = append(told.Accounts, introducedAccount{AccessKey: account.AccessKey, GpService: account.GpServiceCode})
	}
	if len(told.Accounts) == 0 {
		told.Accounts = []introducedAccount{{simcloud.AccessKey, simcloud.SecretKey, simcloud.GpServiceCode}}
	}
	told.GpService = told.Accounts[0].GpService
	return told
}

// introduce says where the cloud is and what is in it.
func (f *simulatorFlags) introduce(cmd *cobra.Command, cloud *simcloud.Cloud) {
	o := f.options
	cmd.Printf("GP-API        %s\n", cloud.Endpoint)
	cmd.Printf("page          %s/   (as JSON: /cloud, /books, /bill)\n", cloud.URL)
	if o.TLS != nil {
		cmd.Printf("certificate   SHA-256 %s\n", simcloud.Fingerprint(*o.TLS))
	}
	cmd.Printf("FW+LB         http://%s   (%s, pool %s)\n", cloud.Balancer.Addr(), simcloud.GlServiceCode, simcloud.Pool)
	cmd.Printf("machines      SNMP on UDP %d, HTTP on TCP %d, addresses in %s\n", o.SNMPPort, o.AppPort, o.AddressBase)
	gp := simcloud.GpServiceCode
	if len(o.Accounts) > 0 {
		gp = o.Accounts[0].GpServiceCode
	}
	cmd.Printf("fixture       %s, template %s (%s), marks of installation %s and group %s\n",
		gp, simcloud.Template, simcloud.Type, o.Installation, simcloud.Group)
	cmd.Printf("chance        --speed %v --spread %v --seed %d, %d faults armed\n", f.speed, o.Spread, o.Seed, len(o.Faults))
	if len(o.Accounts) == 0 {
		cmd.Printf("credentials   access key %s, secret key %s\n", simcloud.AccessKey, simcloud.SecretKey)
		return
	}
	for _, account := range o.Accounts {
		cmd.Printf("credentials   access key %s for %s\n", account.AccessKey, account.GpServiceCode)
	}
}
