package gpapi

import (
	"reflect"
	"strings"
	"testing"
)

// readXML reads an XML answer to an action into a Response.
func readXML[Response any](act *action, body string) (Response, error) {
	var response Response
	content, err := xmlAccount().open(act, []byte(body))
	if err == nil {
		err = content.read(act.name, &response)
	}
	return response, err
}

func TestListsInXMLAreReadInEachWayOfWritingThem(t *testing.T) {
	t.Parallel()
	node := func(address string) LbNode { return LbNode{address, "80", "Active"} }
	const a = `<IpAddress>a</IpAddress><Port>80</Port><Status>Active</Status>`
	const b = `<IpAddress>b</IpAddress><Port>80</Port><Status>Active</Status>`
	for name, test := range map[string]struct {
		pools string
		want  []LbPool
	}{
		"a wrapper around entries": {
			`<PoolList><member><Name>web</Name><NodeList><member>` + a + `</member><member>` + b + `</member></NodeList></member></PoolList>`,
			[]LbPool{{"web", []LbNode{node("a"), node("b")}}},
		},
		"a wrapper around entries of another name": {
			`<PoolList> <Pool><Name>web</Name><NodeList><Node>` + a + `</Node></NodeList></Pool> <Pool><Name>api</Name><NodeList/></Pool> </PoolList>`,
			[]LbPool{{"web", []LbNode{node("a")}}, {"api", []LbNode{}}},
		},
		"the list's own name repeated": {
			`<PoolList><Name>web</Name><NodeList>` + a + `</NodeList><NodeList>` + b + `</NodeList></PoolList>` +
				`<PoolList><Name>api</Name><NodeList></NodeList></PoolList>`,
			[]LbPool{{"web", []LbNode{node("a"), node("b")}}, {"api", []LbNode{}}},
		},
		"the list's own name once": {
			`<PoolList><Name>web</Name><NodeList>` + a + `</NodeList></PoolList>`,
			[]LbPool{{"web", []LbNode{node("a")}}},
		},
		"an empty wrapper":               {`<PoolList/>`, []LbPool{}},
		"an empty wrapper on two lines":  {"<PoolList>\n</PoolList>", []LbPool{}},
		"names in other letters":         {`<poollist><x><NAME>web</NAME><nodeList/></x></poollist>`, []LbPool{{"web", []LbNode{}}}},
		"comments, CDATA and references": {`<PoolList><!-- a --><m><Name><![CDATA[<w>]]>&amp;&#x65E5;</Name><NodeList/></m></PoolList>`, []LbPool{{"<w>&日", []LbNode{}}}},
	} {
		got, err := readXML[DescribeLbResponse](describeLb.action, `<?xml version="1.0" encoding="UTF-8"?>
			<DescribeLbResponse><RequestId>r</RequestId>`+test.pools+`</DescribeLbResponse>`)
		if err != nil || !reflect.DeepEqual(got.PoolList, test.want) {
			t.Errorf("%s: %+v, %v", name, got.PoolList, err)
		}
	}
}

func TestListsOfTextInXMLAreReadInEachWayOfWritingThem(t *testing.T) {
	t.Parallel()
	for list, want := range map[string][]string{
		`<GcServiceCodeList><GcServiceCode>a</GcServiceCode><GcServiceCode>b</GcServiceCode></GcServiceCodeList>`: {"a", "b"},
		`<GcServiceCodeList>a</GcServiceCodeList><GcServiceCodeList>b</GcServiceCodeList>`:                        {"a", "b"},
		`<GcServiceCodeList/><GcServiceCodeList>b</GcServiceCodeList>`:                                            {"", "b"},
		`<GcServiceCodeList>a</GcServiceCodeList>`:                                                                {"a"},
		`<GcServiceCodeList> </GcServiceCodeList>`:                                                                {},
	} {
		got, err := readXML[GetServiceCodeListResponse](getServiceCodeList.action, `<GetServiceCodeListResponse>`+list+`</GetServiceCodeListResponse>`)
		if err != nil || !reflect.DeepEqual(got.GcServiceCodeList, want) {
			t.Errorf("%s: %q, %v", list, got.GcServiceCodeList, err)
		}
	}
}

