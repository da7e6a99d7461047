package scaffold

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments"
)

// A step is an exchange as a part of the journey.
type step struct {
	*exchange
	request      *request
	name         string
	resource     string // the kind of thing that the request is about, in the singular
	json         *node  // the answer; nil if it is not JSON
	leaves       []leaf
	captures     []*capture
	uses         []*capture // in the request, in order
	checks       []check
	bodyless     bool // only Content-Type distinguishes a good answer from an error page
	poll         bool
	leads        string // the path that a redirection leads to
	leadsFurther bool   // leads is only the beginning of that path
}

// A capture is a value that a later step needs.
type capture struct {
	source
	name string
}

// A check is an expectation on the JSON of an answer.
type check struct {
	path  string
	value string // as documents write it; empty: must be absent
}

// A linker finds the answers that the values of requests come from.
type linker struct {
	steps   []*step
	index   map[string][]source        // by value
	sent    map[string]map[string]bool // values that no earlier answer held, with the names they were sent by
	taken   map[string]bool            // names of variables
	secrets *vault
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
		for _, slot := range s.request.slots() {
			if s.request.target == nil || slot.in != inPath && slot.in != inQuery {
				l.linkSlot(i, slot)
			}
		}
		l.recordSent(s)
		l.indexAnswer(i)
	}
	l.replaceGenerated()
	l.hideSecrets()
}

// recordSent records the values that a request sent and that came from no answer.
func (l *linker) recordSent(s *step) {
	for _, slot := range s.request.slots() {
		if slot.isResolved() || slot.value == "" {
			continue
		}
		if l.sent[slot.value] == nil {
			l.sent[slot.value] = map[string]bool{}
		}
		l.sent[slot.value][plainName(slot.key)] = true
	}
}

