package statement

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/blastgauge/blastgauge/experiments/gate/strictjson"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/scan"
)

var update = flag.Bool("update", false, "write the golden files anew") //nolint:gochecknoglobals // flags are

func at(minute int) time.Time {
	return time.Date(2026, 11, 1, 3, minute, 0, 123456789, time.FixedZone("CET", 3600))
}

// checkout is the result of a run of two experiments.
func checkout() *result.Result {
	radius := &result.BlastRadius{Journey: "checkout", Estimate: 0.012, Low: 0.004, High: 0.021, Confidence: 0.95, Control: result.ConcurrentControl, Method: "paired batch means"}
	return &result.Result{
		Schema: result.Schema, Tool: result.Tool{Version: "1.0.0"},
		Run:    result.Run{ID: "20261101-030000-abc", Started: at(0), Ended: at(9), Outcome: result.Completed, Commit: strings.Repeat("ab", 20)},
		System: result.System{Name: "checkout", Environment: "staging"},
		Documents: []result.Document{
			{File: "blastgauge.yaml", Text: "system: checkout\n"},
			{File: "experiments/payments-slow.yaml", Text: "id: payments-slow\n"},
			{File: "experiments/carts-gone.yaml", Text: "id: carts-gone\n"},
		},
		Experiments: []result.Experiment{
			{
				ID: "payments-slow", File: "experiments/payments-slow.yaml", Verdict: result.Held,
				ReasonCodes: []result.ReasonCode{result.ReasonHarmless, result.ReasonHarmless, result.ReasonRecovered},
				Limits:      result.Limits{BlastRadius: 0.05, Recovery: 30}, BlastRadius: radius,
				Criteria: []result.Criterion{{Kind: result.InvariantCriterion, Subject: "charged once", Verdict: result.Held}},
				Journeys: []result.Journey{{
					Name: "checkout", Limit: 0.05, Verdict: result.Held, BlastRadius: radius,
					Arms: result.Arms{Fault: result.Counts{Journeys: 600, OK: 590, Failed: 10}, Control: &result.Counts{Journeys: 1200, OK: 1200}},
				}},
				Faults: []result.Fault{{
					Name: "bg-1", Inject: "latency", Into: "payments", Intended: true, RemovalVerified: true,
					Exercised: result.Exercised{Grade: result.GradeCounted, Met: 600, Of: 600},
				}},
				Invariants: []result.Invariant{{Name: "charged once", Before: new(2.0), During: new(2.0), After: new(2.0)}},
				Recovery:   &result.Recovery{Seconds: 4.25},
			},
			{ID: "carts-gone", File: "experiments/carts-gone.yaml", Verdict: result.Held, Recovery: &result.Recovery{Seconds: 30, Censored: true}},
		},
	}
}

// subjects are those of a candidate.
func subjects() []Subject { return OfFile("gateway.json", []byte(`{"retries": 3}`)) }

