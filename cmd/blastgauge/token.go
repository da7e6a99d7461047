package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
)

// apiToken is what most commands need a token for.
const apiToken = "the bearer token of the Toxiproxy API"

// Where the bearer token of a Toxiproxy API is, as journals hold it: they never
// hold the token.
const (
	tokenFile = "file:" // and an absolute path
	tokenEnv  = "env:"  // and the name of a variable
)

// tokenFlags reads where a token is into to; what says which token that is.
func tokenFlags(cmd *cobra.Command, to *string, what string) {
	cmd.Flags().Var(&tokenFlag{tokenFile, to}, "token-file", "`FILE` that holds "+what)
	cmd.Flags().Var(&tokenFlag{tokenEnv, to}, "token-env", "`NAME` of the environment variable that holds "+what)
}

// A tokenFlag is one of the two flags.
type tokenFlag struct {
	kind string
	to   *string
}

func (f *tokenFlag) Type() string   { return "" }
func (f *tokenFlag) String() string { return "" }

func (f *tokenFlag) Set(text string) error {
	if *f.to != "" && !strings.HasPrefix(*f.to, f.kind) {
		return errors.New("the token is in a file or in a variable, not in both")
	}
	if f.kind == tokenFile {
		path, err := filepath.Abs(text) // whoever reads the journal may stand elsewhere
		if err != nil {
			return err
		}
		text = path
	}
	*f.to = f.kind + text
	return nil
}

// readToken is the token that stands where it is said to; empty for nowhere.
func readToken(where string) (string, error) {
	if name, ok := strings.CutPrefix(where, tokenEnv); ok {
		value := os.Getenv(name)
		if value == "" {
			return "", usagef("--token-env: $%s is not set", name)
		}
		return value, nil
	}
	path, ok := strings.CutPrefix(where, tokenFile)
	if !ok {
		return "", nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", usagef("--token-file: %w", err)
	}
	if token := strings.TrimSpace(string(text)); token != "" {
		return token, nil
	}
	return "", usagef("--token-file: %s is empty", path)
}
