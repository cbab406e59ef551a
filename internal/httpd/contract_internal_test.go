package httpd

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"net/http"
	"path"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/autoscaled/autoscaled/internal/events"
	"github.com/autoscaled/autoscaled/internal/policy"
)

// document is a part of openapi.yaml.
type document = map[string]any

var described = sync.OnceValue(func() document {
	var all document
	if err := yaml.Unmarshal(description, &all); err != nil {
		panic(err)
	}
	return all
})

// at finds a part by its names, following references on the way to it.
func at(part any, names ...string) any {
	for _, name := range names {
		part = resolve(part).(document)[name]
	}
	return part
}

// resolve follows a reference.
func resolve(part any) any {
	if d, is := part.(document); is {
		if ref, is := d["$ref"].(string); is {
			return resolve(at(described(), strings.Split(strings.TrimPrefix(ref, "#/"), "/")...))
		}
	}
	return part
}

func texts(list any) []string {
	var all []string
	elements, _ := list.([]any)
	for _, element := range elements {
		all = append(all, fmt.Sprint(element))
	}
	return slices.Sorted(slices.Values(all))
}

// operation finds what is described of a route; nil if nothing is.
func operation(rt route) document {
	of, _ := at(described(), "paths").(document)[rt.path].(document)
	op, _ := of[strings.ToLower(rt.method)].(document)
	return op
}

func TestEveryRouteIsDescribedAndNothingElseIs(t *testing.T) {
	t.Parallel()
	var served, told []string
	for _, rt := range routes(Options{}) {
		served = append(served, rt.method+" "+rt.path)
	}
	for path, of := range at(described(), "paths").(document) {
		for method := range of.(document) {
			told = append(told, strings.ToUpper(method)+" "+path)
		}
	}
	slices.Sort(served)
	slices.Sort(told)
	if !slices.Equal(served, told) {
		t.Errorf("served\n%s\ndescribed\n%s", strings.Join(served, "\n"), strings.Join(told, "\n"))
	}
}

func TestEveryRouteNeedsAndTakesWhatIsDescribed(t *testing.T) {
	t.Parallel()
	for _, rt := range routes(Options{}) {
		op, name := operation(rt), rt.method+" "+rt.path
		if op == nil {
			continue // told of above
		}
		if role, _ := op["x-role"].(string); role != rt.role.String() && (role != "" || rt.role != 0) {
			t.Errorf("%s needs the role %v, described as %q", name, rt.role, role)
		}
		var query []string
		var inPath []string
		parameters, _ := op["parameters"].([]any)
		for _, p := range parameters {
			switch p := resolve(p).(document); p["in"] {
			case "query":
				query = append(query, p["name"].(string))
			case "path":
				inPath = append(inPath, "{"+p["name"].(string)+"}")
			}
		}
		slices.Sort(query)
		if known := slices.Sorted(slices.Values(rt.query)); !slices.Equal(query, known) {
			t.Errorf("%s knows the parameters %v, described as %v", name, known, query)
		}
		for part := range strings.SplitSeq(rt.path, "/") {
			if strings.HasPrefix(part, "{") && !slices.Contains(inPath, part) {
				t.Errorf("%s: %s is not described", name, part)
			}
		}
		if body := op["requestBody"]; (body != nil) != (rt.body != nil) && rt.handler == nil {
			t.Errorf("%s has a body %v, described as %v", name, rt.body, body)
		}
		if op["summary"] == nil || op["operationId"] == nil || op["tags"] == nil {
			t.Errorf("%s has no summary, operationId or tags", name)
		}
	}
}

func TestEveryMemberIsDescribedAsItIs(t *testing.T) {
	t.Parallel()
	c := &comparison{seen: map[string]reflect.Type{}, fault: t.Errorf}
	for _, rt := range routes(Options{}) {
		op, name := operation(rt), rt.method+" "+rt.path
		if op == nil {
			continue
		}
		if rt.body != nil {
			schema := at(op, "requestBody", "content", "application/json", "schema")
			c.compare(name+" asked", schema, rt.body)
			_, needed := membersOf(rt.body)
			if required := at(op, "requestBody", "required"); required != (len(needed) > 0) {
				t.Errorf("%s: its body is required: %v, described as %v", name, len(needed) > 0, required)
			}
			if at(schema, "additionalProperties") != false {
				t.Errorf("%s: it takes no unknown members, and that is not described", name)
			}
		}
		if rt.answer != nil {
			c.compare(name+" answered", at(op, "responses", "200", "content", "application/json", "schema"), rt.answer)
		}
	}
	for name, of := range map[string]reflect.Type{"Error": reflect.TypeFor[Error](), "Event": reflect.TypeFor[events.Event](), "Gone": reflect.TypeFor[Gone]()} {
		c.compare("", document{"$ref": "#/components/schemas/" + name}, of)
	}
	for name := range at(described(), "components", "schemas").(document) {
		if c.seen[name] == nil && name != "PushRequest" && name != "DirectionRequest" { // whose senders decide
			t.Errorf("nothing has the schema %s", name)
		}
	}
}

// comparison compares schemas with types.
type comparison struct {
	seen  map[string]reflect.Type
	fault func(format string, args ...any)
}

