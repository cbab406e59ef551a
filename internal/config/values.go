package config

import (
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/autoscaled/autoscaled/internal/words"
)

// parser turns the text of a value into what it means, and tells what texts it accepts.
type parser[T any] struct {
	parse func(text string) (T, error) // its error says what is wrong and what to write instead
	shape func() Shape                 // nil: any text
}

// saying is the parser with other words for what it accepts.
func (p parser[T]) saying(inWords string) parser[T] {
	return parser[T]{p.parse, func() Shape {
		shape := p.shape()
		shape.Range = inWords
		return shape
	}}
}

// shapedAs is the parser for values of which the other parser knows as much as can be known
// without the rest of the file.
func (p parser[T]) shapedAs(other parser[T]) parser[T] { return parser[T]{p.parse, other.shape} }

// instant is the shortest of the durations that must not be zero.
const instant = 100 * time.Millisecond

// text accepts anything printable.
var text = parser[string]{parseText, like(`\S`, "text")}

func parseText(value string) (string, error) {
	if strings.TrimSpace(value) == "" {
		return "", errors.New(emptyValue)
	}
	if strings.ContainsFunc(value, unicode.IsControl) {
		return "", errors.New("holds a control character: remove it")
	}
	return value, nil
}

// expression accepts text of several lines.
var expression = parser[string]{parseExpression, like(`\S`, "text")}

func parseExpression(value string) (string, error) {
	value = strings.TrimSpace(value)
	if _, err := text.parse(strings.NewReplacer("\n", " ", "\t", " ").Replace(value)); err != nil {
		return "", err
	}
	return value, nil
}

// matching accepts what the pattern matches; shape says what that is, for people, and
// inWords the same in the reference.
func matching(pattern *regexp.Regexp, shape, inWords string) parser[string] {
	parse := func(value string) (string, error) {
		if !pattern.MatchString(value) {
			return "", fmt.Errorf("`%s` is not %s", words.Shown(value), shape)
		}
		return value, nil
	}
	return parser[string]{parse, like(pattern.String(), inWords)}
}

// name accepts what a provider, query, group, signal or policy can be called.
var name = matching(regexp.MustCompile(`^[a-z][a-z0-9-]{0,39}$`),
	"a name: write up to 40 of a-z, 0-9 and -, beginning with a letter", "name")

// The codes of an account, of a virtual machine and of an FW+LB.
var gpServiceCode, gcServiceCode, glServiceCode = serviceCode("gp"), serviceCode("gc"), serviceCode("gl")

// serviceCode accepts a code of IIJ's: a prefix that tells the kind of contract,
// and 8 digits (GP-API manual: service codes).
func serviceCode(prefix string) parser[string] {
	return matching(regexp.MustCompile(`^`+prefix+`[0-9]{8}$`),
		fmt.Sprintf("a %s service code: write %s and 8 digits, as in %s00000001", prefix, prefix, prefix), prefix+" and 8 digits")
}

// oneOf accepts one of the given words.
func oneOf(valid ...string) parser[string] {
	parse := func(value string) (string, error) {
		if !slices.Contains(valid, value) {
			return "", fmt.Errorf("unknown value `%s`: %s", words.Shown(value), words.Suggest(value, valid))
		}
		return value, nil
	}
	return parser[string]{parse, func() Shape { return shapeOfWords(valid) }}
}

// reference accepts the name of something of the given kind that the file defines.
func reference(kind string, names []string) parser[string] {
	parse := func(value string) (string, error) {
		if !slices.Contains(names, value) {
			return "", fmt.Errorf("unknown %s `%s`: %s", kind, words.Shown(value), words.Suggest(value, names))
		}
		return value, nil
	}
	return parser[string]{parse, func() Shape { return shapeOfReference(kind) }}
}

