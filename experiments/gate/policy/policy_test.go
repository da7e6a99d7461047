package policy

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/gate/signing"
	"github.com/blastgauge/blastgauge/experiments/gate/statement"
	"github.com/blastgauge/blastgauge/experiments/result"
)

func start() time.Time { return time.Date(2026, 11, 1, 3, 0, 0, 0, time.UTC) }

func candidate() []byte { return []byte("{\"retries\": 3}\n") }

const system = "system: checkout\n"

// measured is the result of a run of one experiment, in which up to 2.1% were harmed.
func measured() *result.Result {
	radius := &result.BlastRadius{Journey: "checkout", Estimate: 0.012, Low: 0.004, High: 0.021, Confidence: 0.95, Control: result.ConcurrentControl}
	return &result.Result{
		Schema: result.Schema, Tool: result.Tool{Version: "1.0.0"},
		Run:       result.Run{ID: "r1", Started: start(), Ended: start().Add(10 * time.Minute), Outcome: result.Completed, Commit: strings.Repeat("ab", 20)},
		System:    result.System{Name: "checkout", Environment: "staging"},
		Documents: []result.Document{{File: "blastgauge.yaml", Text: system}, {File: "a.yaml", Text: "id: payments-slow\n"}},
		Experiments: []result.Experiment{{
			ID: "payments-slow", File: "a.yaml", Verdict: result.Held, BlastRadius: radius,
			Journeys: []result.Journey{{Name: "checkout", Limit: 0.05, Verdict: result.Held, BlastRadius: radius, Arms: result.Arms{Fault: result.Counts{Journeys: 600}}}},
			Faults:   []result.Fault{{Name: "bg-1", Inject: "latency", Into: "payments", Intended: true, RemovalVerified: true}},
		}},
	}
}

// A world is what a decision is made of.
type world struct {
	ada, bob, eve *signing.PrivateKey
	result        *result.Result
	options       statement.Options
	signers       []*signing.PrivateKey
	in            Input
	req           Requirements
	file          func([]byte) []byte // changes what is written
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{result: measured(), options: statement.Options{Subjects: statement.OfFile("gateway.json", candidate())}}
	for _, key := range []**signing.PrivateKey{&w.ada, &w.bob, &w.eve} {
		var err error
		if *key, err = signing.Generate(); err != nil {
			t.Fatal(err)
		}
	}
	w.signers = []*signing.PrivateKey{w.ada}
	w.in = Input{Candidate: candidate(), Keys: []signing.PublicKey{w.ada.Public(), w.bob.Public()}, Now: start().Add(time.Hour)}
	return w
}

// pair are the signed statements about a result.
func (w *world) pair(t testing.TB, r *result.Result, signers ...*signing.PrivateKey) []*signing.Envelope {
	t.Helper()
	p, err := statement.Make(r, w.options)
	if err != nil {
		t.Fatal(err)
	}
	a, b, err := p.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	list := []*signing.Envelope{signing.Wrap(a), signing.Wrap(b)}
	for _, e := range list {
		for _, key := range signers {
			if err := e.Sign(key); err != nil {
				t.Fatal(err)
			}
		}
	}
	return list
}

