// Package source makes a journey of a file that a user has: a HAR recording, a Postman
// collection, an OpenAPI document or an experiment of Chaos Toolkit, which holds faults, too.
package source

import (
	"io"
	"os"

	"github.com/blastgauge/blastgauge/experiments/hosts"
	"github.com/blastgauge/blastgauge/experiments/scaffold/chaostoolkit"
	"github.com/blastgauge/blastgauge/experiments/scaffold/draft"
	"github.com/blastgauge/blastgauge/experiments/scaffold/har"
	"github.com/blastgauge/blastgauge/experiments/scaffold/link"
	"github.com/blastgauge/blastgauge/experiments/scaffold/openapi"
	"github.com/blastgauge/blastgauge/experiments/scaffold/postman"
)

// A Source is the file that holds a journey, one of HAR, Postman, OpenAPI and ChaosToolkit,
// and what of it is the journey. The zero value holds none.
type Source struct {
	HAR          string   // a file
	Postman      string   // a file: a collection
	Environment  string   // a file: the values that the collection is used with
	Folder       string   // of the collection
	OpenAPI      string   // a file
	Operations   []string // of the OpenAPI document
	ChaosToolkit string   // a file: an experiment
	Origin       string   // whose requests are the journey; empty: the one that the source is mostly about
}

// Given reports whether there is a file to make a journey of.
func (s Source) Given() bool { return s.HAR+s.Postman+s.OpenAPI+s.ChaosToolkit != "" }

// A FileError is about a file that cannot be opened.
type FileError struct{ Err error }

func (e *FileError) Error() string { return e.Err.Error() }

func (e *FileError) Unwrap() error { return e.Err }

// Journey makes the journey, which is nil where the source holds none. The hosts in allow
// may be dialled, beyond loopback and *.test. A file may be a pipe: then this waits for
// whoever writes it.
func (s Source) Journey(allow []string) (j *draft.Journey, err error) {
	switch {
	case s.HAR != "":
		err = withFile(s.HAR, func(f io.Reader) error {
			rec, err := har.Read(s.HAR, f)
			if err != nil {
				return err
			}
			j, err = link.Journey(rec, s.Origin)
			return err
		})
	case s.Postman != "":
		return s.collection(allow)
	case s.OpenAPI != "":
		if _, err := os.Stat(s.OpenAPI); err != nil {
			return nil, &FileError{err}
		}
		return openapi.Journey(openapi.Options{File: s.OpenAPI, Origin: s.Origin, Operations: s.Operations})
	}
	return j, err
}

// Experiment makes the experiment that the source holds, with the journey in it. It is nil
// where the source is no experiment.
func (s Source) Experiment(allow []string) (*draft.Experiment, error) {
	if s.ChaosToolkit == "" {
		return nil, nil //nolint:nilnil // no source is no mistake
	}
	if _, err := os.Stat(s.ChaosToolkit); err != nil {
		return nil, &FileError{err}
	}
	policy := hosts.NewPolicy("", allow)
	return chaostoolkit.Read(chaostoolkit.Options{File: s.ChaosToolkit, Origin: s.Origin, MayDial: func(host string) bool { return policy.CheckName(host) == nil }})
}

// collection makes the journey of a Postman collection.
func (s Source) collection(allow []string) (j *draft.Journey, err error) {
	policy := hosts.NewPolicy("", allow)
	options := postman.Options{File: s.Postman, Folder: s.Folder, Origin: s.Origin, EnvironmentFile: s.Environment,
		MayDial: func(host string) bool { return policy.CheckName(host) == nil }}
	read := func(f io.Reader) (err error) {
		j, err = postman.Journey(f, options)
		return err
	}
	if s.Environment == "" {
		err = withFile(s.Postman, read)
		return j, err
	}
	err = withFile(s.Environment, func(values io.Reader) error {
		options.Environment = values
		return withFile(s.Postman, read)
	})
	return j, err
}

// withFile opens a file, and reads it.
func withFile(name string, read func(io.Reader) error) error {
	f, err := os.Open(name)
	if err != nil {
		return &FileError{err}
	}
	defer func() { _ = f.Close() }() // nothing was written
	return read(f)
}
