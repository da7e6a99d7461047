package scaffold

import (
	"cmp"
	"fmt"
	"iter"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/hosts"
	"github.com/blastgauge/blastgauge/experiments/scaffold/draft"
)

// The addresses if nothing is known.
const (
	defaultToxiproxy = "http://127.0.0.1:8474"
	defaultEntry     = "http://127.0.0.1:8080"
)

const systemHead = `# yaml-language-server: $schema=` + systemSchema + `
#
# The system under test. Change what is not so, then:
#   blastgauge validate                 finds mistakes
#   blastgauge proxy -f blastgauge.yaml serves the proxies: the system calls listen, in place of upstream
#   blastgauge try                      sends one journey, and shows each step
#   blastgauge plan                     shows what a run would do and touch, and does nothing
version: 1 # of this language
system: %s # its name in reports: lower-case letters, digits and -

# Where it runs. Anything that looks like production is refused.
environment: staging

# Hosts that may be dialled, beyond loopback and *.test: names, *.suffixes,
# addresses and networks.
%s

# The control API of the Toxiproxy that the system's dependencies are behind, or
# embedded where blastgauge starts the proxies (and the system after them).
toxiproxy: %s

# Where journeys enter. This route goes through the proxies.
%s
# The same system on a route without proxies, if there is one: both routes are
# then used at the same time, which tells the fault's harm from any other.
# control_url: http://127.0.0.1:8081

# Host header, where it is not the URL's.
# host: shop.test

# For https: who signs the certificate, and which name it has.
# tls: {ca_file: ca.pem, server_name: shop.test}

`

const systemTail = `
# What must be true of the system's data whatever the fault does, asked before
# and after it. The URL is a whole one: this is not asked through the entry. The
# request may have the keys of a step: headers, json, form, body.
# invariants:
#   - name: charged at most once per order
#     request: GET http://127.0.0.1:8083/ledger/duplicates?since=${started}
#     expect: {status: 200, json: {"$.count": 0}}
#     keys: "$.keys[*]" # what is in violation, for the report
#     within: 10s       # time that asynchronous work may take to settle

# What experiments get where they do not say otherwise.
defaults:
  phases:
    warmup: 5s    # traffic that is not measured
    baseline: 60s # the system without the fault
    fault: 120s   # with it; at least twice the largest slow_after
    recovery: 90s # after it
  limits:
    blast_radius: 5%% # share of journeys that a fault may harm
    recovery: 30s    # time after the fault until the harm must have ended
    # baseline: 2%%   # harm without a fault beyond which nothing can be judged
    # journeys: {%s: {blast_radius: 1%%}} # a journey with a limit of its own
  guardrails:
    - blast_radius: 36%% # beyond this, the fault is removed at once

# What no experiment may exceed.
caps: {blast_radius: 60%%, duration: 30m}
`

// makeSystem returns the text of blastgauge.yaml.
func (d *Documents) makeSystem(o Options, deps []dependency) string {
	var b strings.Builder
	name, journeyID := "checkout", "checkout"
	if o.Journey != nil {
		journeyID = o.Journey.ID
	}
	allowed := "# allow_hosts: [shop.staging.example]"
	if len(o.AllowHosts) > 0 {
		list := value{list: true}
		for _, h := range o.AllowHosts {
			list.items = append(list.items, textValue(h))
		}
		text, _ := list.flow(1 << 20)
		allowed = "allow_hosts: " + text
	}
	fmt.Fprintf(&b, systemHead, name, allowed, yamlText(cmp.Or(o.Toxiproxy, toxiproxyOf(o.Experiment), defaultToxiproxy)), d.entry(o))
	found := len(o.Proxies) > 0 || o.Experiment != nil
	writeDependencies(&b, deps, found)
	if !found && o.Journey != nil { // else nobody takes the draft for one of a system
		d.Notes = append(d.Notes, "the dependencies are an example, as no Toxiproxy was asked: put those of the system in their place, or name their Toxiproxy with --toxiproxy")
	}
	if o.Journey == nil {
		b.WriteString(exampleJourney)
	} else {
		d.Notes = append(d.Notes, o.Journey.Notes...)
		d.Notes = append(d.Notes, untold(o.Journey)...)
		d.Env = append(d.Env, o.Journey.Secrets.List...)
		writeJourney(&b, o.Journey)
	}
	fmt.Fprintf(&b, systemTail, journeyID)
	return b.String()
}

