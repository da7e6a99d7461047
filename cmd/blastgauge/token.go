package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

// apiToken describes the token that most commands need.
const apiToken = "the bearer token of the Toxiproxy API"

// tokenFlags adds the flags that say where a token is. They set source, see
// [toxiproxy.ReadToken]; what describes the token.
func tokenFlags(cmd *cobra.Command, source *string, what string) {
	cmd.Flags().Var(&tokenFlag{toxiproxy.TokenFile, source}, "token-file", "`FILE` that holds "+what)
	cmd.Flags().Var(&tokenFlag{toxiproxy.TokenEnv, source}, "token-env", "`NAME` of the environment variable that holds "+what)
}

// A tokenFlag is one of the two flags.
type tokenFlag struct {
	prefix string // of the token's source
	source *string
}

func (f *tokenFlag) Type() string   { return "" }
func (f *tokenFlag) String() string { return "" }

func (f *tokenFlag) Set(text string) error {
	if *f.source != "" && !strings.HasPrefix(*f.source, f.prefix) {
		return errors.New("the token is in a file or in a variable, not in both")
	}
	if f.prefix == toxiproxy.TokenFile {
		path, err := filepath.Abs(text) // recover may be called from another directory
		if err != nil {
			return err
		}
		text = path
	}
	*f.source = f.prefix + text
	return nil
}

// takePipedToken reads the token that --token-file names where that is a pipe, such as
// <(command) of a shell.
func (a *app) takePipedToken(cmd *cobra.Command, _ []string) error {
	flag := cmd.Flags().Lookup("token-file")
	if flag == nil || !flag.Changed {
		return nil
	}
	source := flag.Value.(*tokenFlag).source
	var taken string
	var getenv func(string) (string, bool)
	err := readNamed(cmd.Context(), func() (err error) {
		taken, getenv, err = toxiproxy.TakePipedToken(*source, a.getenv)
		return err
	})
	if err != nil {
		return fmt.Errorf("--token-file: %w", err)
	}
	*source, a.getenv = taken, getenv
	return nil
}
