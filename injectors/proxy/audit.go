package proxy

import (
	"context"
	"log/slog"
	"net/http"

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
	}
}

const leasePattern = "POST /blastgauge/leases"

// audit logs who changed what. Attributes of toxics are left out: they may hold whole
// documents, and secrets in them. A call that was refused has changed nothing; one that
// failed otherwise may have.
func (s *Server) audit(r *http.Request, request, done string, answer any, err error) {
	level := slog.LevelInfo
	if r.Pattern == leasePattern {
		level = slog.LevelDebug
	}
	attrs := []any{"client", r.RemoteAddr, "agent", clip(r.UserAgent(), longestAgent), "request", request}
	if err != nil {
		api := asAPIError(err)
		level, done = slog.LevelDebug, "refused"
		if api.Status >= http.StatusInternalServerError {
			level, done = slog.LevelWarn, "failed"
		}
		attrs = append(attrs, "call", r.Pattern, "status", api.Status, "error", api.Message)
		answer = nil
	}
	s.log.Log(context.WithoutCancel(r.Context()), level, done, append(attrs, subjectOf(r, answer)...)...)
}

func clip(text string, most int) string { return text[:min(len(text), most)] }

// subjectOf is what a call is about, as far as it is known.
func subjectOf(r *http.Request, answer any) (attrs []any) {
	name, toxic, run := r.PathValue("proxy"), r.PathValue("toxic"), r.PathValue("run")
	var more []any
	switch v := answer.(type) {
	case proxyView:
		name, more = v.Name, []any{"listen", v.Listen, "upstream", v.Upstream, "enabled", v.Enabled}
	case toxicView:
		toxic, run = v.Name, v.Extras.Run
		more = []any{"type", v.Type, "stream", v.Stream, "toxicity", v.Toxicity}
	case leaseView:
		run, more = v.Run, []any{"seconds", v.Seconds}
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