// untold names the steps with a comment that no note tells: a draft that lacks a file, or
// has values that were made up, is not taken for one that is ready.
func untold(j *draft.Journey) []string {
	told := strings.Join(j.Notes, "\n")
	var names []string
	for _, s := range j.Steps {
		if slices.ContainsFunc(s.Notes, func(text string) bool { return !strings.Contains(told, text) }) {
			names = append(names, s.Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	more := ""
	if n := len(names) - maxNamed; n > 0 {
		names, more = names[:maxNamed], fmt.Sprintf(" and %d more", n)
	}
	return []string{"look at the comments in " + experiments.SystemFile + " above " + strings.Join(names, ", ") + more + ": something is missing there, or made up"}
}

// maxNamed is the number of steps that a note names.
const maxNamed = 10

// entry returns the line of the system's URL. A recording may be one of production,
// so its host is only written if it may be dialled already. To allow it is a
// decision for people.
func (d *Documents) entry(o Options) string {
	if o.Journey == nil {
		return "url: " + defaultEntry + "\n"
	}
	if o.Journey.Origin == "" {
		d.Notes = append(d.Notes, fmt.Sprintf("where the requests go is not known; url is %s until you change it", defaultEntry))
		return "# " + oneLine(o.Journey.Made) + ", without an address: write that of staging here.\nurl: " + defaultEntry + "\n"
	}
	host, known := hostOf(o.Journey.Origin)
	policy := hosts.NewPolicy("", o.AllowHosts)
	if !known || policy.CheckName(host) == nil { // one of the environment is checked at each run
		return "url: " + yamlText(o.Journey.Origin) + "\n"
	}
	made := oneLine(o.Journey.Made)
	made = strings.ToLower(made[:min(len(made), 1)]) + made[min(len(made), 1):]
	d.Notes = append(d.Notes, fmt.Sprintf("the journey was %s, which may not be dialled unless you say so; url is %s until you change it (or use --allow-host)", made, defaultEntry))
	return fmt.Sprintf(`#
# The journey was %s, which is neither loopback
# nor *.test. If that is staging, write here, and in allow_hosts above:
#   url: %s
#   allow_hosts: [%s]
url: %s
`, made, o.Journey.Origin, host, defaultEntry)
}

// hostOf returns the host of an address that may hold variables of the environment, with
// their defaults. It reports false where one has none: the host is not known.
func hostOf(address string) (host string, known bool) {
	t, err := experiments.ParseTemplate(address)
	if err != nil {
		return "", true
	}
	var text strings.Builder
	for _, p := range t.Parts {
		if p.Name != "" && !p.HasDefault {
			return "", false
		}
		text.WriteString(p.Literal + p.Default)
	}
	u, err := url.Parse(text.String())
	if err != nil {
		return "", true
	}
	return u.Hostname(), true
}

// toxiproxyOf is the address of the Toxiproxy that the experiment of a source names.
func toxiproxyOf(e *draft.Experiment) string {
	if e == nil {
		return ""
	}
	return e.Toxiproxy
}

const dependenciesHead = `# What the system calls through proxies. Each needs listen (the proxy's address,
# which the system calls) and upstream (where the proxy leads to), or proxy alone:
# the name of a proxy that exists. An upstream with a scheme (http, https, h2c,
# grpc, redis, postgres) tells what is spoken there.
#   criticality: hard (journeys cannot do without it) or soft (they degrade)
#   owner: who is asked when it breaks journeys
dependencies:
`

func writeDependencies(b *strings.Builder, deps []dependency, found bool) {
	b.WriteString(dependenciesHead)
	for _, dep := range deps {
		v := emptyMapping()
		if !dep.foreign {
			v.add("listen", rawValue(yamlQuoted(dep.Listen)))
			v.add("upstream", rawValue(yamlQuoted(dep.Upstream)))
		}
		if dep.foreign || dep.id != dep.Name {
			v.add("proxy", textValue(dep.Name))
		}
		if !found {
			b.WriteString("  # An example: no Toxiproxy was asked.\n")
			v.add("criticality", textValue("hard"))
			v.add("owner", textValue("team-payments"))
		}
		if dep.foreign && dep.Listen != "" {
			fmt.Fprintf(b, "  # listens on %s, leads to %s\n", oneLine(dep.Listen), oneLine(dep.Upstream))
		}
		if !dep.Enabled {
			b.WriteString("  # It was disabled: a run refuses to touch it until it is enabled.\n")
		}
		text, _ := v.flow(1 << 20)
		fmt.Fprintf(b, "  %s: %s\n", yamlText(dep.id), text)
	}
	b.WriteString("\n")
}

// yamlQuoted returns an address in quotes, which YAML accepts everywhere.
func yamlQuoted(text string) string {
	if p := yamlText(text); p[0] == '"' || p[0] == '\'' {
		return p
	}
	return `"` + text + `"`
}

// oneLine returns a text that a comment can hold.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if !printable(r) {
			return '?'
		}
		return r
	}, text[:min(len(text), 200)])
}

