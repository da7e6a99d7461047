package experiments

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"unicode/utf8"

	"github.com/blastgauge/blastgauge/experiments/atomicfile"
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
	text, problem := readRegular(file, maxBody)
	if problem == "" && !utf8.Valid(text) {
		problem = file + " is not UTF-8 text"
	}
	return string(text), problem
}

// readRegular returns the content of a file, or what is wrong with it. What is no file
// could be waited for, or read for ever.
func readRegular(file string, most int64) (content []byte, problem string) {
	info, err := os.Stat(file)
	switch {
	case err != nil:
		return nil, file + ": " + shape.FileProblem(err)
	case !info.Mode().IsRegular():
		return nil, file + " is " + atomicfile.Describe(info.Mode()) + ", and a file is needed"
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, file + ": " + shape.FileProblem(err)
	}
	defer func() { _ = f.Close() }() // nothing was written
	content, err = io.ReadAll(io.LimitReader(f, most+1))
	switch {
	case err != nil:
		return nil, file + ": " + shape.FileProblem(err)
	case int64(len(content)) > most:
		return nil, fmt.Sprintf("%s is larger than %d MiB, too large to be sent", file, most>>20)
	}
	return content, ""
}
