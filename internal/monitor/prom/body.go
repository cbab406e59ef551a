package prom

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// acceptedEncoding asks for bytes as they are: within a data centre, to decompress them
// costs more than to receive them.
const acceptedEncoding = "identity"

// bodyOf is what an answer says, up to maxBytes of it. A server that compresses although
// it was not asked to is understood if it does so by gzip.
func bodyOf(response *http.Response, maxBytes int) (io.Reader, error) {
	switch response.Header.Get("Content-Encoding") {
	case "", "identity":
		return &boundedBody{response.Body, maxBytes, maxBytes}, nil
	case "gzip":
		return &boundedBody{&gunzipped{from: response.Body}, maxBytes, maxBytes}, nil
	}
	return nil, errors.New("the answer is compressed, but not by gzip: switch that off there")
}

// boundedBody ends with an error behind its last byte.
type boundedBody struct {
	io.Reader
	left, most int // bytes
}

func (b *boundedBody) Read(into []byte) (int, error) {
	if len(into) > b.left+1 {
		into = into[:b.left+1]
	}
	n, err := b.Reader.Read(into)
	if n > b.left {
		return b.left, fmt.Errorf("the answer is longer than %d MiB: ask for less", b.most>>20)
	}
	b.left -= n
	return n, err
}

// gunzipped does nothing before it is read.
type gunzipped struct {
	from io.Reader
	gzip *gzip.Reader // nil before the first byte was read
}

func (g *gunzipped) Read(into []byte) (int, error) {
	if g.gzip == nil {
		opened, err := gzip.NewReader(g.from)
		if err != nil {
			return 0, fmt.Errorf("decompress the answer: %w", noEOF(err))
		}
		g.gzip = opened
	}
	return g.gzip.Read(into)
}

// noEOF is for an end where there should be more.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
