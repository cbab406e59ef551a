package gpapi_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/autoscaled/autoscaled/internal/cloud"
	"github.com/autoscaled/autoscaled/internal/gpapi"
	"github.com/autoscaled/autoscaled/internal/secret"
)

// fakeServer answers in memory, as tests inside a synctest bubble need it, and
// keeps what it was sent.
type fakeServer struct {
	answer func(form url.Values) (status int, header http.Header, body string, err error)

	mu    sync.Mutex
	forms []url.Values
}

func (s *fakeServer) RoundTrip(request *http.Request) (*http.Response, error) {
	query := request.URL.RawQuery
	if request.Method == http.MethodPost {
		body, err := io.ReadAll(request.Body)
		if err != nil {
			return nil, err
		}
		query = string(body)
	}
	form, err := url.ParseQuery(query)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.forms = append(s.forms, form)
	s.mu.Unlock()
	status, header, text, err := s.answer(form)
	if err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(text)), Request: request,
	}, request.Context().Err()
}

func (s *fakeServer) actions() (names []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, form := range s.forms {
		names = append(names, form.Get("Action"))
	}
	return names
}

func testOptions(transport http.RoundTripper) gpapi.Options {
	return gpapi.Options{
		AccessKey:      secret.New(testAccessKey),
		SecretKey:      secret.New(testSecretKey),
		CallsPerSecond: 50,
		CallTimeout:    200 * time.Second,
		Transport:      transport,
		Jitter:         func() float64 { return 0.5 },
	}
}