// indexAnswer adds the values of an answer to the index.
func (l *linker) indexAnswer(i int) {
	s := l.steps[i]
	list := append(jsonSources(i, s.leaves, s.resource), headerSources(i, s.answer, s.resource)...)
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
	line := r.join(func(s *slot) string { return s.text() })
	all := slices.Concat(r.path, r.query)
	dynamic := slices.IndexFunc(all, func(s *slot) bool {
		return strengthOf(s.value) != trivial && strings.ContainsAny(s.value, "0123456789") && len(l.sent[s.value]) == 0 && l.bestSource(i, s) == nil
	})
	if dynamic < 0 {
		return
	}
	owner := cmp.Or(singular(all[dynamic].key), "next")
	for k, s := range l.steps[:i] {
		header, target, ok := s.location()
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
	r.target = newSlot(inPath, "", src.value, "")
	r.target.setVariable(l.addCapture(i, src, r.target).name)
}

// linkSlot takes one value of a step from an earlier answer that held it.
func (l *linker) linkSlot(i int, s *slot) {
	if s.secrecy() == entered {
		return
	}
	if src := l.bestSource(i, s); src != nil {
		s.setVariable(l.addCapture(i, *src, s).name)
		return
	}
	if s.in == inHeader && strings.EqualFold(s.key, "authorization") {
		if before, rest := splitScheme(s.value); before != "" {
			l.linkPart(i, s, rest)
			return
		}
	}
	if s.in == inJSON && s.number || !l.canHold(s, s.value) {
		return
	}
	for _, token := range tokens(s.value) {
		if strengthOf(token) == strong && token != s.value {
			l.linkPart(i, s, token)
		}
	}
}

// linkPart takes a part of a value from an earlier answer.
func (l *linker) linkPart(i int, s *slot, text string) {
	inner := newSlot(s.in, s.key, text, text)
	inner.number = s.number
	src := l.bestSource(i, inner)
	if src == nil || !strings.Contains(s.value, text) {
		return
	}
	trial := &slot{parts: slices.Clone(s.parts)}
	if trial.replace(text, variablePiece("x")) {
		s.replace(text, variablePiece(l.addCapture(i, *src, inner).name))
	}
}

var separators = regexp.MustCompile(`[^A-Za-z0-9_-]+`)

// tokens returns the words of a text, each of which may be a value.
func tokens(text string) []string {
	const most = 200
	list := separators.Split(text, most)
	return slices.Compact(list)
}

// bestSource returns the place that a value most likely comes from, or nil.
func (l *linker) bestSource(i int, s *slot) *source {
	if strengthOf(s.value) == trivial || !l.canHold(s, s.value) {
		return nil
	}
	var found []source
	for _, src := range l.index[s.value] {
		if s.in == inJSON && s.number != src.number {
			continue
		}
		if strengthOf(s.value) == strong || fitsName(src, plainName(s.key), s.in == inPath) {
			found = append(found, src)
		}
	}
	if len(found) == 0 {
		return l.findInPages(i, s)
	}
	order := map[experiments.Source]int{experiments.FromJSON: 0, experiments.FromHeader: 1, experiments.FromCookie: 2}
	best := slices.MinFunc(found, func(a, b source) int {
		return cmp.Or(
			-cmp.Compare(orderOf(fitsName(a, plainName(s.key), s.in == inPath)), orderOf(fitsName(b, plainName(s.key), s.in == inPath))),
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
func (l *linker) findInPages(i int, s *slot) *source {
	if s.in == inJSON && s.number || l.sent[s.value][plainName(s.key)] || chosenByPeople(plainName(s.key)) {
		return nil
	}
	if s.in == inHeader && strengthOf(s.value) != strong || s.in == inPath && !hasDigit.MatchString(s.value) {
		return nil // any word of a page may be in its links
	}
	for k, before := range l.steps[:i] {
		if !strings.Contains(before.answer.mime, "html") {
			continue
		}
		if src, ok := pageSource(k, before.answer.text, s); ok {
			return &src
		}
	}
	return nil
}

var safeInURL = regexp.MustCompile(`^[A-Za-z0-9._~@:!$'()*,;-]+$`)

// canHold reports whether the slot can hold the value of a variable, which is written
// into URLs and texts as it is.
func (l *linker) canHold(s *slot, value string) bool {
	switch s.in {
	case inPath, inQuery, inBody:
		return safeInURL.MatchString(value) || s.in == inBody
	case inHeader:
		return !strings.ContainsAny(value, "\r\n")
	}
	return true
}

// addCapture makes a step capture a value, unless it does already.
func (l *linker) addCapture(user int, src source, s *slot) *capture {
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
func (l *linker) variableName(src source, s *slot) string {
	key, owner := strings.Trim(snake(src.key), "_"), strings.Trim(snake(src.owner), "_")
	sent := strings.Trim(snake(s.key), "_")
	name := key
	switch {
	case src.from == experiments.FromRegex && s.in == inPath:
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
	return uniqueName(strings.TrimRight(name, "_"), "_", l.taken)
}

// replaceGenerated replaces ids that the browser made up by ${uuid}, or, if one was
// sent several times, by an id of the journey.
func (l *linker) replaceGenerated() {
	count := map[string]int{}
	var made []*slot
	for _, s := range l.steps {
		for _, slot := range s.request.slots() {
			for _, id := range uuidForm.FindAllString(slot.value, 20) {
				if strings.Contains(slot.text(), id) && !isIdempotencyKey(slot) {
					count[id]++
				}
			}
			if strings.Contains(slot.value, "-") || isIdempotencyKey(slot) {
				made = append(made, slot)
			}
		}
	}
	for _, s := range made {
		if isIdempotencyKey(s) && !s.isResolved() {
			s.setVariable("uuid")
			continue
		}
		for _, id := range uuidForm.FindAllString(s.value, 20) {
			if count[id] == 1 && s.replace(id, variablePiece("uuid")) {
				continue
			}
			if count[id] > 1 && s.replace(id, variablePiece("run"), piece{literal: "-"}, variablePiece("arm"), piece{literal: "-"}, variablePiece("seq")) {
				l.note("%s was made up by the browser and sent %d times; the draft sends ${run}-${arm}-${seq}, which is no UUID but the same throughout a journey", cmp.Or(s.key, "a part of the path"), count[id])
			}
		}
	}
}

var (
	uuidForm        = regexp.MustCompile(`(?i)[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`)
	idempotencyForm = regexp.MustCompile(`^(idempotency_?key|idempotency_?token|request_id|correlation_id|client_mutation_id|transaction_id|nonce_id|request_token)$`)
)

// isIdempotencyKey reports whether a value must differ from request to request.
func isIdempotencyKey(s *slot) bool {
	if s.in == inPath || s.number || s.secrecy() == entered {
		return false
	}
	return idempotencyForm.MatchString(strings.TrimPrefix(strings.Trim(snake(s.key), "_"), "x_"))
}

// hideSecrets replaces the values that no document may hold.
func (l *linker) hideSecrets() {
	for _, s := range l.steps {
		for _, slot := range s.request.slots() {
			if slot.secrecy() != public && !slot.isResolved() && !hasVariable(slot) {
				l.secrets.hideIn(slot, fmt.Sprintf("%s %s of step %s", slot.in, slot.key, s.name))
			}
		}
	}
	for _, s := range l.steps {
		for _, slot := range s.request.slots() {
			l.secrets.hideKnown(slot)
		}
	}
}

// hasVariable reports whether a variable fills a part of the slot.
func hasVariable(s *slot) bool {
	return slices.ContainsFunc(s.parts, func(p piece) bool { return p.variable != "" })
}

// String returns the place as messages name it.
func (p place) String() string {
	return [...]string{"path segment after", "query parameter", "header", "JSON field", "form field", "body"}[p]
}
