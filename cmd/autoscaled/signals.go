package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/autoscaled/autoscaled/internal/fleet"
	"github.com/autoscaled/autoscaled/internal/httpd"
	"github.com/autoscaled/autoscaled/internal/policy"
)

func signalsCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "signals GROUP",
		Short: "Show what a running daemon reads of a group: values, quality and age, instance by instance",
		Long: `Show what a running daemon last read of a group: for each signal what a decision sees,
and of how many instances; and for each instance its value, how old that is, whether it
is believed, and what is wrong.`,
		Example: `  autoscaled signals web
  autoscaled signals web -o json`,
		Args: cobra.ExactArgs(1),
	}
	form := formFlag(command)
	return daemonCommand(command, func(ctx context.Context, client *httpd.Client, args []string) error {
		signals, err := client.Signals(ctx, args[0])
		if err != nil {
			return err
		}
		return form.print(command, signals, func(out io.Writer) error { return printGroupSignals(out, signals, time.Now()) })
	})
}

func printGroupSignals(out io.Writer, g fleet.GroupSignals, now time.Time) error {
	if g.ReadAt.IsZero() {
		_, err := fmt.Fprintf(out, "group %s: nothing is read yet\n", g.Group)
		return err
	}
	if _, err := fmt.Fprintf(out, "group %s: read %s ago\n", g.Group, ago(g.ReadAt, now)); err != nil {
		return err
	}
	return printSignals(out, g.Signals)
}

// printSignals writes each signal for a person: what a decision sees, what is wrong,
// and then each instance.
func printSignals(out io.Writer, signals []fleet.SignalReport) error {
	for _, signal := range signals {
		w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		fmt.Fprintf(w, "\nsignal %s: %s\n", signal.Name, seenText(signal))
		if signal.Fault != "" && !signal.Quiet {
			fmt.Fprintf(w, "  ! %s\n", signal.Fault)
		}
		for _, in := range signal.Instances {
			if in.Fault != "" {
				fmt.Fprintf(w, "  ! %s: %s\n", in.Instance, in.Fault)
			}
		}
		printReadings(w, signal)
		if err := w.Flush(); err != nil {
			return err
		}
	}
	return nil
}

func printReadings(w io.Writer, signal fleet.SignalReport) {
	if len(signal.Instances) == 0 {
		return
	}
	fmt.Fprintln(w, "  INSTANCE\tVALUE\tAGE\tQUALITY")
	for _, in := range signal.Instances {
		value, age := "-", "-"
		if v := valueOf(in.Shown); v != nil {
			value, age = quantity(*v, signal.Ceiling), ageText(in.Shown)
		}
		in.Fault += signal.Fault // what is wrong at all instances is told once
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", in.Instance, value, age, qualityText(in.Shown))
	}
}

// seenText is what a decision sees of the signal.
func seenText(s fleet.SignalReport) string {
	switch {
	case s.Quiet:
		return s.Fault
	case s.Statistic != "" && s.Of == 0:
		return "no instance to read it from"
	case s.Value == nil && s.Doubted == nil && s.Statistic != "":
		return "no value: " + noneText(s)
	case s.Value == nil && s.Doubted == nil:
		return "no value: " + qualityText(s.Shown)
	case s.Statistic == "":
		return fmt.Sprintf("%s, %s old, %s", quantity(*valueOf(s.Shown), s.Ceiling), ageText(s.Shown), qualityText(s.Shown))
	case s.Of == 1:
		return fmt.Sprintf("%s, at the one instance", quantity(*s.Value, s.Ceiling))
	default:
		return fmt.Sprintf("%s, the %s of %d of %d instances", quantity(*s.Value, s.Ceiling), s.Statistic, s.Measured, s.Of)
	}
}

// noneText says why no instance has a value: one reason when all have the same.
func noneText(s fleet.SignalReport) string {
	for _, in := range s.Instances {
		if in.Quality != s.Instances[0].Quality || (in.Doubted == nil) != (s.Instances[0].Doubted == nil) {
			return fmt.Sprintf("none of the %d instances has one", s.Of)
		}
	}
	return qualityText(s.Instances[0].Shown)
}

// valueOf is the value, also one that is doubted; nil without one.
func valueOf(s fleet.Shown) *float64 {
	if s.Value != nil {
		return s.Value
	}
	return s.Doubted
}

func ageText(s fleet.Shown) string {
	return age(time.Duration(*s.AgeSeconds * float64(time.Second)))
}

// quantity is a value for people. A ceiling of 1 is that of a share.
func quantity(value, ceiling float64) string {
	if ceiling == 1 {
		return plain(value*100, 3) + "%"
	}
	return plain(value, 4)
}

// plain is a number with so many significant digits, without an exponent as long as
// people can read it so.
func plain(value float64, digits int) string {
	text := strconv.FormatFloat(value, 'g', digits, 64)
	if magnitude := math.Abs(value); magnitude != 0 && (magnitude < 1e-6 || magnitude >= 1e15) {
		return text
	}
	rounded, _ := strconv.ParseFloat(text, 64) // it was a number
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}

// qualityText says in words whether a reading is believed, and if not, why.
func qualityText(s fleet.Shown) string {
	switch {
	case s.Quality == policy.Present.String() && s.Fault != "":
		return "an earlier value or another signal stands in"
	case s.Quality == policy.Present.String():
		return "good"
	case s.Doubted != nil:
		return "doubted, can make the group grow and not shrink: " + absenceText(s.Quality)
	default:
		return absenceText(s.Quality)
	}
}

// absenceText says what a policy.Absence means.
func absenceText(quality string) string {
	switch quality {
	case policy.Absent.String():
		return "absent, its source has no value to show"
	case policy.Stale.String():
		return "stale, its newest value is too old to count"
	case policy.Failed.String():
		return "failed, its source could not be read"
	case policy.NotFinite.String():
		return "not finite, NaN or an infinity is no number to decide on"
	case policy.OutOfRange.String():
		return "out of range, it cannot have such a value"
	case policy.Warming.String():
		return "warming, the instance does not serve, or not for long enough"
	case policy.Frozen.String():
		return "frozen, it stands still and should move"
	case policy.UnitChanged.String():
		return "unit changed, it may be a ratio in place of a percentage, or the other way round"
	case policy.Disagrees.String():
		return "disagrees, another source does not bear it out"
	case policy.Skewed.String():
		return "skewed, its source's clock is off"
	case policy.Censored.String():
		return "censored, the instance is saturated and may carry more than it shows"
	case policy.Overloaded.String():
		return "overloaded, it was not asked, since too many agents were silent or to be met"
	case policy.Filling.String():
		return "filling, its window is not full yet"
	default:
		return strings.ReplaceAll(quality, "_", " ")
	}
}
