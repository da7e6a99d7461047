package experiments

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/lazyregexp"
	"github.com/blastgauge/blastgauge/experiments/redact"
	"github.com/blastgauge/blastgauge/experiments/shape"
)

// A Receiver is one who is told what a run does. Its addresses and keys are secrets: the
// document names the variables of the environment that hold them, and so do journals.
type Receiver struct {
	Kind    ReceiverKind `json:"kind"`
	URL     string       `json:"url,omitempty"`         // ${env:NAME}; empty: that of the service itself
	Key     string       `json:"routing_key,omitempty"` // ${env:NAME}, of PagerDuty
	Token   string       `json:"token,omitempty"`       // ${env:NAME}, of Grafana
	Tags    []string     `json:"tags,omitempty"`        // of Grafana's annotations
	Headers []Field      `json:"headers,omitempty"`     // values may hold ${env:NAME}
	On      []Notice     `json:"on"`                    // what it is told
}

// A ReceiverKind is what a receiver understands.
type ReceiverKind string

// Kinds of receivers.
const (
	Slack       ReceiverKind = "slack"       // an incoming webhook, or one that takes the same
	CloudEvents ReceiverKind = "cloudevents" // CloudEvents 1.0, structured JSON over HTTP
	PagerDuty   ReceiverKind = "pagerduty"   // change events of the Events API v2, and an alert where a fault may be left
	Grafana     ReceiverKind = "grafana"     // annotations
	Webhook     ReceiverKind = "webhook"     // the data of a CloudEvent alone
)

// ReceiverKinds lists the kinds of receivers.
func ReceiverKinds() []ReceiverKind {
	return []ReceiverKind{Slack, CloudEvents, PagerDuty, Grafana, Webhook}
}

// A Notice is something that a receiver is told.
type Notice string

// The notices.
const (
	NoticeStarted   Notice = "started"   // the run
	NoticeFault     Notice = "fault"     // it is in force
	NoticeRemoved   Notice = "removed"   // a fault is gone, or could not be removed
	NoticeGuardrail Notice = "guardrail" // it tripped
	NoticeVerdict   Notice = "verdict"   // of an experiment
	NoticeEnded     Notice = "ended"     // the run, with its exit code
	NoticeStopped   Notice = "stopped"   // somebody or something stopped the run
	NoticeNote      Notice = "note"      // somebody noted something
	NoticeWaiting   Notice = "waiting"   // a game day waits for a decision
)

// Notices lists what receivers can be told.
func Notices() []Notice {
	return []Notice{NoticeStarted, NoticeFault, NoticeRemoved, NoticeGuardrail, NoticeVerdict, NoticeEnded, NoticeStopped, NoticeNote, NoticeWaiting}
}

// DefaultNotices are what a receiver is told if its document does not say. A graph shows
// when a fault was there; people read when a run begins and ends, and when it waits for them.
func (k ReceiverKind) DefaultNotices() []Notice {
	if k == Grafana {
		return []Notice{NoticeFault, NoticeRemoved, NoticeGuardrail, NoticeVerdict, NoticeStopped}
	}
	return []Notice{NoticeStarted, NoticeWaiting, NoticeGuardrail, NoticeVerdict, NoticeEnded, NoticeStopped}
}

// Name returns the kind and the variable of the receiver, which no other one has: "slack
// (SLACK_WEBHOOK)".
func (r Receiver) Name() string {
	from := r.URL
	if r.Key != "" {
		from = r.Key
	}
	return string(r.Kind) + " (" + strings.TrimSuffix(strings.TrimPrefix(from, "${env:"), "}") + ")"
}

// Told returns what the receiver is told, in words: "started, verdict and ended".
func (r Receiver) Told() string { return figures.List(r.On, "and") }

// CheckReceiverURL returns what is wrong with the address of a receiver; empty: nothing.
// The text says nothing of the address, which is a secret.
func CheckReceiverURL(text string) string {
	switch u, err := url.Parse(text); {
	case text == "":
		return "it is empty"
	case strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c == 0x7f }):
		return "it holds a blank or a control character"
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || !validPort(u.Port(), u.Host):
		return "it is no http or https URL"
	}
	return ""
}

