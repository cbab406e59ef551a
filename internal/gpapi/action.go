package gpapi

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/autoscaled/autoscaled/internal/cloud"
)

// action is one of the API's actions, and what it is called for.
type action struct {
	name     string
	purpose  purpose
	fields   []field      // of its request
	response reflect.Type // of its answer's content
}

func (a *action) writes() bool { return a.purpose != poll }

// classUnanswered is what it means that the action may have reached the server
// and no readable answer came back.
func (a *action) classUnanswered() cloud.Class {
	if a.writes() {
		return cloud.ClassUnknownOutcome
	}
	return cloud.ClassTransient
}

// table has every action by its name.
var table = map[string]*action{}

// typed is an action that knows the types of its request and of its answer.
type typed[Request, Response any] struct{ *action }

// define puts an action into the table.
func define[Request, Response any](name string, p purpose) typed[Request, Response] {
	act := &action{name, p, fieldsOf(reflect.TypeFor[Request]()), reflect.TypeFor[Response]()}
	table[name] = act
	return typed[Request, Response]{act}
}

// call carries out the action.
func (t typed[Request, Response]) call(ctx context.Context, a *account, request Request) (Response, error) {
	var none, response Response
	params, err := encode(t.fields, request)
	if err != nil {
		return none, &Error{Action: t.name, Class: cloud.ClassInvalid, Err: err}
	}
	if err := a.send(ctx, t.action, params, &response); err != nil {
		return none, err
	}
	if err := sameTarget(params, reflect.ValueOf(response)); err != nil {
		return none, &Error{Action: t.name, HTTPStatus: http.StatusOK, Class: t.classUnanswered(), Err: err}
	}
	return response, nil
}

// sameTarget refuses an answer that says itself that it is about another machine, or
// another contract, than was asked about: a proxy may have mixed up answers.
func sameTarget(params []pair, response reflect.Value) error {
	for _, p := range params {
		if !strings.HasSuffix(p.name, "ServiceCode") {
			continue
		}
		answered := response.FieldByName(p.name)
		if answered.IsValid() && answered.Kind() == reflect.String && answered.Len() > 0 && answered.String() != p.value {
			return fmt.Errorf("the answer is about %.40q, and %s was asked about", answered.String(), p.value)
		}
	}
	return nil
}

// Answer is what every answer has.
type Answer struct {
	RequestID string `json:"RequestId"` // names the call to the vendor's support
}

// Action describes one of the API's actions.
type Action struct {
	Name       string
	Writes     bool        // it can change something; if not, it only reads
	Parameters []Parameter // its own, without those that all actions have
}

// Parameter describes one parameter of an action. Of a list (Name.1, Name.2, …)
// Name is without the number. One with the number inside has an N in its place,
// DiskOption.N.DiskSpace, and is no List.
type Parameter struct {
	Name     string
	Required bool
	List     bool
	Values   []string // those that are known; others may be accepted too; nil: any
}

// pattern is the name as it is sent, with N for each number.
func (p Parameter) pattern() string {
	if p.List {
		return p.Name + ".N"
	}
	return p.Name
}

// Actions describes all actions, sorted by name.
func Actions() []Action {
	var actions []Action
	for _, name := range actionNames() {
		actions = append(actions, Action{name, table[name].writes(), parametersOf(table[name].fields)})
	}
	return actions
}

func actionNames() []string { return slices.Sorted(maps.Keys(table)) }

func parametersOf(fields []field) []Parameter {
	var parameters []Parameter
	for _, f := range fields {
		if f.element == nil {
			parameters = append(parameters, Parameter{f.name, !f.optional, f.list, slices.Clone(f.known)})
			continue
		}
		for _, p := range parametersOf(f.element) {
			p.Required = p.Required && !f.optional
			if f.inline {
				p.List = true
			} else {
				p.Name = f.name + ".N." + p.Name
			}
			parameters = append(parameters, p)
		}
	}
	return parameters
}
