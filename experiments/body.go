package experiments

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
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
		place := d.At(fmt.Sprintf("faults[%d].%s.%s", i, operator, from))
		file := environment{folder: filepath.Dir(e.File)}.pathOf(name)
		if wrong, missing := missingFile(name, file); missing {
			d.Fail(place, wrong)
			continue
		}
		body, problem := readBody(file)
		if problem != "" {
			d.Fail(place, shape.Diagnostic{Msg: problem})
			continue
		}
		f.setBody(body)
	}
}

// readBody returns the text of a file, or what is wrong with it.
func readBody(file string) (body, problem string) {
	text, problem := readRegular(file, maxBody)
	if problem == "" && !utf8.Valid(text) {
		problem = file + " is not UTF-8 text"
	}
	return string(text), problem
}

// missingFile says where a file that a document names was looked for, and which one there
// has a name like it. It reports false where there is something of that name.
func missingFile(name, file string) (wrong shape.Diagnostic, missing bool) {
	if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
		return shape.Diagnostic{}, false
	}
	folder, where := filepath.Dir(file), "in the current folder"
	if folder != "." {
		where = "in " + folder
	}
	wrong.Msg = name + ": the file does not exist " + where
	entries, err := os.ReadDir(folder)
	if err != nil {
		return wrong, true
	}
	var names []string
	for _, e := range entries[:min(len(entries), 1000)] {
		if !e.IsDir() {
			names = append(names, e.Name())
		}
	}
	if near := shape.Nearest(filepath.Base(file), names); near != "" {
		wrong.Hint = fmt.Sprintf("did you mean %q?", path.Join(path.Dir(filepath.ToSlash(name)), near))
	}
	return wrong, true
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
