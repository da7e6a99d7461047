package gate

import (
	"time"

	"github.com/blastgauge/blastgauge/experiments/gate/statement"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/injectors/badconfig"
)

// Findings are what a gate found, and a [Report] is made of.
type Findings struct {
	Result *result.Result // of the candidate's run, with its exit code
	Dir    string         // of that run
	Code   int            // that the gate ends with
	Ended  time.Time

	Candidate    Document
	Served       *Document // nil: it is not known
	Changed      []Changed
	Smallest     *Smallest // nil: none was found, or nothing fails
	Neighborhood []Neighbor
	NotMeasured  []NotMeasured
	Near         []string // ids of the runs beside

	Attempts     statement.Attempts
	MostAttempts int
	Budget       time.Duration
	Spent        time.Duration
}

// Make makes the report of what a gate found.
func Make(f Findings) *Report {
	r := &Report{
		Schema: Schema, Tool: statement.Tool{Name: statement.ToolName, Version: f.Result.Tool.Version},
		Run: f.Result.Run.ID, Dir: f.Dir, Near: f.Near, System: f.Result.System.Name, Environment: f.Result.System.Environment,
		Started: f.Result.Run.Started, Ended: f.Ended,
		Candidate: f.Candidate, Served: f.Served, Verdict: verdictOf(f.Result), ExitCode: f.Code,
		Changed: []Changed{}, Measured: measuredOf(f.Result), Failures: failuresOf(f.Result), Smallest: f.Smallest, Neighborhood: []Neighbor{}, NotMeasured: f.NotMeasured,
		Attempts: f.Attempts, MostAttempts: f.MostAttempts, Bypasses: f.Attempts.Bypasses, Budget: f.Budget.Seconds(), Spent: f.Spent.Seconds(),
	}
	r.Attempts.List = append([]statement.Attempt{}, f.Attempts.List...) // not null
	for _, c := range f.Changed {
		c.From, c.To = masked(c.Pointer, c.From), masked(c.Pointer, c.To)
		r.Changed = append(r.Changed, c)
	}
	for _, n := range f.Neighborhood {
		n.From, n.Value, n.Parameters = masked(n.Pointer, n.From), masked(n.Pointer, n.Value), masked(n.Pointer, n.Parameters)
		r.Neighborhood = append(r.Neighborhood, n)
	}
	r.Sentence = r.sentence(f.Result)
	return r
}

// NewDocument is a version of a config. file is how it was named, source where it was read
// from if it was not named.
func NewDocument(file, source, text string) Document {
	name := file
	if name == "" {
		name = source
	}
	return Document{File: file, Source: source, Digest: statement.DigestOf([]byte(text)), Format: string(badconfig.Detect(name, []byte(text)))}
}

// verdictOf is the verdict on the candidate: that on its run, also where it was cut short.
func verdictOf(r *result.Result) result.Verdict {
	v := statement.VerdictOf(r)
	for i := range r.Experiments {
		v = statement.Worse(v, r.Experiments[i].Verdict)
	}
	return v
}

// Change is what a statement says of the change.
func (r *Report) Change() *statement.Change {
	c := &statement.Change{To: r.Candidate.Digest, Pointers: []string{}, Neighbourhood: []statement.Neighbor{}}
	if r.Served != nil {
		from := r.Served.Digest
		c.From = &from
	}
	for _, p := range r.Changed {
		if statement.IsLine(p.Pointer) {
			c.Pointers = append(c.Pointers, p.Pointer)
		}
	}
	for i := range r.Neighborhood {
		if n := stated(&r.Neighborhood[i]); statement.IsLine(n.Pointer) {
			c.Neighbourhood = append(c.Neighbourhood, n)
		}
	}
	if n := r.NearestFailing(); n != nil && statement.IsLine(n.Pointer) {
		nearest := stated(n)
		c.NearestFailing = &nearest
	}
	return c
}

func stated(n *Neighbor) statement.Neighbor {
	s := statement.Neighbor{Operator: n.Operator, Pointer: n.Pointer, Value: string(n.Value), Verdict: n.Verdict, Harm: n.Harm}
	if !statement.IsLine(s.Value) {
		s.Value = ""
	}
	return s
}

// NearestFailing is the nearest neighbor that was found to fail; nil where none was.
func (r *Report) NearestFailing() *Neighbor {
	for i := range r.Neighborhood {
		if r.Neighborhood[i].Verdict == result.Refuted {
			return &r.Neighborhood[i]
		}
	}
	return nil
}
