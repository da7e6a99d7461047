// Package link makes a journey of a recording: it finds for each value that a request
// sent the answer that gave it, hides what is secret, and expects what will be the
// same again.
package link

import (
	"cmp"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/scaffold/draft"
	"github.com/blastgauge/blastgauge/experiments/scaffold/recording"
)

// Journey makes a journey of the requests to one origin: own, or the main one of the
// recording if own is empty. The error is a *[shape.Error] that names the file and
// what to do.
func Journey(rec *recording.Recording, own string) (*draft.Journey, error) {
	kept, notes, own, err := choose(rec, own)
	if err != nil {
		return nil, err
	}
	id := cmp.Or(draft.Slug(strings.TrimSuffix(filepath.Base(rec.File), filepath.Ext(rec.File))), "checkout")
	l := trace(kept, id)
	j := &draft.Journey{ID: id, Origin: own, Made: "Recorded at " + own, Left: rec.Left.Lines(), Secrets: l.secrets,
		Notes: slices.Concat(notes, l.notes, gaps(l.steps, l.cookie))}
	j.SlowAfter, j.Timeout = budget(l.steps)
	j.Rate, j.RateWhy = carried(rec, own, l.steps)
	l.followRedirects()
	for _, s := range l.steps {
		j.Steps = append(j.Steps, l.draft(s))
		for _, missing := range s.request.Missing {
			j.Notes = append(j.Notes, "step "+s.name+": "+missing)
		}
	}
	j.Share()
	if l.cookie != nil {
		j.Headers = append(j.Headers, l.cookie)
	}
	return j, nil
}

// choose returns the exchanges that are the journey, and the origin they went to. It
// counts the others among those that were left out.
func choose(rec *recording.Recording, own string) (kept []*recording.Exchange, notes []string, _ string, err error) {
	list := rec.Exchanges
	if len(list) == 0 {
		return nil, nil, "", rec.Fail("record a visit of the shop itself", "no request is left for a journey: %s were left out", rec.Left)
	}
	if own == "" {
		own = recording.MainOrigin(list)
	} else if own, err = recording.ParseOrigin(own); err != nil {
		return nil, nil, "", err
	}
	for _, x := range list {
		if recording.OriginOf(x.URL) == own {
			kept = append(kept, x)
		} else {
			rec.Left.Add(recording.OtherOrigin)
		}
	}
	if names := recording.OtherOrigins(list, own); len(names) > 0 {
		notes = append(notes, "requests to other origins were left out: "+strings.Join(names, ", ")+"; --origin chooses another one")
	}
	kept = recording.MergeRepeats(kept)
	switch {
	case len(kept) == 0:
		return nil, nil, "", rec.Fail("give one of: "+strings.Join(recording.OtherOrigins(list, own), ", "), "no request went to %s", own)
	case len(kept) > draft.MaxSteps:
		return nil, nil, "", rec.Fail("record only the journey", "%d requests to %s, a journey has at most %d steps", len(kept), own, draft.MaxSteps)
	}
	if i := slices.IndexFunc(kept, func(x *recording.Exchange) bool { return x.Wrong != nil }); i >= 0 {
		return nil, nil, "", rec.FailAt(kept[i])
	}
	return kept, notes, own, nil
}

// trace makes steps of the exchanges, with their values linked, and expects what will
// be the same again.
func trace(kept []*recording.Exchange, id string) *linker {
	l := newLinker(kept, draft.NewVault(id))
	l.link()
	l.addExpectations()
	return l
}

// newLinker makes steps of the exchanges, whose values are not linked yet.
func newLinker(list []*recording.Exchange, secrets *draft.Vault) *linker {
	l := &linker{index: map[string][]source{}, sent: map[string]map[string]bool{}, taken: map[string]bool{}, secrets: secrets}
	names := map[string]bool{}
	for _, x := range list {
		s := &step{Exchange: x, request: draft.NewRequest(x)}
		s.resource = resourceOf(s.request)
		if n, ok := draft.ParseJSON(x.Answer.Text); ok && (strings.Contains(x.Answer.MIME, "json") || x.Answer.MIME == "") {
			s.json, s.leaves = n, draft.LeavesOf(n)
		}
		s.name = draft.UniqueName(stepName(s), "-", names)
		l.steps = append(l.steps, s)
	}
	return l
}

// gaps says what is missing from the recording.
func gaps(steps []*step, kept *draft.Slot) (notes []string) {
	lost, unchanged, unset := 0, 0, []string{}
	set := map[string]bool{}
	for _, s := range steps {
		if s.Answer.Lost && (strings.Contains(s.Answer.MIME, "json") || strings.Contains(s.Answer.MIME, "html")) {
			lost++
		}
		if s.Answer.Status == 304 {
			unchanged++
		}
		for _, h := range s.Headers {
			if strings.EqualFold(h.Name, "cookie") {
				unset = append(unset, unknownCookies(h.Value, set)...)
			}
		}
		for _, src := range headerSources(0, s.Answer, "") {
			if src.from == experiments.FromCookie {
				set[src.key] = true
			}
		}
	}
	if lost > 0 {
		notes = append(notes, fmt.Sprintf("the file holds no text of %d answers: what they gave to later requests could not be found; export HAR with content", lost))
	}
	if unchanged > 0 {
		notes = append(notes, fmt.Sprintf("%d answers came from the browser's cache (304): record with the cache disabled to have their texts", unchanged))
	}
	unset = slices.DeleteFunc(unset, func(name string) bool {
		return kept != nil && strings.Contains("; "+kept.Text(), "; "+name+"=")
	})
	if unset = slices.Compact(slices.Sorted(slices.Values(unset))); len(unset) > 0 {
		notes = append(notes, "cookies from before the recording were sent and are not part of it: "+strings.Join(unset[:min(len(unset), 8)], ", ")+"; record in a private window from the first page on")
	}
	return notes
}

// unknownCookies returns the names in a Cookie header that no earlier answer set.
func unknownCookies(header string, set map[string]bool) []string {
	var names []string
	for pair := range strings.SplitSeq(header, ";") {
		name, _, ok := strings.Cut(strings.TrimSpace(pair), "=")
		if ok && !set[name] && experiments.IsHeaderName(name) && len(name) <= 60 {
			names = append(names, name)
		}
	}
	return names
}

// budget returns after how long the journey is slow, and has failed: three times as
// long as the recorded answers took, in whole seconds, but at least the defaults.
func budget(steps []*step) (slow, timeout time.Duration) {
	var took time.Duration
	for _, s := range steps {
		took += s.Took
	}
	seconds := math.Ceil(3 * took.Seconds())
	slow = min(max(time.Duration(seconds)*time.Second, experiments.DefaultSlowAfter), 30*time.Second)
	return slow, max(experiments.DefaultTimeout, 2*slow)
}