func write(t testing.TB, list []*signing.Envelope) []byte {
	t.Helper()
	file, err := signing.Write(list)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func (w *world) decide(t testing.TB) *Decision {
	t.Helper()
	if w.in.File == nil {
		w.in.File = write(t, w.pair(t, w.result, w.signers...))
	}
	if w.file != nil {
		w.in.File = w.file(w.in.File)
	}
	return Decide(w.in, w.req)
}

// Everything that is required can be required at once.
func everything(w *world) {
	w.signers = append(w.signers, w.bob)
	w.in.Subjects = []statement.Digest{{GitCommit: strings.Repeat("ab", 20)}}
	w.req = Requirements{
		Experiments: []string{"payments-slow"}, Documents: []statement.Digest{statement.DigestOf([]byte("id: payments-slow\n"))}, MaxHarm: new(0.03), SecondApproverAbove: new(0.01), MaxAttempts: 3,
		Environment: "staging", System: new(statement.DigestOf([]byte(system))),
	}
}

func TestDecide(t *testing.T) {
	t.Parallel()
	attempts := func(n int) statement.Attempts { return statement.Attempts{Count: n, First: new(start())} }
	for name, tt := range map[string]struct {
		edit func(*world)
		want []Code // none: it passes
	}{
		"nothing is required":    {func(*world) {}, nil},
		"all is required":        {everything, nil},
		"the last moment":        {func(w *world) { w.in.Now = start().Add(72*time.Hour + 10*time.Minute - time.Millisecond) }, nil},
		"a clock a bit late":     {func(w *world) { w.in.Now = start().Add(9*time.Minute + 30*time.Second) }, nil},
		"a key that is no one's": {func(w *world) { w.signers = append(w.signers, w.eve) }, nil},

		"no file":           {func(w *world) { w.in.File = []byte{} }, []Code{NoStatement}},
		"no JSON":           {func(w *world) { w.in.File = []byte("x") }, []Code{Malformed}},
		"one line only":     {func(w *world) { w.file = func(f []byte) []byte { return f[:bytes.IndexByte(f, '\n')+1] } }, []Code{Malformed}},
		"the other only":    {func(w *world) { w.file = func(f []byte) []byte { return f[bytes.IndexByte(f, '\n')+1:] } }, []Code{Malformed}},
		"something follows": {func(w *world) { w.file = func(f []byte) []byte { return append(f, "{}\n"...) } }, []Code{Malformed}},

		"unsigned":    {func(w *world) { w.signers = nil }, []Code{Unsigned}},
		"unknown key": {func(w *world) { w.signers = []*signing.PrivateKey{w.eve} }, []Code{UnknownKey}},
		"an approver alone": {func(w *world) {
			w.in.Approvers, w.in.Keys, w.signers = w.in.Keys[1:], w.in.Keys[:1], []*signing.PrivateKey{w.bob}
		}, []Code{UnknownKey}},
		"two approvers": {func(w *world) {
			w.in.Approvers, w.in.Keys = []signing.PublicKey{w.bob.Public(), w.eve.Public()}, w.in.Keys[:1]
			w.signers, w.req.SecondApproverAbove = []*signing.PrivateKey{w.bob, w.eve}, new(0.0)
		}, []Code{UnknownKey}},
		"a bypass of an approver": {func(w *world) {
			w.in.Approvers, w.in.Keys, w.signers = w.in.Keys[1:], w.in.Keys[:1], []*signing.PrivateKey{w.bob}
			w.req.AcceptBypass, w.options.Bypass = true, &statement.Bypass{By: "bob", Reason: "the shop is down", At: start()}
		}, []Code{UnknownKey}},
		"measured and approved": {func(w *world) {
			w.in.Approvers, w.in.Keys = w.in.Keys[1:], w.in.Keys[:1]
			w.signers, w.req.SecondApproverAbove = append(w.signers, w.bob), new(0.0)
		}, nil},
		"no keys":              {func(w *world) { w.in.Keys = nil }, []Code{UnknownKey}},
		"wrong subject":        {func(w *world) { w.in.Candidate = bytes.TrimSpace(candidate()) }, []Code{WrongSubject}},
		"canonical form of it": {func(w *world) { w.in.Candidate = []byte(`{"retries":3}`) }, []Code{WrongSubject}},
		"wrong commit":         {func(w *world) { w.in.Subjects = []statement.Digest{{GitCommit: strings.Repeat("cd", 20)}} }, []Code{WrongSubject}},
		"named beside another": {func(w *world) {
			gated(w)
			w.in.Candidate = []byte("{\"retries\": 300}\n")
			w.options.Subjects = append(w.options.Subjects, statement.OfFile("other.json", w.in.Candidate)[0])
		}, []Code{WrongSubject}},
		"image beside another": {func(w *world) {
			gated(w)
			w.options.Subjects = append(w.options.Subjects, statement.Subject{Name: "shop", Digest: image()})
			w.in.Candidate, w.in.Subjects = nil, []statement.Digest{image()}
		}, []Code{WrongSubject}},
		"with its image": {func(w *world) {
			gated(w)
			w.options.Subjects = append(w.options.Subjects, statement.Subject{Name: "shop", Digest: image()})
			w.in.Subjects = []statement.Digest{image()}
		}, nil},
		"commit of what was gated": {func(w *world) {
			gated(w)
			w.in.Candidate, w.in.Subjects = nil, []statement.Digest{{GitCommit: strings.Repeat("ab", 20)}}
		}, nil},
		"empty candidate": {func(w *world) { w.in.Candidate = []byte{} }, []Code{WrongSubject}},
		"no candidate":    {func(w *world) { w.in.Candidate = nil }, []Code{WrongSubject}},
		"expired":         {func(w *world) { w.in.Now = start().Add(72*time.Hour + 10*time.Minute) }, []Code{Expired}},
		"not yet valid":   {func(w *world) { w.in.Now = start().Add(8 * time.Minute) }, []Code{NotYetValid}},
		"environment":     {func(w *world) { w.req.Environment = "production" }, []Code{WrongPlace}},
		"system":          {func(w *world) { w.req.System = new(statement.DigestOf(nil)) }, []Code{WrongDocument}},
		"system, with --set": {func(w *world) {
			everything(w)
			w.result.Documents = append(w.result.Documents, result.Document{File: result.SetDocument, Text: "a=b\n"})
		}, []Code{WrongDocument}},

		"refuted":      {func(w *world) { w.result.Experiments[0].Verdict = result.Refuted }, []Code{VerdictNotHeld, ExperimentFailed}},
		"inconclusive": {func(w *world) { w.result.Experiments[0].Verdict = result.Inconclusive }, []Code{VerdictNotHeld, ExperimentFailed}},
		"not allowed here": {func(w *world) {
			w.result.Experiments[0].Verdict, w.result.Run.ExitCode = result.Inconclusive, 0
		}, []Code{VerdictNotHeld, ExperimentFailed}},
		"not removed":        {func(w *world) { w.result.Experiments[0].Faults[0].RemovalVerified = false }, []Code{VerdictNotHeld}},
		"experiment missing": {func(w *world) { w.req.Experiments = []string{"payments-slow", "carts-gone"} }, []Code{ExperimentMissing}},
		"another document": {func(w *world) {
			w.req.Documents = []statement.Digest{statement.DigestOf([]byte("id: payments-slow\nlimit: 100%\n"))}
		}, []Code{ExperimentMissing}},
		"limit":              {func(w *world) { w.req.MaxHarm = new(0.0209) }, []Code{LimitExceeded}},
		"limit, not known":   {func(w *world) { w.req.MaxHarm, w.result.Experiments[0].Journeys[0].BlastRadius = new(1.0), nil }, []Code{LimitExceeded}},
		"limit, no journeys": {func(w *world) { w.req.MaxHarm, w.result.Experiments[0].Journeys = new(1.0), nil }, []Code{LimitExceeded}},
		"regressed":          {func(w *world) { w.options.Comparison = compared(result.ExitRefuted) }, []Code{Regressed}},
		"not comparable":     {func(w *world) { w.options.Comparison = compared(result.ExitInvalid) }, []Code{NotComparable}},
		"compared":           {func(w *world) { w.options.Comparison = compared(result.ExitHeld) }, nil},
		"attempts":           {func(w *world) { w.req.MaxAttempts, w.options.Attempts = 3, attempts(3) }, []Code{TooManyAttempts}},
		"attempts of another": {func(w *world) {
			w.req.MaxAttempts = 3
			w.options.Subjects = slices.Insert(w.options.Subjects, 0, statement.Subject{Name: "decoy", Digest: image()})
		}, []Code{TooManyAttempts}},
		"attempts left": {func(w *world) { w.req.MaxAttempts, w.options.Attempts = 3, attempts(2) }, nil},
		"one approver":  {func(w *world) { w.req.SecondApproverAbove = new(0.02) }, []Code{SecondApproverMissing}},
		"one is enough": {func(w *world) { w.req.SecondApproverAbove = new(0.021) }, nil},
		"one, not known": {func(w *world) {
			w.req.SecondApproverAbove, w.result.Experiments[0].Journeys[0].BlastRadius = new(1.0), nil
		}, []Code{SecondApproverMissing}},
		"one, and one unknown": {func(w *world) { w.req.SecondApproverAbove, w.signers = new(0.02), []*signing.PrivateKey{w.ada, w.eve} }, []Code{SecondApproverMissing}},
		"own budget":           {func(w *world) { w.options.SecondApproverAbove = new(0.02) }, []Code{SecondApproverMissing}},
		"own budget, laxer":    {func(w *world) { w.options.SecondApproverAbove, w.req.SecondApproverAbove = new(0.02), new(0.5) }, []Code{SecondApproverMissing}},
		"own budget, two": {func(w *world) {
			w.options.SecondApproverAbove = new(0.02)
			w.signers = append(w.signers, w.bob)
		}, nil},
		"all at once": {func(w *world) {
			everything(w)
			w.signers, w.in.Candidate, w.in.Now, w.req.Environment, w.req.MaxHarm = nil, []byte("x"), start().Add(1000*time.Hour), "x", new(0.0)
		}, []Code{Unsigned, WrongSubject, Expired, WrongPlace, LimitExceeded, SecondApproverMissing}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			tt.edit(w)
			d := w.decide(t)
			wantCodes(t, d, tt.want...)
		})
	}
}

