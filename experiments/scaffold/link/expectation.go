package link

import (
	"regexp"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/lazyregexp"
	"github.com/blastgauge/blastgauge/experiments/scaffold/draft"
)

// maxChecks is how many checks a step gets. More would be noise.
const maxChecks = 4

// addExpectations adds to each step the expectations that the recording leaves no
// doubt about.
func (l *linker) addExpectations() {
	for i, s := range l.steps {
		s.expectRedirect()
		l.expectShownSum(i)
		if s.json == nil {
			continue
		}
		s.expectNoErrors()
		s.expectKind(i == len(l.steps)-1)
		s.expectEcho()
		l.expectSum(i)
		s.pollForStatus()
		s.bodyless = len(s.checks) == 0 && len(s.captures) == 0
	}
}

// fixedForm is a segment that another journey may be led to as well.
var fixedForm = lazyregexp.New(`^/[A-Za-z0-9_/.-]*$`)

// expectRedirect expects a redirection to lead to the same place. A failure often has
// the same status and leads back.
func (s *step) expectRedirect() {
	header, target, ok := location(s.Exchange)
	if !ok || s.Answer.Status < 300 || s.Answer.Status == 304 || header != target {
		return // an absolute URL names a host that another environment does not have
	}
	fixed := ""
	path, query, _ := strings.Cut(target, "?")
	for segment := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		if hasDigit.MatchString(segment) || strengthOf(segment) == strong || len(segment) > 40 || !fixedForm.MatchString("/"+segment) {
			s.leads, s.leadsFurther = fixed+"/", true
			return
		}
		fixed += "/" + segment
	}
	s.leads, s.leadsFurther = path, query != ""
}

// addCheck adds a check, unless the step has enough or has one of that path.
func (s *step) addCheck(path, value string) {
	if len(s.checks) < maxChecks && !slices.ContainsFunc(s.checks, func(c draft.Check) bool { return c.Path == path }) {
		s.checks = append(s.checks, draft.Check{Path: path, Value: value})
	}
}

// expectNoErrors expects empty lists of errors to stay empty. GraphQL answers
// failures with status 200.
func (s *step) expectNoErrors() {
	if graphQLOperation(s.request.JSON) != "" && s.json.Kind == draft.ObjectNode && s.json.Member("errors") == nil {
		s.addCheck("$.errors", "")
	}
	var walk func(n *draft.Node, path string, depth int)
	walk = func(n *draft.Node, path string, depth int) {
		for i, item := range n.Items {
			if n.Kind != draft.ObjectNode || depth > 4 {
				return
			}
			at, ok := draft.PathStep(n.Names[i])
			switch {
			case !ok:
			case item.Kind == draft.ListNode && len(item.Items) == 0 && strings.HasSuffix(strings.ToLower(n.Names[i]), "errors"):
				s.addCheck(path+at+"[0]", "")
			case item.Kind == draft.ObjectNode:
				walk(item, path+at, depth+1)
			}
		}
	}
	walk(s.json, "$", 0)
}

var wordOnly = lazyregexp.New(`^[A-Za-z][A-Za-z_.-]{1,40}$`)

// expectKind expects an answer to be of the kind that it was: GraphQL answers a failure
// with another type, and other APIs with another kind of their last answer.
func (s *step) expectKind(last bool) {
	graphQL := graphQLOperation(s.request.JSON) != ""
	for _, lf := range s.leaves {
		if lf.Listed || lf.Number || !wordOnly.MatchString(lf.Value) {
			continue
		}
		switch {
		case graphQL && lf.Key == "__typename" && lf.Depth <= 4:
			s.addCheck(lf.Path, draft.Escape(lf.Value))
		case last && !graphQL && lf.Depth <= 2 && (lf.Key == "type" || lf.Key == "kind" || lf.Key == "object"):
			s.addCheck(lf.Path, draft.Escape(lf.Value))
		}
	}
}

// expectEcho expects an answer to be about the thing that was asked for: to hold the
// value in the path, under the name that it was captured from.
func (s *step) expectEcho() {
	for _, c := range s.uses {
		if c.from != experiments.FromJSON || !slices.ContainsFunc(s.request.Path, func(p *draft.Slot) bool { return len(p.Parts) == 1 && p.Parts[0].Variable == c.name }) {
			continue
		}
		for _, lf := range s.leaves {
			if lf.Value == c.value && lf.Number == c.number && lf.Key == c.key && lf.Depth <= 2 && !lf.Listed && !s.capturesPath(lf.Path) {
				s.addCheck(lf.Path, "${"+c.name+"}")
				break
			}
		}
	}
}

