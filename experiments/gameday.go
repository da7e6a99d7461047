package experiments

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/shape"
)

// GameDayFile is the name that the document of a game day has by convention.
const GameDayFile = "gameday.yaml"

// A GameDay is a meeting in which people watch experiments one after the other, and decide
// before each whether it is run.
type GameDay struct {
	Version int           `json:"version"`
	Name    string        `json:"gameday"` // its id
	System  string        `json:"system,omitempty"`
	Items   []GameDayItem `json:"experiments"` // in the order in which they are run
	File    string        `json:"-"`
	Text    string        `json:"-"`
	places  map[string]Place
}

// A GameDayItem is an experiment of a game day, and what people expect of it.
type GameDayItem struct {
	Experiment string   `json:"experiment"` // its id
	Owner      string   `json:"owner,omitempty"`
	Expect     Expected `json:"expect"`
	Question   string   `json:"question,omitempty"`
}

// An Expected is the verdict that people expect of an experiment.
type Expected string

// What can be expected.
const (
	ExpectHeld    Expected = "held"
	ExpectRefuted Expected = "refuted"
)

// maxItems is how many experiments a game day may have.
const maxItems = 100

// Place returns where a field of the document is, by its path, such as
// "experiments[0].owner".
func (g *GameDay) Place(path string) (Place, bool) {
	p, ok := g.places[path]
	return p, ok
}

// gameDayShape is the document of a game day.
func gameDayShape(g *GameDay) shape.Shape {
	return shape.Fields{
		{Name: "version", Doc: "version of this language: 1", Shape: version(&g.Version), Required: true},
		{Name: "gameday", Doc: "id of the game day, such as checkout-november", Shape: id(&g.Name), Required: true},
		{Name: "system", Doc: "file of the system's document, as seen from this one; blastgauge.yaml beside it by default", Shape: shape.Line(&g.System)},
		{Name: "experiments", Doc: "which experiments are run, in this order; before each, people decide whether it is", Required: true,
			Shape: shape.List[GameDayItem]{To: &g.Items, Item: gameDayItemShape, Min: 1, Max: maxItems}},
	}
}

func gameDayItemShape(i *GameDayItem) shape.Shape {
	i.Expect = ExpectHeld
	return shape.Fields{
		{Name: "experiment", Doc: "id of an experiment of the system", Shape: id(&i.Experiment), Required: true},
		{Name: "owner", Doc: "who answers for what it finds, such as a team", Shape: shape.ShortLine(&i.Owner, MaxOwner)},
		{Name: "expect", Doc: "the verdict that people expect, held or refuted; held by default. Another one is a surprise in the report", Shape: shape.Enum(&i.Expect, "a verdict", ExpectHeld, ExpectRefuted)},
		{Name: "question", Doc: "what people want to learn from it, such as: Who notices first, and by what?", Shape: shape.ShortLine(&i.Question, maxQuestion)},
	}
}

// maxQuestion is how many characters the question of an experiment of a game day may have.
const maxQuestion = 500

// LoadGameDay loads a game day with its system, and the experiments of it in the order in
// which they are run. system names the system's document in place of what the game day
// says; empty: as it says. The error holds every mistake in every file, as that of [Load].
func (o Outside) LoadGameDay(file, system string) (*GameDay, *System, []*Experiment, error) {
	d, g := decodeGameDay(shape.ReadFile(file))
	if _, read := d.Root(); !read || !g.findSystem(d, system) {
		return nil, nil, nil, shape.Join(d)
	}
	files, err := DefaultExperiments(g.System)
	if err != nil {
		return nil, nil, nil, err
	}
	docs, s, all, err := o.decode(shape.ReadFile(g.System), readFiles(files))
	if err != nil {
		return nil, nil, nil, err
	}
	list := g.pick(d, all)
	if err := shape.Join(append([]*shape.Document{d}, docs...)...); err != nil {
		return nil, nil, nil, err
	}
	return g, s, list, nil
}

func decodeGameDay(src shape.Source) (*shape.Document, *GameDay) {
	g := &GameDay{File: src.File, Text: string(src.Text)}
	d := shape.NewDocument(src, language())
	readDocument(d, gameDayShape(g), GameDayKind)
	g.places = d.Places()
	return d, g
}

// findSystem finds the system's document: the one that is named, or the one that the game
// day names, or the one beside it.
func (g *GameDay) findSystem(d *shape.Document, named string) bool {
	folder := filepath.Dir(g.File)
	switch {
	case named != "":
		g.System = named
	case g.System != "":
		if !filepath.IsAbs(g.System) {
			g.System = filepath.Join(folder, g.System)
		}
		if info, err := os.Stat(g.System); err != nil || !info.Mode().IsRegular() {
			d.Fail(d.At("system"), shape.Diagnostic{Msg: "there is no file " + g.System, Hint: "write the path of the system's document as seen from this file"})
			return false
		}
	default:
		for _, name := range systemFiles() {
			if info, err := os.Stat(filepath.Join(folder, name)); err == nil && info.Mode().IsRegular() {
				g.System = filepath.Join(folder, name)
				return true
			}
		}
		root, _ := d.Root()
		d.Fail(root, shape.Diagnostic{Msg: fmt.Sprintf("there is no %s beside this file", SystemFile), Hint: "system: the path of the system's document"})
		return false
	}
	return true
}

// pick returns the experiments of the game day in its order. It notes those that there are
// not, and those that stand there twice: in a run, each has one result.
func (g *GameDay) pick(d *shape.Document, all []*Experiment) (list []*Experiment) {
	known, byID := []string{}, map[string]*Experiment{}
	for _, e := range all {
		if e.ID == "" { // it is broken, and may be any of them
			return nil
		}
		known, byID[e.ID] = append(known, e.ID), e
	}
	folder := filepath.Join(filepath.Dir(g.System), "experiments")
	first := map[string]int{}
	for i, item := range g.Items {
		if item.Experiment == "" { // a mistake of its own
			continue
		}
		at := d.At(fmt.Sprintf("experiments[%d].experiment", i))
		before, twice := first[item.Experiment]
		switch e := byID[item.Experiment]; {
		case len(known) == 0:
			d.Fail(at, shape.Diagnostic{Msg: "there are no experiments in " + folder, Hint: "blastgauge init writes first ones"})
			return nil
		case e == nil:
			d.Fail(at, shape.Diagnostic{Msg: fmt.Sprintf("there is no experiment %q in %s", item.Experiment, folder), Got: item.Experiment, Known: known})
		case twice:
			d.Fail(at, shape.Diagnostic{Msg: fmt.Sprintf("%s is number %d already, and a run has each experiment once", item.Experiment, before+1)})
		default:
			first[item.Experiment] = i
			list = append(list, e)
		}
	}
	return list
}

// FindGameDaysBelow lists the documents of game days in dir and below it, by their name, in
// lexical order.
func FindGameDaysBelow(dir string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Name() == GameDayFile && d.Type().IsRegular() {
			files = append(files, path)
		}
		return err
	})
	return files, err
}

// IsGameDay reports whether a file is meant to be the document of a game day: its key
// gameday says so.
func IsGameDay(file string) bool {
	info, err := os.Stat(file)
	if err != nil || !info.Mode().IsRegular() || info.Size() > shape.MaxBytes {
		return false
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, string(GameDayKind)+":") {
			return true
		}
	}
	return false
}