func TestAListThatXMLDoesNotHaveIsAbsent(t *testing.T) {
	t.Parallel()
	if got, err := readXML[GetServiceCodeListResponse](getServiceCodeList.action, `<GetServiceCodeListResponse/>`); err == nil {
		t.Errorf("taken for an empty one: %+v", got)
	}
}

func TestNestedAnswersInXMLAreRead(t *testing.T) {
	t.Parallel()
	job, err := readXML[CloneVirtualMachineResponse](cloneVirtualMachine.action, `<CloneVirtualMachineResponse>
		<Source><GcServiceCode>gc1</GcServiceCode><Current><Status>LockForCloning</Status></Current></Source>
		<Destination><GcServiceCode>gc2</GcServiceCode><Previous><Status>Stopped</Status></Previous></Destination>
	</CloneVirtualMachineResponse>`)
	if err != nil || job.Source.GcServiceCode != "gc1" || job.Source.Current.Status != "LockForCloning" || job.Destination.Previous.Status != "Stopped" {
		t.Errorf("%+v, %v", job, err)
	}
	info, err := readXML[GetContractInformationResponse](getContractInformation.action, `<GetContractInformationResponse>
		<Status>InService</Status>
		<VirtualMachineList><VirtualMachine><GcServiceCode>gc1</GcServiceCode><Status>InPreparation</Status>
			<GlobalAddressOptionList><x><Ipv4Address>192.0.2.1</Ipv4Address><Status>InService</Status></x></GlobalAddressOptionList>
		</VirtualMachine></VirtualMachineList>
	</GetContractInformationResponse>`)
	if err != nil || info.Status != "InService" || len(info.VirtualMachineList) != 1 || info.VirtualMachineList[0].Status != "InPreparation" ||
		info.VirtualMachineList[0].GlobalAddressOptionList[0].IPv4Address != "192.0.2.1" {
		t.Errorf("%+v, %v", info, err)
	}
}

func TestXMLThatIsNoAnswerIsRefused(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"nothing":                 ``,
		"text alone":              `hello`,
		"cut off":                 `<EchoResponse><Param>x</Param>`,
		"two roots":               `<EchoResponse/><EchoResponse/>`,
		"text after the root":     `<EchoResponse/>x`,
		"a document type":         `<!DOCTYPE x [<!ENTITY a "b">]><EchoResponse><Param>x</Param></EchoResponse>`,
		"an entity of its own":    `<EchoResponse><Param>&a;</Param></EchoResponse>`,
		"another character set":   `<?xml version="1.0" encoding="Shift_JIS"?><EchoResponse><Param>x</Param></EchoResponse>`,
		"too deep":                `<EchoResponse>` + strings.Repeat("<a>", 100) + strings.Repeat("</a>", 100) + `</EchoResponse>`,
		"too many elements":       `<EchoResponse>` + strings.Repeat("<a/>", 1<<20-100) + `</EchoResponse>`,
		"text in its place":       `<EchoResponse>x</EchoResponse>`,
		"another action's answer": `<SetLabelResponse/>`,
	} {
		if got, err := readXML[EchoResponse](echo.action, body); err == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
	const text = `<DescribeLbResponse><PoolList>The backend is down.</PoolList></DescribeLbResponse>`
	if got, err := readXML[DescribeLbResponse](describeLb.action, text); err == nil {
		t.Errorf("a text is taken for an empty list: %+v", got)
	}
	const mixed = `<GetServiceCodeListResponse><GcServiceCodeList><a>x</a><b>y</b></GcServiceCodeList></GetServiceCodeListResponse>`
	if got, err := readXML[GetServiceCodeListResponse](getServiceCodeList.action, mixed); err == nil {
		t.Errorf("a list of different things: %+v", got)
	}
}

func TestARefusalInXMLIsRead(t *testing.T) {
	t.Parallel()
	content, err := xmlAccount().open(echo.action, []byte(`<errorresponse><RequestId>r</RequestId><ErrorType>X</ErrorType><ErrorMessage>a &lt; b</ErrorMessage></errorresponse>`))
	if got, ok := content.refusal(); err != nil || !ok || got != (errorResponse{"r", "X", "a < b"}) {
		t.Errorf("%+v, %v, %v", got, ok, err)
	}
}

func xmlAccount() *account {
	options := testOptions()
	options.Endpoint = "https://gp.api.iij.jp/xml"
	account, err := newAccount(options)
	if err != nil {
		panic(err)
	}
	return account
}
