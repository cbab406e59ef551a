package config

import (
	"encoding/json"
	"math"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"
)

// Schema is the JSON Schema, of draft 7, of the file, for editors. It refuses nothing that
// the loader accepts, and says of each key what the reference says.
func Schema() []byte {
	top := schemaOf(Describe())
	top["$schema"] = "http://json-schema.org/draft-07/schema#" // the newest that every editor knows
	top["title"] = "Configuration of autoscaled"
	text, err := json.MarshalIndent(top, "", "  ")
	if err != nil { // there are only words, numbers, lists and maps in it
		panic(err)
	}
	return append(text, '\n')
}

type object = map[string]any

func schemaOf(s *Section) object {
	properties := object{}
	var required []string
	for _, key := range s.Keys {
		properties[key.Name] = schemaOfKey(key)
		if key.Required {
			required = append(required, key.Name)
		}
	}
	schema := object{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		schema["required"] = required
	}
	var rules []object
	for _, rule := range s.Rules {
		rules = append(rules, schemaOfRule(rule))
	}
	if len(rules) > 0 {
		schema["allOf"] = rules
	}
	return schema
}

func schemaOfKey(key *Key) object {
	schema := object{}
	least := "minItems"
	switch key.Kind {
	case Value:
		schema = schemaOfShape(key.Shape)
	case List:
		schema["type"], schema["items"] = "array", schemaOfShape(key.Shape)
	case Mappings:
		schema["type"], schema["items"] = "array", schemaOf(key.Section)
	case Mapping:
		if key.Free() {
			schema = schemaOfNames(key, schemaOfKey(key.Section.Keys[0]))
		} else {
			schema = schemaOf(key.Section)
		}
	case Named:
		schema, least = schemaOfNames(key, schemaOf(key.Section)), "minProperties"
	}
	if key.Least > 0 {
		schema[least] = key.Least
	}
	if key.Once {
		schema["uniqueItems"] = true
	}
	if key.Meaning != "" {
		schema["description"] = describing(key)
	}
	if key.Default != "" && key.Kind == Value {
		schema["default"] = defaultOf(key)
	}
	return schema
}

// defaultOf is the default as YAML reads it.
func defaultOf(key *Key) any {
	var value any
	if err := yaml.Unmarshal([]byte(key.Default), &value); err == nil && len(key.Shape.Types) > 1 {
		return value
	}
	return key.Default
}

// schemaOfNames is that of a mapping of names to what the other schema says.
func schemaOfNames(key *Key, each object) object {
	return object{"type": "object", "propertyNames": object{"pattern": key.Names.Pattern}, "additionalProperties": each}
}

func schemaOfShape(shape Shape) object {
	if shape.Words != nil {
		return object{"enum": asYAML(shape.Words)}
	}
	schema := object{"type": shape.Types}
	if len(shape.Types) == 1 {
		schema["type"] = shape.Types[0]
	}
	if shape.Pattern != "" {
		schema["pattern"] = shape.Pattern
	}
	if b := shape.Numbers; b != nil {
		least, most := "minimum", "maximum"
		if b.Above {
			least = "exclusiveMinimum"
		}
		if b.Below {
			most = "exclusiveMaximum"
		}
		if b.Least > -math.MaxFloat64 {
			schema[least] = b.Least
		}
		if b.Most < math.MaxFloat64 {
			schema[most] = b.Most
		}
	}
	if shape.Letters > 0 {
		schema["maxLength"] = shape.Letters
	}
	return schema
}

// asYAML has the words as YAML can read them.
func asYAML(list []string) (values []any) {
	for _, word := range list {
		values = append(values, word)
		if word == "true" || word == "false" {
			values = append(values, word == "true")
		}
	}
	return values
}

func schemaOfRule(rule Rule) object {
	var demands []object
	if len(rule.Any) > 0 {
		demands = append(demands, object{"anyOf": eachOf(rule.Any)})
	}
	if len(rule.One) > 0 {
		demands = append(demands, object{"oneOf": eachOf(rule.One)})
	}
	if len(rule.None) > 0 {
		demands = append(demands, object{"not": object{"anyOf": eachOf(rule.None)}})
	}
	then := demands[0]
	for _, more := range demands[1:] {
		then = object{"allOf": []object{then, more}}
	}
	if rule.If.Key == "" {
		return then
	}
	premise := object{"required": []string{rule.If.Key}}
	switch {
	case rule.If.Values != nil:
		premise["properties"] = object{rule.If.Key: object{"enum": asYAML(rule.If.Values)}}
	case rule.If.Like != "":
		premise["properties"] = object{rule.If.Key: object{"pattern": rule.If.Like}}
	}
	if rule.If.Negated {
		premise = object{"not": premise}
	}
	return object{"if": premise, "then": then}
}

// eachOf is, of each key, that it is there.
func eachOf(keys []string) (schemas []object) {
	for _, key := range keys {
		schemas = append(schemas, object{"required": []string{key}})
	}
	return schemas
}

var markdownLink = regexp.MustCompile(`\[([^]]*)\]\([^)]*\)`)

// describing says in words without Markdown what the key is for, what may be written, and
// what counts without it.
func describing(key *Key) string {
	text := key.Meaning
	if words := key.Range(); key.Kind == Value || key.Kind == List {
		text += " Value: " + words + "."
	}
	if absence := key.Absence(); absence != "" && absence != "see below" {
		text += " Default: " + absence + "."
	}
	text = strings.ReplaceAll(text, "Default: required.", "Required.")
	return strings.ReplaceAll(markdownLink.ReplaceAllString(text, "$1"), "`", "")
}
