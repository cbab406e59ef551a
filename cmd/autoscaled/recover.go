package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/autoscaled/autoscaled/cmd/autoscaled/internal/daemon"
	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/policy"
	"github.com/autoscaled/autoscaled/internal/store"
)

func recoverCommand() *cobra.Command {
	var file string
	var fromCloud bool
	var r recovery
	var form *form
	command := &cobra.Command{
		Use:   "recover --from-cloud",
		Short: "Make a lost or damaged state anew from the labels in the cloud",
		Long: `Make a lost or damaged state anew from the labels in the cloud.

Without --write it only looks, by reading calls alone: it shows which machines carry
the label of this installation, and the goal that the daemon will give to each. With
--write it puts a new state file in the place of the old one, which it keeps under
another name. Every group that acts is paused in it: the daemon takes the machines on
record when it starts next, and does nothing with them until ` + "`autoscaled resume`" + `.

What labels do not tell is lost: orders whose answer is outstanding, quarantines, and
what the windows of the policies remembered.`,
		Example: `  autoscaled recover --from-cloud
  autoscaled recover --from-cloud --config /etc/autoscaled/autoscaled.yaml --write`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !fromCloud {
				return usageErrorf("add --from-cloud: the labels in the cloud are all that a state can be made anew from")
			}
			c, err := config.Load(file)
			if err != nil {
				return err
			}
			r.config, r.out = c, cmd.OutOrStdout()
			r.command = cmd
			if form.json() {
				r.out = io.Discard
			}
			if err := r.run(cmd.Context()); err != nil || !form.json() {
				return err
			}
			return printJSON(cmd.OutOrStdout(), r.report)
		},
	}
	form = formFlag(command)
	flags := command.Flags()
	flags.BoolVar(&fromCloud, "from-cloud", false, "take the labels in the cloud for the truth (required)")
	flags.StringVar(&file, "config", defaultConfig, "the daemon's configuration `FILE`")
	flags.StringVar(&r.installation, "installation", "", "the installation's `NAME`, when neither the configuration nor the labels tell it")
	flags.BoolVar(&r.write, "write", false, "make the new state file")
	flags.BoolVar(&r.force, "force", false, "make it although nothing is wrong with the present one, or nobody can tell")
	return command
}

// recovery is one run of the command.
type recovery struct {
	config       *config.Config
	installation string
	write, force bool
	out          io.Writer
	command      *cobra.Command
	report       recoveryReport // what out is told, for programs
}

// recoveryReport says what was found, and what was made of it.
type recoveryReport struct {
	Installation string          `json:"installation"`
	State        string          `json:"state"` // what is wrong with the present state file, if anything is
	Groups       []groupReport   `json:"groups"`
	Unlabelled   []machineReport `json:"unlabelled"`   // they may be purchases
	Unconfigured []machineReport `json:"unconfigured"` // labelled for a group that the configuration does not have
	Others       []machineReport `json:"others"`       // of another installation
	Written      bool            `json:"written"`
	Aside        string          `json:"old_state_file,omitempty"` // where the state file from before is
}

type groupReport struct {
	Name     string          `json:"name"`
	Acts     bool            `json:"acts"` // it begins paused
	Machines []machineReport `json:"machines"`
}

type machineReport struct {
	Code    string      `json:"code"`
	Account string      `json:"account"`
	Status  string      `json:"status"`
	Label   string      `json:"label"`
	Began   string      `json:"began,omitempty"` // a day
	Pools   []string    `json:"pools,omitempty"`
	Goal    policy.Goal `json:"goal,omitempty"` // that it gets
}

// tell notes what was found.
func (r *recoveryReport) tell(s *daemon.Survey) {
	r.Installation, r.Groups = s.Installation, []groupReport{}
	for _, group := range s.Groups {
		r.Groups = append(r.Groups, groupReport{group.Name, group.Acts, machineReports(group.Machines)})
	}
	r.Unlabelled, r.Unconfigured, r.Others = machineReports(s.Unlabelled), machineReports(s.Unconfigured), machineReports(s.Others)
}

func machineReports(machines []daemon.SurveyedMachine) []machineReport {
	reports := make([]machineReport, len(machines))
	for i, m := range machines {
		reports[i] = machineReport{Code: m.Code, Account: m.Account, Status: m.Status, Label: m.Label, Pools: m.Pools, Goal: m.Goal}
		if !m.Start.IsZero() {
			reports[i].Began = day(m.Start)
		}
	}
	return reports
}

var installationName = regexp.MustCompile(`^[a-z0-9-]{1,16}$`)

func (r *recovery) run(ctx context.Context) error {
	if r.installation != "" && !installationName.MatchString(r.installation) {
		return fmt.Errorf("--installation %q: write up to 16 of a-z, 0-9 and -", r.installation)
	}
	if err := r.checkState(); err != nil {
		return err
	}
	survey, err := during(r.command, "looking at the accounts", func() (*daemon.Survey, error) {
		return daemon.LookForMarks(ctx, daemon.SurveyOptions{Config: r.config, Installation: r.installation})
	})
	if err != nil {
		return fmt.Errorf("look for this installation's machines: %w", err)
	}
	r.report.tell(survey)
	if err := printSurvey(r.out, survey); err != nil {
		return err
	}
	if !r.write {
		_, err := fmt.Fprintln(r.out, "\nNothing was changed. With --write, a new state file is made.")
		return err
	}
	return r.replace(survey)
}

