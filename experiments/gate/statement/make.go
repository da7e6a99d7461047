package statement

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/experiments/gate/strictjson"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// ErrNoSubject means that nothing says what a statement is about.
var ErrNoSubject = errors.New("a statement needs a subject: the file of the candidate, --subject NAME@sha256:DIGEST, or a run that knows its commit")

// ErrUnbound means that a result does not hold what a statement is bound to: the texts of
// its documents, or when it ended.
var ErrUnbound = errors.New("the result cannot be bound to what was measured")

// ValidFor is how long a statement is valid after the run, if nothing else is said.
const ValidFor = 72 * time.Hour

// ToolName is the name of the program in its statements.
const ToolName = "blastgauge"

// Options are what a statement says beside the result.
type Options struct {
	Subjects     []Subject // the candidate first; the commit of the run is added
	ToolDigest   *Digest   // of the program's file; nil: not known
	ValidFor     time.Duration
	URL          string // of a page that shows the result
	StrictInToto bool   // invalid and not_run are FAILED: the specification has no word for them
	Change       *Change
	Attempts     Attempts
	Comparison   *Comparison
	Bypass       *Bypass
	// SecondApproverAbove is the share of harm above which a second person has to approve;
	// nil: none has to.
	SecondApproverAbove *float64
}

// A Pair is the two statements about a run. They have the same subjects and say the same.
type Pair struct {
	TestResult Statement[TestResult]
	Resilience Statement[Resilience]
}

// Make makes the statements about a result.
func Make(r *result.Result, o Options) (*Pair, error) {
	subjects := slices.Clone(o.Subjects)
	if s, ok := OfCommit(r.Run.Commit); ok && !slices.Contains(subjects, s) {
		subjects = append(subjects, s)
	}
	if len(subjects) == 0 {
		return nil, ErrNoSubject
	}
	b, err := resilienceOf(r, o)
	if err != nil {
		return nil, err
	}
	a := testResultOf(b, r.Documents[0].File, o.URL, o.StrictInToto)
	p := &Pair{
		TestResult: Statement[TestResult]{Type, subjects, TestResultType, a},
		Resilience: Statement[Resilience]{Type, subjects, ResilienceType, *b},
	}
	if err := errors.Join(checkTestResult(&p.TestResult), checkResilience(&p.Resilience)); err != nil {
		return nil, err
	}
	return p, p.Check()
}

// Bytes are both statements in canonical form, the test result first. Each is what a
// signature is made of, and a line of a file holds one.
func (p *Pair) Bytes() (testResult, resilience []byte, err error) {
	if testResult, err = canonical(p.TestResult); err != nil {
		return nil, nil, err
	}
	resilience, err = canonical(p.Resilience)
	return testResult, resilience, err
}

// resilienceOf turns a result into our predicate.
func resilienceOf(r *result.Result, o Options) (*Resilience, error) {
	if r.Run.Ended.IsZero() {
		return nil, fmt.Errorf("%w: run %s did not come to its end", ErrUnbound, r.Run.ID)
	}
	documents, err := documentsOf(r)
	if err != nil {
		return nil, err
	}
	valid := o.ValidFor
	if valid == 0 {
		valid = ValidFor
	}
	b := &Resilience{
		Tool: Tool{ToolName, r.Tool.Version, o.ToolDigest}, Run: r.Run.ID, Environment: r.System.Environment,
		System: Document{r.System.Name, documents.system}, Overrides: documents.overrides(r),
		Started: Moment(r.Run.Started), Finished: Moment(r.Run.Ended), ValidUntil: Moment(r.Run.Ended.Add(valid)),
		Verdict: VerdictOf(r), ExitCode: r.Run.ExitCode, Experiments: []Experiment{},
		Attempts: o.Attempts, Comparison: o.Comparison, Bypass: o.Bypass,
	}
	b.Attempts.List = append([]Attempt{}, o.Attempts.List...) // not null
	if o.Change != nil {
		change := *o.Change
		change.Pointers = append([]string{}, change.Pointers...)
		change.Neighbourhood = append([]Neighbor{}, change.Neighbourhood...)
		b.Change = &change
	}
	for i := range r.Experiments {
		b.Experiments = append(b.Experiments, experimentOf(&r.Experiments[i], documents.experiments[i]))
	}
	if r.Scan != nil {
		b.Experiments = append(b.Experiments, cellsOf(r, documents.system)...)
	}
	for _, e := range b.Experiments {
		b.Verdict = Worse(b.Verdict, e.Verdict) // of a run that was cut short, what was found even so
	}
	if above := o.SecondApproverAbove; above != nil {
		b.Budget = &Budget{SecondApproverAbove: *above, High: 1}
		if high, known := b.HighestHarm(); known {
			b.Budget.High = high
		}
	}
	return b, nil
}

