package prometheus

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"
)

// queryPath is where a Prometheus answers instant queries, below its address.
const queryPath = "/api/v1/query"

// An api asks the HTTP API of a Prometheus, as its official client does.
type api struct {
	address *url.URL // a prefix in its path is kept
	client  *http.Client
}

// query asks for the value of an expression at a moment; the zero time is the server's now.
// The form goes in a POST, as a selector may be longer than a URL. A server that takes none
// is asked by GET.
func (a *api) query(ctx context.Context, query string, at time.Time) (answer, error) {
	u := *a.address
	u.Path = path.Join(u.Path, queryPath)
	form := u.Query()
	form.Set("query", query)
	if !at.IsZero() {
		form.Set("time", seconds(at))
	}
	text := form.Encode()
	status, body, err := a.ask(ctx, http.MethodPost, &u, text)
	if status == http.StatusMethodNotAllowed || status == http.StatusNotImplemented {
		u.RawQuery = text
		status, body, err = a.ask(ctx, http.MethodGet, &u, "")
	}
	if err != nil {
		return answer{}, err
	}
	return open(status, body)
}

// seconds is a moment as the API takes it.
func seconds(at time.Time) string {
	return strconv.FormatFloat(float64(at.Unix())+float64(at.Nanosecond())/1e9, 'f', -1, 64)
}

// ask sends a request and reads its answer to the end. The status is known also where the
// body could not be read; 0: there was no answer.
func (a *api) ask(ctx context.Context, method string, u *url.URL, form string) (status int, body []byte, err error) {
	r, err := http.NewRequestWithContext(ctx, method, u.String(), strings.NewReader(form))
	if err != nil {
		return 0, nil, err
	}
	if form != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header["Idempotency-Key"] = nil // not sent: a connection that was closed meanwhile is no error, as for a GET
	}
	resp, err := a.client.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = resp.Body.Close() }() // it was only read
	body, err = io.ReadAll(resp.Body)
	return resp.StatusCode, body, err
}

// open returns what an answer holds. An error is worded as the official client words it: its
// type and its message. A Prometheus says in JSON what is wrong with a query by these two
// statuses; any other one comes as well from what stands before it.
func open(status int, body []byte) (answer, error) {
	refused := status == http.StatusBadRequest || status == http.StatusUnprocessableEntity
	switch {
	case status/100 == 2, refused:
	case status/100 == 4:
		return answer{}, fmt.Errorf("client_error: client error: %d", status)
	case status/100 == 5:
		return answer{}, fmt.Errorf("server_error: server error: %d", status)
	default:
		return answer{}, fmt.Errorf("bad_response: bad response code %d", status)
	}
	e, err := decodeEnvelope(body)
	switch {
	case err != nil:
		return answer{}, fmt.Errorf("bad_response: %w", err)
	case e.status == "error":
		return answer{}, fmt.Errorf("%.*s: %.*s", mostMessage, e.errorType, mostMessage, e.message)
	case e.status != "success":
		return answer{}, fmt.Errorf("bad_response: its status is %.40q, neither success nor error", e.status)
	case refused:
		return answer{}, errors.New("bad_response: inconsistent body for response code")
	}
	a, err := decodeData(e.data)
	a.warnings = e.warnings
	return a, err
}

// mostMessage is how much of a server's message is told.
const mostMessage = 1000
