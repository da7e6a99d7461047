// Package offers says what a shell offers where a command takes names out of documents.
package offers

import (
	"os"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments"
)

// Documents are the documents whose names are offered. A document with mistakes offers
// nothing: the command says what is wrong with it, and a shell cannot.
type Documents struct {
	System string   // the file of the system's document; empty: it is searched upwards
	Set    []string // as --set says
}

// Experiments are the ids of the experiments beside the system's document that begin in a
// way and are not among those that are there already.
func (d Documents) Experiments(there []string, begins string) []string {
	file, err := d.system()
	if err != nil {
		return nil
	}
	files, err := experiments.DefaultExperiments(file)
	if err != nil {
		return nil
	}
	var ids []string
	for _, f := range files { // one by one: a mistake in one hides no other
		if _, list, err := d.outside().Load(file, []string{f}); err == nil && len(list) == 1 {
			ids = append(ids, list[0].ID)
		}
	}
	return Beginning(ids, there, begins)
}

// Dependencies are the names of dependencies that begin in a way and are not among those
// that are there already.
func (d Documents) Dependencies(there []string, begins string) []string {
	var names []string
	if s := d.load(); s != nil {
		for _, dep := range s.Dependencies {
			names = append(names, dep.Name)
		}
	}
	return Beginning(names, there, begins)
}

// Journeys are the names of journeys that begin in a way.
func (d Documents) Journeys(begins string) []string {
	var names []string
	if s := d.load(); s != nil {
		for _, j := range s.Journeys {
			names = append(names, j.Name)
		}
	}
	return Beginning(names, nil, begins)
}

// Steps are the names of the steps of a journey, or of all, that begin in a way.
func (d Documents) Steps(journey, begins string) []string {
	var names []string
	if s := d.load(); s != nil {
		for _, j := range s.Journeys {
			for _, step := range j.Steps {
				if journey == "" || journey == j.Name {
					names = append(names, step.Name)
				}
			}
		}
	}
	return Beginning(names, nil, begins)
}

// Beginning are the names that begin in a way and are not there already, each once.
func Beginning(names, there []string, begins string) (list []string) {
	for _, name := range names {
		if strings.HasPrefix(name, begins) && !slices.Contains(there, name) && !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	return list
}

// List completes the last of a list of names with commas between them, such as "hang,re".
// Names is asked for those that are not there already.
func List(begins string, names func(there []string, begins string) []string) (lists []string) {
	before, last := "", begins
	if at := strings.LastIndex(begins, ","); at >= 0 {
		before, last = begins[:at+1], begins[at+1:]
	}
	for _, name := range names(strings.Split(before, ","), last) {
		lists = append(lists, before+name)
	}
	return lists
}

func (d Documents) outside() experiments.Outside {
	return experiments.Outside{Getenv: os.LookupEnv, Set: d.Set}
}

func (d Documents) system() (string, error) {
	if d.System != "" {
		return d.System, nil
	}
	return experiments.Find(".")
}

// load loads the system's document; nil: it cannot be read.
func (d Documents) load() *experiments.System {
	file, err := d.system()
	if err != nil {
		return nil
	}
	s, _, err := d.outside().Load(file, nil)
	if err != nil {
		return nil
	}
	return s
}
