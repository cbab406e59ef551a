package httpd

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/autoscaled/autoscaled/internal/actions"
	"github.com/autoscaled/autoscaled/internal/fleet"
)

// GroupsQuery says which groups to show, in the order of their names.
type GroupsQuery struct {
	Limit     int    // at most so many, 1..1000; 0: 100
	After     string // those behind this name
	Attention bool   // only those at which somebody should look
}

// GroupsPage is some of the groups.
type GroupsPage struct {
	Groups []fleet.GroupStatus `json:"groups"`         // without their instances
	Next   string              `json:"next,omitempty"` // there are more, after this name
}

// Instances are those of a group.
type Instances struct {
	Instances []actions.InstanceStatus `json:"instances"` // by code
}

// GroupInstance is an instance with its group.
type GroupInstance struct {
	Group string `json:"group"`
	actions.InstanceStatus
}

// Accounts are all accounts.
type Accounts struct {
	Accounts []fleet.AccountStatus `json:"accounts"` // by name
}

// Orders are all orders that are not settled.
type Orders struct {
	Orders []AccountOrder `json:"orders"` // by account and number
}

// AccountOrder is an order that is not settled, with its account.
type AccountOrder struct {
	Account string `json:"account"`
	actions.OrderStatus
}

// Drifts are all instances that somebody else changed.
type Drifts struct {
	Drift []DriftedInstance `json:"drift"` // by group and code
}

// DriftedInstance is an instance that somebody else changed.
type DriftedInstance struct {
	Group     string        `json:"group"`
	Instance  string        `json:"instance"`
	Drift     actions.Drift `json:"drift"`
	LeftAlone bool          `json:"left_alone,omitempty"` // because of that
}

const (
	groupsMost = 1000
	listsMax   = 4 // that are made at a time
)

// views are the routes that show what is.
func (s *server) views() []route {
	status := get("/v1/status", nil, func(context.Context, *http.Request) (any, error) { return s.status.get() })
	status.answer = reflect.TypeFor[fleet.Status]()
	return []route{
		status,
		list(s, "/v1/groups", []string{"limit", "after", "attention"}, s.groups),
		get("/v1/groups/{group}", nil, s.group),
		get("/v1/groups/{group}/instances", nil, s.instances),
		get("/v1/groups/{group}/signals", nil, func(_ context.Context, r *http.Request) (fleet.GroupSignals, error) {
			return s.Fleet.Signals(r.PathValue("group"))
		}),
		asksCloud(s, "/v1/groups/{group}/preflight", func(ctx context.Context, group string) (fleet.Preflight, error) { return s.Fleet.Preflight(ctx, group) }),
		asksCloud(s, "/v1/groups/{group}/drill", func(ctx context.Context, group string) (fleet.DrillPlan, error) { return s.Fleet.PlanDrill(ctx, group) }),
		get("/v1/instances/{code}", nil, func(_ context.Context, r *http.Request) (GroupInstance, error) {
			group, in, err := s.Fleet.Instance(r.PathValue("code"))
			return GroupInstance{group, in}, err
		}),
		list(s, "/v1/accounts", nil, s.accounts),
		list(s, "/v1/orders", nil, s.orders),
		list(s, "/v1/drift", nil, s.drift),
	}
}

// list is a get whose answer is as long as there are groups or machines. Few are made at a time, so that
// many who ask at once do not take the memory of all their answers.
func list[Answer any](s *server, path string, query []string, do func(ctx context.Context, r *http.Request) (Answer, error)) route {
	rt := get(path, query, do)
	rt.do = func(ctx context.Context, r *http.Request, _ any) (any, error) {
		s.lists <- struct{}{}
		defer func() { <-s.lists }()
		all, err := do(ctx, r)
		if err != nil {
			return nil, err
		}
		return encode(all)
	}
	return rt
}

func (s *server) encodeStatus() (encoded, error) {
	var text bytes.Buffer
	status := s.Fleet.Status()
	err := json.NewEncoder(&text).Encode(status)
	return text.Bytes(), err
}

// latest is the state of everything a moment ago: lists are read often, and making it takes long
// where there are many groups.
func (s *server) latest() fleet.Status {
	if s.Watcher != nil {
		if status := s.Watcher.Latest(); status != nil {
			return *status
		}
	}
	return s.Fleet.Status()
}

func (s *server) groups(_ context.Context, r *http.Request) (GroupsPage, error) {
	q := queryOf(r)
	limit, after, attention := q.number("limit", 1, groupsMost, 100), q.values.Get("after"), q.flag("attention")
	if q.err != nil {
		return GroupsPage{}, q.err
	}
	all := s.latest().Groups
	from, found := slices.BinarySearchFunc(all, after, func(g fleet.GroupStatus, name string) int { return strings.Compare(g.Name, name) })
	if found {
		from++
	}
	page := GroupsPage{Groups: []fleet.GroupStatus{}}
	for i := range all[from:] {
		group := all[from+i]
		if attention && !group.NeedsAttention() {
			continue
		}
		if len(page.Groups) == limit {
			page.Next = page.Groups[limit-1].Name
			break
		}
		group.Instances = []actions.InstanceStatus{}
		page.Groups = append(page.Groups, group)
	}
	return page, nil
}

func (s *server) group(_ context.Context, r *http.Request) (fleet.GroupStatus, error) {
	return s.Fleet.Group(r.PathValue("group"))
}

func (s *server) instances(_ context.Context, r *http.Request) (Instances, error) {
	group, err := s.Fleet.Group(r.PathValue("group"))
	return Instances{append([]actions.InstanceStatus{}, group.Instances...)}, err
}

func (s *server) accounts(context.Context, *http.Request) (Accounts, error) {
	all := append([]fleet.AccountStatus{}, s.latest().Accounts...)
	slices.SortFunc(all, func(a, b fleet.AccountStatus) int { return strings.Compare(a.Name, b.Name) })
	return Accounts{all}, nil
}

func (s *server) orders(ctx context.Context, r *http.Request) (Orders, error) {
	accounts, err := s.accounts(ctx, r)
	all := Orders{Orders: []AccountOrder{}}
	for _, account := range accounts.Accounts {
		for _, order := range account.Orders {
			all.Orders = append(all.Orders, AccountOrder{account.Name, order})
		}
	}
	return all, err
}

func (s *server) drift(context.Context, *http.Request) (Drifts, error) {
	all := Drifts{Drift: []DriftedInstance{}}
	for _, group := range s.latest().Groups {
		for _, in := range group.Instances {
			if in.Drift != nil {
				all.Drift = append(all.Drift, DriftedInstance{group.Name, in.Code, *in.Drift, in.LeftAlone})
			}
		}
	}
	return all, nil
}
