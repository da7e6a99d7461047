package link

import (
	"html"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/lazyregexp"
	"github.com/blastgauge/blastgauge/experiments/scaffold/draft"
)

// A page holds a value in one of these ways. Most of what it holds is for people to
// choose from: only what it offers by itself is worth taking from it.
type offer uint8

const (
	notOffered offer = iota
	offered          // in a link, a hidden field or the like
	anywhere         // never equal by chance
)

// offerOf returns where a page may hold the value of a slot for it to be the page's.
func offerOf(s *draft.Slot) offer {
	key := draft.PlainName(s.Key)
	digits := len(hasDigit.FindAllString(s.Value, -1))
	switch {
	case s.In == draft.InJSON && s.Number, s.Key == "" && !draft.IsDistinct(s.Value):
		return notOffered // a page's values are texts
	case isSum(key, s.Value):
		return offered
	case s.Key != "" && s.In != draft.InPath && chosenByPeople(key):
		return notOffered
	case s.Secrecy() == draft.Issued, draft.IsDistinct(s.Value):
		if s.In == draft.InPath && digits == 0 {
			return notOffered // any word of a page may be in its links
		}
		return anywhere
	case s.In == draft.InHeader || digits < 3 || digits < len(s.Value) && strings.ContainsAny(s.Value, " \t\n"):
		return notOffered
	case s.In == draft.InPath:
		if yearForm.MatchString(s.Value) && datedForm.MatchString(key) {
			return notOffered
		}
		return offered
	case isIdentifier(key), !yearForm.MatchString(s.Value) && !strings.HasSuffix(s.Value, "00"):
		return offered
	}
	return notOffered
}

var (
	yearForm  = lazyregexp.New(`^(19|20)[0-9]{2}$`)
	datedForm = lazyregexp.New(`^(archives?|years?|calendar|news|blog|events?|reports?|seasons?|posts?)$`)
)

var (
	tagForm  = lazyregexp.New(`(?s)<([A-Za-z][A-Za-z0-9-]*)[^<>]{0,1000}>`)
	attrForm = lazyregexp.New(`([A-Za-z_:][A-Za-z0-9_:.-]*)\s*=\s*("[^"]*"|'[^']*')`)
)

// maxTags is how many tags of a page are looked at.
const maxTags = 5000

// pageSource finds a value in a page, as an expression whose first group is the
// value. It tries each candidate on the page, and uses only one that finds it.
func pageSource(step int, page string, s *draft.Slot) (source, bool) {
	where := offerOf(s)
	if where == notOffered || !strings.Contains(page, s.Value) || html.UnescapeString(s.Value) != s.Value {
		return source{}, false
	}
	candidates := tagExpressions(page, s, where)
	name := regexp.QuoteMeta(s.Key)
	if s.Key != "" && s.In == draft.InPath {
		candidates = append(candidates, `/`+name+`/([^/"'?#&<>\s]+)`)
	}
	if s.Key != "" {
		candidates = append(candidates,
			`"`+name+`"\s*:\s*"([^"\\]+)"`, `"`+name+`"\s*:\s*([0-9][0-9.]*)`,
			`[?&;]`+name+`=([^&"'#<>\s]+)`, `\b`+name+`\s*[=:]\s*["']([^"'\\]+)["']`)
	}
	candidates = append(candidates, linkExpressions(page, s)...)
	if where == anywhere {
		candidates = append(candidates, contexts(page, s.Value)...)
	}
	for _, expr := range candidates {
		re, err := regexp.Compile(expr)
		if err != nil || len(expr) > 400 {
			continue
		}
		if m := re.FindStringSubmatch(page); m != nil && m[1] == s.Value {
			return source{step: step, from: experiments.FromRegex, expr: expr, key: s.Key, value: s.Value}, true
		}
	}
	return source{}, false
}

// tagExpressions returns expressions that find the value in an attribute by another
// attribute of the same tag, or by a data- attribute alone.
func tagExpressions(page string, s *draft.Slot, where offer) []string {
	var out []string
	for _, tag := range tagForm.FindAllString(page, maxTags) {
		if !strings.Contains(tag, s.Value) || where == offered && isChoice(tag) {
			continue
		}
		attrs := attrForm.FindAllStringSubmatch(tag, 50)
		for i, a := range attrs {
			if a[2][1:len(a[2])-1] != s.Value {
				continue
			}
			holds := regexp.QuoteMeta(a[1]) + `=` + a[2][:1] + `([^` + a[2][:1] + `]*)` + a[2][:1]
			for k, b := range attrs {
				if k == i || !isLabel(b[1]) || len(b[2]) > 80 || strings.Contains(b[2], s.Value) {
					continue
				}
				label := regexp.QuoteMeta(b[1]) + `=` + regexp.QuoteMeta(b[2])
				if k < i {
					out = append(out, label+`[^>]*\s`+holds)
				} else {
					out = append(out, holds+`[^>]*\s`+label)
				}
			}
			if strings.HasPrefix(a[1], "data-") {
				out = append(out, holds)
			}
		}
	}
	return out
}