const journeysHead = `# What users do, as requests in order: the share of these that a fault harms is
# what is measured. A journey is harmed where a step fails (no answer, a wrong
# status), is wrong (another expectation is not met), or all of it is slow.
journeys:
`

const exampleJourney = journeysHead + `  checkout:
    rate: 10/s      # journeys over both arms
    slow_after: 3s  # budget of the whole journey; beyond it, it is slow
    timeout: 10s    # beyond this, it has failed
    steps:
      - name: home
        request: GET /
        expect: {status: 200}
      # All that a step may say:
      #
      # - name: cart
      #   request: POST /carts?lang=en  # or a whole URL
      #   headers: {Accept-Language: en, Authorization: "Bearer ${env:SHOP_TOKEN}"}
      #   json: {sku: "${sku}", quantity: 1}     # one body: json,
      #   form: {sku: "${sku}", size: [s, m]}    # form fields,
      #   multipart: {photo: {file: photo.png}}  # a form with files,
      #   body: "sku ${sku}"                     # any text, or {file: photo.png}
      #   expect:
      #     status: [200, 201]                   # 200 to 299 where nothing is said
      #     json: {"$.total": {gte: 1}, "$.sku": "${sku}", "$.errors": {absent: true}}
      #     headers: {Content-Type: {matches: ^application/json}}
      #     body: {contains: in your cart, lacks: sorry, matches: "(?i)checkout"}
      #   capture:                               # for later steps, as ${cart}
      #     cart: "$.id"                         # JSONPath
      #     sku: {json: "$.lines[*].sku", pick: random} # or first, last
      #     etag: {header: ETag}
      #     session: {cookie: sid}
      #     csrf: {regex: 'name="csrf" value="([^"]+)"'}
      #   timeout: 2s                            # of this step
      #   slow_after: 1s                         # of this step
      #   poll: {every: 200ms, for: 5s}          # repeat until as expected
      #
      # Operators: eq ne exists absent lt lte gt gte in matches. Variables, beside
      # what was captured: ${uuid} ${seq} ${random 1..9} ${random red|blue} ${run}
      # ${arm} ${started} ${env:NAME}. Cookies are kept within a journey.
`

// writeJourney writes a journey that was made from a source.
func writeJourney(b *strings.Builder, j *draft.Journey) {
	b.WriteString(journeysHead)
	fmt.Fprintf(b, `  # %s: %s.
  # Values that one answer gave and a later request sent are captured; look
  # whether each is what you mean. Cookies are kept within a journey.
`, oneLine(j.Made), figures.Plural(len(j.Steps), "step", "steps"))
	for _, left := range j.Left {
		fmt.Fprintf(b, "  # Left out: %s.\n", oneLine(left))
	}
	for _, s := range j.Secrets.List {
		fmt.Fprintf(b, "  # To be set before a run: %s, the %s.\n", s.Name, oneLine(s.Of))
	}
	for _, text := range j.Remarks {
		writeComment(b, 2, text)
	}
	fmt.Fprintf(b, "  %s:\n    rate: %s # journeys over both arms%s\n    slow_after: %s # budget of the whole journey; beyond it, it is slow\n    timeout: %s # beyond this, it has failed\n",
		yamlText(j.ID), cmp.Or(j.Rate, "10/s"), because(j.RateWhy), inSeconds(j.SlowAfter), inSeconds(j.Timeout))
	writeCommon(b, j)
	b.WriteString("    steps:\n")
	for _, s := range j.Steps {
		if j.NeedsWord(s) {
			b.WriteString("      # What does only the right page say? A shop may answer its failures with 200:\n      # expect: {body: {contains: Thank you}}\n")
		}
		writeStep(b, s, j.URL != "")
	}
}

