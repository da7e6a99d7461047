package shape

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// A Source is the text of a document, or why there is none.
type Source struct {
	File string // as messages name it
	Text []byte
	Err  error
}

// ReadFile reads a document, and no more than one byte beyond what a document may
// have: too large a file is known without being read.
func ReadFile(file string) Source {
	f, err := os.Open(file)
	if err != nil {
		return Source{File: file, Err: err}
	}
	defer func() { _ = f.Close() }() // nothing was written
	text, err := io.ReadAll(io.LimitReader(f, MaxBytes+1))
	return Source{File: file, Text: text, Err: err}
}

// FileProblem says why a file could not be read, without repeating its name.
func FileProblem(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "the file does not exist"
	case errors.Is(err, fs.ErrPermission):
		return "the file may not be read"
	}
	if errors.Is(err, syscall.EISDIR) {
		return "it is a directory, and a file is needed here"
	}
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return "the file cannot be read: " + e.Err.Error()
	}
	return "the file cannot be read: " + err.Error()
}
