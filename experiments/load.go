package experiments

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/atomicfile"
	"github.com/blastgauge/blastgauge/experiments/rows"
	"github.com/blastgauge/blastgauge/experiments/shape"
)

// SystemFile is the name that a system's document has by convention.
const SystemFile = "blastgauge.yaml"

// systemFiles are the names under which a system's document is found.
func systemFiles() []string { return []string{SystemFile, "blastgauge.yml"} }

// Load reads and validates a system and its experiments, and each experiment
// against the system. The error is of class [ErrInvalid] and holds every mistake
// in every file as a [shape.Error]; [Explain] renders them.
func Load(systemFile string, experimentFiles []string) (*System, []*Experiment, error) {
	return Outside{}.Load(systemFile, experimentFiles)
}

// Outside is what documents take from outside of them.
type Outside struct {
	// Getenv looks up the variables of addresses and rates; nil: none is set. What is
	// missing is no error of Load, see [CheckAddresses].
	Getenv func(name string) (string, bool)
	// Set are values in place of those in the system's document, each as PATH=VALUE, see
	// [shape.Override].
	Set []string
	// Silent tells nobody what a run does: the receivers of the system's document are
	// checked and left out, and their variables need not be set.
	Silent bool
}

// Load is [Load] with values from outside.
func (o Outside) Load(systemFile string, experimentFiles []string) (*System, []*Experiment, error) {
	return o.load(shape.ReadFile(systemFile), readFiles(experimentFiles))
}

func readFiles(files []string) []shape.Source {
	list := make([]shape.Source, len(files))
	for i, file := range files {
		list[i] = shape.ReadFile(file)
	}
	return list
}

// LoadSystem loads the system's document alone, and checks that every address in it is
// known. An empty file is searched for from the working directory upwards, see [Find].
func (o Outside) LoadSystem(file string) (*System, error) {
	if file == "" {
		var err error
		if file, err = Find("."); err != nil {
			return nil, err
		}
	}
	system, _, err := o.Load(file, nil)
	if err != nil {
		return nil, err
	}
	return system, CheckAddresses(system)
}

func (o Outside) load(system shape.Source, list []shape.Source) (*System, []*Experiment, error) {
	docs, s, experiments, err := o.decode(system, list)
	if err == nil {
		err = shape.Join(docs...)
	}
	if err != nil {
		return nil, nil, err
	}
	return s, experiments, nil
}

// decode reads a system and its experiments, and notes what is wrong in the documents. The
// error is about what is set from outside.
func (o Outside) decode(system shape.Source, list []shape.Source) ([]*shape.Document, *System, []*Experiment, error) {
	set, err := overrides(o.Set)
	if err != nil {
		return nil, nil, nil, err
	}
	sd, s := o.decodeSystem(system, set)
	s.Set = o.Set
	docs := []*shape.Document{sd}
	experiments := make([]*Experiment, 0, len(list))
	where := map[string]string{}
	_, systemRead := sd.Root()
	for _, src := range list {
		d, e := decodeExperiment(src, o.Getenv)
		docs = append(docs, d)
		experiments = append(experiments, e)
		if other, taken := where[e.ID]; taken && e.ID != "" {
			d.Fail(d.At("experiment"), shape.Diagnostic{Msg: fmt.Sprintf("the id %s is already that of %s", e.ID, other)})
		}
		where[e.ID] = fmt.Sprintf("%s:%d", e.File, e.Line)
		if _, read := d.Root(); systemRead && read {
			checkExperiment(d, e, s)
		}
	}
	return docs, s, experiments, nil
}

func (o Outside) decodeSystem(src shape.Source, set []shape.Override) (*shape.Document, *System) {
	s := &System{File: src.File, Text: string(src.Text), Defaults: unset()}
	d := shape.NewDocument(src, language())
	d.Override(set)
	readDocument(d, systemShape(s, environment{getenv: o.Getenv, unset: &s.unset, folder: filepath.Dir(src.File), tables: map[string]*rows.Table{}, elsewhere: new(bool), silent: o.Silent}), SystemKind)
	s.places, s.env = d.Places(), envReferences(d)
	if o.Silent {
		s.Notify, s.notifyEnv = nil, nil
	}
	return d, s
}

