package live

import (
	"bytes"
	"crypto/subtle"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	pages "github.com/blastgauge/blastgauge/report/live"
)

// maxBody is the most that a form may have.
const maxBody = 16 << 10

// A request is one that may be answered.
type request struct {
	*http.Request
	token    string
	operator bool
	run      *shown
}

// query is what the links of a page have, so that they work on.
func (r request) query() string {
	q := url.Values{"t": {r.token}}
	if len(r.run.s.options.Labels) > 1 {
		q.Set("run", strconv.Itoa(r.run.index))
	}
	return q.Encode()
}

// handler answers requests.
func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.may(s.showPage))
	mux.HandleFunc("GET /events", s.may(s.stream))
	for _, action := range []string{"stop", "note", "decide"} {
		mux.HandleFunc("GET /"+action, s.may(s.onlyOperator(func(w http.ResponseWriter, r request) {
			showForm(w, http.StatusOK, pages.Form{Action: action, Query: r.query(), Experiment: r.run.waitsFor()})
		})))
	}
	mux.HandleFunc("POST /stop", s.may(s.onlyOperator(s.form(s.postStop))))
	mux.HandleFunc("POST /note", s.may(s.onlyOperator(s.form(s.postNote))))
	mux.HandleFunc("POST /decide", s.may(s.onlyOperator(s.form(s.postDecide))))
	mux.HandleFunc("GET /"+pages.StyleFile, static("text/css; charset=utf-8", pages.StyleSheet()))
	mux.HandleFunc("GET /"+pages.ScriptFile, static("text/javascript; charset=utf-8", pages.Script()))
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	return s.guarded(mux)
}

// static serves a part of the program, which is no secret.
func static(kind, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		_, _ = w.Write([]byte(text)) // who does not read it has no page
	}
}

// guarded refuses what no page of this server asks for. The referrer is left to the page's
// own requests: without any, browsers would hide where a form comes from.
func (s *Server) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTimeout)) // a stream renews it
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		switch {
		case !s.knows(r.Host):
			http.Error(w, "this is no name of this server: use the address that the run has printed", http.StatusMisdirectedRequest)
		case !ownOrigin(r):
			http.Error(w, "the page of another server asks for this", http.StatusForbidden)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// ownOrigin reports whether a request comes from a page of this server, or from no page.
func ownOrigin(r *http.Request) bool {
	if origin := r.Header.Get("Origin"); origin != "" {
		from, err := url.Parse(origin)
		scheme := "http"
		if r.TLS != nil {
			scheme = "https"
		}
		if err != nil || from.Scheme != scheme || !strings.EqualFold(from.Host, r.Host) {
			return false
		}
	}
	site := r.Header.Get("Sec-Fetch-Site")
	return r.Method == http.MethodGet || r.Method == http.MethodHead || site == "" || site == "same-origin" || site == "none"
}

// may answers those who have a token.
func (s *Server) may(next func(http.ResponseWriter, request)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		token := r.URL.Query().Get("t")
		if bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
			token = bearer
		}
		operator := equal(token, s.operator)
		switch observer := equal(token, s.observer); {
		case operator || observer:
		case token == "":
			http.Error(w, "use the whole address that the run has printed, with its token", http.StatusUnauthorized)
			return
		case s.wrong.tooMany(addressOf(r), time.Now()):
			w.Header().Set("Retry-After", strconv.Itoa(int(guessWindow.Seconds())))
			http.Error(w, "too many wrong tokens: wait for a minute", http.StatusTooManyRequests)
			return
		default:
			http.Error(w, "this is no token of this run: a new run has new ones", http.StatusUnauthorized)
			return
		}
		index, _ := strconv.Atoi(r.URL.Query().Get("run"))
		if index < 0 || index >= len(s.runs) {
			http.NotFound(w, r)
			return
		}
		next(w, request{r, token, operator, s.runs[index]})
	}
}

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

func addressOf(r *http.Request) string {
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	return host
}

// onlyOperator refuses those who may only look.
func (s *Server) onlyOperator(next func(http.ResponseWriter, request)) func(http.ResponseWriter, request) {
	return func(w http.ResponseWriter, r request) {
		if !r.operator {
			http.Error(w, "this token is for looking: the other address that the run has printed is for acting", http.StatusForbidden)
			return
		}
		next(w, r)
	}
}

// form reads a form and goes back to the page once it was taken. What was wrong with it can
// be corrected.
func (s *Server) form(take func(request) (pages.Form, error)) func(http.ResponseWriter, request) {
	return func(w http.ResponseWriter, r request) {
		if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
			http.Error(w, "send a form: application/x-www-form-urlencoded", http.StatusUnsupportedMediaType)
			return
		}
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(writeTimeout)) // where there is none, it is bounded in size
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		if err := r.ParseForm(); err != nil {
			status := http.StatusBadRequest
			if _, large := errors.AsType[*http.MaxBytesError](err); large {
				status = http.StatusRequestEntityTooLarge
			}
			http.Error(w, "the form cannot be read: "+err.Error(), status)
			return
		}
		form, err := take(r)
		if err != nil {
			form.Error, form.Query = err.Error(), r.query()
			status := http.StatusConflict
			if errors.Is(err, journal.ErrNote) || errors.Is(err, errNoName) {
				status = http.StatusBadRequest
			}
			showForm(w, status, form)
			return
		}
		http.Redirect(w, r.Request, "./?"+r.query(), http.StatusSeeOther)
	}
}

