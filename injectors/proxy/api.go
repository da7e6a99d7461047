package proxy

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments/hosts"
)

// maxBody is the most that a request's body may have: some ten thousand proxies.
const maxBody = 4 << 20

// An endpoint handles one kind of request. It returns the status and the body of the
// answer, or an error.
type endpoint func(r *http.Request) (status int, answer any, err error)

// Handler returns the control API: Toxiproxy's, and blastgauge's leases, block and
// certificates. It answers only those who reach it by a loopback address, unless the server
// listens at another one.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	told := outcomes()
	for pattern, do := range map[string]endpoint{
		"POST /reset":                            s.reset,
		"GET /proxies":                           s.listProxies,
		"POST /proxies":                          s.createProxy,
		"POST /populate":                         s.populateProxies,
		"GET /proxies/{proxy}":                   s.onProxy(showProxy),
		"POST /proxies/{proxy}":                  s.onProxy(s.updateProxy),
		"PATCH /proxies/{proxy}":                 s.onProxy(s.updateProxy),
		"DELETE /proxies/{proxy}":                s.onProxy(s.deleteProxy),
		"GET /proxies/{proxy}/toxics":            s.onProxy(listToxics),
		"POST /proxies/{proxy}/toxics":           s.onProxy(s.createToxic),
		"GET /proxies/{proxy}/toxics/{toxic}":    s.onProxy(showToxic),
		"POST /proxies/{proxy}/toxics/{toxic}":   s.onProxy(updateToxic),
		"PATCH /proxies/{proxy}/toxics/{toxic}":  s.onProxy(updateToxic),
		"DELETE /proxies/{proxy}/toxics/{toxic}": s.onProxy(deleteToxic),
		"GET /blastgauge/leases":                 s.listLeases,
		"POST /blastgauge/leases":                s.acquireLease,
		"DELETE /blastgauge/leases/{run}":        s.releaseLease,
		"GET /blastgauge/block":                  s.showBlock,
		"PUT /blastgauge/block":                  s.setBlock,
		"DELETE /blastgauge/block":               s.liftBlock,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			s.calls.RLock()
			defer s.calls.RUnlock()
			r.Body = http.MaxBytesReader(w, r.Body, maxBody)
			status, answer, err := do(r)
			if done := told[pattern]; done != "" {
				s.audit(r, w.Header().Get(requestHeader), done, answer, err)
			}
			respond(w, status, answer, err)
		})
	}
	mux.HandleFunc("GET /version", s.showVersion)
	mux.HandleFunc("GET /blastgauge/certificates/{proxy}", s.showCertificate)
	if s.options.Metrics != nil {
		mux.Handle("/metrics", s.options.Metrics(s)) // by any method, as on Toxiproxy
	}
	return s.guarded(mux)
}

// onProxy returns the endpoint that finds the proxy in the path and calls do with it.
func (s *Server) onProxy(do func(p *proxy, r *http.Request) (int, any, error)) endpoint {
	return func(r *http.Request) (int, any, error) {
		p, err := s.find(r.PathValue("proxy"))
		if err != nil {
			return 0, nil, err
		}
		return do(p, r)
	}
}

// guarded refuses requests that a web page may have sent: a page must not use the API
// by way of a browser that reaches it. Pages cannot choose these headers. It also
// refuses requests without the token.
func (s *Server) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := newRequestID()
		w.Header().Set(requestHeader, id)
		switch {
		case strings.HasPrefix(r.UserAgent(), "Mozilla/"), r.Header.Get("Origin") != "":
			s.auditForbidden(r, id, http.StatusForbidden, "it may come from a web page")
			http.Error(w, "User agent not allowed", http.StatusForbidden)
		case s.local && !isLocal(r.Host):
			err := &apiError{"the API listens on a loopback address: use localhost or an address such as 127.0.0.1, not " + r.Host, http.StatusForbidden}
			s.auditForbidden(r, id, err.Status, clip(err.Message, 2*longestAgent))
			respond(w, 0, nil, err)
		case !s.authorized(r.Header.Get("Authorization")):
			err := &apiError{"a bearer token is needed", http.StatusUnauthorized}
			s.auditForbidden(r, id, err.Status, err.Message)
			w.Header().Set("WWW-Authenticate", "Bearer")
			respond(w, 0, nil, err)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// requestHeader identifies a request in its answer, and in the log.
const requestHeader = "X-Toxiproxy-Request-Id"

// newRequestID returns an identifier in the form of Toxiproxy's: 20 digits of base 32,
// of which the first 4 bytes are the time, so that they sort by it.
func newRequestID() string {
	var id [12]byte
	binary.BigEndian.PutUint32(id[:], uint32(time.Now().Unix()))
	_, _ = rand.Read(id[4:]) // never fails
	return requestIDs.EncodeToString(id[:])
}

var requestIDs = base32.NewEncoding("0123456789abcdefghijklmnopqrstuv").WithPadding(base32.NoPadding)

// isLocal reports whether a Host header names this machine as itself. Any other
// name that leads here was made to (DNS rebinding).
func isLocal(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return hosts.IsLoopback(host) || strings.HasSuffix(host, ".localhost")
}

func (s *Server) authorized(authorization string) bool {
	return s.options.Token == "" || subtle.ConstantTimeCompare([]byte(authorization), []byte("Bearer "+s.options.Token)) == 1
}

// respond writes an answer, or an error as Toxiproxy's clients expect it.
func respond(w http.ResponseWriter, status int, answer any, err error) {
	if err != nil {
		api := asAPIError(err)
		status = api.Status
		if blocked, ok := errors.AsType[*blockedError](err); ok && answer == nil {
			answer = blocked
		} else if answer == nil {
			answer = api
		}
	}
	if answer == nil {
		w.WriteHeader(status)
		return
	}
	data, err := json.Marshal(answer)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(data) // an error means that the client has gone
}

func decodeBody(r *http.Request, into any) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, into); err != nil {
		return errBody(err)
	}
	return nil
}