// capturesPath reports whether a step captures the value at a path.
func (s *step) capturesPath(path string) bool {
	return slices.ContainsFunc(s.captures, func(c *capture) bool { return c.from == experiments.FromJSON && c.expr == path })
}

// Names and values of the sum that a customer has to pay, or has paid.
var (
	quotedForm = lazyregexp.New(`^(grand|order|cart|checkout)?(total|totalprice|totalamount|amountdue|amountpayable|payable|quoted|quote|amount|due|sum)(cents|amount|incltax|gross|withtax|minor)?$`)
	paidForm   = lazyregexp.New(`^(grand|order|cart|checkout|payment)?(total|totalprice|totalamount|charged|amountcharged|captured|amountcaptured|paid|amountpaid|amount|due|payable|sum)(cents|amount|incltax|gross|withtax|minor)?$`)
	anySum     = lazyregexp.New(`^[0-9]{1,12}(\.[0-9]{1,4})?$`) // a quantity, too
	sumValue   = lazyregexp.New(`^([0-9]{3,12}|[0-9]{1,9}\.[0-9]{1,4})$`)
)

// isSum reports whether a value is a sum of money by its name and its form.
func isSum(key, value string) bool {
	return sumValue.MatchString(value) && (quotedForm.MatchString(key) || paidForm.MatchString(key))
}

// fitsSum reports whether a request sends the sum that an answer quoted: the total, or
// the price of the thing whose id it sends, too.
func (l *linker) fitsSum(i int, src source, s *draft.Slot) bool {
	sent, key := draft.PlainName(s.Key), draft.PlainName(src.key)
	if s.In == draft.InPath || s.In == draft.InHeader || src.from != experiments.FromJSON || !anySum.MatchString(src.value) {
		return false
	}
	if !src.listed && quotedForm.MatchString(key) && isSum(sent, src.value) {
		return true
	}
	return isMoney(sent) && isMoney(key) && (sent == key || sumValue.MatchString(src.value)) && l.usesItemOf(i, src)
}

// isMoney reports whether the values of a name are prices or sums.
func isMoney(key string) bool {
	return strings.Contains(key, "price") || quotedForm.MatchString(key) || paidForm.MatchString(key)
}

// usesItemOf reports whether a step sends the id of the thing that has a value, too.
func (l *linker) usesItemOf(i int, src source) bool {
	return slices.ContainsFunc(l.steps[i].uses, func(c *capture) bool {
		return c.step == src.step && c.from == experiments.FromJSON && isIdentifier(draft.PlainName(c.key)) && sameItem(c.expr, src.expr)
	})
}

// sameItem reports whether two paths lead into one thing: one of them may be further
// within it, as in price.amount, but not in a list there.
func sameItem(a, b string) bool {
	within := func(item, path string) bool {
		rest, ok := strings.CutPrefix(path, item[:max(0, strings.LastIndexAny(item, ".["))])
		return ok && strings.HasPrefix(rest, ".") && !strings.Contains(rest, "[")
	}
	return within(a, b) || within(b, a)
}

// mayBeAny reports whether a captured item of a list may be any other of them: not if
// another value is taken from it, or if a sum is sent beside it that is written down.
func (l *linker) mayBeAny(c *capture) bool {
	if !c.listed || slices.ContainsFunc(l.steps[c.step].captures, func(other *capture) bool {
		return other != c && other.from == c.from && sameItem(other.expr, c.expr)
	}) {
		return false
	}
	return !slices.ContainsFunc(l.steps, func(s *step) bool {
		return slices.Contains(s.uses, c) && slices.ContainsFunc(s.request.Slots(), func(sent *draft.Slot) bool {
			return isMoney(draft.PlainName(sent.Key)) && anySum.MatchString(sent.Value) && !sent.HasVariable()
		})
	})
}

