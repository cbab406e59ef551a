package prom

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
)

// request asks for one page, always with the same bytes.
type request struct {
	to    origin
	text  []byte
	shown string // its URL for messages, without a password
}

// request refuses a URL without saying it: there could be a password in it.
func (f *Fetcher) request(address string) (*request, error) {
	asked, err := http.NewRequestWithContext(context.Background(), http.MethodGet, address, nil)
	if err != nil || asked.URL.Host == "" || (asked.URL.Scheme != "http" && asked.URL.Scheme != "https") {
		return nil, errors.New("read a page: its url is not http(s)://host[:port][/path]: correct it")
	}
	asked.Header.Set("Accept", acceptedFormats)
	asked.Header.Set("Accept-Encoding", acceptedEncoding)
	if own := asked.URL.User; own != nil {
		password, _ := own.Password()
		asked.Header.Set("Authorization", "Basic "+basic(own.Username(), password))
	}
	authorize(asked.Header, f.access)
	var text bytes.Buffer
	err = asked.Write(&text)
	written, readErr := http.ReadRequest(bufio.NewReader(bytes.NewReader(text.Bytes())))
	if err = cmp.Or(err, readErr); err != nil {
		return nil, fmt.Errorf("read page %s: write a request: %s: correct the url", asked.URL.Redacted(), f.conceal.Replace(err.Error()))
	}
	return &request{
		to:    origin{asked.URL.Scheme == "https", written.Host}, // in ASCII, as it is dialled
		text:  bytes.Clone(text.Bytes()),
		shown: asked.URL.Redacted(),
	}, nil
}