func newClient(t *testing.T, options gpapi.Options) *gpapi.Client {
	t.Helper()
	client, err := gpapi.New(options)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func always(status int, body string) func(url.Values) (int, http.Header, string, error) {
	return func(url.Values) (int, http.Header, string, error) { return status, nil, body, nil }
}

func readStatus(ctx context.Context, c *gpapi.Client) error {
	_, err := c.GetContractStatus(ctx, gpapi.GetContractStatusRequest{GpServiceCode: "gp00000001", GcServiceCode: "gc00000002"})
	return err
}

func orderTwo(ctx context.Context, c *gpapi.Client) error {
	_, err := c.AddCloneVirtualMachines(ctx, gpapi.AddCloneVirtualMachinesRequest{
		GpServiceCode: "gp00000001", SrcGcServiceCode: "gc00000001", ContractNum: 2, VirtualMachineType: "V40",
	})
	return err
}

const statusAnswer = `{"GetContractStatusResponse":{"RequestId":"r","Status":"InService"}}`

func TestARequestCarriesTheCommonParametersAndAValidSignature(t *testing.T) {
	t.Parallel()
	server := &fakeServer{answer: always(200, statusAnswer)}
	options := testOptions(server)
	options.Now = func() time.Time { return time.Date(2013, 10, 30, 14, 11, 0, 0, time.FixedZone("JST", 9*3600)) }
	if err := readStatus(t.Context(), newClient(t, options)); err != nil {
		t.Fatal(err)
	}
	form := server.forms[0]
	for name, want := range map[string]string{
		"APIVersion": "20130901", "AccessKeyId": testAccessKey, "Action": "GetContractStatus",
		"Expire": "2013-10-30T06:11:00Z", "SignatureMethod": "HmacSHA256", "SignatureVersion": "2",
		"GpServiceCode": "gp00000001", "GcServiceCode": "gc00000002",
	} {
		if got := form.Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	if !gpapi.Verify("POST", "gp.api.iij.jp", "/json", form, testSecretKey) {
		t.Error("the signature does not verify")
	}
}

func TestAnEmptyTargetIsNeverSent(t *testing.T) {
	t.Parallel()
	server := &fakeServer{answer: always(200, `{}`)}
	client := newClient(t, testOptions(server))
	ctx := t.Context()
	for name, send := range map[string]func() error{
		"a machine to end": func() error {
			_, err := client.DeleteVirtualMachine(ctx, gpapi.DeleteVirtualMachineRequest{StopDate: "20260101"})
			return err
		},
		"a number of machines to buy": func() error {
			_, err := client.AddCloneVirtualMachines(ctx, gpapi.AddCloneVirtualMachinesRequest{
				GpServiceCode: "gp00000001", SrcGcServiceCode: "gc00000001", VirtualMachineType: "V40",
			})
			return err
		},
		"a machine to overwrite": func() error {
			_, err := client.CloneVirtualMachine(ctx, gpapi.CloneVirtualMachineRequest{GpServiceCode: "gp00000001", SrcGcServiceCode: "gc00000001"})
			return err
		},
		"a machine to overwrite it from": func() error {
			_, err := client.CloneVirtualMachine(ctx, gpapi.CloneVirtualMachineRequest{GpServiceCode: "gp00000001", DestGcServiceCode: "gc00000002"})
			return err
		},
		"machines to look at": func() error {
			_, err := client.GetVirtualMachineStatusList(ctx, gpapi.GetVirtualMachineStatusListRequest{GpServiceCode: "gp00000001"})
			return err
		},
		"one of the machines to look at": func() error {
			_, err := client.GetVirtualMachineStatusList(ctx, gpapi.GetVirtualMachineStatusListRequest{
				GpServiceCode: "gp00000001", GcServiceCode: []string{"gc00000001", ""},
			})
			return err
		},
	} {
		if err := send(); cloud.ClassOf(err) != cloud.ClassInvalid {
			t.Errorf("without %s: %v", name, err)
		}
	}
	if sent := server.actions(); len(sent) != 0 {
		t.Errorf("sent %v", sent)
	}
}

func TestEveryFailureHasItsClassInEachFormat(t *testing.T) {
	t.Parallel()
	t.Run("json", func(t *testing.T) {
		t.Parallel()
		testClasses(t, "/json", formatted{
			refusal: `{"ErrorResponse":{"RequestId":"r-1","ErrorType":"ParameterError","ErrorMessage":"There are invalid parameters."}}`,
			whole:   statusAnswer,
			another: `{"EchoResponse":{}}`,
			without: `{"GetContractStatusResponse":{},"AddCloneVirtualMachinesResponse":{}}`,
			foreign: `<GetContractStatusResponse><Status>InService</Status></GetContractStatusResponse>`,
		})
	})
	t.Run("xml", func(t *testing.T) {
		t.Parallel()
		testClasses(t, "/xml", formatted{
			refusal: `<?xml version="1.0" encoding="UTF-8"?><ErrorResponse><RequestId>r-1</RequestId><ErrorType>ParameterError</ErrorType></ErrorResponse>`,
			whole:   `<?xml version="1.0" encoding="UTF-8"?><GetContractStatusResponse><Status>InService</Status></GetContractStatusResponse>`,
			another: `<EchoResponse/>`,
			without: `<GetContractStatusResponse/>`,
			foreign: statusAnswer,
		})
	})
}

// formatted are answers in one of the formats.
type formatted struct{ refusal, whole, another, without, foreign string }

func testClasses(t *testing.T, path string, text formatted) {
	const invalid, denied = cloud.ClassInvalid, cloud.ClassDenied
	const transient, unknown = cloud.ClassTransient, cloud.ClassUnknownOutcome
	for name, test := range map[string]struct {
		answer      func(url.Values) (int, http.Header, string, error)
		read, write cloud.Class
	}{
		"400":                     {always(400, text.refusal), invalid, invalid},
		"401":                     {always(401, text.refusal), denied, denied},
		"403":                     {always(403, ""), denied, denied},
		"404 in HTML":             {always(404, "<html>"), cloud.ClassNotFound, cloud.ClassNotFound},
		"408":                     {always(408, ""), transient, unknown},
		"409":                     {always(409, text.refusal), cloud.ClassConflict, cloud.ClassConflict},
		"418":                     {always(418, text.refusal), invalid, invalid},
		"429":                     {always(429, text.refusal), cloud.ClassThrottled, cloud.ClassThrottled},
		"500 in HTML":             {always(500, "<html>oops</html>"), transient, unknown},
		"502":                     {always(502, ""), transient, unknown},
		"503":                     {always(503, text.refusal), transient, unknown},
		"503 with a whole answer": {always(503, text.whole), transient, unknown},
		"200 with a refusal":      {always(200, text.refusal), transient, unknown},
		"200 and nothing":         {always(200, ""), transient, unknown},
		"200 in HTML":             {always(200, "<html>"), transient, unknown},
		"200 in whole HTML":       {always(200, "<!DOCTYPE html><html><body>Maintenance</body></html>"), transient, unknown},
		"200 in the other format": {always(200, text.foreign), transient, unknown},
		"200 of another action":   {always(200, text.another), transient, unknown},
		"200 cut short":           {always(200, text.whole[:len(text.whole)-10]), transient, unknown},
		"200 without its content": {always(200, text.without), transient, unknown},
		"200 too long":            {always(200, strings.Repeat(" ", 4<<20)+text.whole), transient, unknown},
		"redirect": {
			func(url.Values) (int, http.Header, string, error) {
				return 302, http.Header{"Location": {"https://elsewhere.example/json"}}, "", nil
			}, invalid, invalid,
		},
		"connection lost": {
			func(url.Values) (int, http.Header, string, error) { return 0, nil, "", io.ErrUnexpectedEOF }, transient, unknown,
		},
		"wrong content type": {
			func(url.Values) (int, http.Header, string, error) {
				return 200, http.Header{"Content-Type": {"text/plain"}}, text.whole, nil
			}, cloud.ClassNone, unknown, // the answer decides, which for the order is another action's
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				options := testOptions(&fakeServer{answer: test.answer})
				options.Endpoint = "https://gp.api.iij.jp" + path
				client := newClient(t, options)
				for kind, check := range map[string]struct {
					err  error
					want cloud.Class
				}{
					"read":  {readStatus(t.Context(), client), test.read},
					"write": {orderTwo(t.Context(), client), test.write},
				} {
					var failure *gpapi.Error
					if cloud.ClassOf(check.err) != check.want || check.err != nil && (!errors.As(check.err, &failure) || failure.Class != check.want) {
						t.Errorf("%s: class %v, want %v: %v", kind, cloud.ClassOf(check.err), check.want, check.err)
					}
				}
			})
		})
	}
}

