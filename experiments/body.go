package experiments

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"unicode/utf8"

	"github.com/blastgauge/blastgauge/experiments/shape"
	"github.com/blastgauge/blastgauge/injectors"
)

// maxBody is how long a document may be that is sent with a fault, in bytes.
const maxBody = 1 << 20

// readBodies reads the files that faults serve in place of the real document.
// Their names are relative to the experiment.
func readBodies(d *shape.Document, e *Experiment) {
	for i := range e.Faults {
		f := &e.Faults[i]
		operator, parameters := f.Attributes.Operator()
		from := injectors.FileAttribute(operator)
		name, ok := parameters[from].(string)
		if !ok {
			continue
		}
		body, problem := readBody(filepath.Join(filepath.Dir(e.File), filepath.FromSlash(name)), name)
		if problem != "" {
			d.Fail(d.At(fmt.Sprintf("faults[%d].%s.%s", i, operator, from)), shape.Diagnostic{Msg: problem})
			continue
		}
		f.setBody(body)
	}
}

// readBody returns the text of a file, or what is wrong with it.
func readBody(file, name string) (body, problem string) {
	if filepath.IsAbs(name) {
		file = name
	}
	info, err := os.Stat(file)
	switch {
	case err != nil:
		return "", file + ": " + shape.FileProblem(err)
	case !info.Mode().IsRegular():
		return "", file + " is not a file"
	}
	f, err := os.Open(file)
	if err != nil {
		return "", file + ": " + shape.FileProblem(err)
	}
	defer func() { _ = f.Close() }() // nothing was written
	text, err := io.ReadAll(io.LimitReader(f, maxBody+1))
	switch {
	case err != nil:
		return "", file + ": " + shape.FileProblem(err)
	case len(text) > maxBody:
		return "", file + " is larger than 1 MiB, too large to be sent with a fault"
	case !utf8.Valid(text):
		return "", file + " is not UTF-8 text"
	}
	return string(text), ""
}
