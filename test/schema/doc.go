// Package schema holds the JSON Schema of the configuration, by which editors judge, against
// the loader, by which the daemon does.
package schema
