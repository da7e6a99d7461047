// Package statements writes what a run found as signed statements, as the flags of its command
// say.
//
// [Flags.Prepare] reads what the flags name before anything is measured: a key that cannot be
// read, or a file that cannot be written, is found while nothing is lost.
package statements

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
	"github.com/blastgauge/blastgauge/experiments/atomicfile"
	"github.com/blastgauge/blastgauge/experiments/gate/statement"
	"github.com/blastgauge/blastgauge/experiments/shape"
)

// Flags are what the command line says of statements, as it is written there.
type Flags struct {
	File         string   // where they go; empty: none are written
	Keys         []string // files of private keys that sign
	Subjects     []string // NAME@sha256:DIGEST
	SubjectFiles []string
	ValidFor     string // empty: [statement.ValidFor]
	Above        string // share of harm above which a second person has to approve; empty: none has to
	PageURL      string
	Strict       bool // no words but those of the in-toto specification
}

// longestValid bounds how long a statement may be valid: what was measured a year ago says
// little.
const longestValid = 366 * 24 * time.Hour

// mostURL is how long the address of a page may be, in bytes.
const mostURL = 2000

// Asked reports whether statements are asked for.
func (f *Flags) Asked() bool { return f.File != "" }

// Prepare reads what the flags name, and checks that the statements can be written. An error
// is a [usage.Error]. Where no statements are asked for, the writer is nil, which writes none.
func (f *Flags) Prepare() (*Writer, error) {
	if !f.Asked() {
		if named := f.others(); named != "" {
			return nil, usage.Errorf("%s says something of a statement: --statement FILE says where it goes", named)
		}
		return nil, nil //nolint:nilnil // none are asked for
	}
	w := &Writer{file: f.File, options: statement.Options{StrictInToto: f.Strict}}
	for _, read := range []func(*Writer) error{f.readSubjects, f.readKeys, f.readValidity, f.readPage, (*Writer).checkFile} {
		if err := read(w); err != nil {
			return nil, usage.Error{Err: err}
		}
	}
	return w, nil
}

// others is the first flag that goes with --statement alone; empty: none is there.
func (f *Flags) others() string {
	for _, flag := range []struct {
		name string
		set  bool
	}{
		{"--key", len(f.Keys) > 0}, {"--subject", len(f.Subjects) > 0}, {"--subject-file", len(f.SubjectFiles) > 0}, {"--valid-for", f.ValidFor != ""},
		{"--second-approver-above", f.Above != ""}, {"--page-url", f.PageURL != ""}, {"--strict-intoto", f.Strict},
	} {
		if flag.set {
			return flag.name
		}
	}
	return ""
}

// Words are the flags as a command line says them again. The page of what was found is
// another one then.
func (f *Flags) Words() (words []string) {
	if !f.Asked() {
		return nil
	}
	add := func(flag string, values ...string) {
		for _, v := range values {
			if v != "" {
				words = append(words, flag+"="+v)
			}
		}
	}
	add("--statement", f.File)
	add("--key", f.Keys...)
	add("--subject", f.Subjects...)
	add("--subject-file", f.SubjectFiles...)
	add("--valid-for", f.ValidFor)
	add("--second-approver-above", f.Above)
	if f.Strict {
		words = append(words, "--strict-intoto")
	}
	return words
}

// readSubjects reads what the statements are about: files come first, since the first subject
// is the change whose attempts are counted.
func (f *Flags) readSubjects(w *Writer) error {
	for _, path := range f.SubjectFiles {
		content, err := atomicfile.ReadGiven(path, mostSubject, patience)
		if err != nil {
			return fmt.Errorf("--subject-file: %w", err)
		}
		w.add(statement.OfFile(filepath.ToSlash(filepath.Clean(path)), content)...)
	}
	for _, text := range f.Subjects {
		s, err := statement.ParseSubject(text)
		if err != nil {
			return fmt.Errorf("--subject: %w", err)
		}
		w.add(s)
	}
	return nil
}

func (f *Flags) readKeys(w *Writer) error {
	for _, path := range f.Keys {
		key, err := ReadKey(path)
		if err != nil {
			return fmt.Errorf("--key: %w", err)
		}
		if slices.Contains(w.KeyIDs(), key.Public().ID()) {
			return fmt.Errorf("--key %s: it was given already, and two signatures of one key are those of one person", path)
		}
		w.keys = append(w.keys, key)
	}
	return nil
}

func (f *Flags) readValidity(w *Writer) error {
	if f.ValidFor != "" {
		d, err := time.ParseDuration(f.ValidFor)
		if err != nil || d < time.Minute || d > longestValid {
			return fmt.Errorf("--valid-for %q: write a time from 1m to %dh, such as 72h", f.ValidFor, int(longestValid.Hours()))
		}
		w.options.ValidFor = d
	}
	if f.Above != "" {
		share, err := shape.ParseShare(f.Above)
		if err != nil {
			return fmt.Errorf("--second-approver-above: %w", err)
		}
		w.options.SecondApproverAbove = &share
	}
	return nil
}

func (f *Flags) readPage(w *Writer) error {
	if f.PageURL == "" {
		return nil
	}
	u, err := url.Parse(f.PageURL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || len(f.PageURL) > mostURL {
		return fmt.Errorf("--page-url %.80q: want an address such as https://reports.example.com/1, without a user in it", f.PageURL)
	}
	w.options.URL = f.PageURL
	return nil
}

// toolDigest is the digest of this program's file; nil where it cannot be read.
func toolDigest() *statement.Digest {
	path, err := os.Executable()
	if err != nil {
		return nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer func() { _ = file.Close() }() // it was only read
	d, err := statement.DigestFrom(file)
	if err != nil {
		return nil
	}
	return &d
}
