package toxiproxy

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments/atomicfile"
)

const (
	maxToken     = 64 << 10         // bytes of the file of a token
	pipePatience = 10 * time.Second // for who writes a pipe that is given instead of a file
)

// A token source says where the bearer token of an API is: one of these prefixes
// and a path or the name of a variable. Journals hold the source and never the
// token.
const (
	TokenFile = "file:" // and an absolute path
	TokenEnv  = "env:"  // and the name of an environment variable
	TokenPipe = "pipe:" // and nothing: it was read, and nobody can read it twice
)

// ErrToken is the class of errors about a token that is not where its source says.
var ErrToken = errors.New("no token")

// ReadToken reads the token that a source names. An empty source has no token.
func ReadToken(source string, getenv func(string) (string, bool)) (string, error) {
	if name, ok := strings.CutPrefix(source, TokenEnv); ok {
		value, _ := getenv(name)
		if value == "" {
			return "", tokenError{fmt.Errorf("token: the environment variable $%s is not set", name)}
		}
		return value, nil
	}
	if source == TokenPipe {
		value, _ := getenv(TokenPipe) // see TakePipedToken: it is the name of no variable
		if value == "" {
			return "", tokenError{errors.New("token: it came from a pipe, which nobody can read twice: give it again with --token-file or --token-env")}
		}
		return value, nil
	}
	path, ok := strings.CutPrefix(source, TokenFile)
	if !ok {
		return "", nil
	}
	text, err := atomicfile.ReadRegular(path, maxToken)
	if err != nil {
		return "", tokenError{fmt.Errorf("token: %w", err)}
	}
	if token := strings.TrimSpace(string(text)); token != "" {
		return token, nil
	}
	return "", tokenError{fmt.Errorf("token: the file %s is empty", path)}
}

// TakePipedToken reads the token of a source that is a pipe, and returns the source from
// which it can be read again and again, with the environment that it is in. Any other
// source stays as it is: what is wrong with it, ReadToken says.
func TakePipedToken(source string, getenv func(string) (string, bool)) (string, func(string) (string, bool), error) {
	path, ok := strings.CutPrefix(source, TokenFile)
	if info, err := os.Stat(path); !ok || err != nil || info.Mode().Type() != fs.ModeNamedPipe {
		return source, getenv, nil //nolint:nilerr // see above
	}
	text, err := atomicfile.ReadGiven(path, maxToken, pipePatience)
	if err != nil {
		return "", nil, err
	}
	token := strings.TrimSpace(string(text))
	if token == "" {
		return "", nil, tokenError{fmt.Errorf("token: the pipe %s brought nothing: the command that writes it has no token", path)}
	}
	with := func(name string) (string, bool) {
		if name == TokenPipe {
			return token, true
		}
		return getenv(name)
	}
	return TokenPipe, with, nil
}

// A tokenError is of class [ErrToken].
type tokenError struct{ error }

func (e tokenError) Unwrap() []error { return []error{ErrToken, e.error} }