func made(t *testing.T, r *result.Result, o Options) *Pair {
	t.Helper()
	if o.Subjects == nil {
		o.Subjects = subjects()
	}
	p, err := Make(r, o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func written(t *testing.T, p *Pair) (a, b []byte) {
	t.Helper()
	a, b, err := p.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return a, b
}

// full has everything that a statement can say.
func full() Options {
	first := Moment(at(0).Add(-time.Hour))
	return Options{
		ToolDigest: new(DigestOf([]byte("program"))), ValidFor: 24 * time.Hour, URL: "https://reports.example/1",
		Change: &Change{
			From: new(DigestOf([]byte("old"))), To: subjects()[0].Digest, Pointers: []string{"/retries"},
			Neighbourhood:  []Neighbor{{Operator: "number_times_10", Pointer: "/retries", Value: "30", Verdict: result.Held, Harm: &Harm{0, -0.01, 0.01, 0.95}}},
			NearestFailing: &Neighbor{Operator: "number_times_100", Pointer: "/retries", Value: "300", Verdict: result.Refuted, Harm: &Harm{0.4, 0.3, 0.5, 0.95}},
		},
		Attempts:            Attempts{1, &first, []Attempt{{"20261101-010000-abc", first, result.Refuted}}, []Bypass{{"bob", "it is late", first}}},
		Comparison:          &Comparison{[]string{"20261101-020000-abc"}, result.Held, result.ExitHeld},
		Bypass:              &Bypass{"ada", "the shop is down", Moment(at(1))},
		SecondApproverAbove: new(0.02),
	}
}

// The bytes are the same for the same result, and stay so from version to version.
func TestGolden(t *testing.T) {
	t.Parallel()
	changed := checkout()
	changed.Documents = slices.Insert(changed.Documents, 1, result.Document{File: result.SetDocument, Text: "url=http://other.test\n"})
	changed.Run.Choices.Phases = "fault=10s"
	for name, p := range map[string]*Pair{"plain": made(t, checkout(), Options{}), "full": made(t, changed, full()), "scan": made(t, scanned(), Options{})} {
		a, b := written(t, p)
		got := slices.Concat(a, []byte("\n"), b, []byte("\n"))
		file := filepath.Join("testdata", name+".golden")
		if *update {
			if err := os.WriteFile(file, got, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s: \n%s\nwant\n%s", name, got, want)
		}
	}
}

func TestReadBack(t *testing.T) {
	t.Parallel()
	for _, o := range []Options{{}, full(), {StrictInToto: true}} {
		p := made(t, checkout(), o)
		ta, tb := written(t, p)
		a, none, err := Decode(ta)
		if err != nil || none != nil || !reflect.DeepEqual(*a, p.TestResult) {
			t.Errorf("%+v, %v; want %+v", a, err, p.TestResult)
		}
		_, b, err := Decode(tb)
		if err != nil || !reflect.DeepEqual(*b, p.Resilience) {
			t.Errorf("%+v, %v; want %+v", b, err, p.Resilience)
		}
	}
}

func TestOutcomes(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		edit    func(*result.Result)
		verdict result.Verdict
		outcome Outcome
		strict  Outcome
	}{
		"held":               {func(*result.Result) {}, result.Held, Passed, Passed},
		"inconclusive":       {func(r *result.Result) { r.Experiments[1].Verdict = result.Inconclusive }, result.Inconclusive, Warned, Warned},
		"allowed":            {func(r *result.Result) { r.Experiments[1].Verdict, r.Run.ExitCode = result.Inconclusive, 0 }, result.Inconclusive, Warned, Warned},
		"refuted":            {func(r *result.Result) { r.Experiments[1].Verdict = result.Refuted }, result.Refuted, Failed, Failed},
		"invalid":            {func(r *result.Result) { r.Experiments[1].Verdict = result.Invalid }, result.Invalid, Error, Failed},
		"not run":            {func(r *result.Result) { r.Experiments[1].Verdict = result.NotRun }, result.NotRun, Skipped, Failed},
		"nothing":            {func(r *result.Result) { r.Experiments = nil }, result.NotRun, Skipped, Failed},
		"a fault is left":    {func(r *result.Result) { r.Experiments[0].Faults[0].RemovalVerified = false }, result.Invalid, Error, Failed},
		"interrupted":        {func(r *result.Result) { r.Run.Outcome = result.Interrupted }, result.Invalid, Error, Failed},
		"failed":             {func(r *result.Result) { r.Run.Outcome = result.FailedRun }, result.Invalid, Error, Failed},
		"interrupted, wrong": {func(r *result.Result) { r.Run.Outcome, r.Experiments[0].Verdict = result.Interrupted, result.Refuted }, result.Refuted, Failed, Failed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := checkout()
			tt.edit(r)
			for strict, want := range map[bool]Outcome{false: tt.outcome, true: tt.strict} {
				p := made(t, r, Options{StrictInToto: strict})
				if got := p.Resilience.Predicate.Verdict; got != tt.verdict || VerdictOf(r) != tt.verdict {
					t.Errorf("verdict %s, want %s", got, tt.verdict)
				}
				if got := p.TestResult.Predicate.Result; got != want {
					t.Errorf("strict %t: %s, want %s", strict, got, want)
				}
			}
		})
	}
}

// A run that is worse than others has not passed for tools that know of no comparison.
func TestComparison(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]Outcome{result.ExitHeld: Passed, result.ExitRefuted: Failed, result.ExitInvalid: Error} {
		c, err := CompareWith([]string{"r0"}, code)
		if err != nil {
			t.Fatal(err)
		}
		p := made(t, checkout(), Options{Comparison: c})
		if got := p.TestResult.Predicate.Result; got != want || p.Resilience.Predicate.Verdict != result.Held {
			t.Errorf("exit %d: %s, %s; want %s", code, got, p.Resilience.Predicate.Verdict, want)
		}
	}
	for _, code := range []int{result.ExitError, result.ExitInconclusive, result.ExitINT} {
		if c, err := CompareWith([]string{"r0"}, code); err == nil {
			t.Errorf("exit %d: %+v", code, c)
		}
	}
}

