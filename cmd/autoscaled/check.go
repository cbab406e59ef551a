package main

import (
	"errors"
	"io"

	"github.com/spf13/cobra"

	"github.com/autoscaled/autoscaled/cmd/autoscaled/internal/daemon"
	"github.com/autoscaled/autoscaled/internal/config"
)

// checked is what is found of a file.
type checked struct {
	File     string    `json:"file"`
	Good     bool      `json:"good"`
	Summary  string    `json:"summary,omitempty"` // of a good one: what it is about
	Problems []problem `json:"problems,omitempty"`
}

// problem is one that a configuration has.
type problem struct {
	File   string `json:"file,omitempty"`   // in which it is, if not in the configuration itself
	Line   int    `json:"line,omitempty"`   // from 1; 0: not known, as with Column
	Column int    `json:"column,omitempty"` //
	Key    string `json:"key,omitempty"`    // its path; empty: the file as a whole
	Text   string `json:"text"`             // what is wrong, and what to write instead
}

func checkCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "check FILE...",
		Short: "Check configuration files, offline: no secret is read, nothing is called",
		Long: `Check configuration files, offline: no secret is read, and nothing is called. Calendars and
prices that a file names are read. Every fault of every file is named, with its line and what to write instead.`,
		Example: `  autoscaled check /etc/autoscaled/autoscaled.yaml
  autoscaled check staging.yaml production.yaml -o json`,
		Args: cobra.MinimumNArgs(1),
	}
	form := formFlag(command)
	command.RunE = func(cmd *cobra.Command, files []string) error {
		all, faulty := []checked{}, false
		for _, file := range files {
			c, err := daemon.Check(file)
			all = append(all, checkedFile(file, c, err))
			faulty = faulty || err != nil
			switch {
			case form.json():
			case err != nil:
				cmd.PrintErrln(err)
			default:
				cmd.Printf("%s: good: %s\n", file, summary(c))
			}
		}
		if err := form.print(cmd, all, func(io.Writer) error { return nil }); err != nil {
			return err
		}
		if faulty {
			return errSilent
		}
		return nil
	}
	return command
}

func checkedFile(file string, c *config.Config, err error) checked {
	if err == nil {
		return checked{File: file, Good: true, Summary: summary(c)}
	}
	var problems config.Problems
	if !errors.As(err, &problems) {
		return checked{File: file, Problems: []problem{{Text: err.Error()}}}
	}
	found := checked{File: file}
	for _, p := range problems {
		if p.File == file {
			p.File = ""
		}
		found.Problems = append(found.Problems, problem{p.File, p.Line, p.Column, p.Path, p.Message})
	}
	return found
}