// Moment is a time as statements have it.
func Moment(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

// HighestHarm is the highest upper bound of harm of any journey; false where a journey has
// none, or where there are no journeys: then any share can be harmed.
func (b *Resilience) HighestHarm() (high float64, known bool) {
	high, known = -1, true
	journeys := 0
	for _, e := range b.Experiments {
		for _, j := range e.Journeys {
			journeys++
			if j.Harm == nil {
				known = false
				continue
			}
			high = max(high, j.Harm.High)
		}
	}
	return high, known && journeys > 0
}

// VerdictOf is the verdict on a whole run: the worst of its experiments. It knows of no
// verdicts that were allowed.
func VerdictOf(r *result.Result) result.Verdict {
	switch r.Exit(nil) {
	case result.ExitHeld:
		return result.Held
	case result.ExitRefuted:
		return result.Refuted
	case result.ExitInconclusive:
		return result.Inconclusive
	}
	verdict := result.NotRun
	if r.Scan != nil || r.Run.Outcome != result.Completed {
		verdict = result.Invalid
	}
	for _, e := range r.Experiments {
		if slices.ContainsFunc(e.Faults, func(f result.Fault) bool { return f.Intended && !f.RemovalVerified }) {
			verdict = Worse(verdict, result.Invalid)
		}
		verdict = Worse(verdict, e.Verdict)
	}
	return verdict
}

// Worse is the worse of two verdicts, for one who has to rely on them: refuted, invalid,
// not_run, inconclusive, held.
func Worse(a, b result.Verdict) result.Verdict {
	order := []result.Verdict{result.Held, result.Inconclusive, result.NotRun, result.Invalid, result.Refuted}
	if slices.Index(order, b) > slices.Index(order, a) {
		return b
	}
	return a
}

// outcomeOf is a verdict in the words of in-toto.
func outcomeOf(v result.Verdict, strict bool) Outcome {
	switch {
	case v == result.Held:
		return Passed
	case v == result.Inconclusive:
		return Warned
	case v == result.Refuted || strict:
		return Failed
	case v == result.NotRun:
		return Skipped
	}
	return Error
}

// CompareWith is what a comparison with runs found, by its exit code. The error is for one
// that no comparison has.
func CompareWith(base []string, exitCode int) (*Comparison, error) {
	verdict, ok := comparisonVerdict(exitCode)
	if !ok {
		return nil, fmt.Errorf("a comparison that ends with exit code %d says nothing about its runs", exitCode)
	}
	return &Comparison{base, verdict, exitCode}, nil
}

// comparisonVerdict is the verdict of a comparison that ends with an exit code.
func comparisonVerdict(code int) (result.Verdict, bool) {
	switch code {
	case result.ExitHeld:
		return result.Held, true
	case result.ExitRefuted:
		return result.Refuted, true
	case result.ExitInvalid:
		return result.Invalid, true
	}
	return "", false
}

// testResultOf says what our predicate says in the words of in-toto. file is the name of
// the system's document.
func testResultOf(b *Resilience, file, url string, strict bool) TestResult {
	verdict := b.Verdict
	if b.Comparison != nil { // other tools know of no comparison, and are to deny what it denies
		verdict = Worse(verdict, b.Comparison.Verdict)
	}
	a := TestResult{Result: outcomeOf(verdict, strict), URL: url}
	for _, e := range b.Experiments {
		if !e.isCell() {
			a.Configuration = append(a.Configuration, Document{e.ID, e.Digest})
		}
		switch outcomeOf(e.Verdict, strict) {
		case Passed:
			a.PassedTests = append(a.PassedTests, e.ID)
		case Warned:
			a.WarnedTests = append(a.WarnedTests, e.ID)
		case Failed:
			a.FailedTests = append(a.FailedTests, e.ID)
		}
	}
	a.Configuration = append(a.Configuration, Document{file, b.System.Digest})
	return a
}

// Check returns where the two statements do not say the same.
func (p *Pair) Check() error {
	if !slices.Equal(p.TestResult.Subject, p.Resilience.Subject) {
		return fmt.Errorf("%w: the two statements are about different subjects", strictjson.ErrMalformed)
	}
	a, b := &p.TestResult.Predicate, &p.Resilience.Predicate
	file := a.Configuration[len(a.Configuration)-1].Name // it was checked that there is one
	for _, strict := range []bool{false, true} {
		if reflect.DeepEqual(*a, testResultOf(b, file, a.URL, strict)) {
			return nil
		}
	}
	return fmt.Errorf("%w: the two statements do not say the same: %s and %s", strictjson.ErrMalformed, a.Result, b.Verdict)
}