// errNoName is that nobody is named as the one who acts.
var errNoName = errors.New("say who you are: it is in the report")

// postStop stops the run.
func (s *Server) postStop(r request) (pages.Form, error) {
	f := pages.Form{Action: "stop", Name: strings.TrimSpace(r.PostFormValue("name")), Text: r.PostFormValue("why")}
	if f.Name == "" {
		return f, errNoName
	}
	return f, s.stop(f.Name, f.Text)
}

// postNote keeps a note.
func (s *Server) postNote(r request) (pages.Form, error) {
	f := pages.Form{Action: "note", Name: strings.TrimSpace(r.PostFormValue("name")), Text: r.PostFormValue("text"), FollowUp: r.PostFormValue("follow_up") != ""}
	if f.Name == "" {
		return f, errNoName
	}
	c, err := s.controlOf(r.run.index)
	if err != nil {
		return f, err
	}
	return f, c.Note(f.Name, f.Text, f.FollowUp)
}

// postDecide decides about the experiment that a game day waits before.
func (s *Server) postDecide(r request) (pages.Form, error) {
	f := pages.Form{Action: "decide", Name: strings.TrimSpace(r.PostFormValue("name")), Text: r.PostFormValue("text"), Experiment: r.PostFormValue("experiment")}
	if f.Name == "" {
		return f, errNoName
	}
	c, err := s.controlOf(r.run.index)
	if err != nil {
		return f, err
	}
	err = c.Decide(journal.Decide{Experiment: f.Experiment, Decision: journal.DayDecision(r.PostFormValue("decision")), Author: f.Name, Why: f.Text})
	if err != nil {
		f.Experiment = r.run.waitsFor() // another one, by now
	}
	return f, err
}

// waitsFor is the experiment that the run waits before; empty: it does not wait.
func (r *shown) waitsFor() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.progress == nil || r.progress.Waiting == nil {
		return ""
	}
	return r.progress.Waiting.Experiment
}

func showForm(w http.ResponseWriter, status int, f pages.Form) {
	show(w, status, func(w io.Writer) error { return pages.WriteForm(w, f) })
}

// show answers with a page, or with why there is none.
func show(w http.ResponseWriter, status int, write func(io.Writer) error) {
	var page bytes.Buffer
	if err := write(&page); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = page.WriteTo(w) // who does not read it is gone
}

// showPage shows the run as it is now.
func (s *Server) showPage(w http.ResponseWriter, r request) {
	p := r.run.page(time.Now())
	p.Query, p.Operator = r.query(), r.operator
	for i, label := range s.options.Labels {
		if len(s.options.Labels) > 1 {
			other := request{r.Request, r.token, r.operator, s.runs[i]}
			p.Others = append(p.Others, pages.Link{Label: label, Query: other.query(), Here: i == r.run.index})
		}
	}
	show(w, http.StatusOK, func(w io.Writer) error { return pages.WritePage(w, p) })
}

// page is the content of the page at a moment.
func (r *shown) page(now time.Time) pages.Page {
	r.s.mu.Lock()
	p := pages.Page{Ended: r.s.closed}
	r.s.mu.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	p.Over = r.outcome()
	if r.progress == nil {
		p.Parts = []pages.Part{pages.Idle()}
		return p
	}
	p.Parts = r.partsAt(now)
	p.Entries, p.Seq = slices.Clone(r.timeLine()), r.progress.Seq
	p.Place, p.Run, p.Waiting = pages.Place(r.progress), r.progress.Plan.Run, r.progress.Waiting
	return p
}

// stream sends what changes, as server-sent events, until the run is over or nobody reads.
func (s *Server) stream(w http.ResponseWriter, r request) {
	last, _ := strconv.Atoi(r.URL.Query().Get("last"))
	if id, err := strconv.Atoi(r.Header.Get("Last-Event-ID")); err == nil {
		last = id
	}
	one, ok := r.run.join(max(0, last), r.operator, time.Now())
	if !ok {
		w.Header().Set("Retry-After", "10")
		http.Error(w, "too many pages of this run are open", http.StatusServiceUnavailable)
		return
	}
	defer r.run.leave(one)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // as proxies between are asked not to wait
	w.WriteHeader(http.StatusOK)
	out := http.NewResponseController(w)
	for {
		select {
		case <-r.Context().Done():
			return
		case message, more := <-one.messages:
			if !more {
				return
			}
			_ = out.SetWriteDeadline(time.Now().Add(writeTimeout)) // where there is none, the queue bounds it
			if _, err := w.Write(message); err != nil || out.Flush() != nil {
				return
			}
		}
	}
}
