package gateway

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/injectors/badconfig"
	"github.com/blastgauge/blastgauge/injectors/gateway/faultset"
)

// What http_config may be asked for.
const (
	defaultLimit = 4 << 20  // bytes of a document; longer ones pass unchanged
	mostLimit    = 64 << 20 // what anybody may ask for in its place
	minFlap      = 100      // ms
)

// A config is what http_config does to documents.
type config struct {
	mutation *badconfig.Mutation
	format   badconfig.Format // empty: as the answer says
	flap     time.Duration
	limit    int64
	seed     uint64 // 0: the gateway's
	record   *record
}

func (r *rule) readConfig(f *Fault, in *faultset.Fields) {
	given, shown := map[string]any{}, map[string]any{}
	for _, name := range badconfig.Names() {
		if v, ok := in.Value(name); ok {
			given[name], shown[name] = v, v
		}
	}
	c := &config{record: newRecord()}
	c.format = badconfig.Format(in.Text("format"))
	if c.format != "" && !slices.Contains(badconfig.Formats(), c.format) {
		in.Refuse("format must be %s, not %q", figures.List(badconfig.Formats(), "or"), string(c.format))
	}
	flap := in.Millis("flap")
	if flap > 0 && flap < minFlap {
		in.Refuse("flap must be at least %d ms, not %d", minFlap, flap)
	}
	limit, seed := in.Whole("limit", 0, mostLimit, faultset.Optional), in.Whole("seed", 0, 1<<53, faultset.Optional)
	c.flap, c.limit, c.seed = time.Duration(flap)*time.Millisecond, limit, uint64(seed)
	if c.limit == 0 {
		c.limit = defaultLimit
	}
	for name, v := range map[string]any{"format": string(c.format), "flap": flap, "limit": limit, "seed": seed} {
		if v != "" && v != int64(0) { // what was not asked for is not shown
			shown[name] = v
		}
	}
	common := r.readCommon(f, in, after)
	shown["when"] = common.When
	if common.Match != nil {
		shown["match"] = common.Match
	}
	if common.First > 0 {
		shown["first"] = common.First
	}
	f.Attributes, r.config = shown, c
	operator, parameters, err := badconfig.Select(given)
	if err == nil {
		c.mutation, err = badconfig.Parse(operator, parameters)
	}
	if err != nil {
		in.Refuse("%v", err)
	}
}

// A Document is what became of one document: of one version of it, where that
// changed while the fault was in force.
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

// RecordOf is what a fault did to documents; empty for faults that do nothing to
// them.
func RecordOf(f *Fault) Record {
	r, ok := f.Rule.(*rule)
	if !ok || r.config == nil {
		return Record{}
	}
	return r.config.record.copy()
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

// again is the record for a fault that does something else from now on.
func (r *record) again() *record {
	next := newRecord()
	r.mu.Lock()
	defer r.mu.Unlock()
	next.list, next.passed, next.earlier = r.list, maps.Clone(r.passed), maps.Clone(r.earlier)
	r.list = nil // the old fault may still act once, and then for itself
	return next
}

func (r *record) copy() Record {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := Record{Documents: slices.Clone(r.list), Passed: maps.Clone(r.passed)}
	for i := range out.Documents {
		out.Documents[i].By = maps.Clone(out.Documents[i].By)
	}
	return out
}

// pass counts an answer that was left as it is.
func (r *record) pass(why string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, known := r.passed[why]; !known && len(r.passed) >= maxDocuments {
		why = others
	}
	r.passed[why]++
}

// fetched counts a document that somebody got.
func (r *record) fetched(name, by, before, after string, result badconfig.Result) {
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

// first is the first version of a document that was seen; this one, if there was
// none.
func (r *record) first(name string, body []byte) []byte {
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

// apply makes a document bad. What was made of the same bytes before is used
// again: a system that asks often shall wait for its dependency, not for this.
func (a act) apply(w *wanted, format badconfig.Format, body []byte) (badconfig.Result, string, error) {
	c, before := a.config, badconfig.Digest(body)
	doc := badconfig.Document{Body: body, Format: format, Seed: c.seed, Client: w.client, At: a.Since}
	if doc.Seed == 0 {
		doc.Seed = a.Seed
	}
	if c.mutation.NeedsEarlier() {
		doc.Earlier = c.record.first(w.target, body)
	}
	key := before + " " + string(format) + " " + strconv.FormatBool(doc.Earlier == nil) + " " + w.target
	if c.mutation.Operator() == "split" {
		key += " " + w.client
	}
	r := c.record
	r.mu.Lock()
	result, ok := r.made[key]
	r.mu.Unlock()
	if ok {
		return result, before, nil
	}
	result, err := c.mutation.Apply(doc)
	if err != nil {
		return result, before, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.madeKeys) >= maxMade {
		delete(r.made, r.madeKeys[0])
		r.madeKeys = slices.Delete(r.madeKeys, 0, 1)
	}
	if _, ok := r.made[key]; !ok {
		r.made[key] = result
		r.madeKeys = append(r.madeKeys, key)
	}
	return result, before, nil
}

// pass says that an answer is left as it is, and why.
func (a act) pass(format string, args ...any) {
	a.GiveBack()
	a.config.record.pass(fmt.Sprintf(format, args...))
}