// maxReceivers is how many receivers a system may have.
const maxReceivers = 20

// notifyShape is who is told what a run does.
func notifyShape(s *System, env environment) shape.Shape {
	if env.secrets = &s.notifyEnv; env.silent {
		env.getenv = nil
	}
	return shape.Validated{Always: true,
		Shape: shape.List[Receiver]{To: &s.Notify, Max: maxReceivers, Item: func(r *Receiver) shape.Shape { return receiverShape(r, env) }},
		Check: func(d *shape.Document, _ shape.Node, path string) {
			seen := map[string]bool{}
			for i, r := range s.Notify {
				if r.URL+r.Key == "" { // a mistake of its own
					continue
				}
				if seen[r.Name()] {
					d.Fail(d.At(fmt.Sprintf("%s[%d]", path, i)), shape.Diagnostic{Msg: r.Name() + " is in the list already: it would be told everything twice"})
				}
				seen[r.Name()] = true
			}
		},
	}
}

func receiverShape(r *Receiver, env environment) shape.Shape {
	return shape.Validated{Always: true, Also: receiverSchema(), Check: r.check, Shape: shape.Fields{
		{Name: string(Slack), Doc: "a Slack channel, by the URL of its incoming webhook: ${env:NAME}", Shape: receiverURL{&r.URL, env, "SLACK_WEBHOOK"}},
		{Name: string(CloudEvents), Doc: "a server that takes CloudEvents 1.0 as structured JSON, by its URL: ${env:NAME}", Shape: receiverURL{&r.URL, env, "EVENTS_URL"}},
		{Name: string(PagerDuty), Doc: "a PagerDuty service, by the routing key of its Events API v2: ${env:NAME}; it gets change events, which page nobody, and an alert only where a fault may be left (exit 7)",
			Shape: shape.ByKind{Want: "a routing key as ${env:NAME}, or {routing_key: ${env:NAME}, url: ${env:NAME}},", Scalar: receiverSecret{&r.Key, env, "PAGERDUTY_ROUTING_KEY"}, Mapping: shape.Fields{
				{Name: "routing_key", Doc: "routing key of the service: ${env:NAME}", Shape: receiverSecret{&r.Key, env, "PAGERDUTY_ROUTING_KEY"}, Required: true},
				{Name: "url", Doc: "where events go, for another service region such as the EU's: ${env:NAME}", Shape: receiverURL{&r.URL, env, "PAGERDUTY_URL"}},
			}}},
		{Name: string(Grafana), Doc: "a Grafana that gets annotations; a fault is a region, from its injection to its removal", Shape: shape.Fields{
			{Name: "url", Doc: "URL of the Grafana: ${env:NAME}", Shape: receiverURL{&r.URL, env, "GRAFANA_URL"}, Required: true},
			{Name: "token", Doc: "token of a service account that may write annotations: ${env:NAME}", Shape: receiverSecret{&r.Token, env, "GRAFANA_TOKEN"}},
			{Name: "tags", Doc: "tags of every annotation, beside blastgauge and the names of the system and the experiment", Shape: shape.List[string]{To: &r.Tags, Max: 10, Item: tag}},
		}},
		{Name: string(Webhook), Doc: "any other server, by its URL: ${env:NAME}; it gets JSON", Shape: receiverURL{&r.URL, env, "HOOK_URL"}},
		{Name: "headers", Doc: "headers for a webhook or cloudevents, such as Authorization; a secret in one is ${env:NAME}", Shape: receiverHeaders{&r.Headers, env}},
		{Name: "on", Doc: "what it is told: " + figures.List(Notices(), "or") + "; by default when a run starts, stops and ends, when a game day waits, of guardrails and verdicts",
			Shape: shape.List[Notice]{To: &r.On, Min: 1, Max: len(Notices()), Item: func(to *Notice) shape.Shape { return shape.Enum(to, "a notice", Notices()...) }}},
	}}
}

