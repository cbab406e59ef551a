package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/config"
	"github.com/autoscaled/autoscaled/internal/gpapi"
	"github.com/autoscaled/autoscaled/internal/secret"
	"github.com/autoscaled/autoscaled/internal/words"
)

// The variables that the vendor's own command line reads.
const (
	accessKeyVariable = "IIJAPI_ACCESS_KEY"
	secretKeyVariable = "IIJAPI_SECRET_KEY" //nolint:gosec // its name, not its content
)

// gpOptions are what the command's flags say.
type gpOptions struct {
	configFile, provider string
	endpoint             string
	method, signature    string
	timeout              time.Duration
	debug                bool
	form                 *form // of the list of actions; what is answered is JSON anyway
}

func gpCommand() *cobra.Command {
	var o gpOptions
	command := &cobra.Command{
		Use:   "gp [ACTION [KEY=VALUE...]]",
		Short: "Call an action of GP-API, or list them",
		Long: `Call any action of GP-API, and print what it answers as JSON; without ACTION, list the
actions and their parameters. A VALUE that begins with @ is read from the file after
it (@@ stands for one @). An action that changes something is sent at most once, and
nothing asks whether you are sure: some of them cost money.

The keys come from the variables ` + accessKeyVariable + ` and ` + secretKeyVariable + `, or with --config
from a provider of that configuration, which then also says the endpoint and
GpServiceCode.

` + statusText(),
		Example: `  autoscaled gp GetContractInformation GpServiceCode=gp00000001
  autoscaled gp StopVirtualMachine GcServiceCode=gc00000007 Force=No --config /etc/autoscaled/autoscaled.yaml
  autoscaled gp GetVirtualMachineStatusList GpServiceCode=gp00000001 GcServiceCode.1=gc00000001 GcServiceCode.2=gc00000002`,
		ValidArgsFunction: completeGp,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return o.form.print(cmd, listedActions(), listActions)
			}
			return o.call(cmd, args[0], args[1:])
		},
	}
	o.form = formFlag(command)
	flags := command.Flags()
	flags.StringVar(&o.configFile, "config", "", "the configuration `FILE` that has the provider")
	flags.StringVar(&o.provider, "provider", "", "the provider's `NAME`, if the configuration has several")
	flags.StringVar(&o.endpoint, "endpoint", "", "`URL` of the API, ending in /json or /xml (default "+gpapi.DefaultEndpoint+")")
	flags.StringVar(&o.method, "method", "POST", "POST or GET")
	flags.StringVar(&o.signature, "signature-method", gpapi.HmacSHA256, gpapi.HmacSHA256+" or "+gpapi.HmacSHA1)
	flags.DurationVar(&o.timeout, "timeout", 200*time.Second, "of one attempt; the service itself gives up after 180 s")
	flags.BoolVar(&o.debug, "debug", false, "tell on standard error what is signed, sent and answered, without the keys")
	return command
}

// statusText says what the exit statuses mean.
func statusText() string {
	var classes []string
	for _, class := range cloud.Classes() {
		classes = append(classes, fmt.Sprintf("%d %v", exitStatus(class), class))
	}
	return "The exit status says how a call failed: " + strings.Join(classes[:4], ", ") + ",\n" + strings.Join(classes[4:], ", ") +
		".\nIt is 1 when nothing was sent."
}

func exitStatus(class cloud.Class) int { return firstClassStatus + int(class-cloud.ClassTransient) }