func TestWhatCannotBeBound(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		edit func(*result.Result, *Options)
		want error
	}{
		"no subject":     {func(r *result.Result, o *Options) { o.Subjects, r.Run.Commit = nil, "" }, ErrNoSubject},
		"commit, dirty":  {func(r *result.Result, o *Options) { o.Subjects, r.Run.Commit = nil, strings.Repeat("ab", 20)+"-dirty" }, ErrNoSubject},
		"no documents":   {func(r *result.Result, _ *Options) { r.Documents = nil }, ErrUnbound},
		"one is missing": {func(r *result.Result, _ *Options) { r.Documents = r.Documents[:2] }, ErrUnbound},
		"two texts": {func(r *result.Result, _ *Options) {
			r.Documents = append(r.Documents, result.Document{File: "experiments/carts-gone.yaml", Text: "x"})
		}, ErrUnbound},
		"no end":            {func(r *result.Result, _ *Options) { r.Run.Ended = time.Time{} }, ErrUnbound},
		"valid for no time": {func(_ *result.Result, o *Options) { o.ValidFor = -time.Hour }, strictjson.ErrMalformed},
		"a name twice":      {func(r *result.Result, _ *Options) { r.Experiments[1].ID = "payments-slow" }, strictjson.ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, o := checkout(), Options{Subjects: subjects()}
			tt.edit(r, &o)
			if _, err := Make(r, o); !errors.Is(err, tt.want) {
				t.Errorf("%v, want %v", err, tt.want)
			}
		})
	}
}

// scanned is the result of a scan: a hard dependency is declared, one mode is weak.
func scanned() *result.Result {
	r := checkout()
	r.Schema, r.Experiments, r.Documents = result.ScanSchema, nil, r.Documents[:1]
	cell := func(dependency string, v scan.Verdict) scan.Cell {
		return scan.Cell{
			Number: 1, Verdict: v, Significant: true, Faults: []scan.Fault{{Dependency: dependency, Mode: "hang", Inject: "timeout", Met: new(int64(20)), Of: new(int64(20))}},
			Journeys: []scan.CellJourney{{Journey: "checkout", Verdict: v, Estimate: 0.9, Low: 0.8, High: 1, Harmed: 18, N: 20, ControlN: 40}},
		}
	}
	r.Scan = &scan.Map{
		Limit: 0.05, Ended: "complete", Control: "concurrent", Journeys: []scan.Journey{{Name: "checkout", Limit: 0.02}},
		Dependencies: []scan.Dependency{
			{Name: "payments", Declared: "hard", Exercised: new(true), Cells: []scan.Cell{cell("payments", scan.Harmful)}},
			{Name: "ads", Declared: "soft", Exercised: new(true), Cells: []scan.Cell{cell("ads", scan.Harmful), {Verdict: scan.Unavailable, Faults: []scan.Fault{{Dependency: "ads", Mode: "slow"}}}}},
			{Name: "mail", Declared: "soft", Exercised: new(true), Cells: []scan.Cell{cell("mail", scan.Undecided)}},
		},
	}
	r.ScanFaults = []result.ScanFault{{Dependency: "ads", Mode: "hang", RemovalVerified: true}, {Dependency: "payments", Mode: "hang", RemovalVerified: true}, {Dependency: "mail", Mode: "hang", RemovalVerified: true}}
	return r
}

func TestScan(t *testing.T) {
	t.Parallel()
	p := made(t, scanned(), Options{})
	a, b := p.TestResult.Predicate, p.Resilience.Predicate
	if a.Result != Failed || !slices.Equal(a.FailedTests, []string{"ads/hang"}) || !slices.Equal(a.PassedTests, []string{"payments/hang"}) || !slices.Equal(a.WarnedTests, []string{"mail/hang"}) {
		t.Errorf("%+v", a)
	}
	if len(a.Configuration) != 1 || len(b.Experiments) != 3 || b.Experiments[1].Journeys[0].Limit != 0.02 || b.Experiments[1].Faults[0].Met != 20 {
		t.Errorf("%+v", b)
	}
}

