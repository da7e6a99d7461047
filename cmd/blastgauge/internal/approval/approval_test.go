package approval

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/statements"
	"github.com/blastgauge/blastgauge/experiments/gate/policy"
	"github.com/blastgauge/blastgauge/experiments/gate/signing"
	"github.com/blastgauge/blastgauge/experiments/gate/statement"
	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/result"
)

func start() time.Time { return time.Date(2026, 11, 1, 3, 0, 0, 0, time.UTC) }

// Whoever makes a key first has it: nobody's is written over, and none is half there.
func TestOneKeyOfAName(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "release")
	var made atomic.Int32
	var id atomic.Value
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if pair, err := MakeKey(name); err == nil {
				made.Add(1)
				id.Store(pair.ID)
			}
		})
	}
	all.Wait()
	if made.Load() != 1 {
		t.Fatalf("%d keys were made", made.Load())
	}
	key, err := statements.ReadKey(name + privateEnd)
	if err != nil {
		t.Fatal(err)
	}
	public, err := statements.ReadPublicKeys([]string{name + publicEnd})
	if err != nil || key.Public().ID() != id.Load() || public[0].ID() != id.Load() {
		t.Errorf("%v, %s, %v; want %v", err, key.Public().ID(), public, id.Load())
	}
}

// shared has what tests of one file of statements need.
type shared struct {
	dir      string
	ada, bob *KeyPair
	file     string // of statements that ada signed
}

