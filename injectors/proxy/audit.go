package proxy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"unicode/utf8"

	"github.com/blastgauge/blastgauge/injectors"
)

// longestAgent is how much of a client's name for itself is logged.
const longestAgent = 120

// outcomes are what the calls that change something have done, by their patterns. A
// lease is renewed every few seconds, so that it is told only to those who look closely.
func outcomes() map[string]string {
	return map[string]string{
		"POST /reset":                            "all toxics removed, all proxies enabled",
		"POST /proxies":                          "proxy created",
		"POST /populate":                         "proxies populated",
		"POST /proxies/{proxy}":                  "proxy changed",
		"PATCH /proxies/{proxy}":                 "proxy changed",
		"DELETE /proxies/{proxy}":                "proxy removed",
		"POST /proxies/{proxy}/toxics":           "toxic added",
		"POST /proxies/{proxy}/toxics/{toxic}":   "toxic changed",
		"PATCH /proxies/{proxy}/toxics/{toxic}":  "toxic changed",
		"DELETE /proxies/{proxy}/toxics/{toxic}": "toxic removed",
		leasePattern:                             "lease acquired or renewed",
		"DELETE /blastgauge/leases/{run}":        "lease released",
		"PUT /blastgauge/block":                  "blocked: no run may use this server",
		"DELETE /blastgauge/block":               "block lifted",
	}
}

const leasePattern = "POST /blastgauge/leases"

// audit logs who changed what, and who was refused to, and why. Of a toxic's attributes
// it tells those that cannot hold a secret. A call that was refused has changed nothing;
// one that failed may have made a part of what it asked for.
func (s *Server) audit(r *http.Request, request, done string, answer any, err error) {
	level := slog.LevelInfo
	if r.Pattern == leasePattern && err == nil {
		level = slog.LevelDebug
	}
	attrs := []any{"client", r.RemoteAddr, "agent", clip(r.UserAgent(), longestAgent), "request", request}
	if err != nil {
		api := asAPIError(err)
		done = "refused"
		if api.Status >= http.StatusInternalServerError {
			level, done = slog.LevelWarn, "failed"
		}
		why := api.Message
		if discreet, ok := errors.AsType[discreetError](err); ok {
			why = discreet.logged
		}
		attrs = append(attrs, "call", r.Pattern, "status", api.Status, "error", why)
	}
	s.log.Log(context.WithoutCancel(r.Context()), level, done, append(attrs, subjectOf(r, answer)...)...)
}

// auditForbidden logs who was kept from a call that could change something.
func (s *Server) auditForbidden(r *http.Request, request string, status int, why string) {
	if r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodOptions {
		return
	}
	s.log.Warn("forbidden", "client", r.RemoteAddr, "agent", clip(r.UserAgent(), longestAgent), "request", request,
		"call", clip(r.Method+" "+r.URL.Path, longestAgent), "status", status, "error", why)
}

// clip returns the beginning of a text: at most so many bytes, and no part of a character.
func clip(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most]
}

// notLogged stands for an attribute that may hold a secret, or a whole document.
const notLogged = "[not logged]"

// strengthOf returns the attributes of a toxic for the log: numbers and the words of the
// catalogue as they are, and of texts, tables and documents only that they are given.
func strengthOf(v toxicView) slog.Attr {
	given := map[string]any{}
	data, err := json.Marshal(v.Attributes)
	if err != nil {
		return slog.Attr{}
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber() // as they were written
	if err := decoder.Decode(&given); err != nil {
		return slog.Attr{}
	}
	kind, _ := injectors.LookupWire(v.Type)
	var attrs []any
	for _, name := range slices.Sorted(maps.Keys(given)) {
		shown := any(notLogged)
		switch value := given[name].(type) {
		case json.Number, bool:
			shown = value
		case string:
			if slices.ContainsFunc(kind.Attributes, func(a injectors.Attribute) bool {
				return a.Wire == name && slices.Contains(a.Words, value)
			}) {
				shown = value
			}
		}
		attrs = append(attrs, name, shown)
	}
	return slog.Group("attributes", attrs...)
}

// subjectOf is what a call is about, as far as it is known.
func subjectOf(r *http.Request, answer any) (attrs []any) {
	name, toxic, run := r.PathValue("proxy"), r.PathValue("toxic"), r.PathValue("run")
	var more []any
	switch v := answer.(type) {
	case proxyView:
		name, more = v.Name, []any{"listen", v.Listen, "upstream", v.Upstream, "enabled", v.Enabled}
	case toxicView:
		toxic, run = v.Name, v.Extras.Run
		more = []any{"type", v.Type, "stream", v.Stream, "toxicity", v.Toxicity, strengthOf(v)}
	case leaseView:
		run, more = v.Run, []any{"seconds", v.Seconds}
	case Block:
		more = []any{"by", v.By, "reason", v.Reason, "kept", v.Kept}
	case populated:
		more = []any{"proxies", v.names()}
	}
	if run == "" {
		run, _, _ = injectors.ParseFaultName(toxic)
	}
	for _, a := range [][2]string{{"proxy", name}, {"toxic", toxic}, {"run", run}} {
		if a[1] != "" {
			attrs = append(attrs, a[0], a[1])
		}
	}
	return append(attrs, more...)
}

// populated is the answer to POST /populate.
type populated struct {
	*apiError `json:",omitempty"`
	Proxies   []proxyView `json:"proxies"`
}

func (p populated) names() []string {
	names := []string{}
	for _, v := range p.Proxies {
		names = append(names, v.Name)
	}
	return names
}
