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
	resource     string // what the request is about, in the singular
	json         *node  // of the answer; nil: it is none
	leaves       []leaf
	captures     []*capture
	uses         []*capture // in the request, in order
	checks       []check
	bodyless     bool // nothing else tells a good answer from a page that says sorry
	poll         bool
	leads        string // a redirection leads to this path,
	leadsFurther bool   // or to one that begins so
}

// A capture is a value that a later step needs.
type capture struct {
	source
	name string
}

// A check is an expectation on the JSON of an answer.
type check struct {
	path  string
	value string // in the language of documents; empty: must be absent
}

// A linker finds out where the values of requests come from.
type linker struct {
	steps  []*step
	index  map[string][]source        // by value
	sent   map[string]map[string]bool // values that no answer held before: names they were sent by
	taken  map[string]bool            // names of variables
	secret *vault
	own    map[*slot]bool // slots whose value the browser made up
	notes  []string
}

func (l *linker) note(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(l.notes, text) {
		l.notes = append(l.notes, text)
	}
}

// link goes through the journey once, request before answer, so that a value is
// only ever taken from what was known when it was sent.
func (l *linker) link() {
	for i, s := range l.steps {
		l.target(i)
		for _, slot := range s.request.slots() {
			if s.request.target == nil || slot.in != inPath && slot.in != inQuery {
				l.slot(i, slot)
			}
		}
		l.remember(s)
		l.learn(i)
	}
	l.generated()
	l.hide()
}

// remember keeps what a request sent that came from no answer.
func (l *linker) remember(s *step) {
	for _, slot := range s.request.slots() {
		if slot.settled() || slot.value == "" {
			continue
		}
		if l.sent[slot.value] == nil {
			l.sent[slot.value] = map[string]bool{}
		}
		l.sent[slot.value][plainName(slot.key)] = true
	}
}

// learn adds what a step answered to what is known.
func (l *linker) learn(i int) {
	s := l.steps[i]
	list := append(jsonSources(i, s.leaves, s.resource), headerSources(i, s.answer, s.resource)...)
	for _, src := range list {
		if strength(src.value) != trivial && !l.echo(src) {
			l.index[src.value] = append(l.index[src.value], src)
		}
	}
}

// echo tells whether an answer only repeats what it was asked.
func (l *linker) echo(src source) bool {
	names, ok := l.sent[src.value]
	if !ok {
		return false
	}
	if strength(src.value) == strong {
		return true
	}
	for name := range names {
		if related(src, name, false) {
			return true
		}
	}
	return false
}

// target takes the whole target of a step from an answer that named it: a
// Location, or a link in JSON.
func (l *linker) target(i int) {
	r := l.steps[i].request
	line := r.join(func(s *slot) string { return s.text() })
	all := slices.Concat(r.path, r.query)
	dynamic := slices.IndexFunc(all, func(s *slot) bool {
		return strength(s.value) != trivial && strings.ContainsAny(s.value, "0123456789") && len(l.sent[s.value]) == 0 && l.best(i, s) == nil
	})
	if dynamic < 0 {
		return
	}
	owner := cmp.Or(singular(all[dynamic].key), "next")
	for k, s := range l.steps[:i] {
		header, target, ok := s.location()
		if ok && target == line {
			l.whole(i, source{step: k, from: experiments.FromHeader, expr: "Location", key: "url", owner: owner, value: header})
			return
		}
	}
	for _, src := range l.index[line] {
		if src.from == experiments.FromJSON && !src.number {
			src.key, src.owner = "url", owner
			l.whole(i, src)
			return
		}
	}
}

func (l *linker) whole(i int, src source) {
	r := l.steps[i].request
	r.target = newSlot(inPath, "", src.value, "")
	r.target.whole(l.capture(i, src, r.target).name)
}

// slot takes one value of a step from an earlier answer, where one held it.
func (l *linker) slot(i int, s *slot) {
	if s.secrecy() == entered {
		return
	}
	if src := l.best(i, s); src != nil {
		s.whole(l.capture(i, *src, s).name)
		return
	}
	if s.in == inHeader && strings.EqualFold(s.key, "authorization") {
		if before, rest := scheme(s.value); before != "" {
			l.part(i, s, rest)
			return
		}
	}
	if s.in == inJSON && s.number || !l.fits(s, s.value) {
		return
	}
	for _, token := range tokens(s.value) {
		if strength(token) == strong && token != s.value {
			l.part(i, s, token)
		}
	}
}

// part takes a part of a value from an earlier answer.
func (l *linker) part(i int, s *slot, text string) {
	inner := newSlot(s.in, s.key, text, text)
	inner.number = s.number
	src := l.best(i, inner)
	if src == nil || !strings.Contains(s.value, text) {
		return
	}
	trial := &slot{parts: slices.Clone(s.parts)}
	if trial.replace(text, filled("x")) {
		s.replace(text, filled(l.capture(i, *src, inner).name))
	}
}

var separators = regexp.MustCompile(`[^A-Za-z0-9_-]+`)

// tokens are the words of a text that a value may be a part of.
func tokens(text string) []string {
	const most = 200
	list := separators.Split(text, most)
	return slices.Compact(list)
}

