package http

import (
	"strings"

	"github.com/blastgauge/blastgauge/injectors/gateway/faultset"
)

// A hit is a fault that is to affect one request.
type hit = faultset.Hit[*Rule]

// hits are the faults that affect one request or its answer, in order.
type hits []hit

// delays reports whether the fault does nothing but delay.
func delays(h hit) bool { return h.Kind == kindLatency }

// hit decides which faults affect a request, and counts it. A fault behind one that
// keeps the request from the dependency does not see it.
func (p *Proxy) hit(r request) hits {
	var list hits
	for _, a := range p.Faults.Active() {
		a.CountSeen()
		if !a.Rule.filter.matches(r) {
			a.CountMissed(kindOf(r))
			continue
		}
		h, ok := a.Sample()
		if !ok {
			continue
		}
		list = append(list, h)
		if a.Rule.when == before && !delays(h) {
			break
		}
	}
	return list
}

// kindOf is what tells requests apart that a fault is not about: method and path, or the
// method of a gRPC call.
func kindOf(r request) string {
	path := faultset.FoldPath(r.path())
	if r.grpc() {
		return path
	}
	method := string(r.method()[:min(len(r.method()), longestMethod)])
	if strings.ContainsFunc(method, func(c rune) bool { return c < 'A' || c > 'Z' }) {
		method = faultset.ID
	}
	return method + " " + path
}

// longestMethod is how many bytes of a request's method are looked at.
const longestMethod = 16

// split parts the faults that affect a request from those that affect its answer.
func (list hits) split() (early, late hits) {
	for _, h := range list {
		if h.Rule.when == before {
			early = append(early, h)
		} else {
			late = append(late, h)
		}
	}
	return early, late
}

// giveBack undoes the hits of a message that did not get as far as the faults.
func (list hits) giveBack() {
	for _, h := range list {
		h.GiveBack()
	}
}

// onDocuments returns the hits of faults that make documents bad.
func (list hits) onDocuments() hits {
	var found hits
	for _, h := range list {
		if h.Rule.mutation != nil {
			found = append(found, h)
		}
	}
	return found
}

// maxDocument returns the length of the longest document that any of the faults takes.
func (list hits) maxDocument() int64 {
	var limit int64
	for _, h := range list {
		limit = max(limit, h.Rule.mutation.limit)
	}
	return limit
}

// skipAll counts for all faults that the answer passed unchanged, and why.
func (list hits) skipAll(why string) {
	for _, h := range list {
		skip(h, why)
	}
}

// skip counts for a fault that an answer passed unchanged, and why.
func skip(h hit, why string) {
	h.GiveBack()
	h.Rule.mutation.record.countPassed(why)
}