// whole accepts a whole number in a range.
func whole(least, most int) parser[int] {
	parse := func(value string) (int, error) {
		n, err := strconv.Atoi(value)
		switch {
		case errors.Is(err, strconv.ErrRange) || err == nil && (n < least || n > most):
			return 0, fmt.Errorf("%s is out of range: write %d to %d", words.Shown(value), least, most)
		case err != nil:
			return 0, fmt.Errorf("`%s` is not a whole number: write %d to %d", words.Shown(value), least, most)
		}
		return n, nil
	}
	return parser[int]{parse, func() Shape { return shapeOfWhole(least, most) }}
}

// port accepts a port of TCP or UDP.
var port = parser[uint16]{parsePort, func() Shape { return shapeOfWhole(1, math.MaxUint16) }}

func parsePort(value string) (uint16, error) {
	n, err := whole(1, math.MaxUint16).parse(value)
	return uint16(n), err
}

// positive accepts a finite number above 0, at most the given one; 60% is 0.6.
func positive(most float64) parser[float64] {
	parse := func(value string) (float64, error) {
		n, err := parseNumber(value)
		if err != nil {
			return 0, err
		}
		if n <= 0 || n > most {
			return 0, fmt.Errorf("%s is out of range: write a number above 0%s", words.Shown(value), upTo(most))
		}
		return n, nil
	}
	return parser[float64]{parse, func() Shape {
		return shapeOfNumbers(Bounds{Most: most, Above: true}, "number above 0"+upTo(most))
	}}
}

func upTo(most float64) string {
	if most == math.MaxFloat64 {
		return ""
	}
	return fmt.Sprintf(", at most %v", most)
}

// share accepts 0 to 1, or 0% to 100%.
var share = parser[float64]{parseShare, shapeOfShares(Bounds{Most: 1}, "share")}

func parseShare(value string) (float64, error) {
	n, err := parseNumber(value)
	if err != nil {
		return 0, err
	}
	if n < 0 || n > 1 {
		return 0, fmt.Errorf("%s is out of range: write 0%% to 100%%", words.Shown(value))
	}
	return n, nil
}

// someShare accepts a share above 0; why says what is wrong with 0, and what to
// write instead.
func someShare(why string) parser[float64] {
	parse := func(value string) (float64, error) {
		ratio, err := parseShare(value)
		if err == nil && ratio == 0 {
			return 0, errors.New(why)
		}
		return ratio, err
	}
	return parser[float64]{parse, shapeOfShares(Bounds{Most: 1, Above: true}, "share above 0")}
}

// number accepts a finite number; 60% is 0.6.
var number = parser[float64]{parseNumber, func() Shape {
	return shapeOfNumbers(Bounds{Least: -math.MaxFloat64, Most: math.MaxFloat64}, "number, also 0 or less")
}}

func parseNumber(value string) (float64, error) {
	digits, percent := strings.CutSuffix(value, "%")
	n, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
	if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
		return 0, fmt.Errorf("`%s` is not a number: write for example 250, 0.6 or 60%%", words.Shown(value))
	}
	if percent {
		n /= 100
	}
	return n, nil
}

// duration accepts a duration in Go's form, in a range.
func duration(least, most time.Duration) parser[time.Duration] {
	parse := func(value string) (time.Duration, error) {
		d, err := time.ParseDuration(value)
		if err != nil {
			return 0, notDuration(value)
		}
		if d < least || d > most {
			return 0, fmt.Errorf("%s is out of range: write %s to %s", words.Shown(value), words.Span(least), words.Span(most))
		}
		return d, nil
	}
	return parser[time.Duration]{parse, func() Shape { return shapeOfDurations(least, most) }}
}

func notDuration(value string) error {
	if _, err := strconv.ParseFloat(value, 64); err == nil {
		return fmt.Errorf("`%s` has no unit: write for example %ss", words.Shown(value), words.Shown(value))
	}
	return fmt.Errorf("`%s` is not a duration: write for example 500ms, 30s or 1h30m", words.Shown(value))
}

// httpURL accepts the address of an HTTP server. Its errors do not repeat the
// value, which may hold a password.
var httpURL = parser[string]{parseHTTPURL, like(`^[Hh][Tt][Tt][Pp][Ss]?`+urlRest, "http or https URL")}