var (
	choiceForm = lazyregexp.New(`(?i)^<(option|select|textarea|input)\b`)
	hiddenForm = lazyregexp.New(`(?i)^<input\b[^>]*\stype\s*=\s*["']?hidden\b`)
)

// isChoice reports whether people choose or enter the value of a tag.
func isChoice(tag string) bool { return choiceForm.MatchString(tag) && !hiddenForm.MatchString(tag) }

// isLabel reports whether an attribute names the tag.
func isLabel(attribute string) bool {
	switch strings.ToLower(attribute) {
	case "name", "id", "property", "itemprop", "data-testid", "data-test", "data-qa":
		return true
	}
	return false
}

var (
	inTag     = lazyregexp.New(`^[^<>]{0,300}>\s*([^<>]{2,60}?)\s*<`)
	labelHere = lazyregexp.New(`\s((?:id|data-testid|data-test|data-qa)="[^"<>]{1,60}")`)
)

// linkExpressions returns expressions that find the value at the end of a path in a link,
// by what names the link or by its text: a page offers many products, and people follow
// the link of one.
func linkExpressions(page string, s *draft.Slot) []string {
	if s.Key == "" || s.In != draft.InPath && s.In != draft.InQuery {
		return nil
	}
	lead, value := "/"+s.Key+"/", `([^/"'?#&<>\s]+)`
	if s.In == draft.InQuery {
		lead, value = s.Key+"=", `([^&"'#<>\s]+)`
	}
	var out []string
	for rest, at := page, 0; len(out) < 50; {
		n := strings.Index(rest, lead+s.Value)
		if n < 0 {
			break
		}
		at += n
		after := page[at+len(lead)+len(s.Value):]
		if tag := strings.LastIndexByte(page[:at], '<'); tag >= 0 && !strings.Contains(page[tag:at], ">") {
			if m := labelHere.FindStringSubmatch(page[tag:at]); m != nil {
				out = append(out, regexp.QuoteMeta(m[1])+`[^<>]*`+regexp.QuoteMeta(lead)+value)
			}
			end := strings.IndexByte(after+">", '>')
			if m := labelHere.FindStringSubmatch(after[:end]); m != nil {
				out = append(out, regexp.QuoteMeta(lead)+value+`[^<>]*\s`+regexp.QuoteMeta(m[1]))
			}
			if m := inTag.FindStringSubmatch(after); m != nil && !hasDigit.MatchString(m[1]) {
				out = append(out, regexp.QuoteMeta(lead)+value+`[^<>]*>\s*`+regexp.QuoteMeta(m[1]))
			}
		}
		at += len(lead)
		rest = page[at:]
	}
	return out
}

var steadyForm = lazyregexp.New(`[^\s0-9][^\n0-9]{3,40}$`)

// contexts returns expressions that find a value by what stands before it.
func contexts(page, value string) []string {
	at := strings.Index(page, value)
	before := steadyForm.FindString(fromWord(page[:at]))
	after := strings.IndexAny(page[at+len(value):]+" ", "\"'<>&; \n,\\")
	if before == "" || after != 0 {
		return nil
	}
	return []string{regexp.QuoteMeta(strings.ToValidUTF8(before, "")) + `([^"'<>&; \n,\\]+)`}
}

// fromWord returns the end of a text, from the begin of its last tag or else of a word: one
// that begins in the middle of a word says less than it seems to.
func fromWord(text string) string {
	const most = 60
	start := max(0, len(text)-most)
	end := text[start:]
	if tag := strings.LastIndexByte(end[:max(0, len(end)-4)], '<'); tag >= 0 {
		return end[tag:]
	}
	if start > 0 && isWordByte(text[start-1]) {
		return strings.TrimLeftFunc(end, func(r rune) bool { return r >= utf8.RuneSelf || isWordByte(byte(r)) })
	}
	return end
}

func isWordByte(b byte) bool {
	return b >= utf8.RuneSelf || b == '_' || b >= '0' && b <= '9' || b >= 'A' && b <= 'Z' || b >= 'a' && b <= 'z'
}

// A shown is a sum of money that a page shows, and the name that the page gives it.
type shown struct{ name, value, expr string }

var shownForm = lazyregexp.New(`\s((?:id|class|itemprop|data-testid|data-test|data-qa)=["']([^"'<>]{1,60})["'])[^<>]*>[^<>0-9]{0,20}([0-9][0-9., ]*[0-9])`)

// sumsShown returns the sums of money in a page.
func sumsShown(page string) []shown {
	var out []shown
	for _, m := range shownForm.FindAllStringSubmatch(page, maxTags) {
		for name := range strings.FieldsSeq(m[2]) {
			if plain := draft.PlainName(name); quotedForm.MatchString(plain) || paidForm.MatchString(plain) {
				out = append(out, shown{name: name, value: m[3], expr: regexp.QuoteMeta(m[1]) + `[^<>]*>[^<>0-9]{0,20}([0-9][0-9., ]*[0-9])`})
				break
			}
		}
	}
	return out
}
