package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/autoscaled/autoscaled/internal/words"
)

// choice is one of a few words. It is a flag's value.
type choice struct {
	chosen string
	of     []string // the first is the default
}

// declare adds the flag to the command.
func (c *choice) declare(command *cobra.Command, name, short, usage string) {
	c.chosen = c.of[0]
	command.Flags().VarP(c, name, short, usage)
	_ = command.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(c.of, cobra.ShellCompDirectiveNoFileComp)) // the flag is there
}

func (c *choice) String() string { return c.chosen }

// Type is what help calls a value that is not named.
func (c *choice) Type() string { return "WORD" }

// Set chooses a word.
func (c *choice) Set(text string) error {
	if !slices.Contains(c.of, text) {
		return fmt.Errorf("write %s", words.Either(c.of))
	}
	c.chosen = text
	return nil
}

// form is that of what a command prints, as -o names it.
type form struct{ choice }

// formFlag lets -o choose between text for people and JSON for programs.
func formFlag(command *cobra.Command) *form {
	f := &form{choice{of: []string{"text", "json"}}}
	f.declare(command, "output", "o", "the `FORM` of what is printed: text for people, or json for programs")
	alias := command.Flags().VarPF((*jsonForm)(f), "json", "", "the same as -o json")
	alias.NoOptDefVal, alias.Hidden = "true", true
	return f
}

func (f *form) json() bool { return f.chosen == "json" }

// print prints value as JSON, or as text does.
func (f *form) print(command *cobra.Command, value any, text func(io.Writer) error) error {
	if f.json() {
		return printJSON(command.OutOrStdout(), value)
	}
	return text(command.OutOrStdout())
}

// told is what a command that changes something prints as JSON.
type told struct {
	Command string   `json:"command"` // without the program's name
	Of      []string `json:"of"`      // the arguments
	Text    string   `json:"text"`    // what was done, in words
}

// tell says what the command has done with its arguments.
func (f *form) tell(command *cobra.Command, args []string, text string) error {
	return f.print(command, told{strings.TrimPrefix(command.CommandPath(), command.Root().Name()+" "), args, text}, func(out io.Writer) error {
		_, err := fmt.Fprintln(out, text)
		return err
	})
}

// jsonForm is --json, which was there before -o json.
type jsonForm form

func (f *jsonForm) String() string { return "false" }

// Type is that of a switch.
func (f *jsonForm) Type() string { return "bool" }

// Set chooses JSON.
func (f *jsonForm) Set(text string) error {
	if text != "true" {
		return fmt.Errorf("write -o %s", words.Either(f.of))
	}
	f.chosen = "json"
	return nil
}

func printJSON(out io.Writer, value any) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}