// Where several journeys are above a limit, the most harmed is named.
func TestTheHighestIsNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.req.MaxHarm = new(0.01)
	e := &w.result.Experiments[0]
	for name, high := range map[string]float64{"browse": 0.04, "search": 0.03} {
		j := e.Journeys[0]
		radius := *j.BlastRadius
		radius.Journey, radius.High = name, high
		j.Name, j.BlastRadius = name, &radius
		e.Journeys = append(e.Journeys, j)
	}
	d := w.decide(t)
	wantCodes(t, d, LimitExceeded)
	if text := d.Denied[0].Text; !strings.Contains(text, `"browse"`) || !strings.Contains(text, "4%") {
		t.Error(text)
	}
}

// What was tried before is told with its verdict, also where it may pass.
func TestEarlierAttemptsAreTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.options.Attempts = statement.Attempts{Count: 2, First: new(start()), List: []statement.Attempt{
		{Run: "r-2", At: start(), Verdict: result.Refuted}, {Run: "r-1", At: start().Add(time.Minute), Verdict: result.Inconclusive},
	}}
	d := w.decide(t)
	wantCodes(t, d)
	if d.Attempts != 2 || !slices.Equal(d.Tried, w.options.Attempts.List) || len(d.Tried) != 2 {
		t.Errorf("%d: %+v", d.Attempts, d.Tried)
	}
}

