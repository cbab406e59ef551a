package gpsim_test

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/autoscaled/autoscaled/internal/gpapi"
	"github.com/autoscaled/autoscaled/internal/gpapi/gpsim"
	"github.com/autoscaled/autoscaled/internal/secret"
)

// inMemory is a client of the simulator without sockets.
func inMemory(t *testing.T, sim *gpsim.Sim, path string) *gpapi.Client {
	t.Helper()
	client, err := gpapi.New(gpapi.Options{
		Endpoint: "http://127.0.0.1" + path, AccessKey: secret.New(accessKey), SecretKey: secret.New(secretKey),
		CallsPerSecond: 50, CallTimeout: time.Minute, Transport: gpsim.Transport(sim),
	})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// fill sets the fields of a typed request that the parameters are for, with the given
// suffix (.1, .2 of a list), and says whether there were any.
func fill(t *testing.T, request reflect.Value, parameters map[string]string, prefix, suffix string) (filled bool) {
	t.Helper()
	for i := range request.NumField() {
		name, field := prefix+request.Type().Field(i).Name, request.Field(i)
		if field.Kind() == reflect.Slice {
			filled = fillList(t, field, parameters, name, request.Type().Field(i)) || filled
			continue
		}
		text, given := parameters[name+suffix]
		if !given {
			continue
		}
		delete(parameters, name+suffix)
		filled = true
		switch field.Kind() {
		case reflect.String:
			field.SetString(text)
		case reflect.Bool:
			field.SetBool(text == "Yes")
		case reflect.Int:
			number, err := strconv.Atoi(text)
			if err != nil {
				t.Fatal(err)
			}
			field.SetInt(int64(number))
		default:
			t.Fatalf("%s has the type %v", name, field.Type())
		}
	}
	return filled
}

func fillList(t *testing.T, list reflect.Value, parameters map[string]string, name string, of reflect.StructField) bool {
	t.Helper()
	for n := 1; ; n++ {
		entry, number := reflect.New(list.Type().Elem()).Elem(), "."+strconv.Itoa(n)
		switch {
		case entry.Kind() == reflect.String:
			entry.SetString(parameters[name+number])
			delete(parameters, name+number)
			if entry.Len() == 0 {
				return n > 1
			}
		case strings.Contains(of.Tag.Get("gp"), "inline"):
			if !fill(t, entry, parameters, "", number) {
				return n > 1
			}
		case !fill(t, entry, parameters, name+number+".", ""):
			return n > 1
		}
		list.Set(reflect.Append(list, entry))
	}
}

// texts counts the texts of an answer, wherever they are.
func texts(t *testing.T, answer any) map[string]int {
	t.Helper()
	written, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	var tree any
	if err := json.Unmarshal(written, &tree); err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	countTexts(counts, tree)
	return counts
}

func countTexts(counts map[string]int, tree any) {
	switch tree := tree.(type) {
	case string:
		if tree != "" && !requestID.MatchString(tree) {
			counts[tree]++
		}
	case []any:
		for _, entry := range tree {
			countTexts(counts, entry)
		}
	case map[string]any:
		for _, member := range tree {
			countTexts(counts, member)
		}
	}
}

func TestEveryTypedActionSendsAllItsParametersAndReadsAllOfItsAnswer(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/json", "/xml"} {
		for name, shape := range shapes {
			t.Run(path[1:]+" "+name, func(t *testing.T) {
				t.Parallel()
				parameters := map[string]string{}
				for _, parameter := range own(shape.parameters) {
					key, value, _ := strings.Cut(parameter, "=")
					parameters[key] = value
				}
				sim := wholeCloud(t, testOptions())
				method := reflect.ValueOf(inMemory(t, sim, path)).MethodByName(name)
				if name == "GetVirtualMachineStatusList" { // the typed one asks for certain machines
					for i, code := range []string{template, equipped, running} {
						parameters["GcServiceCode."+strconv.Itoa(i+1)] = code
					}
				}
				request := reflect.New(method.Type().In(1)).Elem()
				fill(t, request, parameters, "", "")
				if len(parameters) > 0 {
					t.Fatalf("%v has no fields for %v", request.Type(), slices.Collect(maps.Keys(parameters)))
				}
				results := method.Call([]reflect.Value{reflect.ValueOf(t.Context()), request})
				if err := results[1].Interface(); err != nil {
					t.Fatal(err)
				}
				if id := results[0].FieldByName("RequestID").String(); !requestID.MatchString(id) {
					t.Errorf("its RequestId is %q", id)
				}
				want := texts(t, must(t, wholeCloud(t, testOptions()), name, own(shape.parameters)...).fields)
				if got := texts(t, results[0].Interface()); !maps.Equal(got, want) {
					t.Errorf("the client read %v\nof %v", got, want)
				}
			})
		}
	}
}
