package experiments

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"go.yaml.in/yaml/v3"
)

// SystemFile is the name that a system's document has by convention.
const SystemFile = "blastgauge.yaml"

// Load reads and validates a system and its experiments, and each experiment
// against the system. The error, if any, is of class [ErrInvalid] and holds
// every mistake in every file as an [Error]; [Explain] renders them. After an
// error the documents are not to be used.
func Load(systemFile string, experimentFiles []string) (*System, []*Experiment, error) {
	system := readSource(systemFile)
	list := make([]source, len(experimentFiles))
	for i, file := range experimentFiles {
		list[i] = readSource(file)
	}
	return load(system, list)
}

// A source is the text of a document, or why there is none.
type source struct {
	file string
	text []byte
	err  error
}

// readSource reads one byte more than a document may have, so that too large
// a file is known without being read.
func readSource(file string) source {
	f, err := os.Open(file)
	if err != nil {
		return source{file: file, err: err}
	}
	defer f.Close() //nolint:errcheck // nothing was written
	text, err := io.ReadAll(io.LimitReader(f, maxBytes+1))
	return source{file: file, text: text, err: err}
}

func load(system source, list []source) (*System, []*Experiment, error) {
	sd, s := decodeSystem(system)
	docs := []*decoder{sd}
	experiments := make([]*Experiment, 0, len(list))
	where := map[string]string{}
	for _, src := range list {
		d, e := decodeExperiment(src)
		docs = append(docs, d)
		experiments = append(experiments, e)
		if other, taken := where[e.ID]; taken && e.ID != "" {
			d.fail(d.at("experiment"), complaint{msg: fmt.Sprintf("the id %s is already that of %s", e.ID, other)})
		}
		where[e.ID] = fmt.Sprintf("%s:%d", e.File, e.Line)
		if sd.root != nil && d.root != nil {
			checkExperiment(d, e, s)
		}
	}
	if err := joined(docs); err != nil {
		return nil, nil, err
	}
	return s, experiments, nil
}

func decodeSystem(src source) (*decoder, *System) {
	s := &System{File: src.file, Text: string(src.text), Defaults: unset()}
	d := newDecoder(src.file, src.text)
	d.document(src, systemShape(s), "system", "experiment")
	s.places, s.outers = d.places(), d.outers()
	return d, s
}

func decodeExperiment(src source) (*decoder, *Experiment) {
	e := &Experiment{File: src.file, Text: string(src.text), Settings: unset()}
	d := newDecoder(src.file, src.text)
	d.document(src, experimentShape(e), "experiment", "system")
	d.readDocuments(e)
	e.places, e.outers = d.places(), d.outers()
	if d.given("experiment") {
		e.Line = d.key("experiment").Line
	}
	return d, e
}

// document reads a whole document of one kind. other is the key that tells
// that it is of the other kind.
func (d *decoder) document(src source, s shape, kind, other string) {
	if src.err != nil {
		d.failAt(span{}, complaint{msg: fileProblem(src.err)})
		return
	}
	root := d.parse(src.text)
	if root == nil {
		return
	}
	if hasKey(root, other) && !hasKey(root, kind) {
		article := map[string]string{"system": "a system", "experiment": "an experiment"}
		d.fail(root, complaint{msg: fmt.Sprintf("this is the document of %s, where that of %s is needed", article[other], article[kind])})
		return
	}
	s.read(d, root, "")
}

func hasKey(n *yaml.Node, key string) bool {
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if open(n.Content[i]).Value == key {
			return true
		}
	}
	return false
}

// fileProblem says why a file could not be read, without repeating its name.
func fileProblem(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "the file does not exist"
	case errors.Is(err, fs.ErrPermission):
		return "the file may not be read"
	}
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return "the file cannot be read: " + e.Err.Error()
	}
	return "the file cannot be read: " + err.Error()
}

// Place is where a field of the document stands, by its path, such as
// "faults[0].into".
func (e *Experiment) Place(path string) (Place, bool) {
	p, ok := e.places[path]
	return p, ok
}

// Place is where a field of the document stands, by its path, such as
// "journeys.checkout.steps[1].request".
func (s *System) Place(path string) (Place, bool) {
	p, ok := s.places[path]
	return p, ok
}

// Find searches dir and the folders around it for a system's document. The
// error is of class [ErrInvalid].
func Find(dir string) (string, error) {
	start, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("%w: %s: %w", ErrInvalid, dir, err)
	}
	for at := start; ; at = filepath.Dir(at) {
		file := filepath.Join(at, SystemFile)
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() {
			return shortest(file), nil
		}
		if at == filepath.Dir(at) {
			return "", fmt.Errorf("%w: no %s in %s or above it (name one with -f, or make one with: blastgauge init)", ErrInvalid, SystemFile, start)
		}
	}
}

// shortest is a file as seen from the working directory, where it lies below
// it.
func shortest(file string) string {
	wd, err := os.Getwd()
	if err != nil {
		return file
	}
	if rel, err := filepath.Rel(wd, file); err == nil && filepath.IsLocal(rel) {
		return rel
	}
	return file
}

// DefaultExperiments lists experiments/*.yaml beside a system's document,
// sorted. It is empty where there are none.
func DefaultExperiments(systemFile string) ([]string, error) {
	dir := filepath.Join(filepath.Dir(systemFile), "experiments")
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	var files []string
	for _, e := range entries {
		if !e.IsDir() && filepath.Ext(e.Name()) == ".yaml" && e.Name()[0] != '.' {
			files = append(files, filepath.Join(dir, e.Name()))
		}
	}
	slices.Sort(files)
	return files, nil
}