func image() statement.Digest { return statement.DigestOf([]byte("image")) }

// gated makes it the statement of a gate on the candidate.
func gated(w *world) { w.options.Change = &statement.Change{To: statement.DigestOf(candidate())} }

func compared(code int) *statement.Comparison {
	c, err := statement.CompareWith([]string{"r0"}, code)
	if err != nil {
		panic(err)
	}
	return c
}

// wantCodes compares why a change is denied; the order is that of importance.
func wantCodes(t *testing.T, d *Decision, want ...Code) {
	t.Helper()
	var got []Code
	for _, r := range d.Denied {
		got = append(got, r.Code)
		if r.Text == "" || !d.Has(r.Code) {
			t.Errorf("%s has no text", r.Code)
		}
	}
	if !slices.Equal(got, want) || d.Pass != (len(want) == 0) || (d.Exit() == 0) != d.Pass || d.Schema != Schema {
		t.Errorf("pass %t, exit %d: %+v, want %v", d.Pass, d.Exit(), d.Denied, want)
	}
}

// A bypass passes only where it is accepted, overlooks what was measured and nothing else,
// and is told for ever.
func TestBypass(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		edit func(*world)
		want []Code
		told []Code
	}{
		"not accepted": {func(w *world) { w.req.AcceptBypass = false }, []Code{Bypassed, VerdictNotHeld, ExperimentFailed}, nil},
		"accepted":     {func(*world) {}, nil, []Code{Bypassed, VerdictNotHeld, ExperimentFailed}},
		"of what passes, not accepted": {func(w *world) {
			w.result.Experiments[0].Verdict, w.req.AcceptBypass = result.Held, false
		}, []Code{Bypassed}, nil},
		"above a limit":   {func(w *world) { w.req.MaxHarm = new(0.0) }, nil, []Code{Bypassed, VerdictNotHeld, ExperimentFailed, LimitExceeded}},
		"not run":         {func(w *world) { w.req.Experiments = []string{"carts-gone"} }, nil, []Code{Bypassed, VerdictNotHeld, ExperimentFailed, ExperimentMissing}},
		"regressed":       {func(w *world) { w.options.Comparison = compared(result.ExitRefuted) }, nil, []Code{Bypassed, VerdictNotHeld, ExperimentFailed, Regressed}},
		"without a key":   {func(w *world) { w.signers = nil }, []Code{Unsigned}, []Code{Bypassed, VerdictNotHeld, ExperimentFailed}},
		"expired":         {func(w *world) { w.in.Now = start().Add(1000 * time.Hour) }, []Code{Expired}, []Code{Bypassed, VerdictNotHeld, ExperimentFailed}},
		"of one, not two": {func(w *world) { w.req.SecondApproverAbove = new(0.0) }, []Code{SecondApproverMissing}, []Code{Bypassed, VerdictNotHeld, ExperimentFailed}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.req.AcceptBypass, w.result.Experiments[0].Verdict = true, result.Refuted
			w.options.Bypass = &statement.Bypass{By: "ada", Reason: "the shop is down", At: start()}
			tt.edit(w)
			d := w.decide(t)
			wantCodes(t, d, tt.want...)
			var told []Code
			for _, r := range d.Told {
				told = append(told, r.Code)
			}
			if !slices.Equal(told, tt.told) || d.Bypass == nil {
				t.Errorf("told %v, want %v", d.Told, tt.told)
			}
		})
	}
}

