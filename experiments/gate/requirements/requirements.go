// Package requirements reads what a gate requires of statements from a document in YAML.
package requirements

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/blastgauge/blastgauge/experiments/gate/policy"
	"github.com/blastgauge/blastgauge/experiments/gate/statement"
	"github.com/blastgauge/blastgauge/experiments/shape"
)

const (
	mostAttempts    = 1000
	mostExperiments = 1000
)

// Read reads the document of a policy, and the document of the system that it names. The
// error holds every mistake, as that of [shape.Join].
func Read(file string) (policy.Requirements, error) {
	var r policy.Requirements
	var system string
	var experiments []string
	d := shape.NewDocument(shape.ReadFile(file), shape.Language{EmptyHint: "`require_experiments: [payments-down]` is one to begin with"})
	root, ok := d.Parse()
	if ok {
		documentShape(&r, &system, &experiments).Read(d, root, "")
	}
	digest := func(path, at string) *statement.Digest {
		if !filepath.IsAbs(path) {
			path = filepath.Join(filepath.Dir(file), path)
		}
		sum, err := DigestOfDocument(path)
		if err != nil {
			d.Fail(d.At(at), shape.Diagnostic{Msg: err.Error(), Hint: "write the path of the document as seen from this file"})
		}
		return sum
	}
	if system != "" {
		r.System = digest(system, "system")
	}
	for i, path := range experiments {
		if sum := digest(path, fmt.Sprintf("experiment_files[%d]", i)); sum != nil {
			r.Documents = append(r.Documents, *sum)
		}
	}
	if err := shape.Join(d); err != nil {
		return policy.Requirements{}, err
	}
	return r, nil
}

// Schema is the JSON Schema of the document of a policy.
func Schema() ([]byte, error) {
	return shape.JSONSchema(documentShape(&policy.Requirements{}, new(string), new([]string)), "what a gate requires of statements")
}

// documentShape is the document of a policy.
func documentShape(r *policy.Requirements, system *string, experiments *[]string) shape.Shape {
	version := 0
	return shape.Fields{
		{Name: "version", Doc: "version of this language: 1", Shape: shape.Integer{To: &version, Low: 1, High: 1, Want: "1"}, Required: true},
		{Name: "require_experiments", Doc: "ids of experiments that must have been run and have held", Shape: shape.List[string]{To: &r.Experiments, Item: shape.Line, Min: 1, Max: mostExperiments}},
		{Name: "experiment_files", Doc: "files of experiments, as seen from this one: each must have been run and have held exactly as it is there", Shape: shape.List[string]{To: experiments, Item: shape.Line, Min: 1, Max: mostExperiments}},
		{Name: "max_harm", Doc: "share that the upper bound of harm of no journey may exceed, such as 5%", Shape: shape.Optional[float64]{To: &r.MaxHarm, Item: shape.Share}},
		{Name: "second_approver_above", Doc: "share of harm above which two keys must have signed, such as 2%", Shape: shape.Optional[float64]{To: &r.SecondApproverAbove, Item: shape.Share}},
		{Name: "max_attempts", Doc: "how often the same change may be measured; any number by default", Shape: shape.Integer{To: &r.MaxAttempts, Low: 1, High: mostAttempts, Want: "a number of attempts such as 3"}},
		{Name: "environment", Doc: "environment that it must have been measured on, such as staging", Shape: shape.Line(&r.Environment)},
		{Name: "system", Doc: "file of the system's document that it must have been measured with, as seen from this one", Shape: shape.Line(system)},
		{Name: "accept_bypass", Doc: "true: a change passes that somebody let pass without a measurement; false by default", Shape: shape.TrueOrFalse(&r.AcceptBypass)},
	}
}

// DigestOfDocument is the digest of the document of a system or an experiment, as statements are
// bound to it.
func DigestOfDocument(file string) (*statement.Digest, error) {
	src := shape.ReadFile(file)
	switch {
	case src.Err != nil:
		return nil, fmt.Errorf("%s: %s", file, shape.FileProblem(src.Err))
	case len(src.Text) > shape.MaxBytes:
		return nil, errors.New(file + " is larger than 1 MiB, too large for a document")
	}
	d := statement.DigestOf(src.Text)
	return &d, nil
}
