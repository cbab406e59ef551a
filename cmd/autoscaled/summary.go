package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/autoscaled/autoscaled/internal/config"
)

// summary says what a configuration is about, in one line.
func summary(c *config.Config) string {
	var groups []string
	for name, group := range c.Groups {
		groups = append(groups, fmt.Sprintf("%s (%s, %d to %d)", name, group.Mode, group.Min, group.Max))
	}
	slices.Sort(groups)
	noun := "groups"
	if len(groups) == 1 {
		noun = "group"
	}
	return fmt.Sprintf("%d %s: %s", len(groups), noun, strings.Join(groups, ", "))
}