// checkState says what is wrong with the present state. To write, something must be.
func (r *recovery) checkState() error {
	path := daemon.StatePath(r.config)
	err := store.Check(path)
	var damaged *store.DamagedError
	switch {
	case err == nil && r.write && !r.force:
		return fmt.Errorf("nothing is wrong with the state file %s: start the daemon, or add --force to do without what it holds", path)
	case err == nil:
		err = fmt.Errorf("nothing is wrong with the state file %s", path)
	case errors.Is(err, os.ErrNotExist):
		err = fmt.Errorf("there is no state file %s", path)
	case errors.As(err, &damaged):
	case r.write && (!r.force || errors.Is(err, store.ErrInUse)):
		return err
	}
	r.report.State = err.Error()
	_, err = fmt.Fprintln(r.out, err)
	return err
}

func (r *recovery) replace(survey *daemon.Survey) error {
	aside, err := survey.Write(r.force)
	if err != nil {
		return err
	}
	r.report.Written, r.report.Aside = true, aside
	fmt.Fprintln(r.out)
	if aside != "" {
		fmt.Fprintf(r.out, "The old state file is kept as %s.\n", aside)
	}
	fmt.Fprintf(r.out, "Made the state file %s for installation %s. Now start the daemon, look at\n", daemon.StatePath(r.config), survey.Installation)
	fmt.Fprintf(r.out, "  autoscaled status --socket %s\nand, if every instance is there, let it act:\n", r.config.Socket)
	for _, group := range survey.Groups {
		if group.Acts {
			fmt.Fprintf(r.out, "  autoscaled resume %s --socket %s\n", group.Name, r.config.Socket)
		}
	}
	return nil
}

// printSurvey shows the machines of each group and what a person must look at.
func printSurvey(out io.Writer, survey *daemon.Survey) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "installation %s\n", survey.Installation)
	for _, group := range survey.Groups {
		printGroupSurvey(w, survey.Installation, group)
	}
	if len(survey.Unlabelled) > 0 {
		fmt.Fprintln(w, "\n! These machines have no label of their own and began recently, so they may be purchases that were not labelled yet.")
		fmt.Fprintln(w, "  Once the daemon runs, and before the groups are resumed, `autoscaled adopt CODE --group GROUP` takes those that are ours on record:")
		printMachines(w, survey.Unlabelled)
	}
	if len(survey.Unconfigured) > 0 {
		fmt.Fprintln(w, "\n! These machines carry our label, for a group that the configuration does not have on their account; nobody will look after them:")
		printMachines(w, survey.Unconfigured)
	}
	if len(survey.Others) > 0 {
		fmt.Fprintln(w, "\nThese machines carry the label of another installation and are left alone:")
		printMachines(w, survey.Others)
	}
	return w.Flush()
}

func printGroupSurvey(w io.Writer, installation string, group daemon.GroupSurvey) {
	mode := "recommend: it keeps no state"
	if group.Acts {
		mode = fmt.Sprintf("act: it begins paused, with %d in service", group.Serving())
	}
	fmt.Fprintf(w, "\ngroup %s (%s)", group.Name, mode)
	if len(group.Machines) == 0 {
		fmt.Fprintf(w, ": no machine carries the label as:%s:%s:CODE\n", installation, group.Name)
		return
	}
	fmt.Fprintln(w, "\n  MACHINE\tSTATUS\tBEGAN\tIN POOLS\tGOAL")
	for _, m := range group.Machines {
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\t%s\n", m.Code, m.Status, day(m.Start), poolsOf(m), goalOf(group, m))
	}
}

func poolsOf(m daemon.SurveyedMachine) string {
	if m.NoAddress {
		return "not known"
	}
	return strings.Join(m.Pools, " ")
}

// goalOf is the goal that the daemon gives the machine.
func goalOf(group daemon.GroupSurvey, m daemon.SurveyedMachine) policy.Goal {
	switch {
	case m.Goal != "":
		return m.Goal
	case !group.Acts:
		return "none"
	case m.Ending():
		return "none: its contract ends"
	default:
		return "none until the cloud shows it in service"
	}
}

func printMachines(w io.Writer, machines []daemon.SurveyedMachine) {
	fmt.Fprintln(w, "  MACHINE\tACCOUNT\tSTATUS\tBEGAN\tLABEL")
	for _, m := range machines {
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\t%q\n", m.Code, m.Account, m.Status, day(m.Start), m.Label)
	}
}

func day(t time.Time) string {
	if t.IsZero() {
		return "not told"
	}
	return t.Format(time.DateOnly)
}