// expectShownSum expects a page to show the sum that an earlier page quoted.
func (l *linker) expectShownSum(i int) {
	s := l.steps[i]
	if !strings.Contains(s.Answer.MIME, "html") {
		return
	}
	for _, paid := range sumsShown(s.Answer.Text) {
		if !paidForm.MatchString(draft.PlainName(paid.name)) || !strings.ContainsAny(paid.value, ".,") && len(paid.value) < 3 {
			continue
		}
		for k, before := range l.steps[:i] {
			if !strings.Contains(before.Answer.MIME, "html") {
				continue
			}
			for _, quoted := range sumsShown(before.Answer.Text) {
				if quoted.value != paid.value || !quotedForm.MatchString(draft.PlainName(quoted.name)) {
					continue
				}
				if re, err := regexp.Compile(quoted.expr); err != nil || !slices.Contains(re.FindStringSubmatch(before.Answer.Text), quoted.value) {
					continue // another one comes first
				}
				c := l.captured(k, quoted.value)
				if c == nil {
					c = l.addCapture(i, source{step: k, from: experiments.FromRegex, expr: quoted.expr, key: quoted.name, value: quoted.value}, &draft.Slot{Key: quoted.name})
				}
				s.shows = c.name
				return
			}
		}
	}
}

// captured returns a capture of a sum in an answer that is made already, or nil.
func (l *linker) captured(k int, value string) *capture {
	for _, c := range l.steps[k].captures {
		if c.value == value && isSum(draft.PlainName(c.key), value) {
			return c
		}
	}
	return nil
}

// expectSum expects the sum paid to be the sum quoted, if both are in answers about
// the same thing: the later request used a value of the earlier answer, directly or
// through other steps.
func (l *linker) expectSum(i int) {
	s := l.steps[i]
	before := l.ancestors(i)
	for _, lf := range s.leaves {
		if !paidForm.MatchString(draft.PlainName(lf.Key)) || !sumValue.MatchString(lf.Value) || lf.Listed {
			continue
		}
		for _, k := range before {
			if quoted, ok := l.findQuote(k, lf); ok {
				c := l.addCapture(i, quoted, &draft.Slot{Key: quoted.key})
				s.addCheck(lf.Path, "${"+c.name+"}")
				break
			}
		}
	}
}

// ancestors returns the steps whose answers a step depends on, in their order: the
// first quote is the one that the customer saw first.
func (l *linker) ancestors(i int) []int {
	seen := map[int]bool{}
	var walk func(i int)
	walk = func(i int) {
		for _, c := range l.steps[i].uses {
			if !seen[c.step] {
				seen[c.step] = true
				walk(c.step)
			}
		}
	}
	walk(i)
	for k := range l.steps[:i] { // and those about the same things
		seen[k] = seen[k] || slices.ContainsFunc(l.steps[i].uses, func(c *capture) bool { return l.steps[k].isAbout(c) })
	}
	var list []int
	for k := range l.steps[:i] {
		if seen[k] {
			list = append(list, k)
		}
	}
	return list
}

// isAbout reports whether an answer is about the thing that a captured value
// identifies.
func (s *step) isAbout(c *capture) bool {
	return isIdentifier(draft.PlainName(c.key)) && slices.ContainsFunc(s.leaves, func(lf draft.Leaf) bool {
		return lf.Value == c.value && lf.Number == c.number && isIdentifier(draft.PlainName(lf.Key)) && !lf.Listed
	})
}

// findQuote returns the first total of an answer that is equal to a later sum. If
// several totals are equal, it does not matter which is taken.
func (l *linker) findQuote(k int, paid draft.Leaf) (source, bool) {
	for _, src := range jsonSources(k, l.steps[k].leaves, l.steps[k].resource) {
		if src.value == paid.Value && src.number == paid.Number && !src.listed && quotedForm.MatchString(draft.PlainName(src.key)) {
			return src, true
		}
	}
	return source{}, false
}

// pollForStatus makes the step poll if its request was repeated until a status
// changed.
func (s *step) pollForStatus() {
	if len(s.Repeats) == 0 {
		return
	}
	first, ok := draft.ParseJSON(s.Repeats[0].Answer.Text)
	if !ok {
		return
	}
	old := map[string]string{}
	for _, lf := range draft.LeavesOf(first) {
		old[lf.Path] = lf.Value
	}
	for _, lf := range s.leaves {
		was, known := old[lf.Path]
		if name := draft.PlainName(lf.Key); known && was != lf.Value && !lf.Number && (strings.HasSuffix(name, "status") || strings.HasSuffix(name, "state")) {
			s.addCheck(lf.Path, draft.Escape(lf.Value))
			s.poll = true
			return
		}
	}
}