// compare compares a schema with a type, and what they are made of.
func (c *comparison) compare(where string, schema any, of reflect.Type) {
	for of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	schema = sole(schema)
	if ref, is := schema.(document)["$ref"].(string); is {
		name := path.Base(ref)
		if was := c.seen[name]; was != nil {
			if was != of {
				c.fault("%s: the schema %s is of %v and of %v", where, name, was, of)
			}
			return
		}
		c.seen[name], where, schema = of, name, resolve(schema)
	}
	d := schema.(document)
	kind, format := kindOf(of)
	if told, _ := d["format"].(string); d["type"] != kind || told != format {
		c.fault("%s: a %v is described as %v %v, want %s %s", where, of, d["type"], d["format"], kind, format)
		return
	}
	switch {
	case of == reflect.TypeFor[policy.Sample](): // which writes itself
		return
	case kind == "array":
		c.compare(where+"[]", d["items"], of.Elem())
	case kind == "object" && of.Kind() == reflect.Map:
		c.compare(where+"{}", d["additionalProperties"], of.Elem())
	case kind == "object":
		c.members(where, d, of)
	case kind == "string" && of.Kind() == reflect.String && of.PkgPath() != "":
		c.values(where, d, of)
	}
}

// sole is what allOf has, which is there for the sake of a description beside it.
func sole(schema any) any {
	if all, is := schema.(document)["allOf"].([]any); is && len(all) == 1 {
		return all[0]
	}
	return schema
}

func kindOf(of reflect.Type) (kind, format string) {
	switch {
	case of == reflect.TypeFor[time.Time]():
		return "string", "date-time"
	case of == reflect.TypeFor[policy.Verdict]():
		return "string", ""
	}
	switch of.Kind() {
	case reflect.String:
		return "string", ""
	case reflect.Bool:
		return "boolean", ""
	case reflect.Int:
		return "integer", ""
	case reflect.Int64, reflect.Uint64:
		return "integer", "int64"
	case reflect.Float64:
		return "number", "double"
	case reflect.Slice:
		return "array", ""
	case reflect.Struct, reflect.Map:
		return "object", ""
	}
	return "no kind of JSON: " + of.String(), ""
}

// members compares the members of an object with the fields of a struct.
func (c *comparison) members(where string, d document, of reflect.Type) {
	properties, _ := d["properties"].(document)
	fields := map[string]reflect.StructField{}
	var required []string
	for _, field := range flat(of) {
		name, option, _ := strings.Cut(field.Tag.Get("json"), ",")
		fields[name] = field
		if knownAnyway := name == "by" && strings.HasSuffix(of.Name(), "Request"); option == "" && !knownAnyway {
			required = append(required, name)
		}
	}
	if told, are := slices.Sorted(maps.Keys(properties)), slices.Sorted(maps.Keys(fields)); !slices.Equal(told, are) {
		c.fault("%s has the members %v, described as %v", where, are, told)
		return
	}
	slices.Sort(required)
	if told := texts(d["required"]); !slices.Equal(told, required) {
		c.fault("%s always has %v, described as %v", where, required, told)
	}
	for name, field := range fields {
		c.compare(where+"."+name, properties[name], field.Type)
	}
}

// flat are the fields of a struct in JSON, those of embedded ones among them.
func flat(of reflect.Type) (fields []reflect.StructField) {
	for i := range of.NumField() {
		field := of.Field(i)
		switch tag := field.Tag.Get("json"); {
		case field.Anonymous && tag == "":
			fields = append(fields, flat(field.Type)...)
		case tag != "-" && field.IsExported():
			fields = append(fields, field)
		}
	}
	return fields
}

// values compares an enumeration with the constants of a type.
func (c *comparison) values(where string, d document, of reflect.Type) {
	told := slices.DeleteFunc(texts(d["enum"]), func(value string) bool { return value == "" }) // none as yet
	if are := constants(of); !slices.Equal(told, are) {
		c.fault("%s: a %v is one of %v, described as %v", where, of, are, told)
	}
}

// constants are the values that the source of its package declares for a type of text.
func constants(of reflect.Type) (values []string) {
	directory := ".." + strings.TrimPrefix(of.PkgPath(), "github.com/autoscaled/autoscaled/internal")
	files, err := parser.ParseDir(token.NewFileSet(), directory, nil, 0) //nolint:staticcheck // one package, without types
	if err != nil {
		panic(err)
	}
	for _, pkg := range files {
		ast.Inspect(pkg, func(node ast.Node) bool {
			spec, is := node.(*ast.ValueSpec)
			if !is || len(spec.Values) != 1 {
				return true
			}
			name, named := spec.Type.(*ast.Ident)
			literal, literally := spec.Values[0].(*ast.BasicLit)
			if named && literally && name.Name == of.Name() && literal.Kind == token.STRING {
				if value, _ := strconv.Unquote(literal.Value); value != "" {
					values = append(values, value)
				}
			}
			return true
		})
	}
	slices.Sort(values)
	return slices.Compact(values)
}

func TestEveryCodeOfAnErrorHasAStatusThatIsAnError(t *testing.T) {
	t.Parallel()
	for _, code := range Codes() {
		if status := statuses[code]; status < http.StatusBadRequest || len(Codes()) != len(statuses) {
			t.Errorf("%s is answered with %d", code, status)
		}
	}
}
