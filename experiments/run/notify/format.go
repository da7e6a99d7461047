package notify

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/blastgauge/blastgauge/experiments"
)

// A format makes requests of messages, as one kind of receiver understands them. It is
// used by one goroutine.
type format interface{ requests(m *Message) []request }

// A request is one that tells something.
type request struct {
	method, url string
	header      http.Header
	body        []byte
	answered    func(body []byte) // gets the beginning of the answer where it was taken; may be nil
}

// formatOf returns the format of a receiver with its address and keys.
func formatOf(r experiments.Receiver, getenv func(string) (string, bool)) (format, error) {
	e := expander{getenv: getenv}
	url, key, token, headers := e.url(r.URL), e.secret(r.Key), e.secret(r.Token), e.headers(r.Headers)
	if r.URL == "" && r.Kind != experiments.PagerDuty {
		e.fail(errors.New("it has no address"))
	}
	if e.err != nil {
		return nil, e.err
	}
	switch r.Kind {
	case experiments.Slack:
		return slack{url}, nil
	case experiments.CloudEvents:
		return cloudEvents{url, headers}, nil
	case experiments.PagerDuty:
		return newPagerDuty(url, key, r.On), nil
	case experiments.Grafana:
		return newGrafana(url, token, r.Tags), nil
	case experiments.Webhook:
		return webhook{url, headers}, nil
	}
	return nil, errors.New("there is no such kind of receiver")
}

// An expander fills in variables of the environment, until something is wrong.
type expander struct {
	getenv func(string) (string, bool)
	err    error
}

func (e *expander) fail(err error) {
	if e.err == nil {
		e.err = err
	}
}

// text fills in the variables of a text.
func (e *expander) text(text string) string {
	t, err := experiments.ParseTemplate(text)
	if err != nil {
		e.fail(errors.New("a text with variables cannot be read"))
	}
	var b strings.Builder
	for _, p := range t.Parts {
		value, set := p.Literal, true
		if p.Name != "" {
			if value, set = "", false; e.getenv != nil && p.Name == "env" {
				value, set = e.getenv(p.Arg)
			}
			value, set = p.OrDefault(value, set)
		}
		if !set {
			e.fail(fmt.Errorf("the environment variable %s is not set", p.Arg))
		}
		b.WriteString(value)
	}
	return b.String()
}

// secret fills in a key or a token.
func (e *expander) secret(text string) string {
	value := e.text(text)
	if text != "" && e.err == nil && (value == "" || strings.ContainsFunc(value, func(c rune) bool { return c <= ' ' || c >= 0x7f })) {
		e.fail(fmt.Errorf("%s is empty, or holds what no key holds", text))
	}
	return value
}

// url fills in an address.
func (e *expander) url(text string) string {
	value := e.text(text)
	if wrong := experiments.CheckReceiverURL(value); text != "" && wrong != "" {
		e.fail(fmt.Errorf("%s: %s", text, wrong))
	}
	return value
}

// headers fills in headers.
func (e *expander) headers(list []experiments.Field) http.Header {
	h := http.Header{}
	for _, f := range list {
		value := e.text(f.Value)
		if strings.ContainsFunc(value, func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }) {
			e.fail(fmt.Errorf("the header %s would have a control character", f.Name))
		}
		h.Set(f.Name, value)
	}
	return h
}

// encode writes a body as JSON. Angle brackets and ampersands are escaped there as well.
func encode(v any) []byte {
	body, err := json.Marshal(v)
	if err != nil {
		return nil // impossible: all of it is plain data, and its numbers are finite
	}
	return body
}

// post is a request with a JSON body.
func post(url, contentType string, headers http.Header, body any) request {
	h := headers.Clone()
	if h == nil {
		h = http.Header{}
	}
	h.Set("Content-Type", contentType)
	return request{method: http.MethodPost, url: url, header: h, body: encode(body)}
}

const jsonType = "application/json; charset=utf-8"

// A webhook gets the message itself.
type webhook struct {
	url     string
	headers http.Header
}

func (w webhook) requests(m *Message) []request {
	return []request{post(w.url, jsonType, w.headers, m)}
}
