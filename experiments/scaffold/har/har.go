// Package har reads the recordings that browsers, proxies and test tools write as HAR
// files.
package har

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments/scaffold/recording"
)

// Bounds of a recording. A file may be large, because browsers write every byte that
// a page loaded, pictures included. A journey is small.
const (
	maxRecording = 512 << 20 // bytes of the file
	maxEntries   = 20_000
	maxURL       = 8 << 10
	maxSentBody  = 64 << 10 // of a request
	maxAnswer    = 2 << 20  // of a response; the rest is not read
	maxAnswers   = 128 << 20
)

// A harEntry has the fields of an exchange in a HAR 1.2 file that are used here.
// Names with an underscore are Chrome's own.
type harEntry struct {
	Started  string      `json:"startedDateTime"`
	Time     float64     `json:"time"` // milliseconds
	Type     string      `json:"_resourceType"`
	Request  *harRequest `json:"request"`
	Response *harAnswer  `json:"response"`
}

type harRequest struct {
	Method  string           `json:"method"`
	URL     string           `json:"url"`
	Headers []recording.Pair `json:"headers"`
	Body    *harBody         `json:"postData"`
}

type harBody struct {
	MIME   string           `json:"mimeType"`
	Text   string           `json:"text"`
	Params []recording.Pair `json:"params"`
}

type harAnswer struct {
	Status  int              `json:"status"`
	Headers []recording.Pair `json:"headers"`
	Cookies []recording.Pair `json:"cookies"`
	Content struct {
		MIME     string  `json:"mimeType"`
		Size     float64 `json:"size"`
		Text     string  `json:"text"`
		Encoding string  `json:"encoding"`
	} `json:"content"`
}

// A reader goes through a HAR file.
type reader struct {
	*recording.Recording
	json *json.Decoder
	left int // bytes of answers that may still be kept
}

const wantHAR = "export the recording from the browser's network panel as HAR with content"

// Read reads the exchanges of a HAR 1.2 file in the order they started. It only counts
// those that can never be part of a journey. The error is a *[shape.Error] that names
// the file, the entry and what to do.
func Read(file string, from io.Reader) (*recording.Recording, error) {
	limited := &io.LimitedReader{R: from, N: maxRecording + 1}
	r := &reader{Recording: &recording.Recording{File: file, Left: recording.Exclusions{}}, json: json.NewDecoder(limited), left: maxAnswers}
	err := r.readDocument()
	switch {
	case limited.N <= 0:
		return nil, r.Fail("record only the journey", "the file is larger than %d MiB", maxRecording>>20)
	case err != nil:
		return nil, err
	case len(r.Exchanges) == 0 && r.Left.Total() == 0:
		return nil, r.Fail(wantHAR, "the recording holds no requests")
	}
	r.Sort()
	return r.Recording, nil
}

// readDocument reads the whole file.
func (r *reader) readDocument() error {
	found := false
	err := r.readObject("the file", func(key string) error {
		if key != "log" {
			return r.skip()
		}
		found = true
		return r.readObject("log", func(key string) error {
			if key != "entries" {
				return r.skip()
			}
			return r.readEntries()
		})
	})
	if err == nil && !found {
		return r.Fail(wantHAR, "this is not a HAR file: it has no log")
	}
	return err
}

// readObject calls visit with every key of the next object.
func (r *reader) readObject(what string, visit func(key string) error) error {
	if err := r.expectOpening(what, '{', "an object"); err != nil {
		return err
	}
	for r.json.More() {
		key, err := r.json.Token()
		if err != nil {
			return r.explainError(0, err)
		}
		name, _ := key.(string)
		if err := visit(name); err != nil {
			return err
		}
	}
	if _, err := r.json.Token(); err != nil {
		return r.explainError(0, err)
	}
	return nil
}

// expectOpening reads the bracket of an object or a list.
func (r *reader) expectOpening(what string, bracket json.Delim, kind string) error {
	token, err := r.json.Token()
	switch {
	case err != nil:
		return r.explainError(0, err)
	case token != bracket:
		return r.Fail(wantHAR, "this is not a HAR file: %s is not %s", what, kind)
	}
	return nil
}