// later is a run after another.
func later(id string, after time.Duration, v result.Verdict) *result.Result {
	r := measured()
	r.Run.ID, r.Run.Started, r.Run.Ended = id, r.Run.Started.Add(after), r.Run.Ended.Add(after)
	r.Experiments[0].Verdict = v
	return r
}

// easier is a run of another experiment, which holds.
func easier(id string, after time.Duration) *result.Result {
	r := later(id, after, result.Held)
	r.Experiments[0].ID = "carts-slow"
	return r
}

// The newest statement about a change counts, whatever the order in the file: one that
// passed cannot be kept.
func TestSeveral(t *testing.T) {
	t.Parallel()
	other := func(w *world) *world {
		o := *w
		o.options.Subjects = statement.OfFile("gateway.json", []byte("{}"))
		return &o
	}
	for name, tt := range map[string]struct {
		file func(*testing.T, *world) []*signing.Envelope
		run  string
		want []Code
	}{
		"failed, then passed": {func(t *testing.T, w *world) []*signing.Envelope {
			return slices.Concat(w.pair(t, later("r1", 0, result.Refuted), w.ada), w.pair(t, later("r2", time.Minute, result.Held), w.ada))
		}, "r2", nil},
		"passed, then failed": {func(t *testing.T, w *world) []*signing.Envelope {
			return slices.Concat(w.pair(t, later("r1", 0, result.Held), w.ada), w.pair(t, later("r2", time.Minute, result.Refuted), w.ada))
		}, "r1", []Code{Superseded}},
		"in the other order": {func(t *testing.T, w *world) []*signing.Envelope {
			return slices.Concat(w.pair(t, later("r2", time.Minute, result.Refuted), w.ada), w.pair(t, later("r1", 0, result.Held), w.ada))
		}, "r1", []Code{Superseded}},
		"at the same time": {func(t *testing.T, w *world) []*signing.Envelope {
			return slices.Concat(w.pair(t, later("r1", 0, result.Held), w.ada), w.pair(t, later("r2", 0, result.Refuted), w.ada))
		}, "r1", []Code{Superseded}},
		"passed elsewhere later": {func(t *testing.T, w *world) []*signing.Envelope {
			w.req.Environment, w.req.Experiments = "staging", []string{"payments-slow"}
			there, other := later("r2", time.Minute, result.Held), later("r3", time.Hour/2, result.Held)
			there.System.Environment, other.Experiments[0].ID = "load", "carts-gone"
			return slices.Concat(w.pair(t, measured(), w.ada), w.pair(t, there, w.ada), w.pair(t, other, w.ada))
		}, "r1", nil},
		"failed elsewhere later": {func(t *testing.T, w *world) []*signing.Envelope {
			w.req.Environment = "staging"
			there := later("r2", time.Minute, result.Refuted)
			there.System.Environment = "load"
			return slices.Concat(w.pair(t, measured(), w.ada), w.pair(t, there, w.ada))
		}, "r1", []Code{Superseded}},
		"compared, and worse": {func(t *testing.T, w *world) []*signing.Envelope {
			worse := *w
			worse.options.Comparison = compared(result.ExitRefuted)
			return slices.Concat(w.pair(t, measured(), w.ada), worse.pair(t, measured(), w.ada))
		}, "r1", []Code{Superseded}},
		"failed by a key that is not trusted": {func(t *testing.T, w *world) []*signing.Envelope {
			return slices.Concat(w.pair(t, later("r1", 0, result.Held), w.ada), w.pair(t, later("r2", time.Minute, result.Refuted), w.eve))
		}, "r1", nil},
		"another change failed": {func(t *testing.T, w *world) []*signing.Envelope {
			return slices.Concat(w.pair(t, later("r1", 0, result.Held), w.ada), other(w).pair(t, later("r2", time.Minute, result.Refuted), w.ada))
		}, "r1", nil},
		"only another change passed": {func(t *testing.T, w *world) []*signing.Envelope {
			return slices.Concat(w.pair(t, later("r1", 0, result.Refuted), w.ada), other(w).pair(t, later("r2", time.Minute, result.Held), w.ada))
		}, "r1", []Code{VerdictNotHeld, ExperimentFailed}},
		"passed, then signed by nobody": {func(t *testing.T, w *world) []*signing.Envelope {
			return slices.Concat(w.pair(t, later("r1", 0, result.Refuted), w.ada), w.pair(t, later("r2", time.Minute, result.Held)))
		}, "r1", []Code{VerdictNotHeld, ExperimentFailed}},
		"one run, approved later": {func(t *testing.T, w *world) []*signing.Envelope {
			w.req.SecondApproverAbove = new(0.0)
			return slices.Concat(w.pair(t, later("r1", 0, result.Held), w.ada), w.pair(t, later("r1", 0, result.Held), w.ada, w.bob))
		}, "r1", nil},
		"failed, then passed by another experiment": {func(t *testing.T, w *world) []*signing.Envelope {
			return slices.Concat(w.pair(t, later("r1", 0, result.Refuted), w.ada), w.pair(t, easier("r2", time.Minute), w.ada))
		}, "r2", []Code{ExperimentFailed}},
		"failed, then mended, then passed by another": {func(t *testing.T, w *world) []*signing.Envelope {
			return slices.Concat(w.pair(t, later("r1", 0, result.Refuted), w.ada), w.pair(t, later("r2", time.Minute, result.Held), w.ada), w.pair(t, easier("r3", 2*time.Minute), w.ada))
		}, "r3", nil},
		"mended by a key that is not trusted": {func(t *testing.T, w *world) []*signing.Envelope {
			return slices.Concat(w.pair(t, later("r1", 0, result.Refuted), w.ada), w.pair(t, later("r2", time.Minute, result.Held), w.eve), w.pair(t, easier("r3", 2*time.Minute), w.ada))
		}, "r3", []Code{ExperimentFailed}},
		"failed long ago, then passed by another": {func(t *testing.T, w *world) []*signing.Envelope {
			short := *w
			short.options.ValidFor = time.Minute
			return slices.Concat(short.pair(t, later("r1", 0, result.Refuted), w.ada), w.pair(t, easier("r2", time.Minute), w.ada))
		}, "r2", nil},
		"failed, then a bypass that is accepted": {func(t *testing.T, w *world) []*signing.Envelope {
			w.req.AcceptBypass = true
			bypassed := *w
			bypassed.options.Bypass = &statement.Bypass{By: "ada", Reason: "the shop is down", At: start()}
			return slices.Concat(w.pair(t, later("r1", 0, result.Refuted), w.ada), bypassed.pair(t, easier("r2", time.Minute), w.ada))
		}, "r2", nil},
		"attempts in the file": {func(t *testing.T, w *world) []*signing.Envelope {
			w.req.MaxAttempts = 2
			return slices.Concat(w.pair(t, later("r1", 0, result.Refuted), w.ada), w.pair(t, later("r2", time.Minute, result.Refuted), w.ada), w.pair(t, later("r3", time.Hour/2, result.Held), w.ada))
		}, "r3", []Code{TooManyAttempts}},
		"two signed one each": {func(t *testing.T, w *world) []*signing.Envelope {
			a, b := w.pair(t, measured(), w.ada), w.pair(t, measured(), w.bob)
			return []*signing.Envelope{a[0], b[1]}
		}, "r1", []Code{UnknownKey}},
		"statements of two runs": {func(t *testing.T, w *world) []*signing.Envelope {
			a, b := w.pair(t, later("r1", 0, result.Held), w.ada), w.pair(t, later("r2", 0, result.Refuted), w.ada)
			return []*signing.Envelope{a[0], b[1]}
		}, "", []Code{Malformed}},
		"beside one of another tool": {func(t *testing.T, w *world) []*signing.Envelope {
			provenance := signing.Wrap([]byte(`{"_type":"https://in-toto.io/Statement/v1","subject":[],"predicateType":"https://slsa.dev/provenance/v1","predicate":{}}`))
			return slices.Concat([]*signing.Envelope{provenance}, w.pair(t, measured(), w.ada), []*signing.Envelope{provenance})
		}, "r1", nil},
		"only one of another tool": {func(*testing.T, *world) []*signing.Envelope {
			return []*signing.Envelope{signing.Wrap([]byte(`{"_type":"https://in-toto.io/Statement/v1","subject":[],"predicateType":"https://slsa.dev/provenance/v1","predicate":{}}`))}
		}, "", []Code{NoStatement}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.in.File = write(t, tt.file(t, w))
			d := w.decide(t)
			wantCodes(t, d, tt.want...)
			if d.Run != tt.run {
				t.Errorf("decided by %q, want %q", d.Run, tt.run)
			}
		})
	}
}

