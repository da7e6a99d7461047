// Package har reads the recordings that browsers, proxies and test tools write as HAR
// files.
package har

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/blastgauge/blastgauge/experiments/scaffold/recording"
)

// Bounds of a recording. A file may be large, because browsers write every byte that
// a page loaded, pictures included. A journey is small.
const (
	maxRecording = 512 << 20 // bytes of the file
	maxEntries   = 20_000    // that may be part of a journey
	maxURL       = 8 << 10
	maxSentBody  = 64 << 10 // of a request, without the files that it uploads
	maxAnswer    = 2 << 20  // of a response; the rest is not read
	maxAnswers   = 128 << 20
)

// A reader goes through a HAR file.
type reader struct {
	*recording.Recording
	json *json.Decoder
	left int // bytes of answers that may still be kept
}

const wantHAR = "export the recording from the browser's network panel as HAR with content, or take Playwright's recordHar"

// Read reads the exchanges of a HAR 1.2 file in the order they started. It only counts
// those that can never be part of a journey. The error is a *[shape.Error] that names
// the file, the entry and what to do.
func Read(file string, from io.Reader) (*recording.Recording, error) {
	limited := &io.LimitedReader{R: from, N: maxRecording + 1}
	r := &reader{Recording: &recording.Recording{File: file, Left: recording.Exclusions{}}, left: maxAnswers}
	text, wrong := utf8Text(limited)
	if wrong != "" {
		return nil, r.Fail("save the file as UTF-8", "%s", wrong)
	}
	r.json = json.NewDecoder(text)
	err := r.readDocument()
	switch {
	case limited.N <= 0:
		return nil, r.Fail("record only the journey", "the file is larger than %d MiB", maxRecording>>20)
	case err != nil:
		return nil, err
	case len(r.Exchanges) == 0 && r.Left.Total() == 0:
		return nil, r.Fail(wantHAR, "the recording holds no requests")
	}
	r.Sort()
	return r.Recording, nil
}

// readDocument reads the whole file.
func (r *reader) readDocument() error {
	found := false
	err := r.readObject("the file", func(key string) error {
		if key != "log" {
			return r.skip()
		}
		found = true
		return r.readObject("log", func(key string) error {
			if key != "entries" {
				return r.skip()
			}
			return r.readEntries()
		})
	})
	if err == nil && !found {
		return r.Fail(wantHAR, "this is not a HAR file: it has no log")
	}
	return err
}

// readObject calls visit with every key of the next object.
func (r *reader) readObject(what string, visit func(key string) error) error {
	if err := r.expectOpening(what, '{', "an object"); err != nil {
		return err
	}
	for r.json.More() {
		key, err := r.json.Token()
		if err != nil {
			return r.explainError(0, err)
		}
		name, _ := key.(string)
		if err := visit(name); err != nil {
			return err
		}
	}
	if _, err := r.json.Token(); err != nil {
		return r.explainError(0, err)
	}
	return nil
}

// expectOpening reads the bracket of an object or a list.
func (r *reader) expectOpening(what string, bracket json.Delim, kind string) error {
	token, err := r.json.Token()
	switch {
	case err != nil:
		return r.explainError(0, err)
	case token != bracket:
		return r.Fail(wantHAR, "this is not a HAR file: %s is not %s", what, kind)
	}
	return nil
}

// skip skips a value of any size.
func (r *reader) skip() error {
	for depth := 0; ; {
		token, err := r.json.Token()
		if err != nil {
			return r.explainError(0, err)
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth == 0 {
			return nil
		}
	}
}

// explainError returns an error that says where the file is not HAR.
func (r *reader) explainError(entry int, err error) error {
	at := fmt.Sprintf("byte %d", r.json.InputOffset())
	if entry > 0 {
		at = fmt.Sprintf("entry %d, %s", entry, at)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return r.Fail(wantHAR, "%s: the file ends in the middle", at)
	}
	if _, ok := errors.AsType[*json.SyntaxError](err); ok {
		return r.Fail(wantHAR, "%s: not JSON: %s", at, err)
	}
	return r.Fail("", "%s: the file cannot be read: %s", at, err)
}

// readEntries reads the list of exchanges.
func (r *reader) readEntries() error {
	if err := r.expectOpening("log.entries", '[', "a list"); err != nil {
		return err
	}
	for n := 1; r.json.More(); n++ {
		var raw json.RawMessage
		if err := r.json.Decode(&raw); err != nil {
			return r.explainError(n, err)
		}
		r.addEntry(n, raw)
		if len(r.Exchanges) > maxEntries {
			return r.Fail("record only the journey", "more than %d requests besides static files and the like", maxEntries)
		}
	}
	_, err := r.json.Token()
	if err != nil {
		return r.explainError(0, err)
	}
	return nil
}
