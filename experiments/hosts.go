package experiments

import (
	"cmp"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/blastgauge/blastgauge/experiments/hosts"
	"github.com/blastgauge/blastgauge/experiments/site"
)

// Hosts returns the policy that allow_hosts gives.
func (s *System) Hosts() hosts.Policy {
	return hosts.NewPolicy(cmp.Or(s.File, SystemFile), s.AllowHosts)
}

// CheckHosts checks, without looking anything up, every host that the documents
// name: entry, control, Toxiproxy, absolute targets and upstreams. The error
// is of class [ErrRefused] and names the first host that is not allowed.
func (s *System) CheckHosts(all ...*Experiment) error {
	policy := s.Hosts()
	_, names := s.proxyHosts()
	named := slices.Concat(s.Dialled(), names, s.upstreams())
	for _, e := range all {
		for _, f := range e.Faults {
			named = append(named, f.Dialled()...)
		}
	}
	for _, host := range named {
		if err := policy.CheckName(host); err != nil {
			return err
		}
	}
	return nil
}

// HostsKnown reports whether allow_hosts holds no variable that is not set.
func (s *System) HostsKnown() bool {
	return !slices.ContainsFunc(s.AllowHosts, s.awaits)
}

// awaits reports whether a value of the document needs a variable that is not set. What
// only looks so is a value like any other: no text from outside makes itself unknown.
func (s *System) awaits(value string) bool {
	return slices.ContainsFunc(s.unset, func(r envReference) bool { return strings.Contains(value, "${env:"+r.name) })
}

// Dialled lists the hosts that the document names and that a run connects to itself. The
// addresses that a dns:// name stands for are not among them.
func (s *System) Dialled() []string {
	named := s.entries()
	if s.Measure != nil {
		named = append(named, s.Measure.Prometheus)
	}
	if s.Alerts != nil {
		named = append(named, s.Alerts.URL())
	}
	list := hostsOf(named)
	servers, _ := s.proxyHosts()
	for _, host := range servers {
		if !slices.Contains(list, host) {
			list = append(list, host)
		}
	}
	return list
}

// Entries lists where requests of a run enter the system, as host:port: what the
// document names, but for its Toxiproxy.
func (s *System) Entries() []string {
	var list []string
	for _, text := range s.entries() {
		if _, known := hostOf(text); !known {
			continue
		}
		u, err := url.Parse(fillVariables(text))
		if err != nil { // which hostOf has parsed
			continue
		}
		port := cmp.Or(u.Port(), map[string]string{"http": "80", "https": "443"}[u.Scheme])
		if at := net.JoinHostPort(u.Hostname(), port); !slices.Contains(list, at) {
			list = append(list, at)
		}
	}
	return list
}

// entries lists the URLs that a run sends requests to.
func (s *System) entries() []string {
	urls := []string{s.URL, s.ControlURL}
	own := s.site()
	for _, j := range s.Journeys {
		for _, step := range j.Steps {
			if !own.Owns(fillVariables(step.Request.Target)) {
				urls = append(urls, step.Request.Target)
			}
		}
	}
	for _, v := range s.Invariants {
		urls = append(urls, v.Request.Target)
	}
	for _, g := range s.Defaults.Guardrails {
		if g.Probe != nil {
			urls = append(urls, g.Probe.Request.Target)
		}
	}
	return urls
}

// site says which URLs lead the journeys of an arm to its entry, by whatever name. It is
// nobody's where a variable decides that.
func (s *System) site() *site.Site {
	own, err := site.New(s.URL, s.Host, s.ControlURL)
	if err != nil {
		return nil
	}
	return own
}

// Dialled lists the hosts that a run connects to for this fault, beside its proxy:
// that of its reload request.
func (f Fault) Dialled() []string {
	if f.Reload == nil {
		return nil
	}
	return hostsOf([]string{f.Reload.Request.Target})
}

// Elsewhere lists the dependencies that name a proxy and do not say where it leads: only
// its Toxiproxy knows, so no check of the documents can tell whether that is allowed.
func (s *System) Elsewhere() []string {
	var names []string
	for _, d := range s.Dependencies {
		if d.Upstream == "" {
			names = append(names, d.Name)
		}
	}
	return names
}

