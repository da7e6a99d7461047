package link

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/lazyregexp"
	"github.com/blastgauge/blastgauge/experiments/redact"
	"github.com/blastgauge/blastgauge/experiments/scaffold/draft"
	"github.com/blastgauge/blastgauge/experiments/scaffold/recording"
)

// A step is an exchange as a part of the journey.
type step struct {
	*recording.Exchange
	request      *draft.Request
	name         string
	resource     string      // the kind of thing that the request is about, in the singular
	json         *draft.Node // the answer; nil if it is not JSON
	leaves       []draft.Leaf
	captures     []*capture
	uses         []*capture // in the request, in order
	checks       []draft.Check
	bodyless     bool // only Content-Type distinguishes a good answer from an error page
	poll         bool
	follow       int    // redirects before the answer
	shows        string // the variable that the page must hold
	leads        string // the path that a redirection leads to
	leadsFurther bool   // leads is only the beginning of that path
}

// A capture is a value that a later step needs.
type capture struct {
	source
	name string
}

// A linker finds the answers that the values of requests come from.
type linker struct {
	steps   []*step
	index   map[string][]source        // by value
	sent    map[string]map[string]bool // values that no earlier answer held, with the names they were sent by
	taken   map[string]bool            // names of variables
	secrets *draft.Vault
	cookie  *draft.Slot // of a login from before the recording; nil: none
	notes   []string
}

func (l *linker) note(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(l.notes, text) {
		l.notes = append(l.notes, text)
	}
}

// link goes through the journey once, each request before its answer. A value is only
// taken from an answer that came before it was sent.
func (l *linker) link() {
	for i, s := range l.steps {
		l.linkTarget(i)
		for _, slot := range s.request.Slots() {
			if !isMoney(draft.PlainName(slot.Key)) && (s.request.Target == nil || slot.In != draft.InPath && slot.In != draft.InQuery) {
				l.linkSlot(i, slot)
			}
		}
		l.linkSums(i)
		l.recordSent(s)
		l.indexAnswer(i)
	}
	l.hideSecrets()
	l.replaceGenerated()
}

// linkSums takes prices and sums from answers. It does so after the ids that a request
// sends: a price is that of the same thing.
func (l *linker) linkSums(i int) {
	r := l.steps[i].request
	for _, slot := range r.Slots() {
		if isMoney(draft.PlainName(slot.Key)) && (r.Target == nil || slot.In != draft.InPath && slot.In != draft.InQuery) {
			l.linkSlot(i, slot)
		}
	}
}

// recordSent records the values that a request sent and that came from no answer.
func (l *linker) recordSent(s *step) {
	for _, slot := range s.request.Slots() {
		inTarget := s.request.Target != nil && (slot.In == draft.InPath || slot.In == draft.InQuery) // a variable is all of it
		if inTarget || slot.IsResolved() || slot.Value == "" {
			continue
		}
		if l.sent[slot.Value] == nil {
			l.sent[slot.Value] = map[string]bool{}
		}
		l.sent[slot.Value][draft.PlainName(slot.Key)] = true
	}
}

// indexAnswer adds the values of an answer to the index.
func (l *linker) indexAnswer(i int) {
	s := l.steps[i]
	list := append(jsonSources(i, s.leaves, s.resource), headerSources(i, s.Answer, s.resource)...)
	for _, src := range list {
		if strengthOf(src.value) != trivial && !l.onlyRepeats(src) {
			l.index[src.value] = append(l.index[src.value], src)
		}
	}
}

// onlyRepeats reports whether an answer only repeats a value of its request.
func (l *linker) onlyRepeats(src source) bool {
	names, ok := l.sent[src.value]
	if !ok {
		return false
	}
	if strengthOf(src.value) == strong {
		return true
	}
	for name := range names {
		if fitsName(src, name, false) {
			return true
		}
	}
	return false
}

// linkTarget takes the whole target of a step from an answer that holds it: a
// Location, or a link in JSON.
func (l *linker) linkTarget(i int) {
	r := l.steps[i].request
	line := r.Join(func(s *draft.Slot) string { return s.Text() })
	all := slices.Concat(r.Path, r.Query)
	dynamic := slices.IndexFunc(all, func(s *draft.Slot) bool {
		return strengthOf(s.Value) != trivial && strings.ContainsAny(s.Value, "0123456789") && len(l.sent[s.Value]) == 0 && l.bestSource(i, s) == nil
	})
	if dynamic < 0 {
		return
	}
	owner := cmp.Or(singular(all[dynamic].Key), "next")
	for k, s := range l.steps[:i] {
		header, target, ok := location(s.Exchange)
		if ok && target == line {
			l.linkWholeTarget(i, source{step: k, from: experiments.FromHeader, expr: "Location", key: "url", owner: owner, value: header})
			return
		}
	}
	for _, src := range l.index[line] {
		if src.from == experiments.FromJSON && !src.number {
			src.key, src.owner = "url", owner
			l.linkWholeTarget(i, src)
			return
		}
	}
}