func because(why string) string {
	if why == "" {
		return ""
	}
	return "; " + oneLine(why)
}

// writeCommon writes what the steps of a journey have in common.
func writeCommon(b *strings.Builder, j *draft.Journey) {
	const indent = 4
	if j.URL != "" {
		textValue(j.URL).write(b, indent, "url:")
	}
	if len(j.Headers) > 0 {
		fields(j.Headers).write(b, indent, "headers:")
	}
	if len(j.Checks) > 0 {
		v := emptyMapping()
		v.add("json", checks(j.Checks))
		v.write(b, indent, "expect:")
	}
}

// inSeconds writes a duration in whole seconds.
func inSeconds(d time.Duration) string { return fmt.Sprintf("%ds", int(d.Seconds())) }

const inStep = 8

// writeStep writes one step. A bare one has the URL of its journey.
func writeStep(b *strings.Builder, s *draft.Step, bare bool) {
	r := s.Request
	for _, text := range s.Notes {
		writeComment(b, 6, text)
	}
	fmt.Fprintf(b, "      - name: %s\n", yamlText(s.Name))
	line := r.Method + " " + r.URLText()
	if bare {
		line = r.Method
	} else if !requestForm.MatchString(line) {
		line = yamlQuoted(line)
	}
	fmt.Fprintf(b, "        request: %s\n", line)
	if len(r.Headers) > 0 {
		fields(r.Headers).write(b, inStep, "headers:")
	}
	writeBody(b, r, inStep)
	if v := expectation(s); len(v.items) > 0 {
		v.write(b, inStep, "expect:")
	}
	writeCaptures(b, s)
	if s.SlowAfter > 0 {
		fmt.Fprintf(b, "        slow_after: %s\n", figures.Span(s.SlowAfter))
	}
	if s.Follow > 0 {
		fmt.Fprintf(b, "        follow: %d # redirects, before the answer that is judged\n", s.Follow)
	}
	if s.Poll {
		b.WriteString("        poll: {every: 500ms, for: 10s} # it was asked again until this was so\n")
	}
}

// writeBody writes what a request sends.
func writeBody(b *strings.Builder, r *draft.Request, indent int) {
	switch {
	case r.JSON != nil:
		fromJSON(r.JSON).write(b, indent, "json:")
	case len(r.Form) > 0:
		fields(r.Form).write(b, indent, "form:")
	case len(r.Multipart) > 0:
		fields(r.Multipart).write(b, indent, "multipart:")
	case r.Body != nil:
		body(r.Body.Text()).write(b, indent, "body:")
	}
}

// fields returns values by their names. A name that occurs several times has a list.
func fields(list []*draft.Slot) value {
	v := emptyMapping()
	at := map[string]int{}
	for _, s := range list {
		item := textValue(s.Text())
		i, known := at[s.Key]
		switch {
		case !known:
			at[s.Key] = len(v.items)
			v.add(s.Key, item)
		case v.items[i].list:
			v.items[i].items = append(v.items[i].items, item)
		default:
			v.items[i] = value{list: true, items: []value{v.items[i], item}}
		}
	}
	return v
}

// maxComment is the length of the longest comment, in bytes. Names of others are in it.
const maxComment = 600

// writeComment writes a text as lines of a comment.
func writeComment(b *strings.Builder, indent int, text string) {
	text = strings.Map(func(r rune) rune {
		if !printable(r) {
			return '?'
		}
		return r
	}, text[:min(len(text), maxComment)])
	lead := strings.Repeat(" ", indent) + "#"
	line := lead
	for word := range phrases(text) {
		if len(line)+len(word) >= width-10 && line != lead {
			b.WriteString(line + "\n")
			line = lead
		}
		line += " " + word
	}
	b.WriteString(line + "\n")
}