// upstreams lists the hosts that the proxies connect to.
func (s *System) upstreams() []string {
	var urls []string
	for _, d := range s.Dependencies {
		if d.Upstream != "" && !strings.Contains(d.Upstream, "://") {
			urls = append(urls, "tcp://"+d.Upstream)
			continue
		}
		urls = append(urls, d.Upstream)
	}
	return hostsOf(urls)
}

func hostsOf(urls []string) []string {
	var list []string
	for _, text := range urls {
		if host, known := hostOf(text); known && !slices.Contains(list, host) {
			list = append(list, host)
		}
	}
	return list
}

// hostOf returns the host of an absolute URL, unless a variable decides it.
func hostOf(text string) (string, bool) {
	u, err := url.Parse(fillVariables(text))
	if err != nil || u.Hostname() == "" {
		return "", false
	}
	scheme, rest, _ := strings.Cut(text, "://")
	authority, _, _ := strings.Cut(rest, "/")
	if strings.Contains(scheme, "${") || strings.Contains(authority, "${") {
		return "", false
	}
	return u.Hostname(), true
}

// CheckEnvironment refuses an environment that looks like production: one with
// the word prod, production, prd or live, unless pre- or non- comes before it, also with
// digits for letters, and one with letters that only look like these.
// The error is of class [ErrRefused].
func (s *System) CheckEnvironment() error {
	if s.awaits(s.Environment) {
		return nil // a run needs the variable: see CheckAddresses
	}
	if at := strings.IndexFunc(s.Environment, func(r rune) bool { return r > unicode.MaxASCII }); at >= 0 {
		return fmt.Errorf("%w: environment %q is not written in ASCII: whether it reads like production depends on what its letters look like (%s)", ErrRefused, s.Environment, s.environmentPlace())
	}
	// Capitals part words in euProd, and are part of one in pROD.
	for _, words := range [][]string{environmentWords(s.Environment), environmentWords(strings.ToLower(s.Environment))} {
		word, found := productionWord(words)
		if !found {
			continue
		}
		return fmt.Errorf("%w: environment %q looks like production (%s): blastgauge runs against staging only (%s)", ErrRefused, s.Environment, word, s.environmentPlace())
	}
	return nil
}

// environmentPlace is where the environment is named: in the document, or in place of it.
func (s *System) environmentPlace() string {
	for _, set := range slices.Backward(s.Set) {
		if strings.HasPrefix(set, "environment=") {
			return "--set " + set
		}
	}
	if p, ok := s.places["environment"]; ok {
		return s.File + fmt.Sprintf(":%d:%d", p.Line, p.Col)
	}
	return s.File
}

// productionWord returns the first word that stands for production.
func productionWord(words []string) (word string, found bool) {
	before := ""
	for _, word := range words {
		exempt := before == "pre" || before == "non"
		if !exempt && slices.ContainsFunc([]string{"prod", "production", "prd", "live"}, func(name string) bool { return readsAs(word, name) }) {
			return word, true
		}
		before = word
	}
	return "", false
}

// readsAs reports whether a word reads as a name: with digits for letters that they look
// like, and with a number before or behind it. A digit may be of either.
func readsAs(word, name string) bool {
	for from := 0; from+len(name) <= len(word); from++ {
		to := from + len(name)
		if strings.Trim(word[:from]+word[to:], "0123456789") == "" && looksLike(word[from:to], name) {
			return true
		}
	}
	return false
}

// looksLike reports whether each character of a text is the one of the name, or a digit
// that stands for it: pr0d, l1v3.
func looksLike(text, name string) bool {
	for i := range len(name) {
		letters := map[byte]string{'0': "o", '1': "il", '3': "e", '7': "t"}[text[i]]
		if text[i] != name[i] && strings.IndexByte(letters, name[i]) < 0 {
			return false
		}
	}
	return true
}

// environmentWords splits a name at everything but letters and digits, and where
// a capital follows a small letter.
func environmentWords(name string) []string {
	var b strings.Builder
	previous := ' '
	for _, r := range name {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			r = ' '
		case unicode.IsUpper(r) && unicode.IsLower(previous):
			b.WriteByte(' ')
		}
		previous = r
		b.WriteRune(unicode.ToLower(r))
	}
	return strings.Fields(b.String())
}
