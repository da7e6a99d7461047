package recording

import (
	"cmp"
	"fmt"
	"maps"
	"net"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/lazyregexp"
)

// The reasons why an exchange is not part of the journey.
const (
	NotHTTP     = "not HTTP"
	Unreadable  = "entries that hold no request"
	OtherOrigin = "other origins"
	unanswered  = "aborted or not answered"
	static      = "static files"
	telemetry   = "analytics and telemetry"
	preflight   = "preflight requests"
	streams     = "streams and sockets"
	failed      = "failed when they were recorded"
)

// Exclusions counts the exchanges that were left out, by reason.
type Exclusions map[string]int

// Add counts one more exchange.
func (d Exclusions) Add(why string) { d[why]++ }

// Total returns how many exchanges were left out.
func (d Exclusions) Total() int {
	n := 0
	for _, v := range d {
		n += v
	}
	return n
}

// Lines returns a text for each reason, such as "static files (12)".
func (d Exclusions) Lines() []string {
	lines := []string{}
	for _, why := range slices.Sorted(maps.Keys(d)) {
		lines = append(lines, fmt.Sprintf("%s (%d)", why, d[why]))
	}
	return lines
}

// String returns a text such as "static files (12), other origins (3)".
func (d Exclusions) String() string {
	parts := []string{}
	for _, why := range slices.Sorted(maps.Keys(d)) {
		parts = append(parts, fmt.Sprintf("%s (%d)", why, d[why]))
	}
	return strings.Join(parts, ", ")
}

// Exclusion returns why an exchange can never be part of a journey, whatever the
// journey's origin. It is empty if it can.
func (x *Exchange) Exclusion() string {
	switch {
	case x.URL.Scheme == "ws" || x.URL.Scheme == "wss" || x.Kind == "websocket" || x.Kind == "eventsource" || x.Answer.Status == 101:
		return streams
	case x.URL.Scheme != "http" && x.URL.Scheme != "https" || x.URL.Host == "":
		return NotHTTP
	case x.Method == "OPTIONS" || x.Kind == "preflight":
		return preflight
	case x.Kind == "ping" || x.Kind == "beacon" || x.Kind == "cspviolationreport" || x.isTelemetry():
		return telemetry
	case x.isAsset():
		return static
	case x.Answer.Status <= 0:
		return unanswered
	case x.Answer.Status < 200 || x.Answer.Status > 399 || !slices.Contains(experiments.Methods(), x.Method):
		return failed
	}
	return ""
}

// isAsset reports whether the answer is a file that a browser loads to show a page.
func (x *Exchange) isAsset() bool {
	if x.Method != "GET" && x.Method != "HEAD" {
		return false
	}
	switch x.Kind {
	case "stylesheet", "script", "image", "font", "media", "texttrack", "manifest", "prefetch", "signedexchange":
		return true
	}
	major, minor, _ := strings.Cut(x.Answer.MIME, "/")
	switch {
	case major == "image" || major == "font" || major == "audio" || major == "video":
		return true
	case minor == "css" || strings.Contains(minor, "javascript") || minor == "ecmascript" || minor == "wasm" || minor == "manifest+json" || strings.HasPrefix(minor, "font-"):
		return true
	}
	switch strings.ToLower(path.Ext(x.URL.Path)) {
	case ".css", ".js", ".mjs", ".map", ".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".avif", ".ico", ".woff", ".woff2", ".ttf", ".otf", ".eot",
		".mp3", ".mp4", ".webm", ".wasm", ".webmanifest":
		return true
	}
	return x.URL.Path == "/robots.txt" || x.URL.Path == "/manifest.json"
}

