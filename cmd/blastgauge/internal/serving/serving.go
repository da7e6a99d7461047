// Package serving starts the server of verdicts as the flags of its command ask for it.
package serving

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/statements"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
	"github.com/blastgauge/blastgauge/experiments/gate/policy"
	"github.com/blastgauge/blastgauge/experiments/gate/requirements"
	"github.com/blastgauge/blastgauge/experiments/gate/signing"
	"github.com/blastgauge/blastgauge/experiments/gate/verdicts"
	"github.com/blastgauge/blastgauge/experiments/shape"
)

// Address is where the server listens if nothing else is said.
const Address = "127.0.0.1:8480"

// Flags are what a command line says.
type Flags struct {
	Dir  string   // of statements
	Keys []string // PEM files of public keys that are trusted
	// Approvers are files of keys that count beside one of Keys alone.
	Approvers []string
	Listen    string
	Cert      string // CERT,KEY
	Hosts     []string
	Policy    string // a file, in place of the following

	Experiments         []string
	ExperimentFiles     []string
	MaxHarm             string // a share
	SecondApproverAbove string // a share
	MaxAttempts         int
	Environment         string
	System              string // a file
	AcceptBypass        bool
}

// Start starts the server. logf tells of what is not as it should be.
func (f Flags) Start(logf func(format string, args ...any)) (*verdicts.Server, error) {
	endpoint, err := f.endpoint()
	if err != nil {
		return nil, err
	}
	required, err := f.requirements()
	if err != nil {
		return nil, err
	}
	options := verdicts.Options{Dir: f.Dir, Requirements: required, Logf: logf}
	if options.Keys, err = readKeys("--key", f.Keys); err != nil {
		return nil, err
	}
	if options.Approvers, err = readKeys("--approver", f.Approvers); err != nil {
		return nil, err
	}
	handler, err := verdicts.NewHandler(options)
	if err != nil {
		return nil, fmt.Errorf("--verdicts %s: %w", f.Dir, err)
	}
	server, err := verdicts.Listen(endpoint, handler)
	if err != nil {
		return nil, fmt.Errorf("--listen %s: %w", endpoint.Address, err)
	}
	if server.Exposed() {
		logf("warning: others reach this server without TLS: who can change its traffic can let a change pass; give --cert CERT,KEY")
	}
	return server, nil
}

// endpoint is where the server listens.
func (f Flags) endpoint() (verdicts.Endpoint, error) {
	e := verdicts.Endpoint{Address: cmp.Or(f.Listen, Address), Hosts: f.Hosts}
	if _, _, err := net.SplitHostPort(e.Address); err != nil {
		return e, usage.Errorf("--listen %s: an address is HOST:PORT, such as %s, or :8480 for every address of this machine", e.Address, Address)
	}
	for _, host := range f.Hosts {
		if host == "" || strings.ContainsAny(host, "/:@ *") {
			return e, usage.Errorf("--host %q: give a name alone, such as verdicts.gate.svc", host)
		}
	}
	if f.Cert == "" {
		return e, nil
	}
	cert, key, both := strings.Cut(f.Cert, ",")
	if !both || cert == "" || key == "" {
		return e, usage.Errorf("--cert %s: give two files, CERT,KEY", f.Cert)
	}
	if _, err := tls.LoadX509KeyPair(cert, key); err != nil {
		return e, usage.Errorf("--cert %s: %w", f.Cert, err)
	}
	e.Cert, e.Key = cert, key
	return e, nil
}

// requirements are what statements must say.
func (f Flags) requirements() (policy.Requirements, error) {
	if f.Policy != "" {
		if len(f.Experiments) > 0 || len(f.ExperimentFiles) > 0 || f.MaxHarm != "" || f.SecondApproverAbove != "" || f.MaxAttempts != 0 || f.Environment != "" || f.System != "" || f.AcceptBypass {
			return policy.Requirements{}, usage.Errorf("--policy says what is required: write there what another flag says")
		}
		return requirements.Read(f.Policy)
	}
	r := policy.Requirements{Experiments: f.Experiments, MaxAttempts: f.MaxAttempts, Environment: f.Environment, AcceptBypass: f.AcceptBypass}
	if slices.Contains(f.Experiments, "") {
		return r, usage.Errorf("--require-experiments: an id is empty")
	}
	var wrong [2]error
	r.MaxHarm, wrong[0] = share("--max-harm", f.MaxHarm)
	r.SecondApproverAbove, wrong[1] = share("--second-approver-above", f.SecondApproverAbove)
	if err := cmp.Or(wrong[0], wrong[1]); err != nil {
		return r, err
	}
	return r, f.documents(&r)
}

// documents reads the digests of what must have been measured with.
func (f Flags) documents(r *policy.Requirements) error {
	for _, path := range f.ExperimentFiles {
		digest, err := requirements.DigestOfDocument(path)
		if err != nil {
			return usage.Errorf("--experiment-file %w", err)
		}
		r.Documents = append(r.Documents, *digest)
	}
	if f.System == "" {
		return nil
	}
	var err error
	if r.System, err = requirements.DigestOfDocument(f.System); err != nil {
		return usage.Errorf("--system %w", err)
	}
	return nil
}

// share reads what a flag says; nil where it says nothing.
func share(flag, text string) (*float64, error) {
	if text == "" {
		return nil, nil
	}
	v, err := shape.ParseShare(text)
	if err != nil {
		return nil, usage.Errorf("%s: %w", flag, err)
	}
	return &v, nil
}

// readKeys reads the keys that a flag names.
func readKeys(flag string, files []string) ([]signing.PublicKey, error) {
	list, err := statements.ReadPublicKeys(files)
	_, unread := errors.AsType[*fs.PathError](err)
	switch {
	case unread:
		return nil, fmt.Errorf("%s: %w", flag, err)
	case err != nil:
		return nil, usage.Errorf("%s %w", flag, err)
	}
	return list, nil
}

// Check refuses flags that are not complete.
func (f Flags) Check() error {
	switch {
	case f.MaxAttempts < 0:
		return usage.Errorf("--max-attempts %d: give how often a change may be measured, such as 3", f.MaxAttempts)
	case f.Dir == "":
		return usage.Errorf("--verdicts is missing: the directory of files of statements, *%s", verdicts.Suffix)
	case len(f.Keys) == 0:
		return usage.Errorf("--key is missing: the PEM file of a public key whose statements count, such as one that `blastgauge gate --keygen` makes")
	}
	return nil
}