// receiverSchema is that a receiver is of one kind, and which kinds have headers.
func receiverSchema() shape.Object {
	var kinds []shape.Object
	for _, k := range ReceiverKinds() {
		kinds = append(kinds, shape.Object{"required": []string{string(k)}})
	}
	return shape.Object{"oneOf": kinds, "dependentSchemas": shape.Object{"headers": shape.Object{
		"anyOf": []shape.Object{{"required": []string{string(Webhook)}}, {"required": []string{string(CloudEvents)}}}}}}
}

// check notes a receiver of no kind or of several, and what its kind does not have; and
// fills in what it is told.
func (r *Receiver) check(d *shape.Document, n shape.Node, path string) {
	if n.Kind() != shape.Mapping {
		return
	}
	for _, k := range ReceiverKinds() {
		switch given := d.Given(shape.JoinPath(path, string(k))); {
		case given && r.Kind != "":
			d.Fail(d.Key(shape.JoinPath(path, string(k))), shape.Diagnostic{Msg: fmt.Sprintf("a receiver is of one kind, and this one is %s already", r.Kind), Hint: "begin another one with a dash"})
		case given:
			r.Kind = k
		}
	}
	misspelt := slices.ContainsFunc(n.Keys(), func(key shape.Node) bool { return d.Guess(key.Text(), kindNames()) != "" })
	switch {
	case r.Kind == "" && !misspelt:
		d.Fail(n, shape.Diagnostic{Msg: "who is to be told is missing: " + figures.List(ReceiverKinds(), "or"), Hint: "such as slack: ${env:SLACK_WEBHOOK}"})
	case r.Kind != Webhook && r.Kind != CloudEvents && d.Given(path+".headers"):
		d.Fail(d.Key(path+".headers"), shape.Diagnostic{Msg: fmt.Sprintf("%s has no headers of its own: only webhook and cloudevents have", r.Kind)})
	}
	for i, notice := range r.On {
		if notice != "" && slices.Contains(r.On[:i], notice) {
			d.Fail(d.At(fmt.Sprintf("%s.on[%d]", path, i)), shape.Diagnostic{Msg: string(notice) + " is in the list already"})
		}
	}
	if !d.Given(path + ".on") {
		r.On = r.Kind.DefaultNotices()
	}
}

func kindNames() (list []string) {
	for _, k := range ReceiverKinds() {
		list = append(list, string(k))
	}
	return list
}

// tag is a tag of an annotation.
func tag(to *string) shape.Shape {
	const most = 100 // characters that Grafana keeps of one
	return shape.Validated{Shape: shape.Line(to), Check: func(d *shape.Document, n shape.Node, _ string) {
		if len(*to) > most {
			d.Fail(n, shape.Diagnostic{Msg: fmt.Sprintf("a tag of more than %d bytes", most)})
		}
	}}
}

// orSilent is what else helps where a receiver's variable is not set, or is wrong.
const orSilent = ", or tell nobody: --notify off"

// secretForm is a variable of the environment, alone and without a default: that would be
// the secret, written into the document.
const secretForm = `^\$\{env:[A-Za-z_][A-Za-z0-9_]*\}$`

var exactSecret = lazyregexp.New(secretForm)

// A receiverSecret is a key or a token as ${env:NAME}. Messages do not repeat what stands
// there in its place.
type receiverSecret struct {
	to  *string
	env environment
	eg  string // the name that its variable often has
}

func (r receiverSecret) Read(d *shape.Document, n shape.Node, path string) {
	r.read(d, n, path, "a key or token is a secret", func(value string) string {
		switch {
		case value == "":
			return "it is empty"
		case strings.ContainsFunc(value, func(c rune) bool { return c <= ' ' || c >= 0x7f }):
			return "it holds a blank, a line break or another character that no key has"
		}
		return ""
	})
}