// linkWholeTarget makes one variable the whole target of a step.
func (l *linker) linkWholeTarget(i int, src source) {
	r := l.steps[i].request
	r.Target = draft.NewSlot(draft.InPath, "", src.value, "")
	r.Target.SetVariable(l.addCapture(i, src, r.Target).name)
}

// linkSlot takes one value of a step from an earlier answer that held it.
func (l *linker) linkSlot(i int, s *draft.Slot) {
	if s.Secrecy() == draft.Entered && s.Key != "" {
		return
	}
	if src := l.bestSource(i, s); src != nil {
		s.SetVariable(l.addCapture(i, *src, s).name)
		return
	}
	if s.In == draft.InHeader && strings.EqualFold(s.Key, "authorization") {
		if before, rest := draft.SplitScheme(s.Value); before != "" {
			l.linkPart(i, s, rest)
			return
		}
	}
	if s.In == draft.InJSON && s.Number || !canHold(s, s.Value) {
		return
	}
	for _, token := range tokens(s.Value) {
		if strengthOf(token) == strong && token != s.Value && redact.FindCard(token) == "" {
			l.linkPart(i, s, token)
		}
	}
}

// linkPart takes a part of a value from an earlier answer.
func (l *linker) linkPart(i int, s *draft.Slot, text string) {
	inner := draft.NewSlot(s.In, s.Key, text, text)
	inner.Number = s.Number
	src := l.bestSource(i, inner)
	if src == nil || !strings.Contains(s.Value, text) {
		return
	}
	trial := &draft.Slot{Parts: slices.Clone(s.Parts)}
	if trial.Replace(text, draft.Variable("x")) {
		s.Replace(text, draft.Variable(l.addCapture(i, *src, inner).name))
	}
}

var separators = lazyregexp.New(`[^A-Za-z0-9_-]+`)

// tokens returns the words of a text, each of which may be a value.
func tokens(text string) []string {
	const most = 200
	list := separators.Split(text, most)
	return slices.Compact(list)
}

// bestSource returns the place that a value most likely comes from, or nil.
func (l *linker) bestSource(i int, s *draft.Slot) *source {
	if strengthOf(s.Value) == trivial || !canHold(s, s.Value) {
		return nil
	}
	var found []source
	for _, src := range l.index[s.Value] {
		if s.In == draft.InJSON && s.Number != src.number {
			continue
		}
		if strengthOf(s.Value) == strong || fitsName(src, draft.PlainName(s.Key), s.In == draft.InPath) || l.fitsSum(i, src, s) {
			found = append(found, src)
		}
	}
	if len(found) == 0 {
		return l.findInPages(i, s)
	}
	order := map[experiments.Source]int{experiments.FromJSON: 0, experiments.FromHeader: 1, experiments.FromCookie: 2}
	best := slices.MinFunc(found, func(a, b source) int {
		return cmp.Or(
			-cmp.Compare(orderOf(l.usesItemOf(i, a)), orderOf(l.usesItemOf(i, b))),
			-cmp.Compare(orderOf(fitsName(a, draft.PlainName(s.Key), s.In == draft.InPath)), orderOf(fitsName(b, draft.PlainName(s.Key), s.In == draft.InPath))),
			cmp.Compare(a.step, b.step), cmp.Compare(order[a.from], order[b.from]), cmp.Compare(a.rank, b.rank))
	})
	return &best
}

// orderOf is 1 for true, for comparison.
func orderOf(b bool) int {
	if b {
		return 1
	}
	return 0
}

// findInPages looks for a value in earlier pages. It returns nil if it is in none.
func (l *linker) findInPages(i int, s *draft.Slot) *source {
	if l.sent[s.Value][draft.PlainName(s.Key)] {
		return nil
	}
	for k, before := range l.steps[:i] {
		if !strings.Contains(before.Answer.MIME, "html") {
			continue
		}
		if src, ok := pageSource(k, before.Answer.Text, s); ok {
			return &src
		}
	}
	return nil
}

// canHold reports whether the slot can hold the value of a variable. A header cannot
// hold every text.
func canHold(s *draft.Slot, value string) bool {
	return s.In != draft.InHeader || !strings.ContainsAny(value, "\r\n")
}

// addCapture makes a step capture a value, unless it does already.
func (l *linker) addCapture(user int, src source, s *draft.Slot) *capture {
	at := l.steps[src.step]
	var c *capture
	for _, known := range at.captures {
		if known.from == src.from && known.expr == src.expr {
			c = known
		}
	}
	if c == nil {
		c = &capture{source: src, name: l.variableName(src, s)}
		at.captures = append(at.captures, c)
	}
	if !slices.Contains(l.steps[user].uses, c) {
		l.steps[user].uses = append(l.steps[user].uses, c)
	}
	return c
}