// urlRest is the pattern of what follows the scheme of a URL: a host without a user, perhaps
// a path, and no fragment.
const urlRest = `://[^/?#@]+(?:[/?][^#]*)?#?$`

func parseHTTPURL(value string) (string, error) {
	u, err := url.Parse(value)
	switch {
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "":
		return "", errors.New("is not a URL: write for example http://127.0.0.1:9090")
	case u.User != nil:
		return "", errors.New("the URL holds a user name or password: remove it")
	case u.Fragment != "":
		return "", errors.New("the URL holds a fragment: remove # and what follows")
	}
	return value, nil
}

// apiEndpoint accepts the URL of a provider's API. Signed orders go there, and one
// that is overheard can be sent again, so it is https beyond this machine.
var apiEndpoint = parser[string]{parseAPIEndpoint, like(
	`^(?:[Hh][Tt][Tt][Pp][Ss]://[^/?#@]+|[Hh][Tt][Tt][Pp]://(?:localhost|127\.|\[)[^/?#@]*)/(?:json|xml)\??#?$`,
	"https URL; http only to a loopback address")}

func parseAPIEndpoint(value string) (string, error) {
	if _, err := httpURL.parse(value); err != nil {
		return "", err
	}
	u, err := url.Parse(value)
	if err != nil {
		return "", err
	}
	address, _ := netip.ParseAddr(u.Hostname())
	switch {
	case u.Path != "/json" && u.Path != "/xml" || u.RawQuery != "":
		return "", errors.New("the URL must end in /json or /xml: write for example https://gp.api.iij.jp/json")
	case u.Scheme == "http" && u.Hostname() != "localhost" && !address.IsLoopback():
		return "", errors.New("the URL begins with http: write https (http only to a loopback address)")
	}
	return value, nil
}

// httpPath accepts the path, and perhaps the query, of a URL.
var httpPath = parser[string]{parseHTTPPath, like(`^/[^ #]*$`, "path, beginning with /")}

func parseHTTPPath(value string) (string, error) {
	u, err := url.ParseRequestURI(value)
	if err != nil || !strings.HasPrefix(value, "/") || u.Host != "" || strings.ContainsAny(value, " #") {
		return "", fmt.Errorf("`%s` is not the path of a URL: write only the path, beginning with /", words.Shown(value))
	}
	return value, nil
}

// hostPort accepts an address to listen at; without a host it is every address,
// and port 0 is any free port.
var hostPort = parser[string]{parseHostPort, like(hostPortPattern, "host:port")}

var hostPortPattern = `^(?:[^:\[\]]*|\[[^\[\]]*\]):(?:0|\+?0*(?:` + between(1, math.MaxUint16) + `))$`

func parseHostPort(value string) (string, error) {
	_, number, err := net.SplitHostPort(value)
	if err == nil && number != "0" {
		_, err = port.parse(number)
	}
	if err != nil {
		return "", fmt.Errorf("`%s` is not host:port: write for example 127.0.0.1:9469", words.Shown(value))
	}
	return value, nil
}

// absolutePath accepts the path of a file, and does not let its meaning depend
// on where the daemon was started.
var absolutePath = parser[string]{parseAbsolutePath, like(`^/`, "absolute path")}

func parseAbsolutePath(value string) (string, error) {
	if !filepath.IsAbs(value) || strings.ContainsFunc(value, unicode.IsControl) {
		return "", fmt.Errorf("`%s` is not an absolute path: begin it with /", words.Shown(value))
	}
	return filepath.Clean(value), nil
}

// maxSocketPathBytes is what fits into the address of a unix socket on Linux,
// with its closing zero (unix(7)).
const maxSocketPathBytes = 107

// socketPath accepts the path of a unix socket.
var socketPath = parser[string]{parseSocketPath, like(`^/`, "absolute path of at most 107 bytes")}

func parseSocketPath(value string) (string, error) {
	path, err := absolutePath.parse(value)
	if err == nil && len(path) > maxSocketPathBytes {
		return "", fmt.Errorf("is longer than a socket's path can be: write at most %d bytes", maxSocketPathBytes)
	}
	return path, err
}