// What is signed and not well-formed denies by its own code, and so does one that was
// changed after it was signed.
func TestPayload(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		old, is string
		resign  bool
		want    Code
	}{
		"duplicate":     {`"run":"r1"`, `"run":"r1","run":"r1"`, true, DuplicateKey},
		"unknown field": {`"run":"r1"`, `"pass":true,"run":"r1"`, true, UnknownField},
		"not canonical": {`"run":"r1"`, ` "run":"r1"`, true, NotCanonical},
		"no verdict":    {`"exit_code":0`, `"exit_code":-1`, true, Malformed},
		"changed":       {`"run":"r1"`, `"run":"r2"`, false, BadSignature},
		"harm":          {`"high":0.021`, `"high":0.02`, false, BadSignature},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			list := w.pair(t, w.result, w.ada)
			text, err := list[1].Statement()
			if err != nil {
				t.Fatal(err)
			}
			changed := bytes.Replace(text, []byte(tt.old), []byte(tt.is), 1)
			if bytes.Equal(changed, text) {
				t.Fatal("nothing is changed")
			}
			list[1].Payload = base64.StdEncoding.EncodeToString(changed)
			if tt.resign {
				list[1].Signatures = []signing.Signature{}
				if err := list[1].Sign(w.ada); err != nil {
					t.Fatal(err)
				}
			}
			w.in.File = write(t, list)
			wantCodes(t, w.decide(t), tt.want)
		})
	}
}

