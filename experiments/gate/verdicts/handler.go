package verdicts

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments/gate/policy"
	"github.com/blastgauge/blastgauge/experiments/gate/signing"
	"github.com/blastgauge/blastgauge/experiments/gate/statement"
	"github.com/blastgauge/blastgauge/experiments/gate/strictjson"
	"github.com/blastgauge/blastgauge/experiments/inert"
)

const (
	maxBody  = 64 << 10 // bytes of a request's
	maxShown = 1000     // bytes of an answer that becomes an event of Kubernetes
)

// Options are what is answered by.
type Options struct {
	Dir          string // files with statements; those in folders below count as well
	Keys         []signing.PublicKey
	Approvers    []signing.PublicKey // see [policy.Input]
	Requirements policy.Requirements
	Now          func() time.Time                 // nil: [time.Now]
	Logf         func(format string, args ...any) // of files that cannot be read; nil: nobody is told
}

// A Handler answers requests. It may be called from several goroutines.
type Handler struct {
	options Options
	dir     *directory
	mux     *http.ServeMux
}

// NewHandler reads the statements. The error says why they cannot be read.
func NewHandler(o Options) (*Handler, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logf == nil {
		o.Logf = func(string, ...any) {}
	}
	h := &Handler{options: o, dir: &directory{path: o.Dir, keys: o.Keys, logf: o.Logf}, mux: http.NewServeMux()}
	h.mux.HandleFunc("GET /verdicts/{digest}", h.verdict)
	h.mux.HandleFunc("POST /flagger", h.flagger)
	h.mux.HandleFunc("GET /healthz", h.health)
	return h, h.dir.refresh()
}

// ServeHTTP implements [http.Handler].
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Cache-Control", "no-store") // the next statement may say otherwise
	header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.mux.ServeHTTP(w, r)
}

// verdict says whether the change of a digest may pass. What it says of any is a document
// with status 200: to a controller, another status is a server that is broken.
func (h *Handler) verdict(w http.ResponseWriter, r *http.Request) {
	digest, err := statement.ParseDigest(r.PathValue("digest"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	known, err := h.dir.now()
	if err != nil {
		unreadable(w)
		return
	}
	answer(w, http.StatusOK, h.options.decide(digest, known))
}

func unreadable(w http.ResponseWriter) {
	http.Error(w, "the statements cannot be read: standard error of the server says why", http.StatusServiceUnavailable)
}

// answer writes a document.
func answer(w http.ResponseWriter, status int, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n')) // who does not read it is gone
}

// A health is how the server is.
type health struct {
	Status     string   `json:"status"` // ok, or degraded where a file is not counted
	Files      int      `json:"files"`
	Statements int      `json:"statements"` // pairs of them
	Unreadable []string `json:"unreadable"` // files that are not counted
}

// mostNames is how many files are named.
const mostNames = 20

func (h *Handler) health(w http.ResponseWriter, _ *http.Request) {
	known, err := h.dir.now()
	if err != nil {
		unreadable(w)
		return
	}
	s := health{"ok", known.files, known.pairs, append([]string{}, known.broken[:min(len(known.broken), mostNames)]...)}
	if len(s.Unreadable) > 0 {
		s.Status = "degraded"
	}
	answer(w, http.StatusOK, s)
}

// A canary is what Flagger says of one when it calls a webhook.
type canary struct {
	Name      string            `json:"name"`
	Namespace string            `json:"namespace"`
	Phase     string            `json:"phase"`
	Checksum  string            `json:"checksum"` // of the specification and the config of its pods
	Metadata  map[string]string `json:"metadata"` // of the webhook
}

// flagger lets a canary go on, or not. A refusal becomes an event of Kubernetes, so it is a
// short text.
func (h *Handler) flagger(w http.ResponseWriter, r *http.Request) {
	c, status, err := readCanary(w, r)
	if err != nil {
		refuse(w, status, err.Error())
		return
	}
	known, err := h.dir.now()
	if err != nil {
		unreadable(w)
		return
	}
	digests, err := c.digests(known)
	switch {
	case err != nil:
		refuse(w, http.StatusBadRequest, err.Error())
		return
	case len(digests) == 0:
		refuse(w, http.StatusForbidden, fmt.Sprintf("no statement of a trusted key has the subject %s, and the webhook has no metadata.digest: measure it", c.subject()))
		return
	}
	var last *Answer
	for _, d := range digests { // several are called by one name: none may be refused
		last = h.options.decide(d, known)
		if !last.Pass {
			refuse(w, http.StatusForbidden, fmt.Sprintf("%s (%s): %s: %s", d, last.Phase, last.Denied[0].Code, last.Reason))
			return
		}
	}
	answer(w, http.StatusOK, last)
}

// refuse writes why a canary does not go on.
func refuse(w http.ResponseWriter, status int, why string) {
	why = inert.Line(why)
	if len(why) > maxShown {
		why = strings.ToValidUTF8(why[:maxShown], "") + "..."
	}
	http.Error(w, why, status)
}

// readCanary reads the body of a webhook, and gives the status where that fails.
func readCanary(w http.ResponseWriter, r *http.Request) (c canary, status int, err error) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return c, http.StatusUnsupportedMediaType, errors.New("send the payload of a webhook of Flagger: application/json")
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		status = http.StatusBadRequest
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			status = http.StatusRequestEntityTooLarge
		}
		return c, status, err
	}
	if err := errors.Join(strictjson.Check(text), c.decode(text)); err != nil {
		return c, http.StatusBadRequest, fmt.Errorf("the payload of the webhook cannot be read: %w", err)
	}
	return c, http.StatusOK, nil
}

// decode reads what is known by its exact name: the decoder of the standard library takes names
// in any case, so METADATA would take the place of metadata.
func (c *canary) decode(text []byte) error {
	var fields map[string]json.RawMessage
	err := json.Unmarshal(text, &fields)
	for name, to := range map[string]any{"name": &c.Name, "namespace": &c.Namespace, "phase": &c.Phase, "checksum": &c.Checksum, "metadata": &c.Metadata} {
		if value, given := fields[name]; given {
			err = errors.Join(err, json.Unmarshal(value, to))
		}
	}
	return err
}

// digests are what a canary is, or what is called as it is.
func (c canary) digests(known *known) ([]statement.Digest, error) {
	if text, given := c.Metadata["digest"]; given {
		d, err := statement.ParseDigest(text)
		if err != nil {
			return nil, fmt.Errorf("metadata.digest: %w", err)
		}
		return []statement.Digest{d}, nil
	}
	switch {
	case c.Name == "" || c.Namespace == "" || c.Checksum == "":
		return nil, errors.New("name, namespace and checksum are needed, or metadata.digest")
	case c.Phase != progressing:
		return nil, fmt.Errorf("in the phase %.80q the checksum is still that of the revision before: use a hook of the type pre-rollout or confirm-promotion, or metadata.digest", c.Phase)
	}
	return known.named[c.subject()], nil
}

// progressing is the phase of a canary whose checksum is its own: Flagger makes it anew once
// the hooks that confirm a rollout have let it begin.
const progressing = "Progressing"

// subject is what a statement calls the canary.
func (c canary) subject() string { return c.Namespace + "/" + c.Name + "/" + c.Checksum }