// variableName returns a name that says what a captured value is.
func (l *linker) variableName(src source, s *draft.Slot) string {
	key, owner := strings.Trim(draft.Snake(src.key), "_"), strings.Trim(draft.Snake(src.owner), "_")
	sent := strings.Trim(draft.Snake(s.Key), "_")
	name := key
	switch {
	case src.from == experiments.FromRegex && s.In == draft.InPath:
		name = singular(sent)
	case src.from == experiments.FromRegex:
		name = cmp.Or(sent, "value")
	case needsOwner(key) && owner != "" && !strings.HasPrefix(key, owner):
		name = owner + "_" + cmp.Or(key, "value")
	}
	name = strings.Trim(name[:min(len(name), 40)], "_")
	if name == "" || name[0] >= '0' && name[0] <= '9' || slices.Contains(experiments.Builtins(), name) {
		name = "the_" + name
	}
	return draft.UniqueName(strings.TrimRight(name, "_"), "_", l.taken)
}

// replaceGenerated replaces ids that the browser made up by ${uuid}, or, if one was
// sent several times, by an id of the journey.
func (l *linker) replaceGenerated() {
	count := map[string]int{}
	var made []*draft.Slot
	for _, s := range l.steps {
		for _, slot := range s.request.Slots() {
			for _, id := range uuidForm.FindAllString(slot.Value, 20) {
				if strings.Contains(slot.Text(), id) && !isIdempotencyKey(slot) {
					count[id]++
				}
			}
			if strings.Contains(slot.Value, "-") || isIdempotencyKey(slot) {
				made = append(made, slot)
			}
		}
	}
	for _, s := range made {
		if isIdempotencyKey(s) && !s.IsResolved() {
			s.SetVariable("uuid")
			continue
		}
		for _, id := range uuidForm.FindAllString(s.Value, 20) {
			if count[id] == 1 && s.Replace(id, draft.Variable("uuid")) {
				continue
			}
			if count[id] > 1 && s.Replace(id, draft.Variable("run"), draft.Piece{Literal: "-"}, draft.Variable("arm"), draft.Piece{Literal: "-"}, draft.Variable("seq")) {
				l.note("%s was made up by the browser and sent %d times; the draft sends ${run}-${arm}-${seq}, which is no UUID but the same throughout a journey", cmp.Or(s.Key, "a part of the path"), count[id])
			}
		}
	}
}

var (
	uuidForm        = lazyregexp.New(`(?i)[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`)
	idempotencyForm = lazyregexp.New(`^(idempotency_?key|idempotency_?token|request_id|correlation_id|client_mutation_id|transaction_id|nonce_id|request_token)$`)
)

// isIdempotencyKey reports whether a value must differ from request to request. One whose
// name is that of a credential, too, is one if it has the form of one.
func isIdempotencyKey(s *draft.Slot) bool {
	secrecy := s.Secrecy()
	if s.In == draft.InPath || s.Number || secrecy == draft.Entered || secrecy == draft.Issued && uuidForm.FindString(s.Value) != s.Value {
		return false
	}
	return idempotencyForm.MatchString(strings.TrimPrefix(strings.Trim(draft.Snake(s.Key), "_"), "x_"))
}

// hideSecrets replaces the values that no document may hold.
func (l *linker) hideSecrets() {
	l.keepLogin()
	for _, s := range l.steps {
		for _, slot := range s.request.Slots() {
			if slot.Secrecy() != draft.Public && !slot.IsResolved() && (!slot.HasVariable() || slot.Key == "") && !isIdempotencyKey(slot) {
				l.secrets.HideIn(slot, fmt.Sprintf("%s %s of step %s", slot.In, slot.Key, s.name))
			}
		}
	}
	for _, s := range l.steps {
		l.secrets.HideKnown(s.request)
	}
}

// draft returns the step as it is written.
func (l *linker) draft(s *step) *draft.Step {
	status := s.Answer.Status
	if status == 304 { // what came from the browser's cache will come from the server
		status = 200
	}
	out := &draft.Step{Name: s.name, Request: s.request, Notes: s.request.Missing, Status: status, Checks: s.checks, Poll: s.poll, Follow: s.follow, Vague: s.json == nil && s.shows == ""}
	if s.shows != "" {
		text := draft.NewSlot(draft.InBody, "", "", "")
		text.SetVariable(s.shows)
		out.Body = append(out.Body, draft.Check{Op: experiments.Contains, Operand: &draft.Node{Kind: draft.TextNode, Slot: text}})
	}
	if s.bodyless { // an error page may have this status, too
		out.Headers = append(out.Headers, draft.Check{Path: "Content-Type", Value: "json", Matches: true})
	}
	switch {
	case s.leadsFurther:
		out.Headers = append(out.Headers, draft.Check{Path: "Location", Value: "^" + regexp.QuoteMeta(s.leads), Matches: true})
	case s.leads != "":
		out.Headers = append(out.Headers, draft.Check{Path: "Location", Value: s.leads})
	}
	for _, c := range s.captures {
		out.Captures = append(out.Captures, draft.Capture{Name: c.name, From: c.from, Expr: c.expr, Listed: l.mayBeAny(c)})
	}
	return out
}