// best is the answer that a value most likely comes from; nil: none.
func (l *linker) best(i int, s *slot) *source {
	if strength(s.value) == trivial || !l.fits(s, s.value) {
		return nil
	}
	var found []source
	for _, src := range l.index[s.value] {
		if s.in == inJSON && s.number != src.number {
			continue
		}
		if strength(s.value) == strong || related(src, plainName(s.key), s.in == inPath) {
			found = append(found, src)
		}
	}
	if len(found) == 0 {
		return l.page(i, s)
	}
	order := map[experiments.Source]int{experiments.FromJSON: 0, experiments.FromHeader: 1, experiments.FromCookie: 2}
	best := slices.MinFunc(found, func(a, b source) int {
		return cmp.Or(
			-cmp.Compare(ordinal(related(a, plainName(s.key), s.in == inPath)), ordinal(related(b, plainName(s.key), s.in == inPath))),
			cmp.Compare(a.step, b.step), cmp.Compare(order[a.from], order[b.from]), cmp.Compare(a.rank, b.rank))
	})
	return &best
}

func ordinal(b bool) int {
	if b {
		return 1
	}
	return 0
}

// page looks for a value in the pages before; nil: it is in none.
func (l *linker) page(i int, s *slot) *source {
	if s.in == inJSON && s.number || l.sent[s.value][plainName(s.key)] || common(plainName(s.key)) {
		return nil
	}
	if s.in == inHeader && strength(s.value) != strong || s.in == inPath && !hasDigit.MatchString(s.value) {
		return nil // a word of a page is found in its links as well
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

// fits tells whether a value can be put where it was: variables are written into
// URLs and texts as they are.
func (l *linker) fits(s *slot, value string) bool {
	switch s.in {
	case inPath, inQuery, inBody:
		return safeInURL.MatchString(value) || s.in == inBody
	case inHeader:
		return !strings.ContainsAny(value, "\r\n")
	}
	return true
}

// capture makes a step keep a value, or finds that it does already.
func (l *linker) capture(user int, src source, s *slot) *capture {
	at := l.steps[src.step]
	var c *capture
	for _, known := range at.captures {
		if known.from == src.from && known.expr == src.expr {
			c = known
		}
	}
	if c == nil {
		c = &capture{source: src, name: l.variable(src, s)}
		at.captures = append(at.captures, c)
	}
	if !slices.Contains(l.steps[user].uses, c) {
		l.steps[user].uses = append(l.steps[user].uses, c)
	}
	return c
}

// variable is a name that says what a captured value is.
func (l *linker) variable(src source, s *slot) string {
	key, owner := strings.Trim(snake(src.key), "_"), strings.Trim(snake(src.owner), "_")
	sent := strings.Trim(snake(s.key), "_")
	name := key
	switch {
	case src.from == experiments.FromRegex && s.in == inPath:
		name = singular(sent)
	case src.from == experiments.FromRegex:
		name = cmp.Or(sent, "value")
	case generic(key) && owner != "" && !strings.HasPrefix(key, owner):
		name = owner + "_" + cmp.Or(key, "value")
	}
	name = strings.Trim(name[:min(len(name), 40)], "_")
	if name == "" || name[0] >= '0' && name[0] <= '9' || slices.Contains(experiments.Builtins(), name) {
		name = "the_" + name
	}
	return unique(strings.TrimRight(name, "_"), "_", l.taken)
}

// generated puts ${uuid} in the place of what the browser made up, and something
// of the journey's own where it sent the same twice.
func (l *linker) generated() {
	count := map[string]int{}
	var made []*slot
	for _, s := range l.steps {
		for _, slot := range s.request.slots() {
			for _, id := range uuidForm.FindAllString(slot.value, 20) {
				if strings.Contains(slot.text(), id) && !idempotency(slot) {
					count[id]++
				}
			}
			if strings.Contains(slot.value, "-") || idempotency(slot) {
				made = append(made, slot)
			}
		}
	}
	for _, s := range made {
		if idempotency(s) && !s.settled() {
			s.whole("uuid")
			continue
		}
		for _, id := range uuidForm.FindAllString(s.value, 20) {
			if count[id] == 1 && s.replace(id, filled("uuid")) {
				continue
			}
			if count[id] > 1 && s.replace(id, filled("run"), piece{literal: "-"}, filled("arm"), piece{literal: "-"}, filled("seq")) {
				l.note("%s was made up by the browser and sent %d times; the draft sends ${run}-${arm}-${seq}, which is no UUID but the same throughout a journey", cmp.Or(s.key, "a part of the path"), count[id])
			}
		}
	}
}

var (
	uuidForm        = regexp.MustCompile(`(?i)[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`)
	idempotencyForm = regexp.MustCompile(`^(idempotency_?key|idempotency_?token|request_id|correlation_id|client_mutation_id|transaction_id|nonce_id|request_token)$`)
)

// idempotency tells a value that must differ from request to request.
func idempotency(s *slot) bool {
	if s.in == inPath || s.number || s.secrecy() == entered {
		return false
	}
	return idempotencyForm.MatchString(strings.TrimPrefix(strings.Trim(snake(s.key), "_"), "x_"))
}

// hide takes out what no document may hold.
func (l *linker) hide() {
	for _, s := range l.steps {
		for _, slot := range s.request.slots() {
			if slot.secrecy() != open && !slot.settled() && !anyVariable(slot) {
				l.secret.hide(slot, fmt.Sprintf("%s %s of step %s", slot.in, slot.key, s.name))
			}
		}
	}
	for _, s := range l.steps {
		for _, slot := range s.request.slots() {
			l.secret.sweep(slot)
		}
	}
}

func anyVariable(s *slot) bool {
	return slices.ContainsFunc(s.parts, func(p piece) bool { return p.variable != "" })
}

// String is what a message calls the place.
func (p place) String() string {
	return [...]string{"path segment after", "query parameter", "header", "JSON field", "form field", "body"}[p]
}
