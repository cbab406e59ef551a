package main

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/spf13/cobra"

	"github.com/autoscaled/autoscaled/cmd/autoscaled/internal/simcloud"
	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
)

func simulatorCommand() *cobra.Command {
	options := simcloud.Options{
		AddressBase: netip.MustParsePrefix("127.10.0.0/16"),
		ServiceTime: 20 * time.Millisecond,
		Backlog:     50,
		BootTime:    time.Second,
		Now:         time.Now,
	}
	var delays string
	command := &cobra.Command{
		Use:   "simulator",
		Short: "Run the simulated GP-API cloud alone, with machines on loopback",
		Long: `Run the simulated GP-API cloud alone: the API, a stopped template, an FW+LB with a
pool, two serving machines, and a foreign machine in the same pool. Machines that
run answer SNMP and HTTP at their own loopback addresses; the FW+LB is a proxy.

A new machine starts only after a key was imported, so a group that acts on it
needs template.ssh_public_key.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch delays {
			case "real":
				options.Delays = gpsim.RealDelays()
			case "fast":
				options.Delays = gpsim.FastDelays()
			default:
				return fmt.Errorf("--delays %q: write real (minutes) or fast (seconds)", delays)
			}
			options.Failed = func(code string, err error) { cmd.PrintErrf("machine %s: %v\n", code, err) }
			cloud, err := simcloud.Start(options)
			if err != nil {
				return err
			}
			cmd.Printf("GP-API        %s   (what happened: http://%s/books)\n", cloud.Endpoint, options.Listen)
			cmd.Printf("FW+LB         http://%s   (%s, pool %s)\n", cloud.Balancer.Addr(), simcloud.GlServiceCode, simcloud.Pool)
			cmd.Printf("credentials   access key %s, secret key %s\n", simcloud.AccessKey, simcloud.SecretKey)
			cmd.Printf("machines      SNMP on UDP %d, HTTP on TCP %d, addresses in %s\n", options.SNMPPort, options.AppPort, options.AddressBase)
			cmd.Printf("fixture       %s, template %s (%s), marks of installation %s and group %s\n",
				simcloud.GpServiceCode, simcloud.Template, simcloud.Type, options.Installation, simcloud.Group)
			<-cmd.Context().Done()
			return cloud.Close()
		},
	}
	flags := command.Flags()
	flags.StringVar(&options.Listen, "listen", "127.0.0.1:8013", "`HOST:PORT` of the API")
	flags.StringVar(&options.ProxyListen, "proxy", "127.0.0.1:8014", "`HOST:PORT` of the FW+LB")
	flags.StringVar(&options.StateFile, "state", "", "keep contracts, machines and pools in this `FILE`")
	flags.StringVar(&options.Installation, "installation", "rehearsal", "the installation whose mark the two serving machines carry")
	flags.StringVar(&delays, "delays", "fast", "how long the cloud takes: real (minutes) or fast (seconds)")
	flags.TextVar(&options.AddressBase, "addresses", options.AddressBase, "private addresses of the machines, a `NETWORK` within 127.0.0.0/8")
	flags.IntVar(&options.MaxMachines, "max-machines", 100, "machines with a contract that the account may have")
	flags.IntVar(&options.MaxPoolNodes, "max-pool-nodes", 50, "nodes that the pool can hold")
	flags.Uint16Var(&options.SNMPPort, "snmp-port", 10161, "UDP port of the machines' agents")
	flags.Uint16Var(&options.AppPort, "app-port", 8080, "TCP port of the machines' application")
	return command
}
