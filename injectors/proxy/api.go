package proxy

import (
	"crypto/subtle"
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

// maxBody bounds what a request may carry: a list of some ten thousand proxies.
const maxBody = 4 << 20

// handler is the control API: Toxiproxy's, and our leases.
func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, do func(r *http.Request) (status int, answer any, err error)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			s.calls.RLock()
			defer s.calls.RUnlock()
			r.Body = http.MaxBytesReader(w, r.Body, maxBody)
			status, answer, err := do(r)
			respond(w, status, answer, err)
		})
	}
	handle("GET /version", s.version)
	handle("POST /reset", s.reset)
	handle("GET /proxies", s.listProxies)
	handle("POST /proxies", s.createProxy)
	handle("POST /populate", s.populateProxies)
	handle("GET /proxies/{proxy}", s.showProxy)
	handle("POST /proxies/{proxy}", s.updateProxy)
	handle("PATCH /proxies/{proxy}", s.updateProxy)
	handle("DELETE /proxies/{proxy}", s.deleteProxy)
	handle("GET /proxies/{proxy}/toxics", s.listToxics)
	handle("POST /proxies/{proxy}/toxics", s.createToxic)
	handle("GET /proxies/{proxy}/toxics/{toxic}", s.showToxic)
	handle("POST /proxies/{proxy}/toxics/{toxic}", s.updateToxic)
	handle("PATCH /proxies/{proxy}/toxics/{toxic}", s.updateToxic)
	handle("DELETE /proxies/{proxy}/toxics/{toxic}", s.deleteToxic)
	handle("GET /blastgauge/leases", s.listLeases)
	handle("POST /blastgauge/leases", s.acquireLease)
	handle("DELETE /blastgauge/leases/{run}", s.releaseLease)
	mux.HandleFunc("GET /blastgauge/certificates/{proxy}", s.showCertificate)
	if s.options.RuntimeMetrics || s.options.ProxyMetrics {
		mux.Handle("GET /metrics", s.metrics())
	}
	return s.guarded(mux)
}

// guarded lets nobody through who may be a web page: a browser on a machine that
// reaches the API must not be talked into using it. Pages cannot choose these
// headers.
func (s *Server) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.UserAgent(), "Mozilla/"), r.Header.Get("Origin") != "":
			respond(w, 0, nil, &apiError{"User agent not allowed", http.StatusForbidden})
		case s.local && !isLocal(r.Host):
			respond(w, 0, nil, &apiError{"the API listens at a loopback address and is not known as " + r.Host, http.StatusForbidden})
		case !s.allowed(r.Header.Get("Authorization")):
			w.Header().Set("WWW-Authenticate", "Bearer")
			respond(w, 0, nil, &apiError{"a bearer token is needed", http.StatusUnauthorized})
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// isLocal reports whether a Host header names this machine as itself. Any other
// name that leads here was made to (DNS rebinding).
func isLocal(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return hosts.IsLoopback(host) || strings.HasSuffix(host, ".localhost")
}

func (s *Server) allowed(authorization string) bool {
	return s.options.Token == "" || subtle.ConstantTimeCompare([]byte(authorization), []byte("Bearer "+s.options.Token)) == 1
}

// respond writes an answer, or an error as Toxiproxy's clients expect it.
func respond(w http.ResponseWriter, status int, answer any, err error) {
	if err != nil {
		api := asAPIError(err)
		status = api.Status
		if answer == nil {
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
	w.Write(data) // a client that has gone does not want it
}

func read(r *http.Request, into any) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, into); err != nil {
		return errBody(err)
	}
	return nil
}

func (s *Server) version(*http.Request) (int, any, error) {
	return http.StatusOK, map[string]any{"version": Compatible, "blastgauge": map[string]string{"version": s.options.Version}}, nil
}