// A file in which some bytes are replaced says what was signed, or denies. The fuzzer makes
// the small part that is put in, as it is slow with whole files.
func FuzzDecide(f *testing.F) {
	w := newWorld(f)
	list := w.pair(f, w.result, w.ada)
	whole := write(f, list)
	payloads := []string{list[0].Payload, list[1].Payload}
	f.Add(uint16(0), uint16(0), []byte(""))
	f.Add(uint16(100), uint16(1), []byte("A"))
	f.Add(uint16(1), uint16(0), []byte(`"payload":"e30=",`))
	f.Add(uint16(len(whole)), uint16(0), []byte(`{"payloadType":"application/vnd.in-toto+json","payload":"e30=","signatures":[]}`))
	f.Fuzz(func(t *testing.T, at, cut uint16, text []byte) {
		from := min(int(at), len(whole))
		file := slices.Concat(whole[:from], text, whole[min(from+int(cut), len(whole)):])
		w := *w
		w.in.File = file
		d := Decide(w.in, Requirements{})
		if d.Pass != (len(d.Denied) == 0) {
			t.Fatalf("%+v", d)
		}
		if !d.Pass {
			return
		}
		envelopes, err := signing.Read(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range payloads {
			if !slices.ContainsFunc(envelopes, func(e *signing.Envelope) bool { return e.Payload == p && len(e.Verify(w.in.Keys).By) > 0 }) {
				t.Fatalf("%s passes", file)
			}
		}
	})
}

// Bytes all over a file, as the fuzzer may not come to some of them.
func TestChangedBytes(t *testing.T) {
	t.Parallel()
	const step = 7 // and another bit each time
	w := newWorld(t)
	file := write(t, w.pair(t, w.result, w.ada))
	for at := 0; at < len(file); at += step {
		changed := slices.Clone(file)
		changed[at] ^= 1 << (at % 8)
		w.in.File = changed
		if d := Decide(w.in, Requirements{}); d.Pass && file[at] != '\n' { // white space at the end of a line is no part of it
			t.Errorf("byte %d: %q in place of %q passes", at, changed[at], file[at])
		}
	}
}

// A commit holds several candidates: one that passes speaks for itself alone.
func TestACommitIsAllOfItsCandidates(t *testing.T) {
	t.Parallel()
	commit := statement.Digest{GitCommit: strings.Repeat("ab", 20)}
	w := newWorld(t)
	about := func(name, content, run string, verdict result.Verdict, after time.Duration) []*signing.Envelope {
		w.options = statement.Options{Subjects: statement.OfFile(name, []byte(content))}
		r := measured()
		r.Run.ID, r.Run.Ended = run, r.Run.Ended.Add(after)
		r.Experiments[0].Verdict, r.Experiments[0].Journeys[0].Verdict = verdict, verdict
		if verdict == result.Refuted {
			r.Run.ExitCode = result.ExitRefuted
		}
		return w.pair(t, r, w.ada)
	}
	refuted := about("f2.json", `{"b":1}`, "r1", result.Refuted, 0)
	held := about("f1.json", `{"a":1}`, "r2", result.Held, time.Minute)
	mended := about("f2.json", `{"b":1}`, "r3", result.Held, 2*time.Minute)
	for _, c := range []struct {
		name string
		list []*signing.Envelope
		ask  Input
		pass bool
	}{
		{"the commit, one part of which failed", slices.Concat(refuted, held), Input{Subjects: []statement.Digest{commit}}, false},
		{"the part that passes", slices.Concat(refuted, held), Input{Candidate: []byte(`{"a":1}`), Subjects: []statement.Digest{commit}}, true},
		{"the commit, once that part passes", slices.Concat(refuted, held, mended), Input{Subjects: []statement.Digest{commit}}, true},
	} {
		c.ask.File, c.ask.Keys, c.ask.Now = write(t, c.list), w.in.Keys, w.in.Now
		if d := Decide(c.ask, Requirements{}); d.Pass != c.pass || !c.pass && !d.Has(Superseded) {
			t.Errorf("%s: %+v", c.name, d)
		}
	}
}
