package approval

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/statements"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
	"github.com/blastgauge/blastgauge/experiments/atomicfile"
	"github.com/blastgauge/blastgauge/experiments/gate/policy"
	"github.com/blastgauge/blastgauge/experiments/gate/requirements"
	"github.com/blastgauge/blastgauge/experiments/gate/statement"
	"github.com/blastgauge/blastgauge/experiments/shape"
)

// NoFile in place of a candidate: only subjects are asked about.
const NoFile = "-"

// StatementOf is the file of statements about a candidate, where nothing else is said.
func StatementOf(candidate string) string { return candidate + ".intoto.jsonl" }

// patience is how long a pipe in place of a file may take.
const patience = 10 * time.Second

// Verify is what the command line says of a decision, as it is written there.
type Verify struct {
	Candidate    string // a file, or [NoFile]
	Statement    string // empty: [StatementOf] the candidate
	Keys         []string
	Subjects     []string
	SubjectFiles []string
	Approvers    []string // files of keys that count beside one of Keys alone
	Experiments  []string
	// ExperimentFiles must have been run as they are.
	ExperimentFiles []string
	MaxHarm         string // share; empty: any
	Above           string // share above which two people have to sign; empty: none
	MaxAttempts     int    // 0: any number
	Environment     string // empty: any
	System          string // file; empty: any
	AcceptBypass    bool
	At              string // RFC 3339; empty: now
}

// Decide decides whether the change may pass. It opens files and nothing else. An error is a
// [usage.Error] for flags that are wrong, and any other for files that cannot be read.
func (v *Verify) Decide(now time.Time) (*policy.Decision, error) {
	if err := v.check(); err != nil {
		return nil, usage.Error{Err: err}
	}
	req, err := v.requirements()
	if err != nil {
		return nil, usage.Error{Err: err}
	}
	in := policy.Input{Now: now}
	if in.Subjects, err = readSubjects(v.Subjects); err != nil {
		return nil, usage.Error{Err: err}
	}
	if v.At != "" {
		if in.Now, err = time.Parse(time.RFC3339, v.At); err != nil {
			return nil, usage.Errorf("--at %.80q: write a time such as 2026-11-30T09:00:00Z", v.At)
		}
	}
	if err := v.read(&in, &req); err != nil {
		return nil, err
	}
	d := policy.Decide(in, req)
	if in.File == nil && d.Has(policy.NoStatement) {
		d.Denied = []policy.Reason{{Code: policy.NoStatement, Text: "there is no file " + StatementOf(v.Candidate) + ": measure the change with --statement, or say with --statement where its statements are"}}
	}
	if v.At != "" {
		d.At = in.Now
	}
	return d, nil
}

// check refuses what is not said well enough to decide by.
func (v *Verify) check() error {
	switch {
	case v.Candidate == "":
		return errors.New("--verify: the FILE of the candidate is needed, or - and --subject")
	case v.Candidate == NoFile && len(v.Subjects)+len(v.SubjectFiles) == 0:
		return errors.New("--verify -: there is no candidate, so --subject NAME@sha256:DIGEST says what is meant")
	case v.Candidate == NoFile && v.Statement == "":
		return errors.New("--verify -: --statement FILE says where the statements are")
	case len(v.Keys) == 0:
		return errors.New("--verify: --key PUBLIC.pem says whose signatures are trusted")
	case v.MaxAttempts < 0:
		return fmt.Errorf("--max-attempts %d: 1 or more", v.MaxAttempts)
	case slices.Contains(v.Experiments, ""):
		return errors.New("--require-experiments: an ID is empty")
	}
	return nil
}

func (v *Verify) requirements() (policy.Requirements, error) {
	req := policy.Requirements{Experiments: v.Experiments, MaxAttempts: v.MaxAttempts, AcceptBypass: v.AcceptBypass, Environment: v.Environment}
	for _, share := range []struct {
		flag, text string
		to         **float64
	}{{"--max-harm", v.MaxHarm, &req.MaxHarm}, {"--second-approver-above", v.Above, &req.SecondApproverAbove}} {
		if share.text == "" {
			continue
		}
		s, err := shape.ParseShare(share.text)
		if err != nil {
			return req, fmt.Errorf("%s: %w", share.flag, err)
		}
		*share.to = &s
	}
	return req, nil
}

// readSubjects reads digests. The name before one counts for nothing, and may be missing.
func readSubjects(texts []string) ([]statement.Digest, error) {
	var list []statement.Digest
	for _, text := range texts {
		d, err := statement.ParseDigest(text[strings.LastIndex(text, "@")+1:])
		if err != nil {
			return nil, fmt.Errorf("--subject: %w", err)
		}
		list = append(list, d)
	}
	return list, nil
}

// read reads the files that a decision needs.
func (v *Verify) read(in *policy.Input, req *policy.Requirements) (err error) {
	if v.Candidate != NoFile {
		if in.Candidate, err = atomicfile.ReadGiven(v.Candidate, statement.MostBytes, patience); err != nil {
			return err
		}
		if in.Candidate == nil { // a file without bytes is a candidate, too
			in.Candidate = []byte{}
		}
	}
	for _, path := range v.SubjectFiles {
		text, err := atomicfile.ReadGiven(path, statement.MostBytes, patience)
		if err != nil {
			return fmt.Errorf("--subject-file: %w", err)
		}
		in.Subjects = append(in.Subjects, statement.DigestOf(text))
	}
	for _, path := range v.ExperimentFiles {
		digest, err := requirements.DigestOfDocument(path)
		if err != nil {
			return fmt.Errorf("--experiment-file: %w", err)
		}
		req.Documents = append(req.Documents, *digest)
	}
	if v.System != "" {
		if req.System, err = requirements.DigestOfDocument(v.System); err != nil {
			return fmt.Errorf("--system: %w", err)
		}
	}
	if in.Keys, err = statements.ReadPublicKeys(v.Keys); err != nil {
		return fmt.Errorf("--key: %w", err)
	}
	if in.Approvers, err = statements.ReadPublicKeys(v.Approvers); err != nil {
		return fmt.Errorf("--approver: %w", err)
	}
	in.File, err = v.readStatements()
	return err
}

// readStatements reads the file of statements. That there is none beside the candidate is no
// error: nobody measured it.
func (v *Verify) readStatements() ([]byte, error) {
	text, err := statements.ReadFile(cmp.Or(v.Statement, StatementOf(v.Candidate)))
	switch {
	case err == nil:
		return append([]byte{}, text...), nil // not nil, which means that there is no file
	case v.Statement != "":
		return nil, fmt.Errorf("--statement: %w", err)
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	}
	return nil, err
}