// call calls the action and prints what it answers.
func (o *gpOptions) call(cmd *cobra.Command, action string, args []string) error {
	client, defaults, err := o.client(cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	parameters, err := readParameters(args)
	if err != nil {
		return err
	}
	for name, value := range defaults {
		if !parameters.Has(name) && takes(action, name) {
			parameters.Set(name, value)
		}
	}
	answer, err := client.Do(cmd.Context(), action, parameters)
	var failed *gpapi.Error
	switch {
	case errors.As(err, &failed) && (failed.HTTPStatus != 0 || failed.Class != cloud.ClassInvalid):
		return exitError{exitStatus(failed.Class), err}
	case err != nil:
		return err
	}
	var indented bytes.Buffer
	if err = json.Indent(&indented, answer, "", "  "); err == nil {
		_, err = fmt.Fprintln(cmd.OutOrStdout(), indented.String())
	}
	if err != nil { // what was done must not look as if nothing was sent
		return exitError{exitStatus(cloud.ClassUnknownOutcome), fmt.Errorf("%s succeeded, and its answer cannot be printed: %w: %s", action, err, answer)}
	}
	return nil
}

// client makes a client by the configuration or by the environment, and says which
// parameters need not be given.
func (o *gpOptions) client(errOut io.Writer) (client *gpapi.Client, defaults map[string]string, err error) {
	options := gpapi.Options{
		AccessKey: secret.New(os.Getenv(accessKeyVariable)), SecretKey: secret.New(os.Getenv(secretKeyVariable)),
		CallsPerSecond: 2, CallTimeout: o.timeout, Method: o.method, SignatureMethod: o.signature,
	}
	switch {
	case o.configFile != "":
		provider, err := o.configured()
		if err != nil {
			return nil, nil, err
		}
		options.AccessKey, options.SecretKey, options.Endpoint = provider.AccessKey, provider.SecretKey, provider.Endpoint
		defaults = map[string]string{"GpServiceCode": provider.GpServiceCode}
	case options.AccessKey.Empty() || options.SecretKey.Empty():
		return nil, nil, fmt.Errorf("there are no keys: set %s and %s, or name a configuration with --config", accessKeyVariable, secretKeyVariable)
	}
	if o.endpoint != "" {
		options.Endpoint = o.endpoint
	}
	if o.debug {
		options.Debug = func(text string) { _, _ = fmt.Fprintln(errOut, text) }
	}
	client, err = gpapi.New(options)
	return client, defaults, err
}

// configured is the provider of the configuration that the flags name.
func (o *gpOptions) configured() (config.Provider, error) {
	read, err := config.Load(o.configFile)
	if err != nil {
		return config.Provider{}, err
	}
	names := slices.Sorted(maps.Keys(read.Providers))
	name := o.provider
	if name == "" && len(names) == 1 {
		name = names[0]
	}
	provider, known := read.Providers[name]
	switch {
	case name == "":
		return provider, fmt.Errorf("%s has several providers: choose %s with --provider", o.configFile, words.Either(names))
	case !known:
		return provider, fmt.Errorf("%s has no provider `%s`: %s", o.configFile, words.Shown(name), words.Suggest(name, names))
	}
	return provider, nil
}

// readParameters reads words like KEY=VALUE.
func readParameters(args []string) (url.Values, error) {
	parameters := url.Values{}
	for _, arg := range args {
		name, value, found := strings.Cut(arg, "=")
		switch {
		case !found || name == "":
			return nil, fmt.Errorf("parameter `%s`: write it as KEY=VALUE", words.Shown(arg))
		case parameters.Has(name):
			return nil, fmt.Errorf("parameter %s is there twice: of a list, number the elements as %s.1, %s.2", name, name, name)
		case strings.HasPrefix(value, "@@"):
			value = value[1:]
		case strings.HasPrefix(value, "@"):
			content, err := os.ReadFile(value[1:])
			if err != nil {
				return nil, fmt.Errorf("parameter %s: %w", name, err)
			}
			value = strings.TrimRight(string(content), "\r\n")
		}
		parameters.Set(name, value)
	}
	return parameters, nil
}

// listedAction is an action for programs.
type listedAction struct {
	Name       string            `json:"name"`
	Writes     bool              `json:"writes"` // it can change something
	Parameters []listedParameter `json:"parameters"`
}

type listedParameter struct {
	Name     string   `json:"name"` // of a list without its number
	Required bool     `json:"required"`
	List     bool     `json:"list"`
	Values   []string `json:"values,omitempty"` // those that are known
}

func listedActions() (list []listedAction) {
	for _, action := range gpapi.Actions() {
		listed := listedAction{action.Name, action.Writes, []listedParameter{}}
		for _, p := range action.Parameters {
			listed.Parameters = append(listed.Parameters, listedParameter(p))
		}
		list = append(list, listed)
	}
	return list
}

// listActions prints what can be called.
func listActions(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ACTION\tPARAMETERS (* required)")
	for _, action := range gpapi.Actions() {
		var names []string
		for _, parameter := range action.Parameters {
			names = append(names, parameterText(parameter))
		}
		fmt.Fprintf(w, "%s\t%s\n", action.Name, strings.Join(names, " "))
	}
	return w.Flush()
}

func parameterText(p gpapi.Parameter) string {
	text := p.Name
	if p.List {
		text += ".N"
	}
	if p.Required {
		text += "*"
	}
	if len(p.Values) > 0 {
		text += "=" + strings.Join(p.Values, "|")
	}
	return text
}

// takes says whether the action has a parameter of that name.
func takes(action, parameter string) bool {
	return slices.ContainsFunc(parametersOf(action), func(p gpapi.Parameter) bool { return p.Name == parameter })
}

func parametersOf(name string) []gpapi.Parameter {
	for _, action := range gpapi.Actions() {
		if action.Name == name {
			return action.Parameters
		}
	}
	return nil
}

// completeGp completes actions, then parameters that are not there yet, then their values.
func completeGp(_ *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var completions []cobra.Completion
	if len(args) == 0 {
		for _, action := range gpapi.Actions() {
			completions = append(completions, action.Name)
		}
		return completions, cobra.ShellCompDirectiveNoFileComp
	}
	given := map[string]bool{}
	for _, arg := range args[1:] {
		name, _, _ := strings.Cut(arg, "=")
		given[name] = true
	}
	name, value, hasValue := strings.Cut(begun, "=")
	for _, parameter := range parametersOf(args[0]) {
		switch {
		case hasValue && parameter.Name == name:
			for _, known := range parameter.Values {
				completions = append(completions, name+"="+known)
			}
		case !hasValue && parameter.List:
			completions = append(completions, firstFree(parameter.Name+".N", given)+"=")
		case !hasValue && strings.Contains(parameter.Name, ".N."):
			completions = append(completions, firstFree(parameter.Name, given)+"=")
		case !hasValue && !given[parameter.Name]:
			completions = append(completions, parameter.Name+"=")
		}
	}
	if hasValue && strings.HasPrefix(value, "@") {
		return nil, cobra.ShellCompDirectiveDefault
	}
	return completions, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// firstFree is the pattern with the first number in place of N that is not given.
func firstFree(pattern string, given map[string]bool) string {
	before, after, _ := strings.Cut(pattern, ".N")
	for n := 1; ; n++ {
		if name := fmt.Sprintf("%s.%d%s", before, n, after); !given[name] {
			return name
		}
	}
}