func TestARefusalKeepsTheServersWords(t *testing.T) {
	t.Parallel()
	server := &fakeServer{answer: always(400, `{"ErrorResponse":{"RequestId":"0a-1b","ErrorType":"X","ErrorMessage":"bad\ncode"}}`)}
	err := orderTwo(t.Context(), newClient(t, testOptions(server)))
	want := gpapi.Error{
		Action: "AddCloneVirtualMachines", HTTPStatus: 400, ErrorType: "X", Message: "bad code", RequestID: "0a-1b", Class: cloud.ClassInvalid,
	}
	var failure *gpapi.Error
	if !errors.As(err, &failure) || *failure != want {
		t.Fatalf("%#v", err)
	}
	const text = `AddCloneVirtualMachines: HTTP status 400: "X": "bad code" (RequestId "0a-1b"): ` +
		`check the parameters, the account's limits, and whether the machine's state allows the action`
	if err.Error() != text {
		t.Fatalf("%v", err)
	}
}

func TestAnErrorNeverHoldsASecretThatTheServerEchoes(t *testing.T) {
	t.Parallel()
	server := &fakeServer{answer: func(form url.Values) (int, http.Header, string, error) {
		echo := form.Get("AccessKeyId") + " " + testSecretKey + " " + form.Get("Signature") + " " + form.Encode()
		return 401, nil, `{"ErrorResponse":{"RequestId":"` + echo + `","ErrorType":"` + echo + `","ErrorMessage":"` + echo + `"}}`, nil
	}}
	err := orderTwo(t.Context(), newClient(t, testOptions(server)))
	form := server.forms[0]
	for _, hidden := range []string{testAccessKey, testSecretKey, form.Get("Signature"), url.QueryEscape(form.Get("Signature"))} {
		if strings.Contains(err.Error(), hidden) {
			t.Errorf("%q is in: %v", hidden, err)
		}
	}
	if !strings.Contains(err.Error(), "access_key") {
		t.Errorf("does not say what to check: %v", err)
	}
}