// read reads the name of a variable, and checks its value where it is known already.
func (r receiverSecret) read(d *shape.Document, n shape.Node, path, secret string, wrong func(value string) string) {
	hint := "write ${env:" + r.eg + "}"
	shape.Scalar[string]{To: r.to, Want: "a variable of the environment such as ${env:" + r.eg + "}", JSON: r.Schema(), Parse: func(s string) (string, *shape.Diagnostic) {
		if !exactSecret.MatchString(s) {
			return "", &shape.Diagnostic{Msg: secret + ": keep it in an environment variable, and its name alone here", Hint: hint}
		}
		return s, nil
	}}.Read(d, n, path)
	if *r.to == "" {
		return
	}
	name := strings.TrimSuffix(strings.TrimPrefix(*r.to, "${env:"), "}")
	*r.env.secrets = append(*r.env.secrets, envReference{name, d.Span(n, 0, len(n.Text())), orSilent})
	if value, set := r.env.lookup(Part{Name: "env", Arg: name}); set {
		if text := wrong(value); text != "" {
			d.Fail(n, shape.Diagnostic{Msg: "with the environment of this command, " + *r.to + ": " + text, Hint: "set " + name + orSilent})
		}
	}
}

func (r receiverSecret) Schema() shape.Object { return shape.Pattern(secretForm, "${env:"+r.eg+"}") }

// A receiverURL is the URL of a receiver as ${env:NAME}.
type receiverURL receiverSecret

func (r receiverURL) Read(d *shape.Document, n shape.Node, path string) {
	receiverSecret(r).read(d, n, path, "the URL of a receiver is a secret", CheckReceiverURL)
}

func (r receiverURL) Schema() shape.Object { return receiverSecret(r).Schema() }

// receiverHeaders are headers whose values may hold variables of the environment.
type receiverHeaders struct {
	to  *[]Field
	env environment
}

func (r receiverHeaders) Read(d *shape.Document, n shape.Node, path string) {
	shape.Validated{Always: true, Shape: shape.Dict[Field]{To: r.to, Key: receiverHeaderNames(), Max: 20, Item: func(name string, f *Field) shape.Shape {
		f.Name = name
		return receiverHeader{f, r.env}
	}}, Check: func(d *shape.Document, _ shape.Node, path string) { checkHeaders(d, path, *r.to) }}.Read(d, n, path)
}

func (r receiverHeaders) Schema() shape.Object {
	return shape.Dict[Field]{Key: receiverHeaderNames(), Max: 20, Item: func(string, *Field) shape.Shape { return receiverHeader{&Field{}, r.env} }}.Schema()
}

// receiverHeaderNames are the headers that a receiver may be sent.
func receiverHeaderNames() shape.Names {
	names := headerNames()
	check := names.Check
	names.Check = func(s string) *shape.Diagnostic {
		if strings.EqualFold(s, "content-type") || strings.EqualFold(s, "user-agent") {
			return &shape.Diagnostic{Msg: "blastgauge sets " + s + " itself"}
		}
		return check(s)
	}
	return names
}

// A receiverHeader is the value of one header.
type receiverHeader struct {
	to  *Field
	env environment
}

func (h receiverHeader) Read(d *shape.Document, n shape.Node, path string) {
	before := d.Count()
	shape.Scalar[string]{To: &h.to.Value, Want: "a text", Loose: true, Parse: func(s string) (string, *shape.Diagnostic) { return s, nil }}.Read(d, n, path)
	if d.Count() > before {
		return
	}
	t, err := ParseTemplate(h.to.Value)
	if err != nil {
		failTemplate(d, n, err)
		return
	}
	variables := 0
	for _, p := range t.Parts {
		switch {
		case p.Name == "":
			continue
		case p.Name != "env":
			d.Fail(n, beforeJourneys(p))
			return
		case !p.HasDefault:
			*h.env.secrets = append(*h.env.secrets, envReference{p.Arg, d.Span(n, p.From, p.To), orSilent})
		}
		variables++
	}
	if variables == 0 && redact.SecretName(h.to.Name) {
		d.Fail(n, shape.Diagnostic{Msg: "the header " + h.to.Name + " is a secret: keep it in an environment variable", Hint: `such as "Bearer ${env:HOOK_TOKEN}"`})
	}
}

func (h receiverHeader) Schema() shape.Object { return shape.OfType("string", "number", "boolean") }
