package experiments

import (
	"strings"
	"unicode/utf8"

	"github.com/blastgauge/blastgauge/experiments/lazyregexp"
	"github.com/blastgauge/blastgauge/experiments/redact"
	"github.com/blastgauge/blastgauge/experiments/shape"
)

// language is what the two documents have in common.
func language() shape.Language {
	return shape.Language{VariableHint: "${env:NAME} is for addresses, rates and requests: elsewhere --set PATH=VALUE changes a system file from outside", Synonyms: synonyms, Mask: maskDSN, EmptyHint: "`blastgauge init` writes documents to begin with"}
}

// writtenDSN matches a DSN that is written out, in one of the many forms there are.
var writtenDSN = lazyregexp.New(`(\bdsn"?:\s*)([^\s$].*|\$[^{].*)`)

// writtenToken matches a token that is written out on a line of its own; a capture of that
// name begins with a dollar sign.
var writtenToken = lazyregexp.New(`^(\s*token:\s*)["']?[^\s$"'{].*`)

// writtenReceiver matches the address or key of one who is told what a run does.
var writtenReceiver = lazyregexp.New(`(\b(?:slack|cloudevents|pagerduty|webhook|routing_key)"?:\s*["']?)([^\s"'\[{][^"',]*)`)

// namedSecret is what may stand there.
var namedSecret = lazyregexp.New(`^\$\{env:[A-Za-z_][A-Za-z0-9_]*\}[\s}]*(#.*)?$`)

// writtenCredentials matches a header with credentials, and the token of a Grafana, where
// they are written out.
var writtenCredentials = lazyregexp.New(`((?i:\b(?:proxy-)?authorization|\bx-api-key)"?:\s*["']?|\bgrafana"?:\s*\{.*\btoken"?:\s*["']?)([^\s"'$\[{][^"',}\]]*)`)

// asterisks masks a part of a text.
func asterisks(part string) string { return strings.Repeat("*", utf8.RuneCountInString(part)) }

// maskDSN writes asterisks for a DSN, a token, and for a login in an address: it does not belong into a document, and
// even less into the logs of CI.
func maskDSN(text string) string {
	text = redact.Logins(text)
	text = writtenToken.ReplaceAllString(text, "$1********")
	if m := writtenReceiver.FindStringSubmatchIndex(text); m != nil && !namedSecret.MatchString(text[m[4]:m[5]]) {
		text = text[:m[4]] + asterisks(text[m[4]:m[5]]) + text[m[5]:]
	}
	if m := writtenCredentials.FindStringSubmatchIndex(text); m != nil && text[m[4]:m[5]] != "null" && !strings.Contains(text[m[4]:m[5]], "${") {
		text = text[:m[4]] + asterisks(text[m[4]:m[5]]) + text[m[5]:]
	}
	return writtenDSN.ReplaceAllStringFunc(text, func(part string) string {
		if strings.Contains(part, "${env:") {
			return part
		}
		key, value, _ := strings.Cut(part, ":")
		return key + ": " + strings.Repeat("*", max(1, utf8.RuneCountInString(value)-1))
	})
}

// synonyms returns the words of this language for a word of another tool.
func synonyms(wrote string) []string {
	switch wrote {
	case "type", "kind", "fault", "toxic":
		return []string{"inject"}
	case "proxy", "target", "dependency", "service":
		return []string{"into", "proxy"}
	case "toxicity", "percent", "percentage", "probability":
		return []string{"share"}
	case "delay":
		return []string{"latency"}
	case "duration", "length":
		return []string{"for", "fault"}
	case "start", "after", "offset":
		return []string{"at"}
	case "id", "name":
		return []string{"experiment", "system", "name"}
	case "description", "summary":
		return []string{"hypothesis"}
	case "equals", "equal", "is", "==":
		return []string{"eq"}
	case "regex", "regexp", "pattern", "match":
		return []string{"matches", "regex"}
	case "min", "at_least", "ge", ">=":
		return []string{"gte"}
	case "max", "at_most", "le", "<=":
		return []string{"lte"}
	case "code", "status_code", "http_status", "statuscode":
		return []string{"status"}
	case "kill", "stop", "outage", "unavailable", "refuse", "crash":
		return []string{"down"}
	case "error", "errors", "status_503", "http_500", "http_503", "fail":
		return []string{"http_error"}
	case "hang", "blackhole", "freeze", "drop":
		return []string{"timeout"}
	case "throttle", "slow_network":
		return []string{"bandwidth"}
	case "reset", "rst", "connection_reset":
		return []string{"reset_peer"}
	case "bad_config", "misconfiguration", "config":
		return []string{"http_config", "config_file"}
	case "exec", "script", "shell", "pod_kill", "program":
		return []string{"command"}
	case "url", "get", "post", "put", "delete", "method", "path", "uri", "call", "http":
		return []string{"request"}
	case "extract", "save", "store", "set":
		return []string{"capture"}
	case "assert", "check", "checks", "assertions", "validate", "response":
		return []string{"expect"}
	case "data", "payload", "content", "request_body":
		return []string{"json", "form", "body"}
	case "files", "file", "upload", "uploads", "attachments", "formdata", "form_data", "form-data", "multipart_form":
		return []string{"multipart", "file"}
	case "query":
		return []string{"sql", "json"}
	case "graphql", "variables":
		return []string{"json"}
	case "cookies":
		return []string{"cookie", "headers"}
	case "redirects", "follow_redirects", "followredirects", "allow_redirects", "max_redirects", "redirect":
		return []string{"follow"}
	case "thresholds", "slo", "steady_state":
		return []string{"limits", "invariants"}
	case "rps", "qps", "load", "throughput":
		return []string{"rate"}
	case "budget", "slow", "slo_latency":
		return []string{"slow_after"}
	case "base_url", "target_url", "entry", "host", "endpoint":
		return []string{"url"}
	case "env":
		return []string{"environment"}
	case "services", "proxies":
		return []string{"dependencies"}
	case "scenarios", "flows", "users":
		return []string{"journeys"}
	case "requests":
		return []string{"steps"}
	}
	return nil
}