func TestAnErrorNeverHoldsASecretThatABrokenConnectionShows(t *testing.T) {
	t.Parallel()
	server := &fakeServer{answer: func(form url.Values) (int, http.Header, string, error) {
		return 0, nil, "", fmt.Errorf("malformed header line: %s %s: %w", testSecretKey, form.Encode(), io.ErrUnexpectedEOF)
	}}
	err := orderTwo(t.Context(), newClient(t, testOptions(server)))
	for _, hidden := range []string{testAccessKey, testSecretKey, url.QueryEscape(server.forms[0].Get("Signature"))} {
		if strings.Contains(err.Error(), hidden) {
			t.Errorf("%q is in: %v", hidden, err)
		}
	}
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the cause is lost: %v", err)
	}
}

func TestAReaderHasNoActionThatChangesSomething(t *testing.T) {
	t.Parallel()
	for method := range reflect.TypeFor[*gpapi.Reader]().Methods() {
		if method.Name != "Echo" && !strings.HasPrefix(method.Name, "Get") && !strings.HasPrefix(method.Name, "Describe") {
			t.Errorf("%s is not a reading action", method.Name)
		}
	}
}

func TestAPoolIsReadWithItsNodesAndOnlyWithThem(t *testing.T) {
	t.Parallel()
	pools := func(list string) *fakeServer {
		return &fakeServer{answer: always(200, `{"DescribeLbResponse":{"RequestId":"r","GlServiceCode":"gl00000001","PoolList":`+list+`}}`)}
	}
	read := func(t *testing.T, server *fakeServer) (gpapi.DescribeLbResponse, error) {
		return newClient(t, testOptions(server)).DescribeLb(t.Context(), gpapi.FwLbRequest{GpServiceCode: "gp00000001", GlServiceCode: "gl00000001"})
	}
	lb, err := read(t, pools(`[{"Name":"web","NodeList":[{"IpAddress":"10.0.0.1","Port":"80","Status":"Draining"}]}]`))
	want := gpapi.LbNode{IpAddress: "10.0.0.1", Port: "80", Status: "Draining"}
	if err != nil || len(lb.PoolList) != 1 || len(lb.PoolList[0].NodeList) != 1 || lb.PoolList[0].NodeList[0] != want {
		t.Errorf("%+v, %v", lb, err)
	}
	synctest.Test(t, func(t *testing.T) {
		if lb, err := read(t, pools(`[{"Name":"web"}]`)); err == nil || !strings.Contains(err.Error(), "NodeList of pool web") {
			t.Errorf("a pool without a list of nodes is taken for an empty one: %+v, %v", lb, err)
		}
	})
}

func TestACloneJobTellsOfItsSourceAndItsDestination(t *testing.T) {
	t.Parallel()
	server := &fakeServer{answer: always(200, `{"CloneVirtualMachineResponse":{"RequestId":"r",
		"Source":{"GcServiceCode":"gc00000001","Current":{"Status":"LockForCloning"},"Previous":{"Status":"Stopped"}},
		"Destination":{"GcServiceCode":"gc00000002","Current":{"Status":"Cloning"},"Previous":{"Status":"Initialized"}}}}`)}
	job, err := newClient(t, testOptions(server)).CloneVirtualMachine(t.Context(), gpapi.CloneVirtualMachineRequest{
		GpServiceCode: "gp00000001", SrcGcServiceCode: "gc00000001", DestGcServiceCode: "gc00000002",
	})
	if err != nil {
		t.Fatal(err)
	}
	for got, want := range map[*gpapi.CloneVirtualMachineParty][3]string{
		&job.Source: {"gc00000001", "LockForCloning", "Stopped"}, &job.Destination: {"gc00000002", "Cloning", "Initialized"},
	} {
		if got.GcServiceCode != want[0] || got.Current.Status != want[1] || got.Previous.Status != want[2] {
			t.Errorf("%+v, want %v", *got, want)
		}
	}
}