// skip skips a value of any size.
func (r *reader) skip() error {
	for depth := 0; ; {
		token, err := r.json.Token()
		if err != nil {
			return r.explainError(0, err)
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth == 0 {
			return nil
		}
	}
}

// explainError returns an error that says where the file is not HAR.
func (r *reader) explainError(entry int, err error) error {
	at := fmt.Sprintf("byte %d", r.json.InputOffset())
	if entry > 0 {
		at = fmt.Sprintf("entry %d, %s", entry, at)
	}
	if kind, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return r.Fail(wantHAR, "%s: %s is a %s, not what HAR 1.2 says", at, kind.Field, kind.Value)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return r.Fail(wantHAR, "%s: the file ends in the middle", at)
	}
	if _, ok := errors.AsType[*json.SyntaxError](err); ok {
		return r.Fail(wantHAR, "%s: not JSON: %s", at, err)
	}
	return r.Fail("", "%s: the file cannot be read: %s", at, err)
}

// readEntries reads the list of exchanges.
func (r *reader) readEntries() error {
	if err := r.expectOpening("log.entries", '[', "a list"); err != nil {
		return err
	}
	for n := 1; r.json.More(); n++ {
		if n > maxEntries {
			return r.Fail("record only the journey", "more than %d entries", maxEntries)
		}
		var e harEntry
		if err := r.json.Decode(&e); err != nil {
			return r.explainError(n, err)
		}
		if err := r.addEntry(n, &e); err != nil {
			return err
		}
	}
	_, err := r.json.Token()
	if err != nil {
		return r.explainError(0, err)
	}
	return nil
}

// addEntry keeps one exchange, unless it can never be part of a journey.
func (r *reader) addEntry(n int, e *harEntry) error {
	switch {
	case e.Request == nil || e.Response == nil:
		return r.Fail(wantHAR, "entry %d: a request and a response are needed", n)
	case len(e.Request.URL) > maxURL && !strings.HasPrefix(e.Request.URL, "http"):
		r.Left.Add(recording.NotHTTP)
		return nil
	case len(e.Request.URL) > maxURL:
		return r.Fail("", "entry %d: a URL of %d bytes, at most %d are possible", n, len(e.Request.URL), maxURL)
	}
	u, err := url.Parse(e.Request.URL)
	if err != nil {
		return r.Fail("a URL such as https://shop.staging.example/carts", "entry %d: request.url is not a URL: %s", n, urlProblem(err))
	}
	x := &recording.Exchange{Entry: n, Kind: strings.ToLower(e.Type), Method: strings.ToUpper(e.Request.Method), URL: u,
		Headers: e.Request.Headers, Body: (*recording.Body)(e.Request.Body)}
	u.User, u.Fragment = nil, ""
	x.Started, _ = time.Parse(time.RFC3339Nano, e.Started) // without times, the order of the file counts
	x.Took = time.Duration(min(max(e.Time, 0), 1e9) * float64(time.Millisecond))
	x.Answer = newAnswer(e.Response)
	if why := x.Exclusion(); why != "" {
		r.Left.Add(why)
		return nil
	}
	if b := x.Body; b != nil && len(b.Text) > maxSentBody {
		return r.Fail("record a journey that uploads nothing", "entry %d: the request's body has %d bytes, at most %d are possible", n, len(b.Text), maxSentBody)
	}
	r.left -= len(x.Answer.Text)
	if r.left < 0 {
		return r.Fail("record only the journey", "entry %d: more than %d MiB of answers", n, maxAnswers>>20)
	}
	r.Exchanges = append(r.Exchanges, x)
	return nil
}

// urlProblem returns the cause of an error of url.Parse without the URL, which may
// hold secrets.
func urlProblem(err error) string {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err.Error()
	}
	return err.Error()
}

// newAnswer decodes an answer.
func newAnswer(a *harAnswer) recording.Answer {
	mime, _, _ := strings.Cut(a.Content.MIME, ";")
	out := recording.Answer{Status: a.Status, Headers: a.Headers, MIME: strings.ToLower(strings.TrimSpace(mime)), Text: a.Content.Text}
	for _, c := range a.Cookies { // a file may hold them here alone
		if !slices.ContainsFunc(out.Headers, func(h recording.Pair) bool {
			return strings.EqualFold(h.Name, "set-cookie") && strings.HasPrefix(h.Value, c.Name+"=")
		}) {
			out.Headers = append(slices.Clip(out.Headers), recording.Pair{Name: "Set-Cookie", Value: c.Name + "=" + c.Value})
		}
	}
	if strings.EqualFold(a.Content.Encoding, "base64") {
		decoded, err := base64.StdEncoding.DecodeString(out.Text)
		if err != nil {
			decoded = nil
		}
		out.Text = string(decoded)
	}
	out.Lost = out.Text == "" && a.Content.Size > 0
	if len(out.Text) > maxAnswer {
		out.Text = out.Text[:maxAnswer]
	}
	out.Text = strings.ToValidUTF8(out.Text, "\ufffd")
	return out
}
