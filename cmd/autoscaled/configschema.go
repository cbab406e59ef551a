package main

import (
	"encoding/json"
	"io"

	"github.com/spf13/cobra"

	"github.com/autoscaled/autoscaled/internal/config"
)

func configSchemaCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of the configuration, for editors",
		Long: `Print the JSON Schema (draft 7) of the configuration, by which editors complete keys, show what
they mean, and mark what is wrong. It knows each key, its form and its bounds; what depends on
several places of the file, or on other files, ` + "`autoscaled check`" + ` alone knows. It needs no daemon.

An editor finds it by the first line of a configuration:

  # yaml-language-server: $schema=/usr/share/autoscaled/autoscaled.schema.json`,
		Example: `  autoscaled config schema
  autoscaled config schema > autoscaled.schema.json`,
		Args: cobra.NoArgs,
	}
	form := formFlag(command)
	command.RunE = func(cmd *cobra.Command, _ []string) error {
		schema := config.Schema()
		return form.print(cmd, json.RawMessage(schema), func(out io.Writer) error {
			_, err := out.Write(schema)
			return err
		})
	}
	return command
}