func TestTheMainContractsOfAKeyAreToldOrNotKnown(t *testing.T) {
	t.Parallel()
	list := func(t *testing.T, answer string) ([]string, error) {
		server := &fakeServer{answer: always(200, `{"GetGpServiceCodeListResponse":`+answer+`}`)}
		got, err := newClient(t, testOptions(server)).GetGpServiceCodeList(t.Context(), gpapi.GetGpServiceCodeListRequest{})
		return got.GpServiceCodeList, err
	}
	if got, err := list(t, `{"RequestId":"r","GpServiceCodeList":["gp00000001","gp00000002"]}`); err != nil || !slices.Equal(got, []string{"gp00000001", "gp00000002"}) {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := list(t, `{"GpServiceCodeList":[]}`); err != nil || len(got) != 0 {
		t.Errorf("a key without any: %q, %v", got, err)
	}
	synctest.Test(t, func(t *testing.T) {
		if got, err := list(t, `{"RequestId":"r"}`); cloud.ClassOf(err) != cloud.ClassTransient {
			t.Errorf("a missing list is taken for an empty one: %q, %v", got, err)
		}
	})
}

func TestAReadIsRetriedTwiceAndAWriteNever(t *testing.T) {
	t.Parallel()
	for _, status := range []int{429, 503} {
		synctest.Test(t, func(t *testing.T) {
			server := &fakeServer{answer: always(status, "")}
			client := newClient(t, testOptions(server))
			start := time.Now()
			if err := readStatus(t.Context(), client); err == nil || len(server.forms) != 3 {
				t.Errorf("status %d: read sent %d times: %v", status, len(server.forms), err)
			}
			if waited := time.Since(start); waited != 1500*time.Millisecond {
				t.Errorf("status %d: the two pauses took %v, want half of 1 s and of 2 s", status, waited)
			}
			if err := orderTwo(t.Context(), client); err == nil || len(server.forms) != 4 {
				t.Errorf("status %d: order sent %d times: %v", status, len(server.forms)-3, err)
			}
		})
	}
}

func TestEveryMethodSendsItsActionOnceIfItWritesAndThreeTimesIfItReads(t *testing.T) {
	t.Parallel()
	reader := reflect.TypeFor[*gpapi.Reader]()
	for _, action := range gpapi.Actions() {
		method, ok := reflect.TypeFor[*gpapi.Client]().MethodByName(action.Name)
		if !ok {
			t.Errorf("no method %s", action.Name)
			continue
		}
		if _, reads := reader.MethodByName(action.Name); reads == action.Writes {
			t.Errorf("%s: writes is %v, a method of Reader: %v", action.Name, action.Writes, reads)
		}
		synctest.Test(t, func(t *testing.T) {
			server := &fakeServer{answer: always(503, "")}
			request := reflect.New(method.Type.In(2)).Elem()
			fill(request)
			client := newClient(t, testOptions(server))
			results := method.Func.Call([]reflect.Value{reflect.ValueOf(client), reflect.ValueOf(t.Context()), request})
			err, _ := results[1].Interface().(error)
			want, class := []string{action.Name}, cloud.ClassUnknownOutcome
			if !action.Writes {
				want, class = slices.Repeat(want, 3), cloud.ClassTransient
			}
			if cloud.ClassOf(err) != class || !slices.Equal(server.actions(), want) {
				t.Errorf("%s: sent %v: %v", action.Name, server.actions(), err)
			}
			wantFilled(t, action, server.forms[0])
		})
	}
}

// fill sets every field of a request: texts to x, numbers to 1, lists to one element.
func fill(content reflect.Value) {
	switch content.Kind() {
	case reflect.String:
		content.SetString("x")
	case reflect.Int:
		content.SetInt(1)
	case reflect.Slice:
		content.Set(reflect.MakeSlice(content.Type(), 1, 1))
		fill(content.Index(0))
	case reflect.Struct:
		for _, field := range content.Fields() {
			fill(field)
		}
	}
}

// wantFilled checks that a filled request is sent with all parameters of its
// action and with nothing else.
func wantFilled(t *testing.T, action gpapi.Action, form url.Values) {
	t.Helper()
	for _, common := range []string{"APIVersion", "AccessKeyId", "Action", "Expire", "SignatureMethod", "SignatureVersion", "Signature"} {
		if len(form[common]) != 1 {
			t.Errorf("%s: sent without %s", action.Name, common)
		}
		delete(form, common)
	}
	for _, parameter := range action.Parameters {
		name := strings.ReplaceAll(parameter.Name, ".N", ".1")
		if parameter.List {
			name += ".1"
		}
		if len(form[name]) != 1 {
			t.Errorf("%s: sent without %s", action.Name, name)
		}
		delete(form, name)
	}
	if len(form) != 0 {
		t.Errorf("%s: sent with %v, which are not said to be its parameters", action.Name, form)
	}
}

func TestAReadThatWorksAtTheSecondAttemptIsASuccess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var classes []cloud.Class
		attempts := 0
		options := testOptions(&fakeServer{answer: func(url.Values) (int, http.Header, string, error) {
			if attempts++; attempts == 1 {
				return 500, nil, "", nil
			}
			return 200, nil, statusAnswer, nil
		}})
		options.Observe = func(action string, class cloud.Class, _ time.Duration) {
			if action != "GetContractStatus" {
				t.Errorf("observed %q", action)
			}
			classes = append(classes, class)
		}
		if err := readStatus(t.Context(), newClient(t, options)); err != nil {
			t.Fatal(err)
		}
		if len(classes) != 2 || classes[0] != cloud.ClassTransient || classes[1] != cloud.ClassNone {
			t.Fatalf("observed %v", classes)
		}
	})
}

