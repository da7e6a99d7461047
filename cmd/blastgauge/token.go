package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/blastgauge/blastgauge/experiments/atomicfile"
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

const (
	pipePatience = 10 * time.Second // for who writes a pipe that is given instead of a file
	maxToken     = 64 << 10         // bytes
	// pipedToken is where a token is that came from a pipe, which nobody can read twice.
	pipedToken = "BLASTGAUGE_TOKEN"
)

// takePipedToken reads the token of a command from the pipe that --token-file names, such
// as <(command) of a shell, and makes it a variable of the environment of this process.
func (a *app) takePipedToken(cmd *cobra.Command, _ []string) error {
	flag := cmd.Flags().Lookup("token-file")
	if flag == nil || !flag.Changed {
		return nil
	}
	source := flag.Value.(*tokenFlag).source
	path := strings.TrimPrefix(*source, toxiproxy.TokenFile)
	if info, err := os.Stat(path); err != nil || info.Mode().Type() != fs.ModeNamedPipe {
		return nil // what is wrong with it, who reads it says
	}
	var text []byte
	err := readNamed(cmd.Context(), func() (err error) {
		text, err = atomicfile.ReadGiven(path, maxToken, pipePatience)
		return err
	})
	if err != nil {
		return fmt.Errorf("--token-file: %w", err)
	}
	before := a.getenv
	a.getenv = func(name string) (string, bool) {
		if name == pipedToken {
			return strings.TrimSpace(string(text)), true
		}
		return before(name)
	}
	*source = toxiproxy.TokenEnv + pipedToken
	return nil
}
