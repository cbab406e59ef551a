// Command licences writes the licences of all that others have made and a binary of
// autoscaled contains: the modules, Go, and what its pages carry.
//
// usage: licences BINARY > THIRD_PARTY_LICENSES      (in the folder tools)
package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/autoscaled/autoscaled/tools/internal/linked"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: licences BINARY > THIRD_PARTY_LICENSES")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "licences:", err)
		os.Exit(1)
	}
}

func run(file string, out io.Writer) error {
	binary, err := linked.Read(file)
	if err != nil {
		return err
	}
	places, err := linked.FindPlaces(context.Background(), "..")
	if err != nil {
		return err
	}
	parts, err := binary.Parts(places)
	if err != nil {
		return err
	}
	load, err := os.ReadFile("../cmd/autoscaled/internal/planning/example/NOTICE")
	if err != nil {
		return fmt.Errorf("read where the example's load comes from: %w", err)
	}
	w := bufio.NewWriter(out)
	write(w, parts, string(load))
	return w.Flush()
}

// write begins with a table of contents. A text that several parts share stands once.
func write(w io.Writer, parts []linked.Part, load string) {
	fmt.Fprint(w, "autoscaled is licensed under the Apache License 2.0 (see LICENSE). Its binary contains what\nothers have made, under their licences:\n\n")
	for _, part := range parts {
		fmt.Fprintf(w, "    %s %s: %s\n", part.Name, part.Version, strings.Join(part.Licences, ", "))
	}
	var order []string
	owners := make(map[string][]string)
	for _, part := range parts {
		for _, text := range part.Texts {
			if owners[text.Body] == nil {
				order = append(order, text.Body)
			}
			owners[text.Body] = append(owners[text.Body], fmt.Sprintf("%s %s, %s", part.Name, part.Version, text.Name))
		}
	}
	for _, body := range order {
		section(w, strings.Join(owners[body], "\n"), body)
	}
	section(w, "the load of `autoscaled plan --example`", load)
}

func section(w io.Writer, title, body string) {
	fmt.Fprintf(w, "\n%s\n%s\n\n%s\n", strings.Repeat("=", 90), title, strings.TrimRight(body, "\n"))
}
