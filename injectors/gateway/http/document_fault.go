package http

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/injectors"
	"github.com/blastgauge/blastgauge/injectors/badconfig"
)

// defaultLimit is how long a document may be where nothing is said, in bytes.
const defaultLimit = 4 << 20

// A documentFault is what http_config does to documents.
type documentFault struct {
	mutation *badconfig.Mutation
	format   badconfig.Format // empty: as the answer or the document says
	flap     time.Duration
	limit    int64  // longer documents pass unchanged
	seed     uint64 // 0: the proxy's
	record   *record
}

func newDocumentFault(a injectors.Attributes) (*documentFault, error) {
	operator, parameters := a.Operator()
	mutation, err := badconfig.Parse(operator, parameters)
	if err != nil {
		return nil, &injectors.AttributeError{Attribute: operator, Problem: err.Error()}
	}
	return &documentFault{
		mutation: mutation, format: badconfig.Format(a.Text("format")), flap: a.Duration("flap"),
		limit: cmp.Or(int64(a.Number("limit")), defaultLimit), seed: uint64(a.Number("seed")), record: newRecord(),
	}, nil
}

// A Document is what became of one version of a document while the fault was active.
type Document struct {
	Name    string           `json:"name"` // the path that it was asked for by
	Before  string           `json:"before"`
	After   string           `json:"after"` // digests
	What    string           `json:"what"`
	Where   []string         `json:"where,omitempty"` // JSON Pointers; none: the whole document
	Fetched int64            `json:"fetched"`
	By      map[string]int64 `json:"by"` // who fetched it, how often
}

// A Record is what a fault did to documents, and why it left others alone.
type Record struct {
	Documents []Document       `json:"documents,omitempty"`
	Passed    map[string]int64 `json:"passed,omitempty"` // answers that passed unchanged, by reason
}

// Record returns what the fault did to documents; empty for faults that do nothing to
// them.
func (r *Rule) Record() Record {
	if r.mutation == nil {
		return Record{}
	}
	return r.mutation.record.snapshot()
}

// What a record keeps at most, so that a dependency with a million documents does
// not fill the memory.
const (
	maxDocuments = 64
	maxClients   = 32
	maxVersions  = 64 // that stale may go back to
	maxMade      = 16 // results that are kept to be used again
	others       = "others"
)

// record is Record while it grows.
type record struct {
	mu       sync.Mutex
	list     []Document
	passed   map[string]int64
	earlier  map[string][]byte           // the first version of each document
	made     map[string]badconfig.Result // what became of a body, by its digest and by who asks
	madeKeys []string                    // in the order in which they were made
}

func newRecord() *record {
	return &record{passed: map[string]int64{}, earlier: map[string][]byte{}, made: map[string]badconfig.Result{}}
}

// handOver returns the record of a fault that does something else from now on.
func (r *record) handOver() *record {
	next := newRecord()
	r.mu.Lock()
	defer r.mu.Unlock()
	next.list, next.passed, next.earlier = r.list, maps.Clone(r.passed), maps.Clone(r.earlier)
	r.list = nil // the old fault may still act once, and then for itself
	return next
}

func (r *record) snapshot() Record {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := Record{Documents: slices.Clone(r.list), Passed: maps.Clone(r.passed)}
	for i := range out.Documents {
		out.Documents[i].By = maps.Clone(out.Documents[i].By)
	}
	return out
}

// countPassed counts an answer that passed unchanged.
func (r *record) countPassed(why string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, known := r.passed[why]; !known && len(r.passed) >= maxDocuments {
		why = others
	}
	r.passed[why]++
}

// countFetched counts a bad document that a client got.
func (r *record) countFetched(name, by, before, after string, result badconfig.Result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := slices.IndexFunc(r.list, func(d Document) bool { return d.Name == name && d.Before == before && d.After == after })
	if i < 0 && len(r.list) >= maxDocuments {
		name, before, after, result = others, "", "", badconfig.Result{}
		i = slices.IndexFunc(r.list, func(d Document) bool { return d.Name == others && d.Before == "" })
	}
	if i < 0 {
		r.list = append(r.list, Document{Name: name, Before: before, After: after, What: result.What, Where: result.Where, By: map[string]int64{}})
		i = len(r.list) - 1
	}
	d := &r.list[i]
	d.Fetched++
	if _, known := d.By[by]; !known && len(d.By) >= maxClients {
		by = others
	}
	d.By[by]++
}

// firstVersion returns the first version of a document that was seen. Where there was
// none, it is nil, and this one is remembered.
func (r *record) firstVersion(name string, body []byte) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	if version, ok := r.earlier[name]; ok {
		return version
	}
	if len(r.earlier) < maxVersions {
		r.earlier[name] = bytes.Clone(body)
	}
	return nil
}

// result returns what became of a document with this key before.
func (r *record) result(key string) (badconfig.Result, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	result, ok := r.made[key]
	return result, ok
}

// keep remembers what became of a document, in place of what was made longest ago.
func (r *record) keep(key string, result badconfig.Result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.made[key]; ok {
		return
	}
	if len(r.madeKeys) >= maxMade {
		delete(r.made, r.madeKeys[0])
		r.madeKeys = slices.Delete(r.madeKeys, 0, 1)
	}
	r.made[key] = result
	r.madeKeys = append(r.madeKeys, key)
}

// mutate makes a document bad, and returns its digest from before. What was made of
// the same bytes before is used again: a system that asks often shall wait for its
// dependency, not for this.
func mutate(h hit, asked *documentRequest, format badconfig.Format, body []byte) (badconfig.Result, string, error) {
	f, digest := h.Rule.mutation, badconfig.Digest(body)
	doc := badconfig.Document{Body: body, Format: format, Seed: cmp.Or(f.seed, h.Seed), Client: asked.client, At: h.Since}
	if f.mutation.NeedsEarlier() {
		doc.Earlier = f.record.firstVersion(asked.target, body)
	}
	key := digest + " " + string(format) + " " + strconv.FormatBool(doc.Earlier == nil) + " " + asked.target
	if f.mutation.Operator() == "split" {
		key += " " + asked.client
	}
	if result, ok := f.record.result(key); ok {
		return result, digest, nil
	}
	result, err := f.mutation.Apply(doc)
	if err == nil {
		f.record.keep(key, result)
	}
	return result, digest, err
}