// reset removes all toxics and enables all proxies, as Toxiproxy does. A proxy
// whose port is taken holds up no other.
func (s *Server) reset(*http.Request) (int, any, error) {
	var errs []error
	for _, p := range s.all() {
		p.removeToxics(func(*toxic) bool { return true })
		if err := p.start(); err != nil {
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
	if err := read(r, &in); err != nil {
		return 0, nil, err
	}
	if err := in.check(""); err != nil {
		return 0, nil, err
	}
	p, err := s.create(in)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusCreated, p.view(), nil
}

// populateProxies answers with what was made also where something could not be.
func (s *Server) populateProxies(r *http.Request) (int, any, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return 0, nil, err
	}
	made, err := s.populate(body)
	answer := struct {
		*apiError `json:",omitempty"`
		Proxies   []proxyView `json:"proxies"`
	}{Proxies: []proxyView{}}
	for _, p := range made {
		answer.Proxies = append(answer.Proxies, p.view())
	}
	if err != nil {
		answer.apiError = asAPIError(err)
	}
	return http.StatusCreated, answer, err
}

func (s *Server) showProxy(r *http.Request) (int, any, error) {
	p, err := s.find(r.PathValue("proxy"))
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, p.view(), nil
}

func (s *Server) updateProxy(r *http.Request) (int, any, error) {
	p, err := s.find(r.PathValue("proxy"))
	if err != nil {
		return 0, nil, err
	}
	now := p.view()
	in := proxyInput{Listen: now.Listen, Upstream: now.Upstream, Enabled: &now.Enabled}
	if err := read(r, &in); err != nil {
		return 0, nil, err
	}
	if in.Enabled == nil { // "enabled": null
		in.Enabled = &now.Enabled
	}
	if err := p.update(in); err != nil {
		return 0, nil, err
	}
	return http.StatusOK, p.view(), nil
}

func (s *Server) deleteProxy(r *http.Request) (int, any, error) {
	p, err := s.find(r.PathValue("proxy"))
	if err != nil {
		return 0, nil, err
	}
	s.drop(p)
	return http.StatusNoContent, nil, nil
}

func (s *Server) listToxics(r *http.Request) (int, any, error) {
	p, err := s.find(r.PathValue("proxy"))
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, p.view().Toxics, nil
}

func (s *Server) createToxic(r *http.Request) (int, any, error) {
	p, err := s.find(r.PathValue("proxy"))
	if err != nil {
		return 0, nil, err
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return 0, nil, err
	}
	t, err := s.parse(p, body)
	if err != nil {
		return 0, nil, err
	}
	if err := s.add(p, t); err != nil {
		return 0, nil, err
	}
	return http.StatusOK, t.view(), nil
}

func (s *Server) showToxic(r *http.Request) (int, any, error) {
	p, err := s.find(r.PathValue("proxy"))
	if err != nil {
		return 0, nil, err
	}
	t, err := p.toxic(r.PathValue("toxic"))
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, t.view(), nil
}

func (s *Server) updateToxic(r *http.Request) (int, any, error) {
	p, err := s.find(r.PathValue("proxy"))
	if err != nil {
		return 0, nil, err
	}
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

func (s *Server) deleteToxic(r *http.Request) (int, any, error) {
	p, err := s.find(r.PathValue("proxy"))
	if err != nil {
		return 0, nil, err
	}
	if err := p.removeToxic(r.PathValue("toxic")); err != nil {
		return 0, nil, err
	}
	return http.StatusNoContent, nil, nil
}

func (s *Server) listLeases(*http.Request) (int, any, error) {
	return http.StatusOK, s.leases.list(), nil
}

// acquireLease gives a run the server for some time, ten seconds where the request
// does not say, or refuses because another run has it.
func (s *Server) acquireLease(r *http.Request) (int, any, error) {
	in := leaseView{Seconds: leaseFor.Seconds()}
	if err := read(r, &in); err != nil {
		return 0, nil, err
	}
	lasts := time.Duration(in.Seconds * float64(time.Second))
	switch {
	case in.Run == "":
		return 0, nil, errMissing("run")
	case !(in.Seconds > 0) || lasts > maxLease:
		return 0, nil, errRefused("a lease lasts more than 0 and at most %g seconds, got %v", maxLease.Seconds(), in.Seconds)
	}
	if err := s.leases.acquire(in.Run, lasts); err != nil {
		return 0, nil, err
	}
	return http.StatusOK, leaseView{in.Run, in.Seconds}, nil
}

// releaseLease ends a run's lease, and its toxics with it.
func (s *Server) releaseLease(r *http.Request) (int, any, error) {
	run := r.PathValue("run")
	held := s.leases.release(run)
	s.expire(run)
	if !held {
		return 0, nil, &apiError{"lease not found", http.StatusNotFound}
	}
	return http.StatusNoContent, nil, nil
}