func newShared(t *testing.T, edit func(*result.Result, *statements.About)) *shared {
	t.Helper()
	s := &shared{dir: t.TempDir()}
	for name, to := range map[string]**KeyPair{"ada": &s.ada, "bob": &s.bob} {
		var err error
		if *to, err = MakeKey(filepath.Join(s.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	s.file = filepath.Join(s.dir, "next.json.intoto.jsonl")
	if err := os.WriteFile(filepath.Join(s.dir, "next.json"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := statements.Flags{File: s.file, Keys: []string{s.ada.Private}, SubjectFiles: []string{filepath.Join(s.dir, "next.json")}}
	w, err := f.Prepare()
	if err != nil {
		t.Fatal(err)
	}
	r := &result.Result{
		Schema: result.Schema, Run: result.Run{ID: "r1", Started: start(), Ended: start().Add(time.Minute), Outcome: result.Completed},
		System: result.System{Name: "checkout", Environment: "staging"}, Documents: []result.Document{{File: "blastgauge.yaml", Text: "s"}, {File: "a.yaml", Text: "a"}},
		Experiments: []result.Experiment{{ID: "a", File: "a.yaml", Verdict: result.Held}},
	}
	var about statements.About
	if edit != nil {
		edit(r, &about)
	}
	if _, err := w.Write(r, about); err != nil {
		t.Fatal(err)
	}
	return s
}

// What is refused leaves the file as it was, byte for byte.
func TestWhatIsNotSigned(t *testing.T) {
	t.Parallel()
	later := start().Add(time.Hour)
	for name, tt := range map[string]struct {
		edit    func(*result.Result, *statements.About)
		approve func(*shared, *Approve)
		now     time.Time
		signed  bool
	}{
		"signed":          {signed: true, now: later},
		"signed before":   {approve: func(s *shared, o *Approve) { o.Key = s.ada.Private }, now: later},
		"expired":         {now: start().Add(72*time.Hour + time.Minute)},
		"the last moment": {now: start().Add(72*time.Hour + time.Minute - time.Millisecond), signed: true},
		"still to come":   {now: start().Add(-time.Minute)},
		"refuted":         {edit: func(r *result.Result, _ *statements.About) { r.Experiments[0].Verdict = result.Refuted }, now: later},
		"inconclusive":    {edit: func(r *result.Result, _ *statements.About) { r.Experiments[0].Verdict = result.Inconclusive }, now: later},
		"regressed": {edit: func(_ *result.Result, a *statements.About) {
			a.Comparison = &statement.Comparison{Base: []string{"r0"}, Verdict: result.Refuted, ExitCode: 3}
		}, now: later},
		"a bypass":             {edit: bypassed, now: later},
		"a bypass, accepted":   {edit: bypassed, approve: func(_ *shared, o *Approve) { o.AcceptBypass = true }, now: later, signed: true},
		"another run":          {approve: func(_ *shared, o *Approve) { o.Run = "r2" }, now: later},
		"this run":             {approve: func(_ *shared, o *Approve) { o.Run = "r1" }, now: later, signed: true},
		"the candidate":        {approve: func(s *shared, o *Approve) { o.Candidate = filepath.Join(s.dir, "next.json") }, now: later, signed: true},
		"another candidate":    {approve: func(s *shared, o *Approve) { o.Candidate = s.ada.Public }, now: later},
		"what a gate measured": {edit: gated("{}"), approve: func(s *shared, o *Approve) { o.Candidate = filepath.Join(s.dir, "next.json") }, now: later, signed: true},
		"named beside it":      {edit: gated("other"), approve: func(s *shared, o *Approve) { o.Candidate = filepath.Join(s.dir, "next.json") }, now: later},
		"no statements":        {approve: func(s *shared, o *Approve) { o.Statements = s.ada.Public }, now: later},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShared(t, tt.edit)
			before := contents(t, s.file)
			o := Approve{Statements: s.file, Key: s.bob.Private}
			if tt.approve != nil {
				tt.approve(s, &o)
			}
			err := o.Sign(io.Discard, tt.now)
			if _, refused := errors.AsType[*Refused](err); (err == nil) != tt.signed || refused == tt.signed {
				t.Fatal(err)
			}
			if !tt.signed {
				if !bytes.Equal(contents(t, s.file), before) {
					t.Error("the file has changed")
				}
				return
			}
			pairs, err := policy.ReadPairs(contents(t, s.file))
			if err != nil || len(pairs) != 1 {
				t.Fatal(err)
			}
			for _, e := range []*signing.Envelope{pairs[0].InTestResult, pairs[0].InResilience} {
				if len(e.Signatures) != 2 || e.Signatures[1].KeyID != s.bob.ID {
					t.Errorf("%+v", e.Signatures)
				}
			}
		})
	}
}

// gated makes it the statement of a gate on a document.
func gated(text string) func(*result.Result, *statements.About) {
	return func(_ *result.Result, a *statements.About) {
		a.Subjects = statement.OfFile("gated.json", []byte(text))
		a.Change = &statement.Change{To: statement.DigestOf([]byte(text))}
	}
}

func bypassed(r *result.Result, a *statements.About) {
	r.Experiments = nil
	a.Bypass = &statement.Bypass{By: "ada", Reason: "down", At: start()}
}

func contents(t *testing.T, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// What nobody has signed is shown as such, and an approval makes it nobody's measurement.
func TestAnApprovalAlone(t *testing.T) {
	t.Parallel()
	s := newShared(t, nil)
	envelopes, err := signing.Read(contents(t, s.file))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range envelopes {
		e.Signatures = []signing.Signature{}
	}
	text, err := signing.Write(envelopes)
	if err == nil {
		err = os.WriteFile(s.file, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	var shown bytes.Buffer
	if err := (Approve{Statements: s.file, Key: s.bob.Private}).Sign(&shown, start().Add(time.Hour)); err != nil || !strings.Contains(shown.String(), "nobody") {
		t.Errorf("%s, %v", shown.String(), err)
	}
	v := Verify{Candidate: filepath.Join(s.dir, "next.json"), Keys: []string{s.ada.Public}, Approvers: []string{s.bob.Public}}
	if d, err := v.Decide(start().Add(time.Hour)); err != nil || !d.Has(policy.UnknownKey) {
		t.Errorf("%+v, %v", d, err)
	}
	if err := (Approve{Statements: s.file, Key: s.ada.Private}).Sign(io.Discard, start().Add(time.Hour)); err != nil {
		t.Error(err)
	}
	if d, err := v.Decide(start().Add(time.Hour)); err != nil || !d.Pass || len(d.SignedBy) != 2 {
		t.Errorf("%+v, %v", d, err)
	}
}

// Two people who approve at once are both in the file.
func TestBothApprove(t *testing.T) {
	t.Parallel()
	s := newShared(t, nil)
	eve, err := MakeKey(filepath.Join(s.dir, "eve"))
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for _, key := range []*KeyPair{s.bob, eve} {
		all.Go(func() {
			if err := (Approve{Statements: s.file, Key: key.Private}).Sign(io.Discard, start().Add(time.Hour)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	v := Verify{Candidate: filepath.Join(s.dir, "next.json"), Keys: []string{s.ada.Public, s.bob.Public, eve.Public}}
	if d, err := v.Decide(start().Add(time.Hour)); err != nil || !d.Pass || len(d.SignedBy) != 3 {
		t.Errorf("%+v, %v", d, err)
	}
}

// A file without bytes is a candidate like any other, and no missing one.
func TestAnEmptyCandidate(t *testing.T) {
	t.Parallel()
	s := newShared(t, nil)
	if err := os.WriteFile(filepath.Join(s.dir, "empty"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	v := Verify{Candidate: filepath.Join(s.dir, "empty"), Statement: s.file, Keys: []string{s.ada.Public}}
	d, err := v.Decide(start().Add(time.Hour))
	if err != nil || d.Pass || !d.Has(policy.WrongSubject) || d.Subjects[0] != statement.DigestOf(nil) {
		t.Errorf("%+v, %v", d, err)
	}
}

// A name and a reason that nobody sees are none.
func TestABypassSaysWhoAndWhy(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", " ", "\u200b", "\u202e", "-"} {
		for _, b := range []Bypass{{By: text, Reason: "down"}, {By: "ada", Reason: text}} {
			b.Candidate, b.Signed = "next.json", statements.Flags{Keys: []string{"ada.pem"}, File: "next.intoto.jsonl"}
			if err := b.Check(); err == nil {
				t.Errorf("%q and %q are a bypass", b.By, b.Reason)
			}
		}
	}
	b := Bypass{Candidate: "next.json", By: "Ада", Reason: "#4711", Signed: statements.Flags{Keys: []string{"ada.pem"}, File: "next.intoto.jsonl"}}
	if err := b.Check(); err != nil {
		t.Error(err)
	}
}

// What statements and file names say commands no terminal and no runner.
func TestTextIsInert(t *testing.T) {
	t.Parallel()
	const hostile = "x\x1b[2J\u202e\n::error::y ##[error]z"
	d := &policy.Decision{
		Denied: []policy.Reason{{Code: policy.Malformed, Text: hostile}}, Told: []policy.Reason{{Code: policy.Bypassed, Text: hostile}}, Run: hostile, Verdict: hostile,
		SignedBy: []string{hostile}, Attempts: 1, Tried: []statement.Attempt{{Run: hostile, Verdict: hostile}}, Earlier: []statement.Bypass{{By: hostile, Reason: hostile}}, Comparison: &statement.Comparison{Base: []string{hostile}},
	}
	for _, name := range Formats() {
		format, err := FormatFor(name)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := format(&out, d); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(out.String()) {
			line = strings.TrimSuffix(line, "\n")
			if inert.Line(line) != line || strings.Contains(line, "##[") {
				t.Errorf("%s: %q", name, line)
			}
		}
	}
	if _, err := FormatFor("yaml"); err == nil {
		t.Error("yaml is a format")
	}
}