// Hosts beside a shop's, and paths on its own, that only collect telemetry. Third
// parties are left out with all other origins.
var (
	telemetryHosts = lazyregexp.New(`^(analytics|metrics|stats|telemetry|rum|collect|collector|events?|track|tracking|sentry|matomo|piwik|s?gtm|plausible|smetrics)\.[^.]+\.`)
	telemetryPaths = lazyregexp.New(`(?i)^/(g/collect|j/collect|r/collect|collect|beacons?|rum|telemetry|analytics|tracking|track|pixel|cdn-cgi|matomo\.php|piwik\.php|` +
		`_vercel/(insights|speed-insights)|monitoring|envelope|__webpack_hmr|sockjs-node|_next/(static|image|webpack-hmr)|metrics|csp-report)(/|$)|^/api/[0-9]+/(envelope|store)/$`)
)

// isTelemetry reports whether a request only reports what a person does: it goes to
// such a host, or to such a path and gets no answer that a page could use.
func (x *Exchange) isTelemetry() bool {
	if net.ParseIP(x.URL.Hostname()) == nil && telemetryHosts.MatchString(strings.ToLower(x.URL.Hostname())) {
		return true
	}
	return telemetryPaths.MatchString(x.URL.Path) && len(x.Answer.Text) < 64 && !x.Answer.Lost
}

// OriginOf returns scheme, host and port, without a default port.
func OriginOf(u *url.URL) string {
	host, port := strings.ToLower(u.Hostname()), u.Port()
	if port == "" || u.Scheme == "http" && port == "80" || u.Scheme == "https" && port == "443" {
		if strings.Contains(host, ":") {
			host = "[" + host + "]"
		}
		return u.Scheme + "://" + host
	}
	return u.Scheme + "://" + net.JoinHostPort(host, port)
}

// MainOrigin returns the origin of the journey: among the page's host and those
// beside it, the one with most requests. It is the shop itself if that serves pages,
// and its API if scripts call one.
func MainOrigin(list []*Exchange) string {
	page := list[0]
	for _, x := range list {
		if x.Answer.MIME == "text/html" && x.Method == "GET" {
			page = x
			break
		}
	}
	count := map[string]int{}
	best := OriginOf(page.URL)
	for _, x := range list {
		if sameSite(x.URL.Hostname(), page.URL.Hostname()) {
			count[OriginOf(x.URL)]++
		}
	}
	for _, o := range slices.Sorted(maps.Keys(count)) {
		if count[o] > count[best] {
			best = o
		}
	}
	return best
}

// sameSite reports whether two hosts likely belong to the same owner: one machine, or
// one domain. Note: there is no list of public suffixes here, so a domain that looks
// like one (co.uk) is taken for one.
func sameSite(host, page string) bool {
	host, page = strings.ToLower(host), strings.ToLower(page)
	if host == page {
		return true
	}
	labels := strings.Split(page, ".")
	if net.ParseIP(page) != nil || len(labels) < 2 {
		return false
	}
	base := page
	if len(labels) > 2 {
		base = strings.Join(labels[1:], ".")
		if len(labels) == 3 && len(labels[1]) <= 3 && len(labels[2]) <= 3 {
			base = page
		}
	}
	return host == base || strings.HasSuffix(host, "."+base)
}

// OtherOrigins returns up to five origins that were left out, with most requests
// first.
func OtherOrigins(list []*Exchange, own string) []string {
	count := map[string]int{}
	for _, x := range list {
		if o := OriginOf(x.URL); o != own {
			count[o]++
		}
	}
	sorted := slices.SortedFunc(maps.Keys(count), func(a, b string) int { return cmp.Or(count[b]-count[a], cmp.Compare(a, b)) })
	for i, o := range sorted {
		sorted[i] = fmt.Sprintf("%s (%d)", o, count[o])
	}
	return sorted[:min(len(sorted), 5)]
}

// MergeRepeats merges requests that were sent several times in a row. The last answer
// counts; the exchange keeps the earlier ones as repeats.
func MergeRepeats(list []*Exchange) []*Exchange {
	var out []*Exchange
	for _, x := range list {
		if n := len(out); n > 0 && x.Method == "GET" && out[n-1].Method == "GET" && out[n-1].URL.String() == x.URL.String() {
			x.Repeats = append(out[n-1].Repeats, out[n-1])
			out[n-1].Repeats = nil
			out[n-1] = x
			continue
		}
		out = append(out, x)
	}
	return out
}
