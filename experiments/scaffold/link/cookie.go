package link

import (
	"fmt"
	"strings"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/scaffold/draft"
)

// keepLogin makes a Cookie header for all steps of the credentials that the browser had
// before the recording began, without which the journey is nobody's.
func (l *linker) keepLogin() {
	given := map[string]bool{} // by the recording
	for i, s := range l.steps {
		for _, src := range headerSources(i, s.Answer, "") {
			if src.from == experiments.FromCookie {
				given[src.key] = true
			}
		}
	}
	var parts []draft.Piece
	for _, s := range l.steps {
		for _, h := range s.Headers {
			if !strings.EqualFold(h.Name, "cookie") {
				continue
			}
			for pair := range strings.SplitSeq(h.Value, ";") {
				name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
				slot := draft.NewSlot(draft.InForm, name, value, value)
				if given[name] || slot.Secrecy() == draft.Public || !experiments.IsHeaderName(name) || len(name) > 60 {
					continue
				}
				given[name] = true
				lead := name + "="
				if parts != nil {
					lead = "; " + lead
				}
				variable := l.secrets.VariableFor(value, name, fmt.Sprintf("cookie %s of a login before the recording", name))
				parts = append(parts, draft.Piece{Literal: lead}, draft.Variable("env:"+variable))
			}
		}
	}
	if parts != nil {
		l.cookie = &draft.Slot{In: draft.InHeader, Key: "Cookie", Parts: parts}
	}
}
