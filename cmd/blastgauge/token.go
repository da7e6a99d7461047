package main

import (
	"errors"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

// apiToken is what most commands need a token for.
const apiToken = "the bearer token of the Toxiproxy API"

// tokenFlags reads where a token is into to; what says which token that is.
func tokenFlags(cmd *cobra.Command, to *string, what string) {
	cmd.Flags().Var(&tokenFlag{toxiproxy.TokenFile, to}, "token-file", "`FILE` that holds "+what)
	cmd.Flags().Var(&tokenFlag{toxiproxy.TokenEnv, to}, "token-env", "`NAME` of the environment variable that holds "+what)
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
	if f.kind == toxiproxy.TokenFile {
		path, err := filepath.Abs(text) // whoever reads the journal may stand elsewhere
		if err != nil {
			return err
		}
		text = path
	}
	*f.to = f.kind + text
	return nil
}