// phrases yields the words of a text. What stands between braces is one of them, as long
// as it is short: people copy it.
func phrases(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		held := ""
		for word := range strings.FieldsSeq(text) {
			if open := strings.Count(held, "{") > strings.Count(held, "}"); open && len(held)+len(word) < width/2 {
				held += " " + word
				continue
			}
			if held != "" && !yield(held) {
				return
			}
			held = word
		}
		if held != "" {
			yield(held)
		}
	}
}

// expectation returns the parts of the answer that will be the same again.
func expectation(s *draft.Step) value {
	v := emptyMapping()
	switch {
	case len(s.Statuses) == 1:
		v.add("status", rawValue(fmt.Sprint(s.Statuses[0])))
	case len(s.Statuses) > 1:
		list := value{list: true}
		for _, code := range s.Statuses {
			list.items = append(list.items, rawValue(fmt.Sprint(code)))
		}
		v.add("status", list)
	case s.Status > 0:
		v.add("status", rawValue(fmt.Sprint(s.Status)))
	}
	if len(s.Checks) > 0 {
		v.add("json", checks(s.Checks))
	}
	if len(s.Headers) > 0 {
		v.add("headers", checks(s.Headers))
	}
	if len(s.Body) > 0 {
		v.add("body", operators(s.Body))
	}
	return v
}

func checks(list []draft.Check) value {
	v := emptyMapping()
	for i, c := range list {
		item := textValue(c.Value)
		switch {
		case slices.ContainsFunc(list[:i], func(before draft.Check) bool { return before.Path == c.Path }):
			continue // its operators are there
		case c.Op != "":
			same := slices.DeleteFunc(slices.Clone(list[i:]), func(other draft.Check) bool { return other.Path != c.Path || other.Op == "" })
			item = operators(same)
			if len(same) == 1 && c.Op == experiments.Eq && c.Operand.Kind != draft.ObjectNode {
				item = fromJSON(c.Operand)
			}
		case c.Any:
			item = emptyMapping()
			item.add("any", rawValue("true"))
		case c.Value == "":
			item = emptyMapping()
			item.add("absent", rawValue("true"))
		case c.Matches:
			item = emptyMapping()
			item.add("matches", textValue(c.Value))
		}
		v.add(c.Path, item)
	}
	return v
}

// operators are the checks of one value, each operator once. Several texts that a body
// must contain or lack are a list.
func operators(list []draft.Check) value {
	v := emptyMapping()
	for i, c := range list {
		if slices.ContainsFunc(list[:i], func(before draft.Check) bool { return before.Op == c.Op }) {
			continue
		}
		items := value{list: true}
		for _, other := range list[i:] {
			if other.Op == c.Op && other.Path == "" {
				items.items = append(items.items, fromJSON(other.Operand))
			}
		}
		if len(items.items) > 1 {
			v.add(string(c.Op), items)
		} else {
			v.add(string(c.Op), fromJSON(c.Operand))
		}
	}
	return v
}

func writeCaptures(b *strings.Builder, s *draft.Step) {
	if len(s.Captures) == 0 {
		return
	}
	b.WriteString("        capture:\n")
	listed := 0
	for _, c := range s.Captures {
		if c.Listed {
			listed++
		}
	}
	for _, c := range s.Captures {
		v := textValue(c.Expr)
		if c.From != experiments.FromJSON {
			v = emptyMapping()
			v.add(string(c.From), textValue(c.Expr))
		}
		comment := ""
		if c.Listed && listed == 1 { // two values of one item must not be picked apart
			if anyItem := index.ReplaceAllString(c.Expr, "[*]"); anyItem != c.Expr {
				comment = fmt.Sprintf(" # or any of them: {json: %s, pick: random}", oneLine(yamlText(anyItem)))
			}
		}
		text, _ := v.flow(1 << 20)
		fmt.Fprintf(b, "          %s: %s%s\n", yamlText(c.Name), text, comment)
	}
}