// Two statements that do not say the same are none.
func TestPairDisagrees(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(*Pair){
		"subject":       func(p *Pair) { p.TestResult.Subject = p.TestResult.Subject[1:] },
		"result":        func(p *Pair) { p.Resilience.Predicate.Verdict = result.Refuted },
		"better result": func(p *Pair) { p.TestResult.Predicate.Result = Warned },
		"a test":        func(p *Pair) { p.TestResult.Predicate.PassedTests = p.TestResult.Predicate.PassedTests[1:] },
		"a document":    func(p *Pair) { p.TestResult.Predicate.Configuration[0].Digest = DigestOf(nil) },
		"the system":    func(p *Pair) { p.Resilience.Predicate.System.Digest = DigestOf(nil) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := made(t, checkout(), Options{})
			p.TestResult.Subject = slices.Clone(p.TestResult.Subject)
			edit(p)
			if err := p.Check(); !errors.Is(err, strictjson.ErrMalformed) {
				t.Error(err)
			}
		})
	}
}

func compiledSchema(t testing.TB) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("statement.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("statement.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func validate(t testing.TB, s *jsonschema.Schema, text []byte) error {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(doc)
}

func TestSchema(t *testing.T) {
	t.Parallel()
	s := compiledSchema(t)
	for name, p := range map[string]*Pair{"plain": made(t, checkout(), Options{}), "full": made(t, checkout(), full()), "scan": made(t, scanned(), Options{})} {
		if _, b := written(t, p); validate(t, s, b) != nil {
			t.Errorf("%s: %v", name, validate(t, s, b))
		}
	}
	// The schema names every field of the types, and no other.
	var doc struct {
		Defs map[string]struct {
			Properties map[string]any `json:"properties"`
		} `json:"$defs"`
	}
	if err := json.Unmarshal(Schema(), &doc); err != nil {
		t.Fatal(err)
	}
	for name, typ := range map[string]reflect.Type{
		"predicate": reflect.TypeFor[Resilience](), "experiment": reflect.TypeFor[Experiment](), "journey": reflect.TypeFor[Journey](),
		"fault": reflect.TypeFor[Fault](), "harm": reflect.TypeFor[Harm](), "invariant": reflect.TypeFor[Invariant](), "change": reflect.TypeFor[Change](),
		"neighbor": reflect.TypeFor[Neighbor](), "attempts": reflect.TypeFor[Attempts](), "bypass": reflect.TypeFor[Bypass](), "comparison": reflect.TypeFor[Comparison](), "budget": reflect.TypeFor[Budget](),
	} {
		var fields, properties []string
		for f := range typ.Fields() {
			field, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			fields = append(fields, field)
		}
		for p := range doc.Defs[name].Properties {
			properties = append(properties, p)
		}
		slices.Sort(fields)
		slices.Sort(properties)
		if !slices.Equal(fields, properties) {
			t.Errorf("%s has the properties %v in the schema, want %v", name, properties, fields)
		}
	}
}

// A statement tells the time of a recovery alone that was seen: 0 s is no word for a system
// that is not back.
func TestRecoveryOfAStatement(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		recovery result.Recovery
		took     bool
	}{
		"at once":             {result.Recovery{FellAt: &result.Fell{}}, true},
		"not shown":           {result.Recovery{Seconds: 30, Censored: true}, false},
		"nothing was harmed":  {result.Recovery{Unharmed: true}, false},
		"the system not back": {result.Recovery{SystemHarmed: true}, false},
	} {
		e := &result.Experiment{Recovery: &tt.recovery, Limits: result.Limits{Recovery: 30}, Journeys: []result.Journey{{BlastRadius: &result.BlastRadius{Low: 0.2}}}}
		if r := experimentOf(e, Digest{}).Recovery; r == nil || r.Limit != 30 || (r.Took != nil) != tt.took {
			t.Errorf("%s: %+v", name, r)
		}
	}
}