func TestRetryAfterIsHonouredAsFarAsTheCallerCanWait(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		retryAfter string
		timeout    time.Duration // of the caller
		attempts   int
		after      time.Duration
	}{
		"seconds":                    {"5", time.Hour, 3, 5 * time.Second},
		"a date":                     {now.Add(7 * time.Second).Format(http.TimeFormat), time.Hour, 3, 7 * time.Second},
		"a passed date":              {now.Add(-time.Hour).Format(http.TimeFormat), time.Hour, 3, 0},
		"nonsense":                   {"soon", time.Hour, 3, 0},
		"longer than a read waits":   {"60", time.Hour, 1, time.Minute},
		"longer than the caller has": {"5", 4 * time.Second, 1, 5 * time.Second},
		"absurdly long":              {"4000000000", time.Hour, 1, time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := &fakeServer{answer: func(url.Values) (int, http.Header, string, error) {
					return 429, http.Header{"Retry-After": {test.retryAfter}}, "", nil
				}}
				options := testOptions(server)
				options.Now = func() time.Time { return now }
				ctx, cancel := context.WithTimeout(t.Context(), test.timeout)
				defer cancel()
				err := readStatus(ctx, newClient(t, options))
				if cloud.AfterOf(err) != test.after || len(server.forms) != test.attempts {
					t.Errorf("%d attempts, after %v: %v", len(server.forms), cloud.AfterOf(err), err)
				}
			})
		})
	}
}

func TestOptionsWithFaultsAreRefusedWithAllOfThem(t *testing.T) {
	t.Parallel()
	_, err := gpapi.New(gpapi.Options{Endpoint: "http://gp.example/json"})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{"use https", "access_key", "secret_key", "calls per second", "call timeout"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("does not mention %q: %v", want, err)
		}
	}
}

func TestOnlyEndpointsThatCannotBeOverheardAreAccepted(t *testing.T) {
	t.Parallel()
	for endpoint, want := range map[string]bool{
		"": true, "https://gp.api.iij.jp/json": true, "https://gp-stg.api.iij.jp:8443/json": true,
		"http://127.0.0.2:8080/json": true, "http://[::1]:8080/json": true, "http://localhost/json": true,
		"http://gp.api.iij.jp/json": false, "https://gp.api.iij.jp/xml": true, "https://gp.api.iij.jp/yaml": false, "https://gp.api.iij.jp": false,
		"https://user:pw@gp.api.iij.jp/json": false, "https://gp.api.iij.jp/json?x=1": false,
		"ftp://127.0.0.1/json": false, "gp.api.iij.jp/json": false, "https:///json": false, ":": false,
	} {
		options := testOptions(&fakeServer{})
		options.Endpoint = endpoint
		_, err := gpapi.NewReader(options)
		if (err == nil) != want {
			t.Errorf("endpoint %q: %v", endpoint, err)
		}
		if err != nil && strings.Contains(err.Error(), "pw") {
			t.Errorf("the error shows a password: %v", err)
		}
	}
}