func decodeExperiment(src shape.Source, getenv func(string) (string, bool)) (*shape.Document, *Experiment) {
	e := &Experiment{File: src.File, Text: string(src.Text), Settings: unset()}
	d := shape.NewDocument(src, language())
	readDocument(d, experimentShape(e, environment{getenv: getenv, unset: &e.unset}), ExperimentKind)
	readBodies(d, e)
	e.places, e.env = d.Places(), envReferences(d)
	if d.Given("experiment") {
		e.Line = d.Key("experiment").Line()
	}
	return d, e
}

// readDocument reads a whole document. The name of its kind is one of its keys.
func readDocument(d *shape.Document, s shape.Shape, kind Kind) {
	root, ok := d.Parse()
	if !ok {
		return
	}
	_, is := root.Lookup(string(kind))
	if got := kindOf(root); got != "" && got != kind && (!is || got == GameDayKind) {
		wrong := shape.Diagnostic{Msg: fmt.Sprintf("this document describes %s, and one of %s is needed here", got.describe(), kind.describe())}
		if got == GameDayKind {
			wrong.Hint = "run and plan take it behind --gameday"
		}
		d.Fail(root, wrong)
		return
	}
	s.Read(d, root, "")
}

// kindOf is the kind of a document, going by its keys; empty where they do not tell. That of
// a game day may name its system.
func kindOf(root shape.Node) Kind {
	for _, kind := range []Kind{GameDayKind, ExperimentKind, SystemKind} {
		if _, is := root.Lookup(string(kind)); is {
			return kind
		}
	}
	return ""
}

// describe names what a document of the kind describes.
func (k Kind) describe() string {
	switch k {
	case SystemKind:
		return "a system"
	case GameDayKind:
		return "a game day"
	}
	return "an experiment"
}

// Find returns the system's document in dir or in the nearest folder around it.
// The error is of class [ErrInvalid].
func Find(dir string) (string, error) {
	start, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("%w: %s: %w", ErrInvalid, dir, err)
	}
	for at := start; ; at = filepath.Dir(at) {
		var found []string
		for _, name := range systemFiles() {
			if info, err := os.Stat(filepath.Join(at, name)); err == nil && info.Mode().IsRegular() {
				found = append(found, shortest(filepath.Join(at, name)))
			}
		}
		switch len(found) {
		case 0:
		case 1:
			return found[0], nil
		default:
			return "", fmt.Errorf("%w: %s are both there: name one with -f, or remove the other", ErrInvalid, strings.Join(found, " and "))
		}
		if at == filepath.Dir(at) {
			return "", fmt.Errorf("%w: no %s in %s or above it (name one with -f, or make one with: blastgauge init)", ErrInvalid, SystemFile, start)
		}
	}
}

// shortest returns a file as seen from the working directory, if it is below it.
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

// DefaultExperiments returns experiments/*.yaml and *.yml beside a system's document,
// sorted. It is empty if there are none.
func DefaultExperiments(systemFile string) ([]string, error) {
	return documentsIn(filepath.Join(filepath.Dir(systemFile), "experiments"))
}

// documentsIn returns the documents in a folder, sorted. It is empty if there are none,
// or no folder.
func documentsIn(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	var files []string
	for _, e := range entries {
		if !e.IsDir() && slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(e.Name())) && e.Name()[0] != '.' {
			files = append(files, filepath.Join(dir, e.Name()))
		}
	}
	slices.Sort(files)
	if err := checkFound(files); err != nil {
		return files, err
	}
	return slices.DeleteFunc(files, isCommentedOut), nil
}

// isCommentedOut reports whether a file holds comments alone: somebody has switched the
// experiment off, or has not switched it on yet. A file that is empty is a mistake, and
// so is one that is named and holds nothing else.
func isCommentedOut(file string) bool {
	info, err := os.Stat(file)
	if err != nil || info.Size() > shape.MaxBytes {
		return false
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return false
	}
	comments := 0
	for line := range strings.Lines(string(text)) {
		switch line = strings.TrimSpace(line); {
		case strings.HasPrefix(line, "#"):
			comments++
		case line != "":
			return false
		}
	}
	return comments > 0
}

// checkFound refuses what was found and is no file, where the user named a folder: a
// pipe there would be waited for. A pipe that the user names may be read.
func checkFound(files []string) error {
	for _, file := range files {
		if info, err := os.Stat(file); err == nil && !info.Mode().IsRegular() {
			return fmt.Errorf("%w: %s is %s, and a document is needed", ErrInvalid, file, atomicfile.Describe(info.Mode()))
		}
	}
	return nil
}
