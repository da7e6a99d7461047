package alerts

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/hosts"
)

// mostBytes bounds an answer: ten thousand alerts take about ten megabytes.
const mostBytes = 16 << 20

// errTooLarge is the error of an answer that is not read to its end.
var errTooLarge = fmt.Errorf("an answer of more than %d MB", mostBytes>>20)

// A server is the Prometheus or the Alertmanager of a system. It is dialled only where the
// system allows its host.
type server struct {
	source        *experiments.AlertSource
	home          *url.URL
	client        *http.Client
	authorization string
}

func newServer(s *experiments.System, getenv func(string) (string, bool)) (*server, error) {
	a := s.Alerts
	home, err := url.Parse(a.URL())
	if err != nil {
		return nil, fmt.Errorf("alerts.%s: %w", a.Kind(), err)
	}
	out := &server{source: a, home: home, client: &http.Client{
		Transport: &http.Transport{
			DialContext:     hosts.Dialer{Policy: s.Hosts(), Timeout: answerWithin}.DialContext,
			MaxIdleConns:    2,
			IdleConnTimeout: time.Minute,
		},
		// Another address is another server, which nobody named and which gets no token.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	if a.Token != "" {
		name := strings.TrimSuffix(strings.TrimPrefix(a.Token, "${env:"), "}")
		token := ""
		if getenv != nil {
			token, _ = getenv(name)
		}
		if token == "" {
			return nil, fmt.Errorf("the environment variable %s, the token of alerts, is not set", name)
		}
		out.authorization = "Bearer " + token
	}
	return out, nil
}

func (s *server) close() { s.client.CloseIdleConnections() }

// ask asks which alerts of these names are pending or fire.
func (s *server) ask(ctx context.Context, names []string) answer {
	if s.source.Kind() == "prometheus" {
		text, date, err := s.get(ctx, "api/v1/alerts", nil)
		if err != nil {
			return answer{err: err}
		}
		list, err := decodePrometheus(text)
		return answer{list, date, err}
	}
	text, date, err := s.get(ctx, "api/v2/alerts", url.Values{"filter": {filter(names)}})
	if err != nil {
		return answer{err: err}
	}
	list, err := decodeAlertmanager(text)
	return answer{list, date, err}
}

// filter is a matcher of Alertmanager for alerts of these names.
func filter(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = regexp.QuoteMeta(name)
	}
	return experiments.AlertName + "=~" + strconv.Quote(strings.Join(quoted, "|"))
}

// get asks for a path below the address of the server, and returns the text of an answer
// that is no error, with its date.
func (s *server) get(ctx context.Context, path string, query url.Values) ([]byte, time.Time, error) {
	u := s.home.JoinPath(path)
	u.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, time.Time{}, err
	}
	req.Header.Set("Accept", "application/json")
	if s.authorization != "" {
		req.Header.Set("Authorization", s.authorization)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, time.Time{}, plain(err)
	}
	defer func() { _ = resp.Body.Close() }() // it was only read
	text, err := io.ReadAll(io.LimitReader(resp.Body, mostBytes+1))
	switch {
	case err != nil:
		return nil, time.Time{}, plain(err)
	case len(text) > mostBytes:
		return nil, time.Time{}, errTooLarge
	case resp.StatusCode/100 == 3:
		return nil, time.Time{}, fmt.Errorf("it redirects to %s: write that address under alerts.%s if it is the right one", redirect(resp), s.source.Kind())
	case resp.StatusCode != http.StatusOK:
		return nil, time.Time{}, fmt.Errorf("%s%s", resp.Status, problem(text))
	}
	date, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		date = time.Time{}
	}
	return text, date, nil
}

// plain leaves out what the caller knows of a failed request: its method and its URL.
func plain(err error) error {
	if of, ok := errors.AsType[*url.Error](err); ok {
		return of.Err
	}
	return err
}

// redirect is where an answer leads, without what may be a secret in it.
func redirect(resp *http.Response) string {
	to, err := resp.Location()
	if err != nil {
		return "no address"
	}
	return (&url.URL{Scheme: to.Scheme, Host: to.Host, Path: to.Path}).String()
}