// showVersion answers with the version, written and typed as Toxiproxy's: scripts look for
// it in the text. Blastgauge's own stands behind it.
func (s *Server) showVersion(w http.ResponseWriter, _ *http.Request) {
	own, err := json.Marshal(s.options.Version)
	if err != nil {
		respond(w, 0, nil, err)
		return
	}
	w.Header().Set("Content-Type", "application/json;charset=utf-8")
	_, _ = fmt.Fprintf(w, "{\"version\": %q, \"blastgauge\": {\"version\": %s}}\n", Compatible, own) // an error means that the client has gone
}

// reset removes all toxics and enables all proxies, as Toxiproxy does. A proxy whose
// port is taken does not keep it from the others.
func (s *Server) reset(*http.Request) (int, any, error) {
	enabled := true
	var errs []error
	for _, p := range s.all() {
		if _, err := p.removeToxics(func(*toxic) bool { return true }); err != nil {
			errs = append(errs, err)
			continue
		}
		if err := s.update(p, proxyUpdate{Enabled: &enabled}); err != nil && asAPIError(err).Status != http.StatusNotFound { // one that was deleted needs no reset
			errs = append(errs, fmt.Errorf("proxy %s: %w", p.name, err))
		}
	}
	return http.StatusNoContent, nil, errors.Join(errs...)
}

func (s *Server) listProxies(*http.Request) (int, any, error) {
	views := map[string]proxyView{}
	for _, p := range s.all() {
		views[p.name] = p.view()
	}
	return http.StatusOK, views, nil
}

func (s *Server) createProxy(r *http.Request) (int, any, error) {
	var in proxyInput
	if err := decodeBody(r, &in); err != nil {
		return 0, nil, err
	}
	if err := in.missing(""); err != nil {
		return 0, nil, err
	}
	if err := checkName("a proxy", in.Name); err != nil {
		return 0, nil, err
	}
	p, err := s.create(in)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusCreated, p.view(), nil
}

// populateProxies answers with the proxies of the list; with an error, those before the one
// that the error is about.
func (s *Server) populateProxies(r *http.Request) (int, any, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return 0, nil, err
	}
	made, err := s.populate(body)
	answer := populated{Proxies: []proxyView{}}
	for _, p := range made {
		answer.Proxies = append(answer.Proxies, p.view())
	}
	if err != nil {
		answer.apiError = asAPIError(err)
	}
	return http.StatusCreated, answer, err
}

func showProxy(p *proxy, _ *http.Request) (int, any, error) {
	return http.StatusOK, p.view(), nil
}

func (s *Server) updateProxy(p *proxy, r *http.Request) (int, any, error) {
	var in proxyUpdate
	if err := decodeBody(r, &in); err != nil {
		return 0, nil, err
	}
	if err := s.update(p, in); err != nil {
		return 0, nil, err
	}
	return http.StatusOK, p.view(), nil
}

func (s *Server) deleteProxy(p *proxy, _ *http.Request) (int, any, error) {
	s.remove(p)
	return http.StatusNoContent, nil, nil
}

func listToxics(p *proxy, _ *http.Request) (int, any, error) {
	return http.StatusOK, p.view().Toxics, nil
}

func (s *Server) createToxic(p *proxy, r *http.Request) (int, any, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return 0, nil, err
	}
	t, err := s.addToxic(p, body)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, t.view(), nil
}

func showToxic(p *proxy, r *http.Request) (int, any, error) {
	t, err := p.toxic(r.PathValue("toxic"))
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, t.view(), nil
}

func updateToxic(p *proxy, r *http.Request) (int, any, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return 0, nil, err
	}
	t, err := p.updateToxic(r.PathValue("toxic"), body)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, t.view(), nil
}

func deleteToxic(p *proxy, r *http.Request) (int, any, error) {
	if err := p.removeToxic(r.PathValue("toxic")); err != nil {
		return 0, nil, err
	}
	return http.StatusNoContent, nil, nil
}

func (s *Server) listLeases(*http.Request) (int, any, error) {
	return http.StatusOK, s.leases.list(), nil
}

// acquireLease gives a run the server for the time that the request asks for, or ten
// seconds. It refuses when another run has the server.
func (s *Server) acquireLease(r *http.Request) (int, any, error) {
	in := leaseInput{}
	if err := decodeBody(r, &in); err != nil {
		return 0, nil, err
	}
	if in.Run == "" {
		return 0, nil, errMissing("run")
	}
	if err := checkName("a run", in.Run); err != nil {
		return 0, nil, err
	}
	lasts, err := in.lasts()
	if err != nil {
		return 0, nil, err
	}
	if err := s.leases.acquire(in.Run, lasts); err != nil {
		return 0, nil, err
	}
	return http.StatusOK, leaseView{in.Run, lasts.Seconds()}, nil
}

// releaseLease ends a run's lease, and its toxics with it.
func (s *Server) releaseLease(r *http.Request) (int, any, error) {
	run := r.PathValue("run")
	if err := checkName("a run", run); err != nil {
		return 0, nil, err
	}
	acquired := s.leases.release(run)
	if err := s.removeRun(run); err != nil {
		s.leases.comeBackTo(run)
		return 0, nil, err
	}
	if !acquired {
		return 0, nil, &apiError{"lease not found", http.StatusNotFound}
	}
	return http.StatusNoContent, nil, nil
}
